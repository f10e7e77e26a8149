package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Value.Bool;
import dev.jackdaw.model.chat.jinja.Value.Int;
import dev.jackdaw.model.chat.jinja.Value.Mapping;
import dev.jackdaw.model.chat.jinja.Value.Real;
import dev.jackdaw.model.chat.jinja.Value.Sequence;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// Python's operators on [Value]s: truth, equality, order, arithmetic, membership, slices.
final class Operators {
    private Operators() {
    }

    static boolean truth(Value value) {
        return switch (value) {
            case Value.Undefined _, Value.None _ -> false;
            case Bool b -> b.is();
            case Int n -> n.n() != 0;
            case Real x -> x.x() != 0;
            case Text text -> !text.isEmpty();
            case Sequence s -> !s.items().isEmpty();
            case Mapping m -> !m.entries().isEmpty();
            case Value.Namespace _, Value.Function _, Value.Loop _ -> true;
        };
    }

    /// `a == b`; 1, 1.0 and true are the same.
    static boolean same(Value a, Value b) {
        if (a == b) {
            return true;
        }
        if (isNumber(a) && isNumber(b)) {
            return a instanceof Real || b instanceof Real ? real(a) == real(b) : whole(a, "") == whole(b, "");
        }
        return switch (a) {
            case Text text -> text.equals(b);
            case Value.Undefined _ -> b instanceof Value.Undefined;
            case Value.None _ -> b instanceof Value.None;
            case Sequence s -> b instanceof Sequence t && s.isTuple() == t.isTuple() && sameItems(s.items(), t.items());
            case Mapping m -> b instanceof Mapping n && m.entries().size() == n.entries().size() && m.entries().entrySet().stream().allMatch(e -> {
                Value other = n.entries().get(e.getKey());
                return other != null && same(e.getValue(), other);
            });
            default -> false;
        };
    }

