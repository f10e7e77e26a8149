package dev.jackdaw.serve.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// An object of a request's JSON, read field by field. A field of another type, or out of its range, is an [ApiError] that names it by its
/// whole path. `null` is as good as absent, as clients send both.
public final class Fields {
    private final JsonNode node;
    private final String path;
    private final Set<String> read = new TreeSet<>();

    private Fields(JsonNode node, String path) {
        this.node = node;
        this.path = path;
    }

    /// @param path of the object in the body, or an empty string
    public static Fields of(JsonNode node, String path) {
        if (!node.isObject()) {
            throw ApiError.bad("invalid_type", path.isEmpty() ? null : path, (path.isEmpty() ? "the body" : path) + " is " + kind(node) + "; it must be an object");
        }
        return new Fields(node, path);
    }

    /// The whole object.
    public JsonNode node() {
        return node;
    }

    /// The path of a field of this object.
    public String path(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    public boolean has(String name) {
        return find(name) != null;
    }

    /// Fields that nobody asked for so far.
    public Set<String> unread() {
        Set<String> names = new TreeSet<>(node.propertyNames());
        names.removeAll(read);
        return names;
    }

    /// The value as it is; empty if absent or null.
    public Optional<JsonNode> any(String name) {
        return Optional.ofNullable(find(name));
    }

    public Optional<String> text(String name) {
        JsonNode value = find(name);
        if (value != null && !value.isString()) {
            throw wrongType(name, value, "a string");
        }
        return Optional.ofNullable(value).map(JsonNode::asString);
    }

    public String requiredText(String name) {
        return text(name).orElseThrow(() -> absent(name, "a string"));
    }

    public Optional<Boolean> flag(String name) {
        JsonNode value = find(name);
        if (value != null && !value.isBoolean()) {
            throw wrongType(name, value, "true or false");
        }
        return Optional.ofNullable(value).map(JsonNode::asBoolean);
    }

    public boolean flag(String name, boolean otherwise) {
        return flag(name).orElse(otherwise);
    }

    public Optional<Double> number(String name, double least, double most) {
        JsonNode value = find(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isNumber()) {
            throw wrongType(name, value, "a number");
        }
        double number = value.asDouble();
        if (!(number >= least && number <= most)) {
            throw outside(name, value.toString(), least, most);
        }
        return Optional.of(number);
    }

    public Optional<Integer> integer(String name, int least, int most) {
        return longInteger(name, least, most).map(Long::intValue);
    }

    public Optional<Long> longInteger(String name, long least, long most) {
        JsonNode value = find(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isNumber() || value.asDouble() != Math.rint(value.asDouble())) {
            throw wrongType(name, value, "a whole number");
        }
        if (value.asDouble() < least || value.asDouble() > most) {
            throw outside(name, value.toString(), least, most);
        }
        return Optional.of(value.isIntegralNumber() ? value.asLong() : (long) value.asDouble());
    }

    public Optional<Fields> object(String name) {
        return any(name).map(value -> Fields.of(value, path(name)));
    }

    /// An array; empty if absent.
    public Optional<List<JsonNode>> list(String name) {
        JsonNode value = find(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isArray()) {
            throw wrongType(name, value, "an array");
        }
        List<JsonNode> all = new ArrayList<>();
        value.forEach(all::add);
        return Optional.of(all);
    }

    /// An array of objects; empty if absent.
    public List<Fields> objects(String name) {
        List<Fields> all = new ArrayList<>();
        for (JsonNode each : list(name).orElse(List.of())) {
            all.add(Fields.of(each, path(name) + "[" + all.size() + "]"));
        }
        return all;
    }

    /// One string or an array of them; empty if absent.
    public List<String> texts(String name) {
        JsonNode value = find(name);
        if (value == null) {
            return List.of();
        }
        if (value.isString()) {
            return List.of(value.asString());
        }
        if (!value.isArray()) {
            throw wrongType(name, value, "a string or an array of strings");
        }
        List<String> all = new ArrayList<>();
        for (JsonNode each : value) {
            if (!each.isString()) {
                throw wrongType(name + "[" + all.size() + "]", each, "a string");
            }
            all.add(each.asString());
        }
        return all;
    }

    public ApiError absent(String name, String expected) {
        return ApiError.bad("missing_required_parameter", path(name), path(name) + " is missing; it must be " + expected);
    }

    public ApiError wrongType(String name, JsonNode found, String expected) {
        return ApiError.bad("invalid_type", path(name), path(name) + " is " + kind(found) + "; it must be " + expected);
    }

    public ApiError wrong(String name, String message) {
        return ApiError.bad(path(name), path(name) + " " + message);
    }

    private ApiError outside(String name, String found, double least, double most) {
        return ApiError.bad("invalid_value", path(name), path(name) + " is " + found + "; it must be "
                + (most == Double.MAX_VALUE || most == Integer.MAX_VALUE || most == Long.MAX_VALUE ? "at least " + show(least) : "from " + show(least) + " to " + show(most)));
    }

    private static String show(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 ? Long.toString((long) value) : Double.toString(value);
    }

    private JsonNode find(String name) {
        read.add(name);
        JsonNode value = node.get(name);
        return value == null || value.isNull() ? null : value;
    }

    private static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case ARRAY -> "an array";
            case OBJECT, POJO -> "an object";
            case STRING, BINARY -> "a string";
            case NUMBER -> "a number";
            case BOOLEAN -> "true or false";
            case NULL, MISSING -> "null";
        };
    }
}
