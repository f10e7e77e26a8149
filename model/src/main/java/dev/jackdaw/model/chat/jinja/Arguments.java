package dev.jackdaw.model.chat.jinja;

import java.util.List;
import java.util.Map;

/// What a function, filter, method or test was called with.
record Arguments(List<Value> positional, Map<String, Value> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    int count() {
        return positional.size();
    }

    Value at(int index) {
        return positional.get(index);
    }

    boolean has(int index, String name) {
        return index < positional.size() || named.containsKey(name);
    }

    /// By position or by name, else `otherwise`.
    Value get(int index, String name, Value otherwise) {
        return index < positional.size() ? positional.get(index) : named.getOrDefault(name, otherwise);
    }

    Value need(int index, String name) {
        Value value = get(index, name, null);
        if (value == null) {
            throw new Problem("argument " + (index + 1) + " (" + name + ") is missing");
        }
        return value;
    }

    Text text(int index, String name) {
        return Operators.text(need(index, name), name);
    }

    Text text(int index, String name, Text otherwise) {
        Value value = get(index, name, Value.NONE);
        return value instanceof Value.None ? otherwise : Operators.text(value, name);
    }

    long whole(int index, String name, long otherwise) {
        Value value = get(index, name, Value.NONE);
        return value instanceof Value.None ? otherwise : Operators.whole(value, name);
    }

    boolean flag(int index, String name, boolean otherwise) {
        Value value = get(index, name, null);
        return value == null ? otherwise : Operators.truth(value);
    }

    /// Without the first positional one.
    Arguments rest() {
        return new Arguments(positional.subList(1, positional.size()), named);
    }

    /// Refuses more arguments than the callee knows, and names that it does not know.
    Arguments atMost(int count, String... names) {
        if (positional.size() > count) {
            throw new Problem("takes at most " + count + " arguments, found " + positional.size());
        }
        for (String name : named.keySet()) {
            if (!List.of(names).contains(name)) {
                throw new Problem("knows no argument named " + name);
            }
        }
        return this;
    }
}
