package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Value.Bool;
import dev.jackdaw.model.chat.jinja.Value.Int;
import dev.jackdaw.model.chat.jinja.Value.Real;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// The filter `tojson`, the way the models saw it in training: `, ` and `: ` between, the order of keys kept, no HTML escapes, characters
/// outside ASCII as they are unless `ensure_ascii` is asked for.
final class JsonText {
    private final TextBuilder out;
    private final String indent;            // of one level, or null for one line
    private final String comma;
    private final String colon;
    private final boolean isAscii;
    private final boolean sorted;

    private JsonText(TextBuilder out, String indent, String comma, String colon, boolean isAscii, boolean sorted) {
        this.out = out;
        this.indent = indent;
        this.comma = comma;
        this.colon = colon;
        this.isAscii = isAscii;
        this.sorted = sorted;
    }

    /// @param arguments of the filter: ensure_ascii, indent, separators, sort_keys
    static Text of(Value value, Arguments arguments, Budget budget) {
        arguments.atMost(4, "ensure_ascii", "indent", "separators", "sort_keys");
        Value indent = arguments.get(1, "indent", Value.NONE);
        String level = indent instanceof Value.None ? null
                : indent instanceof Text text ? text.chars() : " ".repeat((int) Math.clamp(Operators.whole(indent, "indent"), 0, 100));
        String comma = level == null ? ", " : ",", colon = ": ";
        if (arguments.get(2, "separators", Value.NONE) instanceof Value.Sequence pair && pair.items().size() == 2) {
            comma = Operators.text(pair.items().get(0), "separators").chars();
            colon = Operators.text(pair.items().get(1), "separators").chars();
        }
        TextBuilder out = new TextBuilder(budget);
        new JsonText(out, level, comma, colon, arguments.flag(0, "ensure_ascii", false), arguments.flag(3, "sort_keys", false)).write(value, 0);
        return out.text();
    }

    private void write(Value value, int depth) {
        switch (value) {
            case Text text -> string(text);
            case Value.None _ -> out.append("null");
            case Bool b -> out.append(b.is() ? "true" : "false");
            case Int n -> out.append(Long.toString(n.n()));
            case Real x -> out.append(Double.isNaN(x.x()) ? "NaN" : Double.isInfinite(x.x()) ? x.x() > 0 ? "Infinity" : "-Infinity" : PythonText.real(x.x()));
            case Value.Sequence s -> {
                if (s.items().isEmpty()) {
                    out.append("[]");
                    return;
                }
                String between = "[";
                for (Value item : s.items()) {
                    out.append(between);
                    line(depth + 1);
                    write(item, depth + 1);
                    between = comma;
                }
                line(depth);
                out.append("]");
            }
            case Value.Mapping m -> map(m, depth);
            case Value.Undefined u -> throw new Problem("tojson: " + u.what());
            default -> throw new Problem("tojson: a " + Operators.kind(value) + " cannot be written as JSON");
        }
    }

    private void map(Value.Mapping m, int depth) {
        if (m.entries().isEmpty()) {
            out.append("{}");
            return;
        }
        List<Map.Entry<Value, Value>> entries = new ArrayList<>(m.entries().entrySet());
        if (sorted) {
            entries.sort(Map.Entry.comparingByKey(Comparator.nullsFirst(Operators::compare)));
        }
        String between = "{";
        for (Map.Entry<Value, Value> entry : entries) {
            out.append(between);
            line(depth + 1);
            switch (entry.getKey()) {
                case Text key -> string(key);
                case Int _, Real _, Bool _, Value.None _ -> {
                    out.append('"');
                    write(entry.getKey(), depth);
                    out.append('"');
                }
                default -> throw new Problem("tojson: a key that is a " + Operators.kind(entry.getKey()));
            }
            out.append(colon);
            write(entry.getValue(), depth + 1);
            between = comma;
        }
        line(depth);
        out.append("}");
    }

    private void line(int depth) {
        if (indent != null) {
            out.append("\n");
            for (int i = 0; i < depth; i++) {
                out.append(indent);
            }
        }
    }

    private void string(Text text) {
        out.append('"');
        String s = text.chars();
        int plain = 0;
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            String escaped = switch (c) {
                case '"' -> "\\\"";
                case '\\' -> "\\\\";
                case '\n' -> "\\n";
                case '\r' -> "\\r";
                case '\t' -> "\\t";
                case '\f' -> "\\f";
                case '\b' -> "\\b";
                default -> c < 0x20 || isAscii && c > 0x7e ? String.format("\\u%04x", (int) c) : null;
            };
            if (escaped != null) {
                out.append(text.substring(plain, i)).append(escaped, text.hasForeign());
                plain = i + 1;
            }
        }
        out.append(text.substring(plain)).append('"');
    }
}
