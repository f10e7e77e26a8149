package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Value.Bool;
import dev.jackdaw.model.chat.jinja.Value.Int;
import dev.jackdaw.model.chat.jinja.Value.Real;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/// Values as Python writes them: `str()`, `repr()`, and `%` formatting.
final class PythonText {
    private PythonText() {
    }

    /// `str(value)`.
    static Text str(Value value, Budget budget) {
        return switch (value) {
            case Text text -> text;
            case Value.Undefined _ -> Text.EMPTY;
            default -> {
                TextBuilder out = new TextBuilder(budget);
                repr(value, out);
                yield out.text();
            }
        };
    }

    private static void repr(Value value, TextBuilder out) {
        switch (value) {
            case Text text -> quoted(text, out);
            case Value.Undefined _ -> out.append("Undefined");
            case Value.None _ -> out.append("None");
            case Bool b -> out.append(b.is() ? "True" : "False");
            case Int n -> out.append(Long.toString(n.n()));
            case Real x -> out.append(real(x.x()));
            case Value.Sequence s -> {
                out.append(s.isTuple() ? "(" : "[");
                String between = "";
                for (Value item : s.items()) {
                    out.append(between);
                    repr(item, out);
                    between = ", ";
                }
                out.append(s.isTuple() ? s.items().size() == 1 ? ",)" : ")" : "]");
            }
            case Value.Mapping m -> {
                out.append("{");
                String between = "";
                for (Map.Entry<Value, Value> entry : m.entries().entrySet()) {
                    out.append(between);
                    repr(entry.getKey(), out);
                    out.append(": ");
                    repr(entry.getValue(), out);
                    between = ", ";
                }
                out.append("}");
            }
            case Value.Namespace _ -> out.append("<Namespace>");
            case Value.Function f -> out.append("<function ").append(f.name()).append(">");
            case Value.Loop _ -> out.append("<loop>");
        }
    }

    private static void quoted(Text text, TextBuilder out) {
        String s = text.chars();
        char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        int plain = 0;
        for (int i = 0; i < s.length(); ) {
            int c = s.codePointAt(i);
            int n = Character.charCount(c);
            String escaped = c == quote || c == '\\' ? "\\" + (char) c : c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : isPrintable(c) ? null
                    : c < 0x100 ? String.format("\\x%02x", c) : c < 0x10000 ? String.format("\\u%04x", c) : String.format("\\U%08x", c);
            if (escaped != null) {
                out.append(text.substring(plain, i)).append(escaped, text.hasForeign());
                plain = i + n;
            }
            i += n;
        }
        out.append(text.substring(plain));
        out.append(quote);
    }

    private static boolean isPrintable(int c) {
        return c == ' ' || switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED, Character.LINE_SEPARATOR,
                 Character.PARAGRAPH_SEPARATOR, Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }

