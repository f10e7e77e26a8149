package dev.jackdaw.model.generate.constrain;

import dev.jackdaw.model.Brief;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads grammars in GBNF, the notation of llama.cpp (its file grammars/README.md is the specification), and plain EBNF of the same
/// shape: `name ::= alternatives` (also `=` or `:=`, with `;` at the end or without), literals in `"` or `'`, sets `[a-z]`, `.`, groups,
/// `* + ? {m,n}`, comments with `#` or `//`. Errors name the line.
final class GbnfParser {
    private static final int DEEPEST = 200;

    private final int[] source;
    private int at;
    private int depth;
    private final Map<String, Form> rules = new LinkedHashMap<>();

    private GbnfParser(String source) {
        this.source = source.replace("\r\n", "\n").replace('\r', '\n').codePoints().toArray();
    }

    static Grammar parse(String source) {
        GbnfParser parser = new GbnfParser(source);
        parser.blank(true);
        while (parser.at < parser.source.length) {
            parser.rule();
            parser.blank(true);
        }
        return new Grammar("root", parser.rules);
    }

    private IllegalArgumentException problem(String what) {
        int line = 1;
        for (int i = 0; i < Math.min(at, source.length); i++) {
            line += source[i] == '\n' ? 1 : 0;
        }
        return new IllegalArgumentException("grammar, line " + line + ": " + Brief.text(what));
    }

    private int peek() {
        return at < source.length ? source[at] : -1;
    }

    private boolean next(String text) {
        int[] wanted = text.codePoints().toArray();
        for (int i = 0; i < wanted.length; i++) {
            if (at + i >= source.length || source[at + i] != wanted[i]) {
                return false;
            }
        }
        at += wanted.length;
        return true;
    }

    /// Skips blanks and comments.
    private void blank(boolean lines) {
        while (at < source.length) {
            int c = source[at];
            if (c == '#' || c == '/' && at + 1 < source.length && source[at + 1] == '/') {
                while (at < source.length && source[at] != '\n') {
                    at++;
                }
            } else if (c == ' ' || c == '\t' || lines && c == '\n') {
                at++;
            } else {
                return;
            }
        }
    }

    private static boolean isName(int c) {
        return Character.isLetterOrDigit(c) || c == '-' || c == '_';
    }

    private String name() {
        int from = at;
        while (isName(peek())) {
            at++;
        }
        return new String(source, from, at - from);
    }

    private boolean defines() {
        return next("::=") || next(":=") || next("=");
    }

    private void rule() {
        String name = name();
        if (name.isEmpty()) {
            throw problem("expected the name of a rule, found " + Character.toString(peek()));
        }
        blank(false);
        if (!defines()) {
            throw problem("expected ::= after " + name);
        }
        blank(true);
        Form form = choice(name, false);
        if (rules.put(name, form) != null) {
            throw problem("rule " + name + " is defined twice");
        }
        blank(true);
        next(";");
    }

    private Form choice(String rule, boolean inGroup) {
        if (++depth > DEEPEST) {
            throw problem("nested deeper than " + DEEPEST);
        }
        List<Form> options = new ArrayList<>();
        while (true) {
            options.add(sequence(rule, inGroup));
            int before = at;
            blank(true);
            if (!next("|")) {
                at = before;
                break;
            }
            blank(true);
        }
        depth--;
        return options.size() == 1 ? options.getFirst() : new Form.Choice(options);
    }

    private Form sequence(String rule, boolean inGroup) {
        List<Form> parts = new ArrayList<>();
        while (true) {
            blank(inGroup);
            int c = peek();
            if (c < 0 || c == '|' || c == ')' || c == ';' || c == '\n' && !continues()) {
                return new Form.Sequence(parts);
            }
            if (c == '\n') {
                blank(true);
                continue;
            }
            if (isName(c)) {
                int from = at;
                String name = name();
                int after = at;
                blank(false);
                if (defines()) {                     // the next rule begins
                    at = from;
                    return new Form.Sequence(parts);
                }
                at = after;
                parts.add(repeated(new Form.Reference(name)));
            } else {
                parts.add(repeated(atom(rule, c)));
            }
        }
    }