    private static boolean sameItems(List<Value> a, List<Value> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!same(a.get(i), b.get(i))) {
                return false;
            }
        }
        return true;
    }

    static int compare(Value a, Value b) {
        if (isNumber(a) && isNumber(b)) {
            return a instanceof Real || b instanceof Real ? Double.compare(real(a), real(b)) : Long.compare(whole(a, ""), whole(b, ""));
        }
        if (a instanceof Text s && b instanceof Text t) {
            return s.compareTo(t);
        }
        if (a instanceof Sequence s && b instanceof Sequence t) {
            for (int i = 0; i < Math.min(s.items().size(), t.items().size()); i++) {
                int order = same(s.items().get(i), t.items().get(i)) ? 0 : compare(s.items().get(i), t.items().get(i));
                if (order != 0) {
                    return order;
                }
            }
            return Integer.compare(s.items().size(), t.items().size());
        }
        throw new Problem("cannot order a " + kind(a) + " and a " + kind(b));
    }

    static boolean isNumber(Value value) {
        return value instanceof Int || value instanceof Real || value instanceof Bool;
    }

    /// The name of a value's type for messages.
    static String kind(Value value) {
        return switch (value) {
            case Text _ -> "text";
            case Value.Undefined u -> "undefined value (" + u.what() + ")";
            case Value.None _ -> "none";
            case Bool _ -> "boolean";
            case Int _ -> "whole number";
            case Real _ -> "number";
            case Sequence s -> s.isTuple() ? "tuple" : "list";
            case Mapping _ -> "mapping";
            case Value.Namespace _ -> "namespace";
            case Value.Function _ -> "function";
            case Value.Loop _ -> "loop";
        };
    }

    static Text text(Value value, String what) {
        if (value instanceof Text text) {
            return text;
        }
        throw new Problem("expected a text" + (what.isEmpty() ? "" : " for " + what) + ", found a " + kind(value));
    }

    static long whole(Value value, String what) {
        return switch (value) {
            case Int n -> n.n();
            case Bool b -> b.is() ? 1 : 0;
            default -> throw new Problem("expected a whole number" + (what.isEmpty() ? "" : " for " + what) + ", found a " + kind(value));
        };
    }

    static double real(Value value) {
        return value instanceof Real x ? x.x() : whole(value, "");
    }

    static long truncated(Value value) {
        return value instanceof Real x ? (long) x.x() : whole(value, "");
    }

    /// What `for` goes through: items, keys, characters.
    static List<Value> items(Value value, Budget budget) {
        return switch (value) {
            case Sequence s -> s.items();
            case Mapping m -> new ArrayList<>(m.entries().keySet());
            case Text text -> {
                budget.produce(2L * text.chars().length());
                List<Value> characters = new ArrayList<>();
                for (int i = 0; i < text.chars().length(); ) {
                    int n = Character.charCount(text.chars().codePointAt(i));
                    characters.add(text.substring(i, i + n));
                    i += n;
                }
                yield characters;
            }
            case Value.Undefined _ -> List.of();
            default -> throw new Problem("a " + kind(value) + " cannot be gone through");
        };
    }

    static Value arithmetic(String operator, Value a, Value b, Budget budget) {
        if (operator.equals("+") && a instanceof Text s && b instanceof Text t) {
            return new TextBuilder(budget).append(s).append(t).text();
        }
        if (operator.equals("+") && a instanceof Sequence s && b instanceof Sequence t && s.isTuple() == t.isTuple()) {
            budget.produce(s.items().size() + (long) t.items().size());
            List<Value> all = new ArrayList<>(s.items());
            all.addAll(t.items());
            return Sequence.of(all, s.isTuple());
        }
        if (operator.equals("*") && a instanceof Text s && isWhole(b)) {
            return repeated(s, whole(b, ""), budget);
        }
        if (operator.equals("*") && b instanceof Text s && isWhole(a)) {
            return repeated(s, whole(a, ""), budget);
        }
        if (operator.equals("*") && a instanceof Sequence s && isWhole(b)) {
            long times = Math.max(0, whole(b, ""));
            budget.produce(times == 0 || s.items().isEmpty() ? 0 : times > Budget.WEIGHT ? Long.MAX_VALUE / 2 : times * s.items().size());
            return Sequence.of(s.items().isEmpty() ? List.of() : Collections.nCopies((int) times, s.items()).stream().flatMap(List::stream).toList(), s.isTuple());
        }
        if (operator.equals("%") && a instanceof Text format) {
            return PythonText.format(format, b instanceof Sequence s && s.isTuple() ? s.items() : b instanceof Mapping ? List.of() : List.of(b),
                    b instanceof Mapping m ? m : null, budget);
        }
        if (!isNumber(a) || !isNumber(b)) {
            throw new Problem("cannot compute a " + kind(a) + " " + operator + " a " + kind(b));
        }
        return a instanceof Real || b instanceof Real || operator.equals("/") ? realArithmetic(operator, real(a), real(b))
                : wholeArithmetic(operator, whole(a, ""), whole(b, ""));
    }

    private static boolean isWhole(Value value) {
        return value instanceof Int || value instanceof Bool;
    }

    private static Text repeated(Text text, long times, Budget budget) {
        if (times <= 0 || text.isEmpty()) {
            return Text.EMPTY;
        }
        budget.produce(times > Integer.MAX_VALUE ? Long.MAX_VALUE / 2 : times * text.chars().length());
        TextBuilder out = new TextBuilder(budget);
        for (long i = 0; i < times; i++) {
            out.append(text);
        }
        return out.text();
    }

    private static Value wholeArithmetic(String operator, long a, long b) {
        try {
            return switch (operator) {
                case "+" -> new Int(Math.addExact(a, b));
                case "-" -> new Int(Math.subtractExact(a, b));
                case "*" -> new Int(Math.multiplyExact(a, b));
                case "//" -> new Int(Math.floorDiv(a, b));
                case "%" -> new Int(Math.floorMod(a, b));
                case "**" -> {
                    if (b < 0) {
                        yield new Real(Math.pow(a, b));
                    }
                    long power = 1;
                    for (long i = 0; i < b; i++) {
                        if (power == 0 || power == 1 && i > 0 || a == -1 && i > 1) {
                            yield new Int(a == -1 ? b % 2 == 0 ? 1 : -1 : power);
                        }
                        power = Math.multiplyExact(power, a);
                    }
                    yield new Int(power);
                }
                default -> throw new Problem("unknown operator " + operator);
            };
        } catch (ArithmeticException e) {
            throw new Problem(b == 0 ? "division by zero" : a + " " + operator + " " + b + " does not fit into 64 bits");
        }
    }

    private static Value realArithmetic(String operator, double a, double b) {
        if (b == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw new Problem("division by zero");
        }
        return new Real(switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> Math.floor(a / b);
            case "%" -> {
                double rest = a % b;
                yield rest != 0 && rest < 0 != b < 0 ? rest + b : rest;
            }
            case "**" -> Math.pow(a, b);
            default -> throw new Problem("unknown operator " + operator);
        });
    }

    /// `item in container`.
    static boolean contains(Value container, Value item, Budget budget) {
        return switch (container) {
            case Text text -> {
                budget.scan(text.chars().length());
                yield text.chars().contains(text(item, "in").chars());
            }
            case Mapping m -> m.entries().containsKey(key(item));
            case Value.Undefined _ -> false;
            default -> {
                for (Value other : items(container, budget)) {
                    budget.scan(Math.min(Value.size(other), 1000));
                    if (same(other, item)) {
                        yield true;
                    }
                }
                yield false;
            }
        };
    }

    /// A value as the key of a mapping: numbers that are equal are one key.
    static Value key(Value value) {
        return switch (value) {
            case Bool b -> new Int(b.is() ? 1 : 0);
            case Real x when x.x() == Math.rint(x.x()) && Math.abs(x.x()) < 1e18 -> new Int((long) x.x());
            case Text _, Int _, Real _, Value.None _ -> value;
            case Sequence s when s.isTuple() -> {
                List<Value> keys = new ArrayList<>();
                s.items().forEach(item -> keys.add(key(item)));
                yield Sequence.of(keys, true);
            }
            default -> throw new Problem("a " + kind(value) + " cannot be the key of a mapping");
        };
    }

    /// `object[index]`.
    static Value item(Value object, Value index) {
        return switch (object) {
            case Sequence s when isWhole(index) -> {
                long i = whole(index, ""), at = i < 0 ? i + s.items().size() : i;
                yield at >= 0 && at < s.items().size() ? s.items().get((int) at) : new Value.Undefined("a list of " + s.items().size() + " has no element " + i);
            }
            case Text text when isWhole(index) -> {
                int n = text.length();
                long i = whole(index, ""), at = i < 0 ? i + n : i;
                yield at >= 0 && at < n ? text.at((int) at) : new Value.Undefined("a text of " + n + " characters has no character " + i);
            }
            case Mapping m -> {
                Value found = m.entries().get(key(index));
                yield found != null ? found : new Value.Undefined("there is no key " + (index instanceof Text t ? "'" + t.chars() + "'" : "of that value"));
            }
            case Value.Undefined u -> throw new Problem(u.what());
            default -> new Value.Undefined("a " + kind(object) + " has no element " + (index instanceof Text t ? "'" + t.chars() + "'" : ""));
        };
    }

    /// `object[from:to:step]`; none stands for what is left out.
    static Value slice(Value object, Value from, Value to, Value step, Budget budget) {
        int length = switch (object) {
            case Text text -> text.length();
            case Sequence s -> s.items().size();
            case Value.Undefined u -> throw new Problem(u.what());
            default -> throw new Problem("a " + kind(object) + " cannot be sliced");
        };
        long by = step instanceof Value.None ? 1 : whole(step, "the step of a slice");
        if (by == 0) {
            throw new Problem("the step of a slice is 0");
        }
        long start = bound(from, by > 0 ? 0 : length - 1, length, by), end = bound(to, by > 0 ? length : -1, length, by);
        budget.produce(length);
        if (object instanceof Text text && by == 1) {
            return start >= end ? Text.EMPTY : text.substring(text.chars().offsetByCodePoints(0, (int) start), text.chars().offsetByCodePoints(0, (int) end));
        }
        List<Value> all = items(object, budget), picked = new ArrayList<>();
        for (long i = start; by > 0 ? i < end : i > end; i += by) {
            picked.add(all.get((int) i));
            if (Math.abs(by) > length) {
                break;
            }
        }
        if (object instanceof Text) {
            TextBuilder out = new TextBuilder(budget);
            picked.forEach(part -> out.append((Text) part));
            return out.text();
        }
        return Sequence.of(picked, ((Sequence) object).isTuple());
    }

    private static long bound(Value value, long otherwise, int length, long by) {
        if (value instanceof Value.None) {
            return otherwise;
        }
        long i = whole(value, "the bounds of a slice"), at = i < 0 ? i + length : i;
        return by > 0 ? Math.clamp(at, 0, length) : Math.clamp(at, -1, length - 1);
    }

    /// The number of elements or characters.
    static long length(Value value) {
        return switch (value) {
            case Text text -> text.length();
            case Sequence s -> s.items().size();
            case Mapping m -> m.entries().size();
            case Value.Undefined _ -> 0;
            default -> throw new Problem("a " + kind(value) + " has no length");
        };
    }

    static Mapping mapping(Value value, String what) {
        if (value instanceof Mapping m) {
            return m;
        }
        throw new Problem("expected a mapping for " + what + ", found a " + kind(value));
    }

    /// Entries as (key, value) tuples.
    static List<Value> pairs(Map<Value, Value> entries) {
        List<Value> pairs = new ArrayList<>();
        entries.forEach((key, value) -> pairs.add(Sequence.of(List.of(key, value), true)));
        return pairs;
    }
}
