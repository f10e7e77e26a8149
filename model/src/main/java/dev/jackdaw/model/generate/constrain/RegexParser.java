package dev.jackdaw.model.generate.constrain;

import dev.jackdaw.model.Brief;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Reads the regular part of Java's regular expressions (the class documentation of `java.util.regex.Pattern`) into a [Form]. Anchors are
/// understood at the beginning and end of the whole or of an alternative; what needs memory or a look around is refused by name.
final class RegexParser {
    private static final int DEEPEST = 200;
    static final int MOST_REPEATS = 10_000;
    private static final Form.Chars DOT = Form.not(Form.chars('\n', '\n', '\r', '\r', 0x85, 0x85, 0x2028, 0x2029));
    private static final Form.Chars DIGIT = Form.chars('0', '9');
    private static final Form.Chars SPACE = Form.chars(9, 13, ' ', ' ');
    private static final Form.Chars WORD = Form.chars('0', '9', 'A', 'Z', 'a', 'z', '_', '_');

    private static final java.util.Map<String, Form.Chars> PROPERTIES = new java.util.concurrent.ConcurrentHashMap<>();     // finding one takes 100 ms

    private final int[] source;
    private final boolean whole;
    private int at;
    private int depth;

    private RegexParser(String regex, boolean whole) {
        source = regex.codePoints().toArray();
        this.whole = whole;
    }

    /// @param whole the text must match as a whole; else it may stand anywhere in the text unless anchors say otherwise
    static Form parse(String regex, boolean whole) {
        RegexParser parser = new RegexParser(regex, whole);
        Form form = parser.choice(true);
        if (parser.at < parser.source.length) {
            throw parser.problem("this ) closes nothing");
        }
        return form;
    }

    private IllegalArgumentException problem(String what) {
        return new IllegalArgumentException("regular expression, position " + at + ": " + Brief.text(what));
    }

    private boolean more() {
        return at < source.length;
    }

    private boolean next(char c) {
        if (more() && source[at] == c) {
            at++;
            return true;
        }
        return false;
    }

    private Form choice(boolean isOutermost) {
        if (++depth > DEEPEST) {
            throw problem("nested deeper than " + DEEPEST);
        }
        List<Form> options = new ArrayList<>();
        do {
            options.add(sequence(isOutermost));
        } while (next('|'));
        depth--;
        return options.size() == 1 ? options.getFirst() : new Form.Choice(options);
    }

    private Form sequence(boolean isOutermost) {
        List<Form> parts = new ArrayList<>();
        boolean fromStart = whole, toEnd = whole;
        if (isOutermost && next('^')) {
            fromStart = true;
        }
        while (more() && source[at] != '|' && source[at] != ')') {
            if (isOutermost && source[at] == '$' && (at + 1 == source.length || source[at + 1] == '|')) {
                at++;
                toEnd = true;
                break;
            }
            parts.add(repeated(atom()));
        }
        if (isOutermost && !fromStart) {
            parts.addFirst(new Form.Repeat(Form.chars(0, Character.MAX_CODE_POINT), 0, -1));
        }
        if (isOutermost && !toEnd) {
            parts.add(new Form.Repeat(Form.chars(0, Character.MAX_CODE_POINT), 0, -1));
        }
        return new Form.Sequence(parts);
    }

    private Form repeated(Form atom) {
        Form form = atom;
        while (more()) {
            int c = source[at];
            int min, max;
            if (c == '*' || c == '+' || c == '?') {
                at++;
                min = c == '+' ? 1 : 0;
                max = c == '?' ? 1 : -1;
            } else if (c == '{') {
                at++;
                min = number("the least number of repetitions");
                max = min;
                if (next(',')) {
                    max = more() && source[at] == '}' ? -1 : number("the greatest number of repetitions");
                }
                if (!next('}')) {
                    throw problem("expected } after the number of repetitions");
                }
                if (max >= 0 && max < min) {
                    throw problem("at least " + min + " and at most " + max + " repetitions");
                }
            } else {
                return form;
            }
            if (next('+')) {
                throw problem("possessive repetition is not supported");
            }
            next('?');                            // reluctant: the same texts
            form = Form.repeat(form, min, max);
        }
        return form;
    }

    private int number(String what) {
        int from = at;
        long value = 0;
        while (more() && source[at] >= '0' && source[at] <= '9' && at - from < 9) {
            value = value * 10 + source[at++] - '0';
        }
        if (at == from) {
            throw problem("expected " + what);
        }
        if (value > MOST_REPEATS) {
            throw problem(value + " repetitions; at most " + MOST_REPEATS + " are supported");
        }
        return (int) value;
    }

    private Form atom() {
        int c = source[at++];
        switch (c) {
            case '(' -> {
                if (next('?')) {
                    if (!next(':') && !name()) {
                        throw problem("(?" + (more() ? Character.toString(source[at]) : "") + " is not supported; use (?:…) for a group");
                    }
                }
                Form inside = choice(false);
                if (!next(')')) {
                    throw problem("a ( has no )");
                }
                return inside;
            }
            case '[' -> {
                return set();
            }
            case '.' -> {
                return DOT;
            }
            case '\\' -> {
                return escape(false);
            }
            case '^', '$' -> throw problem("the anchor " + (char) c + " is supported at the beginning or end only");
            case '*', '+', '?', '{' -> throw problem("nothing stands before " + (char) c);
            default -> {
                return Form.chars(c, c);
            }
        }
    }

