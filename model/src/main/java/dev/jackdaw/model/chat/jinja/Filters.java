package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Value.Int;
import dev.jackdaw.model.chat.jinja.Value.Mapping;
import dev.jackdaw.model.chat.jinja.Value.Real;
import dev.jackdaw.model.chat.jinja.Value.Sequence;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// What may stand after `|`. Those that go through lists are in [ListFilters].
final class Filters {
    private static final Set<String> NAMES = Set.of("abs", "attr", "capitalize", "center", "count", "d", "default", "e", "escape", "float", "format", "indent", "int",
            "items", "length", "list", "lower", "pprint", "replace", "round", "safe", "string", "strip", "title", "tojson", "trim", "truncate", "upper", "urlencode",
            "wordcount");

    private Filters() {
    }

    static boolean exists(String name) {
        return NAMES.contains(name) || ListFilters.NAMES.contains(name);
    }

    static Value apply(String name, Value value, Arguments arguments, Interpreter interpreter) {
        try {
            return ListFilters.NAMES.contains(name) ? ListFilters.apply(name, value, arguments, interpreter) : single(name, value, arguments, interpreter.budget);
        } catch (Problem problem) {
            throw new Problem(problem.getMessage().startsWith(name + ":") ? problem.getMessage() : name + ": " + problem.getMessage());
        }
    }

    private static Value single(String name, Value value, Arguments arguments, Budget budget) {
        return switch (name) {
            case "default", "d" -> value instanceof Value.Undefined || arguments.flag(1, "boolean", false) && !Operators.truth(value)
                    ? arguments.get(0, "default_value", Text.EMPTY) : value;
            case "length", "count" -> new Int(Operators.length(value));
            case "string", "safe" -> PythonText.str(value, budget);
            case "list" -> Sequence.of(Operators.items(value, budget));
            case "items" -> value instanceof Value.Undefined ? Sequence.of(List.of()) : Sequence.of(Operators.pairs(Operators.mapping(value, "items").entries()));
            case "tojson" -> JsonText.of(value, arguments, budget);
            case "trim", "strip" -> TextOperations.strip(PythonText.str(value, budget), arguments.text(0, "chars", null), true, true, budget);
            case "upper" -> cased(PythonText.str(value, budget), true, budget);
            case "lower" -> cased(PythonText.str(value, budget), false, budget);
            case "capitalize" -> TextOperations.capitalize(PythonText.str(value, budget), budget);
            case "title" -> TextOperations.title(PythonText.str(value, budget), true, budget);
            case "replace" -> TextOperations.replace(PythonText.str(value, budget), PythonText.str(arguments.need(0, "old"), budget),
                    PythonText.str(arguments.need(1, "new"), budget), arguments.whole(2, "count", -1), budget);
            case "center" -> TextOperations.pad(PythonText.str(value, budget), arguments.whole(0, "width", 80), ' ', 0, 0.5, budget);
            case "indent" -> indent(PythonText.str(value, budget), arguments, budget);
            case "truncate" -> truncate(PythonText.str(value, budget), arguments, budget);
            case "wordcount" -> new Int(TextOperations.split(PythonText.str(value, budget), null, -1, budget).items().size());
            case "format" -> PythonText.format(Operators.text(value, ""), arguments.positional(), arguments.named().isEmpty() ? null : named(arguments), budget);
            case "escape", "e" -> escape(PythonText.str(value, budget), budget);
            case "urlencode" -> Text.of(java.net.URLEncoder.encode(PythonText.str(value, budget).chars(), java.nio.charset.StandardCharsets.UTF_8)
                    .replace("+", "%20").replace("%2F", "/").replace("%7E", "~").replace("*", "%2A"));
            case "pprint" -> PythonText.str(Sequence.of(List.of(value)), budget).substring(1, PythonText.str(Sequence.of(List.of(value)), budget).chars().length() - 1);
            case "attr" -> Methods.field(value, arguments.text(0, "name").chars(), budget);
            case "abs" -> value instanceof Real x ? new Real(Math.abs(x.x())) : new Int(Math.abs(Operators.whole(value, "")));
            case "int" -> whole(value, arguments);
            case "float" -> real(value, arguments);
            case "round" -> round(value, arguments);
            default -> throw new Problem("unknown filter");
        };
    }