    /// Does the rule go on in the next line? Only if that line does not define another.
    private boolean continues() {
        int from = at;
        blank(true);
        int c = peek();
        boolean goesOn = c >= 0 && c != '|' && c != ')' && c != ';';
        if (goesOn && isName(c)) {
            name();
            blank(false);
            goesOn = !defines();
        }
        at = from;
        return goesOn;
    }

    private Form atom(String rule, int c) {
        switch (c) {
            case '"', '\'' -> {
                at++;
                List<Form> characters = new ArrayList<>();
                while (peek() != c) {
                    if (peek() < 0 || peek() == '\n') {
                        throw problem("a literal has no closing " + (char) c);
                    }
                    int one = character();
                    characters.add(Form.chars(one, one));
                }
                at++;
                return new Form.Sequence(characters);
            }
            case '[' -> {
                at++;
                return set();
            }
            case '(' -> {
                at++;
                Form inside = choice(rule, true);
                blank(true);
                if (!next(")")) {
                    throw problem("a ( in rule " + rule + " has no )");
                }
                return inside;
            }
            case '.' -> {
                at++;
                return Form.chars(0, Character.MAX_CODE_POINT);
            }
            default -> throw problem("unexpected " + Character.toString(c) + " in rule " + rule);
        }
    }

    private Form repeated(Form atom) {
        Form form = atom;
        while (true) {
            if (next("*")) {
                form = Form.repeat(form, 0, -1);
            } else if (next("+")) {
                form = Form.repeat(form, 1, -1);
            } else if (next("?")) {
                form = Form.repeat(form, 0, 1);
            } else if (next("{")) {
                blank(false);
                int min = peek() == ',' ? 0 : number();
                blank(false);
                int max = min;
                if (next(",")) {
                    blank(false);
                    max = peek() == '}' ? -1 : number();
                }
                blank(false);
                if (!next("}") || max >= 0 && max < min) {
                    throw problem("expected {m}, {m,} or {m,n}");
                }
                form = Form.repeat(form, min, max);
            } else {
                return form;
            }
        }
    }

    private int number() {
        int from = at, value = 0;
        while (peek() >= '0' && peek() <= '9' && at - from < 8) {
            value = value * 10 + source[at++] - '0';
        }
        if (at == from || value > RegexParser.MOST_REPEATS) {
            throw problem(at == from ? "expected a number of repetitions" : value + " repetitions; at most " + RegexParser.MOST_REPEATS + " are supported");
        }
        return value;
    }

    private Form set() {
        boolean isNegated = next("^");
        List<Integer> ranges = new ArrayList<>();
        while (peek() != ']') {
            if (peek() < 0 || peek() == '\n') {
                throw problem("a [ has no ]");
            }
            int from = character(), to = from;
            if (peek() == '-' && at + 1 < source.length && source[at + 1] != ']') {
                at++;
                to = character();
            }
            if (to < from) {
                throw problem("a range in a set ends before it begins");
            }
            ranges.add(from);
            ranges.add(to);
        }
        at++;
        Form.Chars chars = Form.chars(ranges.stream().mapToInt(Integer::intValue).toArray());
        Form.Chars result = isNegated ? Form.not(chars) : chars;
        if (result.isEmpty()) {
            throw problem("a set without a character");
        }
        return result;
    }

    private int character() {
        if (peek() < 0) {
            throw problem("the grammar ends inside a literal");
        }
        int c = source[at++];
        if (c != '\\') {
            return c;
        }
        int escaped = peek();
        at++;
        return switch (escaped) {
            case 'n' -> '\n';
            case 't' -> '\t';
            case 'r' -> '\r';
            case '\\', '"', '\'', '[', ']', '-', '^' -> escaped;
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            default -> throw problem("unknown escape \\" + (escaped < 0 ? "" : Character.toString(escaped)));
        };
    }

    private int hex(int digits) {
        long value = 0;
        for (int i = 0; i < digits; i++, at++) {
            int digit = Character.digit(Math.max(peek(), 0), 16);
            if (digit < 0) {
                throw problem("expected " + digits + " hexadecimal digits");
            }
            value = value * 16 + digit;
        }
        if (value > Character.MAX_CODE_POINT || value >= 0xd800 && value <= 0xdfff) {
            throw problem(String.format("U+%X is no character", value));
        }
        return (int) value;
    }
}