    /// The shortest digits that read back as the same number; an exponent below 1e-4 and from 1e16 on.
    static String real(double x) {
        if (Double.isNaN(x)) {
            return "nan";
        }
        if (Double.isInfinite(x)) {
            return x > 0 ? "inf" : "-inf";
        }
        if (x == 0) {
            return 1 / x < 0 ? "-0.0" : "0.0";
        }
        BigDecimal digits = new BigDecimal(Double.toString(Math.abs(x))).stripTrailingZeros();
        String sign = x < 0 ? "-" : "";
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent < -4 || exponent >= 16) {
            String all = digits.unscaledValue().toString();
            return sign + all.charAt(0) + (all.length() > 1 ? "." + all.substring(1) : "") + (exponent < 0 ? "e-" : "e+")
                    + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        }
        String plain = digits.toPlainString();
        return sign + (plain.contains(".") ? plain : plain + ".0");
    }

    /// What Python's `str.isspace` and `str.strip` take for a blank.
    static boolean isSpace(char c) {
        return c == ' ' || c >= 9 && c <= 13 || c >= 0x1c && c <= 0x1f || c == 0x85 || c == 0xa0 || c > 0xff && Character.isSpaceChar(c);
    }

    /// `format % values`: `%s`, `%r`, `%d`, `%i`, `%f`, `%g`, `%x`, `%%`, with width and precision, and `%(name)s`.
    static Text format(Text format, List<Value> values, Value.Mapping named, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        String f = format.chars();
        int used = 0;
        for (int i = 0; i < f.length(); ) {
            int percent = f.indexOf('%', i);
            if (percent < 0) {
                out.append(format.substring(i));
                break;
            }
            out.append(format.substring(i, percent));
            i = percent + 1;
            Value value = null;
            if (i < f.length() && f.charAt(i) == '(') {
                int close = f.indexOf(')', i);
                value = close < 0 || named == null ? null : named.get(f.substring(i + 1, close));
                if (value == null) {
                    throw new Problem("format: " + (close < 0 ? "a name has no )" : "there is no value for " + f.substring(i, close + 1)));
                }
                i = close + 1;
            }
            int spec = i;
            while (i < f.length() && "-+ #0123456789.".indexOf(f.charAt(i)) >= 0) {
                i++;
            }
            if (i == f.length() || i - spec > 8) {
                throw new Problem("format: " + f.substring(percent) + " is not a whole directive");
            }
            char kind = f.charAt(i);
            if (kind != '%' && value == null) {
                if (used == values.size()) {
                    throw new Problem("format: not enough values for the directives; found " + values.size());
                }
                value = values.get(used++);
            }
            directive(f.substring(spec, i), kind, value, out, budget);
            i++;
        }
        if (used < values.size() && named == null) {
            throw new Problem("format: " + values.size() + " values for " + used + " directives");
        }
        return out.text();
    }

    private static void directive(String flags, char kind, Value value, TextBuilder out, Budget budget) {
        int dot = flags.indexOf('.');
        String width = (dot < 0 ? flags : flags.substring(0, dot)).replaceAll("^[-+ #0]*", "");
        if (width.length() > 4 || dot >= 0 && flags.length() - dot > 4) {
            throw new Problem("format: a width of " + flags + " is too large");
        }
        switch (kind) {
            case '%' -> out.append('%');
            case 's', 'r' -> {
                Text text;
                if (kind == 's') {
                    text = str(value, budget);
                } else {
                    TextBuilder inside = new TextBuilder(budget);
                    repr(value, inside);
                    text = inside.text();
                }
                if (dot >= 0 && dot + 1 < flags.length()) {
                    int most = Integer.parseInt(flags.substring(dot + 1));
                    text = text.length() > most ? text.substring(0, text.chars().offsetByCodePoints(0, most)) : text;
                }
                int pad = (width.isEmpty() ? 0 : Integer.parseInt(width)) - text.length();
                String blanks = " ".repeat(Math.max(0, pad));
                out.append(flags.startsWith("-") ? "" : blanks).append(text).append(flags.startsWith("-") ? blanks : "");
            }
            case 'd', 'i' -> out.append(javaFormat("%" + flags.replaceAll("\\..*", "") + "d", Operators.truncated(value)));
            case 'x', 'X', 'o' -> out.append(javaFormat("%" + flags.replaceAll("\\..*", "") + kind, Operators.whole(value, "the value")));
            case 'f', 'F' -> {
                int digits = dot < 0 ? 6 : dot + 1 == flags.length() ? 0 : Integer.parseInt(flags.substring(dot + 1));
                double x = Operators.real(value);
                out.append(Double.isFinite(x) ? javaFormat("%" + (dot < 0 ? flags : flags.substring(0, dot)) + "." + digits + "f",
                        new BigDecimal(x).setScale(digits, java.math.RoundingMode.HALF_EVEN)) : real(x));
            }
            default -> throw new Problem("format: %" + flags + kind + " is not supported");
        }
    }

    private static String javaFormat(String format, Object value) {
        try {
            return String.format(java.util.Locale.ROOT, format, value);
        } catch (java.util.IllegalFormatException e) {
            throw new Problem("format: " + format + " is not supported");
        }
    }
}
