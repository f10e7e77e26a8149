package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Value.Sequence;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Python's operations on texts; each carries along which characters came from outside.
final class TextOperations {
    private TextOperations() {
    }

    /// Takes blanks, or the given characters, from the ends.
    static Text strip(Text text, Text characters, boolean left, boolean right, Budget budget) {
        String s = text.chars();
        budget.scan(s.length());
        int from = 0, to = s.length();
        while (left && from < to && strips(characters, s.codePointAt(from))) {
            from += Character.charCount(s.codePointAt(from));
        }
        while (right && from < to && strips(characters, s.codePointBefore(to))) {
            to -= Character.charCount(s.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    private static boolean strips(Text characters, int c) {
        return characters == null ? c < 0x10000 && PythonText.isSpace((char) c) : characters.chars().indexOf(c) >= 0;
    }

    static Sequence split(Text text, Text separator, long most, Budget budget) {
        String s = text.chars();
        budget.produce(s.length());
        List<Value> parts = new ArrayList<>();
        if (separator == null) {
            int i = 0;
            while (true) {
                while (i < s.length() && PythonText.isSpace(s.charAt(i))) {
                    i++;
                }
                if (i == s.length()) {
                    break;
                }
                int from = i;
                if (most >= 0 && parts.size() == most) {
                    parts.add(strip(text.substring(from), null, false, true, budget));
                    break;
                }
                while (i < s.length() && !PythonText.isSpace(s.charAt(i))) {
                    i++;
                }
                parts.add(text.substring(from, i));
            }
            return Sequence.of(parts);
        }
        String by = nonEmpty(separator);
        int from = 0;
        for (int at = s.indexOf(by); at >= 0 && (most < 0 || parts.size() < most); at = s.indexOf(by, from)) {
            parts.add(text.substring(from, at));
            from = at + by.length();
        }
        parts.add(text.substring(from));
        return Sequence.of(parts);
    }

    static Sequence rsplit(Text text, Text separator, long most, Budget budget) {
        if (most < 0) {
            return split(text, separator, most, budget);
        }
        if (separator == null) {
            throw new Problem("a separator is needed when the number of parts is limited");
        }
        budget.produce(text.chars().length());
        String s = text.chars(), by = nonEmpty(separator);
        List<Value> parts = new ArrayList<>();
        int to = s.length();
        for (int at = s.lastIndexOf(by); at >= 0 && parts.size() < most; at = to < by.length() ? -1 : s.lastIndexOf(by, to - by.length())) {
            parts.add(text.substring(at + by.length(), to));
            to = at;
        }
        parts.add(text.substring(0, to));
        Collections.reverse(parts);
        return Sequence.of(parts);
    }

    static Sequence partition(Text text, Text separator, boolean last, Budget budget) {
        budget.produce(text.chars().length());
        String s = text.chars(), by = nonEmpty(separator);
        int at = last ? s.lastIndexOf(by) : s.indexOf(by);
        List<Value> parts = at >= 0 ? List.of(text.substring(0, at), separator, text.substring(at + by.length()))
                : last ? List.of(Text.EMPTY, Text.EMPTY, text) : List.of(text, Text.EMPTY, Text.EMPTY);
        return Sequence.of(parts, true);
    }

    private static String nonEmpty(Text separator) {
        if (separator.isEmpty()) {
            throw new Problem("the separator is empty");
        }
        return separator.chars();
    }

    static Sequence lines(Text text, boolean keepEnds, Budget budget) {
        String s = text.chars();
        budget.produce(s.length());
        List<Value> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (c >= 10 && c <= 13 || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029) {
                int end = c == '\r' && i + 1 < s.length() && s.charAt(i + 1) == '\n' ? i + 2 : i + 1;
                lines.add(text.substring(from, keepEnds ? end : i));
                from = end;
                i = end - 1;
            }
        }
        if (from < s.length()) {
            lines.add(text.substring(from));
        }
        return Sequence.of(lines);
    }

    static Text replace(Text text, Text old, Text with, long most, Budget budget) {
        String s = text.chars(), what = old.chars();
        budget.scan(s.length());
        TextBuilder out = new TextBuilder(budget);
        int from = 0, done = 0;
        if (what.isEmpty()) {
            for (int i = 0; i <= s.length() && (most < 0 || done < most); i += i < s.length() ? Character.charCount(s.codePointAt(i)) : 1, done++) {
                out.append(text.substring(from, i)).append(with);
                from = i;
            }
            return out.append(text.substring(from)).text();
        }
        for (int at = s.indexOf(what); at >= 0 && (most < 0 || done < most); at = s.indexOf(what, from), done++) {
            out.append(text.substring(from, at)).append(with);
            from = at + what.length();
        }
        return from == 0 ? text : out.append(text.substring(from)).text();
    }

    /// @param onlyTexts refuse other values, as the method of Python does and the filter of Jinja does not
    static Text join(Text separator, List<Value> items, boolean onlyTexts, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        boolean first = true;
        for (Value item : items) {
            budget.step();
            if (!first) {
                out.append(separator);
            }
            out.append(onlyTexts ? Operators.text(item, "an item") : PythonText.str(item, budget));
            first = false;
        }
        return out.text();
    }

    static Text capitalize(Text text, Budget budget) {
        budget.produce(text.chars().length());
        if (text.isEmpty()) {
            return text;
        }
        int first = Character.charCount(text.chars().codePointAt(0));
        return text.withChars(Character.toString(Character.toTitleCase(text.chars().codePointAt(0)))
                + text.chars().substring(first).toLowerCase(java.util.Locale.ROOT));
    }

    /// Words with a capital. The filter of Jinja begins words after blanks and brackets and hyphens, the method of Python after everything that is no letter.
    static Text title(Text text, boolean asFilter, Budget budget) {
        budget.produce(text.chars().length());
        StringBuilder out = new StringBuilder();
        boolean starts = true;
        String s = text.chars();
        for (int i = 0; i < s.length(); ) {
            int c = s.codePointAt(i);
            out.appendCodePoint(starts ? asFilter ? Character.toUpperCase(c) : Character.toTitleCase(c) : Character.toLowerCase(c));
            starts = asFilter ? c < 0x10000 && PythonText.isSpace((char) c) || "-({[<".indexOf(c) >= 0 : !Character.isLetter(c);
            i += Character.charCount(c);
        }
        return text.withChars(out.toString());
    }

    static long count(Text text, Text part, Budget budget) {
        budget.scan(text.chars().length());
        if (part.isEmpty()) {
            return text.length() + 1;
        }
        long n = 0;
        for (int at = text.chars().indexOf(part.chars()); at >= 0; at = text.chars().indexOf(part.chars(), at + part.chars().length())) {
            n++;
        }
        return n;
    }

    /// @param keep  characters at the beginning that stay in front of the padding
    /// @param share of the padding that goes to the left
    static Text pad(Text text, long width, char with, int keep, double share, Budget budget) {
        long missing = width - text.length();
        if (missing <= 0) {
            return text;
        }
        budget.produce(missing);
        int left = share == 0.5 ? (int) (missing / 2 + (missing & width & 1)) : (int) (missing * share);
        return new TextBuilder(budget).append(text.substring(0, keep)).append(String.valueOf(with).repeat(left)).append(text.substring(keep))
                .append(String.valueOf(with).repeat((int) missing - left)).text();
    }

    /// `'{} {name}'.format(…)`; what follows a colon is not supported.
    static Text format(Text text, Arguments arguments, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        String s = text.chars();
        int next = 0, plain = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (c != '{' && c != '}') {
                continue;
            }
            out.append(text.substring(plain, i));
            if (i + 1 < s.length() && s.charAt(i + 1) == c) {
                out.append(text.substring(i, i + 1));
                i++;
            } else {
                int close = s.indexOf('}', i);
                if (c == '}' || close < 0) {
                    throw new Problem("a single " + c + " in the format");
                }
                String name = s.substring(i + 1, close);
                if (!name.matches("\\w*")) {
                    throw new Problem("{" + name + "} is not supported; use {}, {0} or {name}");
                }
                boolean isIndex = name.matches("[0-9]*");
                int index = name.isEmpty() ? next++ : isIndex && name.length() < 6 ? Integer.parseInt(name) : 0;
                Value value = isIndex ? arguments.get(index, "", null) : arguments.named().get(name);
                if (value == null) {
                    throw new Problem("there is no argument for {" + name + "}");
                }
                out.append(PythonText.str(value, budget));
                i = close;
            }
            plain = i + 1;
        }
        return out.append(text.substring(plain)).text();
    }
}
