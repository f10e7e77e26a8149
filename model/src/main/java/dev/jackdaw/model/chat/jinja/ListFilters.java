package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Value.Int;
import dev.jackdaw.model.chat.jinja.Value.Sequence;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// Filters that go through a list: `map`, `select`, `sort`, `join` and their kin.
final class ListFilters {
    static final Set<String> NAMES = Set.of("batch", "dictsort", "first", "groupby", "join", "last", "map", "max", "min", "reject", "rejectattr", "reverse", "select",
            "selectattr", "slice", "sort", "sum", "unique");

    private ListFilters() {
    }

    static Value apply(String name, Value value, Arguments arguments, Interpreter interpreter) {
        Budget budget = interpreter.budget;
        if (name.equals("reverse") && value instanceof Text text) {
            return Operators.slice(text, Value.NONE, Value.NONE, new Int(-1), budget);
        }
        if (name.equals("dictsort")) {
            return dictsort(value, arguments, budget);
        }
        List<Value> items = Operators.items(value, budget);
        budget.scan(items.size());
        return switch (name) {
            case "first" -> items.isEmpty() ? new Value.Undefined("first: the list is empty") : items.getFirst();
            case "last" -> items.isEmpty() ? new Value.Undefined("last: the list is empty") : items.getLast();
            case "join" -> TextOperations.join(PythonText.str(arguments.get(0, "d", Text.EMPTY), budget), attribute(items, arguments.get(1, "attribute", Value.NONE), budget), false, budget);
            case "reverse" -> Sequence.of(Filters.reversed(items));
            case "map" -> map(items, arguments, interpreter);
            case "select", "reject" -> picked(items, arguments, null, name.equals("select"), budget);
            case "selectattr", "rejectattr" -> picked(items, arguments.rest(), arguments.need(0, "attribute"), name.equals("selectattr"), budget);
            case "sort" -> {
                List<Value> sorted = sorted(items, key(arguments.get(2, "attribute", Value.NONE), arguments.flag(1, "case_sensitive", false), budget));
                yield Sequence.of(arguments.flag(0, "reverse", false) ? reverseStable(items, arguments, budget) : sorted);
            }
            case "unique" -> unique(items, key(arguments.get(1, "attribute", Value.NONE), arguments.flag(0, "case_sensitive", false), budget));
            case "min", "max" -> {
                Function<Value, Value> key = key(arguments.get(1, "attribute", Value.NONE), arguments.flag(0, "case_sensitive", false), budget);
                Comparator<Value> order = (a, b) -> Operators.compare(key.apply(a), key.apply(b));
                yield items.stream().reduce((a, b) -> (name.equals("min") ? order.compare(b, a) < 0 : order.compare(b, a) > 0) ? b : a)
                        .orElse(new Value.Undefined("the list is empty"));
            }
            case "sum" -> {
                Value sum = arguments.get(1, "start", new Int(0));
                for (Value item : attribute(items, arguments.get(0, "attribute", Value.NONE), budget)) {
                    sum = Operators.arithmetic("+", sum, item, budget);
                }
                yield sum;
            }
            case "groupby" -> groups(items, arguments, budget);
            case "batch" -> batches(items, arguments, budget);
            case "slice" -> slices(items, arguments, budget);
            default -> throw new Problem("unknown filter");
        };
    }

    /// An attribute such as `function.name`, or an index.
    private static Value path(Value item, Value attribute, Budget budget) {
        if (attribute instanceof Int) {
            return Operators.item(item, attribute);
        }
        Value found = item;
        for (String name : Operators.text(attribute, "attribute").chars().split("\\.")) {
            budget.step();
            boolean isIndex = !name.isEmpty() && name.length() < 10 && name.chars().allMatch(Character::isDigit);
            Value next = isIndex ? Operators.item(found, new Int(Long.parseLong(name)))
                    : found instanceof Value.Namespace || found instanceof Value.Loop ? Methods.field(found, name, budget) : Operators.item(found, Text.of(name));
            found = next;
        }
        return found;
    }

    private static List<Value> attribute(List<Value> items, Value attribute, Budget budget) {
        if (attribute instanceof Value.None) {
            return items;
        }
        List<Value> found = new ArrayList<>();
        items.forEach(item -> found.add(path(item, attribute, budget)));
        return found;
    }

    private static Value map(List<Value> items, Arguments arguments, Interpreter interpreter) {
        List<Value> results = new ArrayList<>();
        if (arguments.count() == 0 && arguments.named().containsKey("attribute")) {
            Value attribute = arguments.named().get("attribute"), otherwise = arguments.named().get("default");
            for (Value item : items) {
                Value found = path(item, attribute, interpreter.budget);
                results.add(found instanceof Value.Undefined && otherwise != null ? otherwise : found);
            }
            return Sequence.of(results);
        }
        String filter = arguments.text(0, "the filter").chars();
        if (!Filters.exists(filter)) {
            throw new Problem("unknown filter " + filter);
        }
        for (Value item : items) {
            interpreter.budget.step();
            results.add(Filters.apply(filter, item, arguments.rest(), interpreter));
        }
        return Sequence.of(results);
    }

