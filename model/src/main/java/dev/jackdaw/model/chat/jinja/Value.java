package dev.jackdaw.model.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a template computes with: the values of Python that a chat template can see. All of them are immutable but [Namespace], as
/// in the sandbox that model libraries use; none leads to a Java object.
public sealed interface Value permits Text, Value.Undefined, Value.None, Value.Bool, Value.Int, Value.Real, Value.Sequence, Value.Mapping,
        Value.Namespace, Value.Function, Value.Loop {
    None NONE = new None();
    Bool TRUE = new Bool(true);
    Bool FALSE = new Bool(false);

    /// A name or field that does not exist. `what` says which.
    record Undefined(String what) implements Value {
    }

    record None() implements Value {
    }

    record Bool(boolean is) implements Value {
    }

    record Int(long n) implements Value {
    }

    record Real(double x) implements Value {
    }

    /// A list or tuple. `weight` counts all elements inside, `depth` the lists inside each other.
    record Sequence(List<Value> items, boolean isTuple, int depth, long weight) implements Value {
        static Sequence of(List<Value> items) {
            return of(items, false);
        }

        static Sequence of(List<Value> items, boolean isTuple) {
            return new Sequence(items, isTuple, Value.depthOf(items), Value.weightOf(items));
        }
    }

    record Mapping(Map<Value, Value> entries, int depth, long weight) implements Value {
        static Mapping of(Map<Value, Value> entries) {
            return new Mapping(entries, Value.depthOf(entries.values()), 2 * Value.weightOf(entries.values()));
        }

        Value get(String key) {
            return entries.get(Text.of(key));
        }
    }

    /// What `namespace()` makes: the only thing that can be changed.
    record Namespace(Map<String, Value> fields) implements Value {
    }

    /// A macro, a method or a global function.
    record Function(String name, Body body) implements Value {
        @FunctionalInterface
        interface Body {
            Value call(Arguments arguments);
        }
    }

    /// The variable `loop` inside a `for`.
    final class Loop implements Value {
        final List<Value> items;
        final int depth;
        final Function.Body recursion;      // or null
        int index;
        Value changed;

        Loop(List<Value> items, int depth, Function.Body recursion) {
            this.items = items;
            this.depth = depth;
            this.recursion = recursion;
        }

        Value field(String name) {
            int n = items.size();
            return switch (name) {
                case "index" -> new Int(index + 1);
                case "index0" -> new Int(index);
                case "revindex" -> new Int(n - index);
                case "revindex0" -> new Int(n - index - 1);
                case "first" -> bool(index == 0);
                case "last" -> bool(index == n - 1);
                case "length" -> new Int(n);
                case "depth" -> new Int(depth);
                case "depth0" -> new Int(depth - 1);
                case "previtem" -> index > 0 ? items.get(index - 1) : new Undefined("there is no previous item");
                case "nextitem" -> index < n - 1 ? items.get(index + 1) : new Undefined("there is no next item");
                case "cycle" -> new Function("cycle", arguments -> {
                    if (arguments.count() == 0) {
                        throw new Problem("loop.cycle needs items to cycle through");
                    }
                    return arguments.at(index % arguments.count());
                });
                case "changed" -> new Function("changed", arguments -> {
                    Value now = Sequence.of(arguments.positional(), true);
                    boolean differs = changed == null || !Operators.same(changed, now);
                    changed = now;
                    return bool(differs);
                });
                default -> new Undefined("loop has no field " + name);
            };
        }
    }

    static Bool bool(boolean is) {
        return is ? TRUE : FALSE;
    }

    private static int depthOf(Iterable<Value> items) {
        int deepest = 0;
        for (Value item : items) {
            deepest = Math.max(deepest, item instanceof Sequence s ? s.depth : item instanceof Mapping m ? m.depth : 0);
        }
        if (deepest >= Budget.NESTING) {
            throw new Problem("lists or mappings nested deeper than " + Budget.NESTING);
        }
        return deepest + 1;
    }

    private static long weightOf(Iterable<Value> items) {
        long weight = 1;
        for (Value item : items) {
            weight += item instanceof Sequence s ? s.weight : item instanceof Mapping m ? m.weight : 1;
        }
        if (weight > Budget.WEIGHT) {
            throw new Problem("a list or mapping of more than " + Budget.WEIGHT + " elements");
        }
        return weight;
    }

    /// From plain Java values: null, strings, booleans, numbers, lists and maps. Strings count as coming from outside if `isForeign`.
    static Value of(Object java, boolean isForeign) {
        return switch (java) {
            case null -> NONE;
            case Value value -> value;
            case String s -> isForeign ? Text.foreign(s) : Text.of(s);
            case Boolean b -> bool(b);
            case Integer n -> new Int(n);
            case Long n -> new Int(n);
            case Short n -> new Int(n);
            case Float x -> new Real(x);
            case Double x -> new Real(x);
            case java.math.BigDecimal x -> new Real(x.doubleValue());
            case java.math.BigInteger n -> n.bitLength() < 64 ? new Int(n.longValue()) : new Real(n.doubleValue());
            case Map<?, ?> map -> {
                Map<Value, Value> entries = new LinkedHashMap<>();
                map.forEach((key, value) -> entries.put(of(String.valueOf(key), isForeign), of(value, isForeign)));
                yield Mapping.of(entries);
            }
            case Iterable<?> list -> {
                List<Value> items = new ArrayList<>();
                list.forEach(item -> items.add(of(item, isForeign)));
                yield Sequence.of(items);
            }
            default -> throw new IllegalArgumentException("a template cannot see a " + java.getClass().getSimpleName()
                    + "; give texts, numbers, booleans, lists and maps");
        };
    }

    /// Characters and elements of a value; what the limits of a rendering grow with.
    static long size(Value value) {
        return switch (value) {
            case Text text -> text.chars().length();
            case Sequence s -> s.items.stream().mapToLong(Value::size).sum() + 1;
            case Mapping m -> m.entries.entrySet().stream().mapToLong(e -> size(e.getKey()) + size(e.getValue())).sum() + 1;
            default -> 1;
        };
    }
}