    /// `<name>` of a named group; its name does not matter here.
    private boolean name() {
        if (!more() || source[at] != '<' || at + 1 >= source.length || !Character.isLetter(source[at + 1])) {
            return false;
        }
        while (more() && source[at] != '>') {
            at++;
        }
        return next('>');
    }

    private Form.Chars escape(boolean inSet) {
        if (!more()) {
            throw problem("a \\ ends the expression");
        }
        int c = source[at++];
        return switch (c) {
            case 'd' -> DIGIT;
            case 'D' -> Form.not(DIGIT);
            case 's' -> SPACE;
            case 'S' -> Form.not(SPACE);
            case 'w' -> WORD;
            case 'W' -> Form.not(WORD);
            case 'h' -> Form.chars(' ', ' ', 9, 9, 0xa0, 0xa0, 0x1680, 0x1680, 0x180e, 0x180e, 0x2000, 0x200a, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000);
            case 'n' -> Form.chars('\n', '\n');
            case 't' -> Form.chars('\t', '\t');
            case 'r' -> Form.chars('\r', '\r');
            case 'f' -> Form.chars('\f', '\f');
            case 'a' -> Form.chars(7, 7);
            case 'e' -> Form.chars(27, 27);
            case 'x' -> one(hex(2));
            case 'u' -> one(hex(4));
            case 'p', 'P' -> property(c == 'P');
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    throw problem("\\" + Character.toString(c) + (c >= '1' && c <= '9' ? ": back references are not supported" : " is not supported"));
                }
                yield one(c);
            }
        };
    }

    private static Form.Chars one(int c) {
        return Form.chars(c, c);
    }

    private int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = more() ? Character.digit(source[at], 16) : -1;
            if (digit < 0) {
                throw problem("expected " + digits + " hexadecimal digits");
            }
            value = value * 16 + digit;
            at++;
        }
        if (Character.isSurrogate((char) value)) {
            throw problem("half a surrogate pair; write the character itself");
        }
        return value;
    }

    /// `\p{…}`: whatever Java understands by it.
    private Form.Chars property(boolean isNegated) {
        int from = at;
        if (next('{')) {
            while (more() && source[at] != '}') {
                at++;
            }
        }
        at = Math.min(source.length, at + 1);
        String text = new String(source, from, at - from);
        Form.Chars known = PROPERTIES.get(text);
        if (known != null) {
            return isNegated ? Form.not(known) : known;
        }
        Pattern pattern;
        try {
            pattern = Pattern.compile("\\p" + text);
        } catch (PatternSyntaxException e) {
            throw problem("unknown property \\p" + text);
        }
        List<Integer> ranges = new ArrayList<>();
        for (int c = 0, start = -1; c <= Character.MAX_CODE_POINT + 1; c++) {
            boolean is = c <= Character.MAX_CODE_POINT && (c < 0xd800 || c > 0xdfff) && pattern.matcher(Character.toString(c)).matches();
            if (is && start < 0) {
                start = c;
            } else if (!is && start >= 0) {
                ranges.add(start);
                ranges.add(c - 1);
                start = -1;
            }
        }
        Form.Chars chars = Form.chars(ranges.stream().mapToInt(Integer::intValue).toArray());
        if (PROPERTIES.size() < 200) {
            PROPERTIES.put(text, chars);
        }
        return isNegated ? Form.not(chars) : chars;
    }

    private Form.Chars set() {
        if (++depth > DEEPEST) {
            throw problem("nested deeper than " + DEEPEST);
        }
        boolean isNegated = next('^');
        List<int[]> ranges = new ArrayList<>();
        boolean first = true;
        while (true) {
            if (!more()) {
                throw problem("a [ has no ]");
            }
            int c = source[at];
            if (c == ']' && !first) {
                at++;
                break;
            }
            first = false;
            if (c == '&' && at + 1 < source.length && source[at + 1] == '&') {
                throw problem("&& in a set is not supported");
            }
            at++;
            Form.Chars item = c == '[' ? set() : c == '\\' ? escape(true) : one(c);
            boolean isSingle = c != '[' && item.ranges().length == 2 && item.ranges()[0] == item.ranges()[1];
            if (isSingle && at + 1 < source.length && source[at] == '-' && source[at + 1] != ']' && source[at + 1] != '[') {
                at++;
                int to = source[at++];
                Form.Chars end = to == '\\' ? escape(true) : one(to);
                if (end.ranges().length != 2 || end.ranges()[0] != end.ranges()[1] || end.ranges()[0] < item.ranges()[0]) {
                    throw problem("a range in a set ends before it begins");
                }
                item = Form.chars(item.ranges()[0], end.ranges()[0]);
            }
            ranges.add(item.ranges());
        }
        depth--;
        Form.Chars found = Form.chars(ranges.stream().flatMapToInt(java.util.Arrays::stream).toArray());
        Form.Chars result = isNegated ? Form.not(found) : found;
        if (result.isEmpty()) {
            throw problem("a set without a character");
        }
        return result;
    }
}