    private static Mapping named(Arguments arguments) {
        Map<Value, Value> entries = new LinkedHashMap<>();
        arguments.named().forEach((name, value) -> entries.put(Text.of(name), value));
        return Mapping.of(entries);
    }

    private static Text cased(Text text, boolean upper, Budget budget) {
        budget.produce(text.chars().length());
        return text.withChars(upper ? text.chars().toUpperCase(Locale.ROOT) : text.chars().toLowerCase(Locale.ROOT));
    }

    private static Value whole(Value value, Arguments arguments) {
        Value otherwise = arguments.get(0, "default", new Int(0));
        switch (value) {
            case Text text -> {
                String s = text.chars().strip().replace("_", "");
                int base = (int) arguments.whole(1, "base", 10);
                try {
                    return new Int(Long.parseLong(base == 16 ? s.replaceFirst("^([-+]?)0[xX]", "$1") : s, base));
                } catch (NumberFormatException e) {
                    try {
                        double x = Double.parseDouble(s);
                        return Double.isFinite(x) ? new Int((long) x) : otherwise;
                    } catch (NumberFormatException f) {
                        return otherwise;
                    }
                }
            }
            case Real x when !Double.isFinite(x.x()) -> {
                return otherwise;
            }
            case Int _, Real _, Value.Bool _ -> {
                return new Int(Operators.truncated(value));
            }
            default -> {
                return otherwise;
            }
        }
    }

    private static Value real(Value value, Arguments arguments) {
        try {
            return value instanceof Text text ? new Real(Double.parseDouble(text.chars().strip())) : Operators.isNumber(value) ? new Real(Operators.real(value))
                    : arguments.get(0, "default", new Real(0));
        } catch (NumberFormatException e) {
            return arguments.get(0, "default", new Real(0));
        }
    }

    private static Value round(Value value, Arguments arguments) {
        int digits = (int) Math.clamp(arguments.whole(0, "precision", 0), -300, 300);
        String method = arguments.text(1, "method", Text.of("common")).chars();
        RoundingMode mode = switch (method) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw new Problem("the method is common, ceil or floor, not " + method);
        };
        double x = Operators.real(value);
        return value instanceof Int && method.equals("common") ? value : Double.isFinite(x) ? new Real(new BigDecimal(x).setScale(digits, mode).doubleValue()) : value;
    }

    private static Text indent(Text text, Arguments arguments, Budget budget) {
        Value width = arguments.get(0, "width", new Int(4));
        Text by = width instanceof Text given ? given : Text.of(" ".repeat((int) Math.clamp(Operators.whole(width, "width"), 0, 1000)));
        boolean first = arguments.flag(1, "first", false), blank = arguments.flag(2, "blank", false);
        List<Value> lines = new ArrayList<>(TextOperations.split(text, Text.of("\n"), -1, budget).items());
        for (int i = 0; i < lines.size(); i++) {
            Text line = (Text) lines.get(i);
            if (i == 0 ? first : blank || !line.isEmpty()) {
                lines.set(i, new TextBuilder(budget).append(by).append(line).text());
            }
        }
        return TextOperations.join(Text.of("\n"), lines, true, budget);
    }

    private static Text truncate(Text text, Arguments arguments, Budget budget) {
        long length = arguments.whole(0, "length", 255);
        Text end = arguments.text(2, "end", Text.of("..."));
        if (text.length() <= length + arguments.whole(3, "leeway", 5)) {
            return text;
        }
        int keep = (int) Math.clamp(length - end.length(), 0, text.length());
        Text cut = text.substring(0, text.chars().offsetByCodePoints(0, keep));
        int blank = cut.chars().lastIndexOf(' ');
        return new TextBuilder(budget).append(arguments.flag(1, "killwords", false) || blank < 0 ? cut : cut.substring(0, blank)).append(end).text();
    }

    private static Text escape(Text text, Budget budget) {
        Text out = text;
        for (String[] pair : new String[][] {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"'", "&#39;"}, {"\"", "&#34;"}}) {
            out = TextOperations.replace(out, Text.of(pair[0]), Text.of(pair[1]), -1, budget);
        }
        return out;
    }

    static List<Value> reversed(List<Value> items) {
        List<Value> copy = new ArrayList<>(items);
        Collections.reverse(copy);
        return copy;
    }
}
