package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/// Cuts template source into [Token]s. Blanks around tags are treated as the Jinja documentation says under "Whitespace Control", with
/// `trim_blocks` and `lstrip_blocks` on and the last line end of the source dropped, as chat templates expect.
final class Lexer {
    private static final Set<String> TWO = Set.of("//", "**", "==", "!=", "<=", ">=");
    private static final String ONE = "+-/*%~[](){}><=.:|,;";

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;
    private int counted;                     // lines are counted up to here

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        return new Lexer(source).all();
    }

    private List<Token> all() {
        boolean lineStarts = true;           // does the data at hand begin a line?
        while (at < source.length()) {
            int tag = nextTag(at);
            if (tag < 0) {
                add(Kind.DATA, source.substring(at), at);
                at = source.length();
                break;
            }
            char kind = source.charAt(tag + 1);
            char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : 0;
            data(at, tag, kind, sign, lineStarts);
            int from = tag + 2 + (sign == '-' || sign == '+' ? 1 : 0);
            switch (kind) {
                case '#' -> comment(tag, from);
                case '%' -> {
                    int raw = rawContent(from);
                    if (raw >= 0) {
                        raw(tag, raw, lineStarts);
                    } else {
                        add(Kind.BLOCK_BEGIN, "{%", tag);
                        at = from;
                        code('%', tag);
                    }
                }
                default -> {
                    add(Kind.OUTPUT_BEGIN, "{{", tag);
                    at = from;
                    code('}', tag);
                }
            }
            lineStarts = source.charAt(at - 1) == '\n';
        }
        tokens.add(new Token(Kind.END, "", lineAt(source.length())));
        return tokens;
    }

    private int nextTag(int from) {
        for (int i = source.indexOf('{', from); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char next = source.charAt(i + 1);
            if (next == '{' || next == '%' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    /// The text before a tag, without the blanks that the tag takes away.
    private void data(int from, int to, char kind, char sign, boolean lineStarts) {
        int end = to;
        if (sign == '-') {
            while (end > from && PythonText.isSpace(source.charAt(end - 1))) {
                end--;
            }
        } else if (sign != '+' && kind != '{') {
            int start = to;
            while (start > from && source.charAt(start - 1) != '\n' && PythonText.isSpace(source.charAt(start - 1))) {
                start--;
            }
            if (start > from ? source.charAt(start - 1) == '\n' : lineStarts) {
                end = start;
            }
        }
        if (end > from) {
            add(Kind.DATA, source.substring(from, end), from);
        }
    }

    private void comment(int tag, int from) {
        int end = source.indexOf("#}", from);
        if (end < 0) {
            throw new TemplateException(lineAt(tag), "the comment that begins here has no end #}");
        }
        char sign = end > from ? source.charAt(end - 1) : 0;
        at = end + 2;
        afterBlock(sign);
    }

    /// Where the content of `{% raw %}` begins, or -1 if the tag is another one.
    private int rawContent(int from) {
        int i = skipSpace(from);
        if (!source.startsWith("raw", i)) {
            return -1;
        }
        i = skipSpace(i + 3);
        if (source.startsWith("%}", i)) {
            return i + 2;
        }
        return source.startsWith("-%}", i) ? skipSpace(i + 3) : -1;
    }

    private void raw(int tag, int from, boolean lineStarts) {
        for (int i = source.indexOf("{%", from); i >= 0; i = source.indexOf("{%", i + 1)) {
            char sign = i + 2 < source.length() ? source.charAt(i + 2) : 0;
            int name = skipSpace(i + 2 + (sign == '-' || sign == '+' ? 1 : 0));
            if (!source.startsWith("endraw", name)) {
                continue;
            }
            int end = skipSpace(name + 6);
            char last = end < source.length() ? source.charAt(end) : 0;
            int close = last == '-' || last == '+' ? end + 1 : end;
            if (source.startsWith("%}", close)) {
                data(from, i, '%', sign, lineStarts);
                at = close + 2;
                afterBlock(last);
                return;
            }
        }
        throw new TemplateException(lineAt(tag), "{% raw %} has no {% endraw %}");
    }

    /// After a block or comment: `-` takes all blanks, nothing takes one line end, `+` takes none.
    private void afterBlock(char sign) {
        if (sign == '-') {
            at = skipSpace(at);
        } else if (sign != '+' && at < source.length() && source.charAt(at) == '\n') {
            at++;
        }
    }

    private int skipSpace(int from) {
        int i = from;
        while (i < source.length() && PythonText.isSpace(source.charAt(i))) {
            i++;
        }
        return i;
    }

    /// The inside of a tag up to `%}` or `}}`.
    private void code(char close, int tag) {
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            at = skipSpace(at);
            if (at >= source.length()) {
                throw new TemplateException(lineAt(tag), "the tag that begins here has no end " + close + "}");
            }
            char c = source.charAt(at);
            if (open.isEmpty() && isEnd(at, close)) {
                add(close == '%' ? Kind.BLOCK_END : Kind.OUTPUT_END, close + "}", at);
                at += 2;
                if (close == '%') {
                    afterBlock((char) 0);
                }
                return;
            }
            if (open.isEmpty() && (c == '-' || c == '+' && close == '%') && isEnd(at + 1, close)) {
                add(close == '%' ? Kind.BLOCK_END : Kind.OUTPUT_END, close + "}", at);
                at += 3;
                if (c == '-') {
                    at = skipSpace(at);
                }
                return;
            }
            if (isDigit(at)) {
                number();
            } else if (c == '_' || Character.isUnicodeIdentifierStart(source.codePointAt(at))) {
                name();
            } else if (c == '"' || c == '\'') {
                string(c);
            } else {
                operator(c, open);
            }
        }
    }

    private boolean isEnd(int i, char close) {
        return i + 1 < source.length() && source.charAt(i) == close && source.charAt(i + 1) == '}';
    }

    private void name() {
        int from = at;
        while (at < source.length() && (source.charAt(at) == '_' || Character.isUnicodeIdentifierPart(source.codePointAt(at)))) {
            at += Character.charCount(source.codePointAt(at));
        }
        add(Kind.NAME, source.substring(from, at), from);
    }

    private void number() {
        int from = at;
        boolean real = false;
        while (at < source.length() && (isDigit(at) || source.charAt(at) == '_' && isDigit(at + 1))) {
            at++;
        }
        boolean afterDot = from > 0 && source.charAt(from - 1) == '.';
        if (!afterDot && at < source.length() && source.charAt(at) == '.' && isDigit(at + 1)) {
            real = true;
            at++;
            while (isDigit(at)) {
                at++;
            }
        }
        if (!afterDot && at < source.length() && (source.charAt(at) == 'e' || source.charAt(at) == 'E')) {
            int digits = at + 1 < source.length() && (source.charAt(at + 1) == '+' || source.charAt(at + 1) == '-') ? at + 2 : at + 1;
            if (isDigit(digits)) {
                real = true;
                at = digits;
                while (isDigit(at)) {
                    at++;
                }
            }
        }
        add(real ? Kind.FLOAT : Kind.INTEGER, source.substring(from, at).replace("_", ""), from);
    }

    private boolean isDigit(int i) {
        return i < source.length() && source.charAt(i) >= '0' && source.charAt(i) <= '9';
    }

    private void string(char quote) {
        int from = at++;
        StringBuilder out = new StringBuilder();
        while (true) {
            if (at >= source.length()) {
                throw new TemplateException(lineAt(from), "the string that begins here has no closing " + quote);
            }
            char c = source.charAt(at++);
            if (c == quote) {
                break;
            }
            if (c == '\\' && at < source.length()) {
                escape(out, from);
            } else {
                out.append(c);
            }
        }
        add(Kind.STRING, out.toString(), from);
    }

    /// As in Python; an escape it does not know stays as it is.
    private void escape(StringBuilder out, int from) {
        char c = source.charAt(at++);
        switch (c) {
            case 'n' -> out.append('\n');
            case 't' -> out.append('\t');
            case 'r' -> out.append('\r');
            case 'a' -> out.append('\u0007');
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'v' -> out.append('\u000b');
            case '\\', '\'', '"' -> out.append(c);
            case '\n' -> { }
            case 'x' -> hex(out, 2, from);
            case 'u' -> hex(out, 4, from);
            case 'U' -> hex(out, 8, from);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                int value = c - '0';
                for (int i = 0; i < 2 && at < source.length() && source.charAt(at) >= '0' && source.charAt(at) <= '7'; i++) {
                    value = value * 8 + source.charAt(at++) - '0';
                }
                out.append((char) value);
            }
            default -> out.append('\\').append(c);
        }
    }

    private void hex(StringBuilder out, int digits, int from) {
        String text = source.substring(at, Math.min(source.length(), at + digits));
        if (!text.matches("[0-9a-fA-F]{" + digits + "}") || !Character.isValidCodePoint((int) Long.parseLong(text, 16))) {
            throw new TemplateException(lineAt(from), "a string escape needs " + digits + " hexadecimal digits of a character, found " + text);
        }
        out.appendCodePoint((int) Long.parseLong(text, 16));
        at += digits;
    }

    private void operator(char c, Deque<Character> open) {
        String two = source.substring(at, Math.min(source.length(), at + 2));
        String text = TWO.contains(two) ? two : String.valueOf(c);
        if (text.length() == 1 && ONE.indexOf(c) < 0) {
            throw new TemplateException(lineAt(at), "unexpected character " + new String(Character.toChars(source.codePointAt(at))));
        }
        switch (c) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty() || open.pop() != c) {
                    throw new TemplateException(lineAt(at), "this " + c + " closes nothing");
                }
            }
            default -> { }
        }
        add(Kind.OPERATOR, text, at);
        at += text.length();
    }

    private void add(Kind kind, String text, int position) {
        tokens.add(new Token(kind, text, lineAt(position)));
    }

    /// Positions are asked for in ascending order, or nearly so.
    private int lineAt(int position) {
        if (position < counted) {
            return 1 + (int) source.substring(0, position).chars().filter(c -> c == '\n').count();
        }
        for (; counted < position; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
            }
        }
        return line;
    }
}
