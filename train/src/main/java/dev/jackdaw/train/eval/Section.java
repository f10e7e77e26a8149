package dev.jackdaw.train.eval;

import dev.jackdaw.train.data.DataException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/// A mapping of a task file that knows which of its keys were asked for. A key that nobody asks for is an error that lists those that exist.
final class Section {
    private final String where;
    private final JsonNode node;
    private final Set<String> known = new TreeSet<>();

    Section(String where, JsonNode node) {
        this.where = where;
        this.node = node;
        if (!node.isObject()) {
            throw new DataException(where + ": expected keys with values, found " + (node.isMissingNode() || node.isNull() ? "nothing" : node.toString()));
        }
    }

    DataException wrong(String key, String problem) {
        return new DataException(where + ": " + key + ": " + problem);
    }

    JsonNode node(String key) {
        known.add(key);
        return node.path(key);
    }

    boolean has(String key) {
        known.add(key);
        return node.hasNonNull(key);
    }

    Section section(String key) {
        return new Section(where + ": " + key, node(key));
    }

    private JsonNode checked(String key, Predicate<JsonNode> is, String expected) {
        JsonNode value = node(key);
        if (!is.test(value)) {
            throw wrong(key, "expected " + expected + ", found " + (value.isMissingNode() || value.isNull() ? "nothing" : value.toString()));
        }
        return value;
    }

    String text(String key) {
        return checked(key, value -> value.isString() || value.isNumber() || value.isBoolean(), "a text").asString();
    }

    String text(String key, String otherwise) {
        return has(key) ? text(key) : otherwise;
    }

    int whole(String key, int otherwise, int least) {
        return has(key) ? checked(key, value -> value.isInt() && value.intValue() >= least, "a whole number of at least " + least).intValue() : otherwise;
    }

    double number(String key, double otherwise, double least) {
        return has(key) ? checked(key, value -> value.isNumber() && value.doubleValue() >= least, "a number of at least " + least).doubleValue() : otherwise;
    }

    boolean flag(String key) {
        return has(key) && checked(key, JsonNode::isBoolean, "true or false").booleanValue();
    }

    /// A list of texts, or one text for a list of one; null without the key.
    List<String> texts(String key) {
        if (!has(key)) {
            return null;
        }
        JsonNode value = node(key);
        if (value.isString()) {
            return List.of(value.stringValue());
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode item : checked(key, JsonNode::isArray, "a text or a list of texts")) {
            if (item.isArray() || item.isObject()) {
                throw wrong(key, "expected a list of texts, found " + item + " in it");
            }
            texts.add(item.asString());
        }
        return texts;
    }

    /// One of `names`.
    String oneOf(String key, List<String> names, String otherwise) {
        String name = text(key, otherwise);
        if (name != null && !names.contains(name)) {
            throw wrong(key, "there is no " + name + "; known: " + String.join(", ", names));
        }
        return name;
    }

    /// All keys were asked for.
    void done() {
        for (String key : node.propertyNames()) {
            if (!known.contains(key)) {
                throw new DataException(where + ": unknown key " + key + "; known: " + String.join(", ", known));
            }
        }
    }
}
