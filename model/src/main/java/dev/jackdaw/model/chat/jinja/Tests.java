package dev.jackdaw.model.chat.jinja;

import java.util.Locale;
import java.util.Set;

/// What may stand after `is`.
final class Tests {
    private static final Set<String> NAMES = Set.of("defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number", "string", "mapping",
            "iterable", "sequence", "callable", "odd", "even", "divisibleby", "lower", "upper", "in", "sameas", "eq", "equalto", "ne", "lt", "lessthan", "le", "gt",
            "greaterthan", "ge", "filter", "test");

    private Tests() {
    }

    static boolean exists(String name) {
        return NAMES.contains(name);
    }

    static boolean check(String name, Value value, Arguments arguments, Budget budget) {
        return switch (name) {
            case "defined" -> !(value instanceof Value.Undefined);
            case "undefined" -> value instanceof Value.Undefined;
            case "none" -> value instanceof Value.None;
            case "boolean" -> value instanceof Value.Bool;
            case "true" -> value instanceof Value.Bool b && b.is();
            case "false" -> value instanceof Value.Bool b && !b.is();
            case "integer" -> value instanceof Value.Int;
            case "float" -> value instanceof Value.Real;
            case "number" -> Operators.isNumber(value);
            case "string" -> value instanceof Text;
            case "mapping" -> value instanceof Value.Mapping;
            case "iterable" -> value instanceof Text || value instanceof Value.Sequence || value instanceof Value.Mapping || value instanceof Value.Undefined;
            case "sequence" -> value instanceof Text || value instanceof Value.Sequence || value instanceof Value.Mapping || value instanceof Value.Undefined;
            case "callable" -> value instanceof Value.Function || value instanceof Value.Loop;
            case "odd" -> Math.floorMod(Operators.whole(value, "is odd"), 2) == 1;
            case "even" -> Math.floorMod(Operators.whole(value, "is even"), 2) == 0;
            case "divisibleby" -> {
                long by = Operators.whole(arguments.need(0, "num"), "is divisibleby");
                if (by == 0) {
                    throw new Problem("is divisibleby: division by zero");
                }
                yield Operators.whole(value, "is divisibleby") % by == 0;
            }
            case "lower" -> isCase(value, true);
            case "upper" -> isCase(value, false);
            case "in" -> Operators.contains(arguments.need(0, "seq"), value, budget);
            case "sameas" -> value.getClass() == arguments.need(0, "other").getClass() && Operators.same(value, arguments.at(0));
            case "eq", "equalto" -> {
                budget.scan(Math.min(Value.size(value), 100_000));
                yield Operators.same(value, arguments.need(0, "other"));
            }
            case "ne" -> !Operators.same(value, arguments.need(0, "other"));
            case "lt", "lessthan" -> Operators.compare(value, arguments.need(0, "other")) < 0;
            case "le" -> Operators.compare(value, arguments.need(0, "other")) <= 0;
            case "gt", "greaterthan" -> Operators.compare(value, arguments.need(0, "other")) > 0;
            case "ge" -> Operators.compare(value, arguments.need(0, "other")) >= 0;
            case "filter" -> value instanceof Text text && Filters.exists(text.chars());
            case "test" -> value instanceof Text text && exists(text.chars());
            default -> throw new Problem("unknown test " + name);
        };
    }

    private static boolean isCase(Value value, boolean lower) {
        String s = Operators.text(value, "is lower").chars();
        String asked = lower ? s.toLowerCase(Locale.ROOT) : s.toUpperCase(Locale.ROOT);
        return s.equals(asked) && !s.equals(lower ? s.toUpperCase(Locale.ROOT) : s.toLowerCase(Locale.ROOT));
    }
}