    private static Value picked(List<Value> items, Arguments arguments, Value attribute, boolean wanted, Budget budget) {
        String test = arguments.count() == 0 ? null : arguments.text(0, "the test").chars();
        String known = test == null ? null : switch (test) {
            case "==" -> "eq";
            case "!=" -> "ne";
            case "<" -> "lt";
            case "<=" -> "le";
            case ">" -> "gt";
            case ">=" -> "ge";
            default -> test;
        };
        if (known != null && !Tests.exists(known)) {
            throw new Problem("unknown test " + test);
        }
        List<Value> results = new ArrayList<>();
        for (Value item : items) {
            budget.step();
            Value looked = attribute == null ? item : path(item, attribute, budget);
            if ((known == null ? Operators.truth(looked) : Tests.check(known, looked, arguments.rest(), budget)) == wanted) {
                results.add(item);
            }
        }
        return Sequence.of(results);
    }

    /// What a list is ordered by: the item or an attribute of it, texts without regard to case.
    private static Function<Value, Value> key(Value attribute, boolean caseSensitive, Budget budget) {
        return item -> {
            budget.step();
            Value key = attribute instanceof Value.None ? item : path(item, attribute, budget);
            return !caseSensitive && key instanceof Text text ? text.withChars(text.chars().toLowerCase(java.util.Locale.ROOT)) : key;
        };
    }

    private static List<Value> sorted(List<Value> items, Function<Value, Value> key) {
        List<Value> copy = new ArrayList<>(items);
        copy.sort((a, b) -> Operators.compare(key.apply(a), key.apply(b)));
        return copy;
    }

    /// Descending, equal items in their old order.
    private static List<Value> reverseStable(List<Value> items, Arguments arguments, Budget budget) {
        Function<Value, Value> key = key(arguments.get(2, "attribute", Value.NONE), arguments.flag(1, "case_sensitive", false), budget);
        List<Value> copy = new ArrayList<>(items);
        copy.sort((a, b) -> Operators.compare(key.apply(b), key.apply(a)));
        return copy;
    }

    private static Value unique(List<Value> items, Function<Value, Value> key) {
        Set<Value> seen = new LinkedHashSet<>();
        List<Value> results = new ArrayList<>();
        for (Value item : items) {
            if (seen.add(Operators.key(key.apply(item)))) {
                results.add(item);
            }
        }
        return Sequence.of(results);
    }

    private static Value dictsort(Value value, Arguments arguments, Budget budget) {
        boolean byValue = arguments.text(1, "by", Text.of("key")).chars().equals("value");
        List<Value> pairs = Operators.pairs(Operators.mapping(value, "dictsort").entries());
        budget.produce(pairs.size());
        Function<Value, Value> key = key(new Int(byValue ? 1 : 0), arguments.flag(0, "case_sensitive", false), budget);
        List<Value> sorted = new ArrayList<>(pairs);
        int sign = arguments.flag(2, "reverse", false) ? -1 : 1;
        sorted.sort((a, b) -> sign * Operators.compare(key.apply(a), key.apply(b)));
        return Sequence.of(sorted);
    }

    private static Value groups(List<Value> items, Arguments arguments, Budget budget) {
        Value attribute = arguments.need(0, "attribute");
        Function<Value, Value> key = key(attribute, arguments.flag(2, "case_sensitive", false), budget);
        Map<Value, List<Value>> groups = new LinkedHashMap<>();
        for (Value item : sorted(items, key)) {
            groups.computeIfAbsent(Operators.key(key.apply(item)), _ -> new ArrayList<>()).add(item);
        }
        List<Value> results = new ArrayList<>();
        groups.values().forEach(group -> results.add(Sequence.of(List.of(path(group.getFirst(), attribute, budget), Sequence.of(group)), true)));
        return Sequence.of(results);
    }

    private static Value batches(List<Value> items, Arguments arguments, Budget budget) {
        int size = (int) Math.clamp(arguments.whole(0, "linecount", 0), 1, 1_000_000);
        Value fill = arguments.get(1, "fill_with", Value.NONE);
        List<Value> results = new ArrayList<>();
        for (int i = 0; i < items.size(); i += size) {
            List<Value> batch = new ArrayList<>(items.subList(i, Math.min(items.size(), i + size)));
            if (!(fill instanceof Value.None) && batch.size() < size) {
                budget.produce(size);
                batch.addAll(java.util.Collections.nCopies(size - batch.size(), fill));
            }
            results.add(Sequence.of(batch));
        }
        return Sequence.of(results);
    }

    private static Value slices(List<Value> items, Arguments arguments, Budget budget) {
        int count = (int) Math.clamp(arguments.whole(0, "slices", 0), 1, 1_000_000);
        Value fill = arguments.get(1, "fill_with", Value.NONE);
        budget.produce(count);
        List<Value> results = new ArrayList<>();
        int each = items.size() / count, more = items.size() % count, from = 0;
        for (int i = 0; i < count; i++) {
            int to = from + each + (i < more ? 1 : 0);
            List<Value> part = new ArrayList<>(items.subList(from, to));
            if (!(fill instanceof Value.None) && i >= more) {
                part.add(fill);
            }
            results.add(Sequence.of(part));
            from = to;
        }
        return Sequence.of(results);
    }
}
