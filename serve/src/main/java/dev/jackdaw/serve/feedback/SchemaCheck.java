package dev.jackdaw.serve.feedback;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Does a value fit a JSON Schema? Looks at `type`, `enum`, `const`, `required`, `properties`, `additionalProperties: false` and `items`;
/// passes over everything else, so it may miss a fault but invents none. Enough to see that a model left the rails; the constraint of the
/// sampler (`model.generate.constrain`) is what keeps it on them.
final class SchemaCheck {
    private static final int DEPTH = 64;

    private SchemaCheck() {
    }

    /// The first fault, with its place; empty if it fits.
    static Optional<String> fault(Object value, Map<?, ?> schema) {
        return Optional.ofNullable(fault(value, schema, "$", 0));
    }

    private static String fault(Object value, Map<?, ?> schema, String path, int depth) {
        if (depth > DEPTH) {
            return null;
        }
        if (schema.containsKey("type") && !isOfType(value, schema.get("type"))) {
            return path + " is " + kind(value) + "; the schema asks for " + schema.get("type");
        }
        if (schema.get("enum") instanceof List<?> allowed && allowed.stream().noneMatch(each -> same(each, value))) {
            return path + " is none of the " + allowed.size() + " values that the schema allows";
        }
        if (schema.containsKey("const") && !same(schema.get("const"), value)) {
            return path + " is not the one value that the schema allows";
        }
        Map<?, ?> properties = schema.get("properties") instanceof Map<?, ?> map ? map : Map.of();
        if (value instanceof Map<?, ?> object) {
            if (schema.get("required") instanceof List<?> required) {
                for (Object name : required) {
                    if (!object.containsKey(name)) {
                        return path + " has no " + name + ", which the schema requires";
                    }
                }
            }
            for (Map.Entry<?, ?> entry : object.entrySet()) {
                if (properties.get(entry.getKey()) instanceof Map<?, ?> inner) {
                    String fault = fault(entry.getValue(), inner, path + "." + entry.getKey(), depth + 1);
                    if (fault != null) {
                        return fault;
                    }
                } else if (Boolean.FALSE.equals(schema.get("additionalProperties")) && !properties.containsKey(entry.getKey()) && !schema.containsKey("patternProperties")) {
                    return path + " has " + entry.getKey() + ", which the schema does not allow";
                }
            }
        }
        if (value instanceof List<?> list && schema.get("items") instanceof Map<?, ?> inner && !schema.containsKey("prefixItems")) {
            for (int i = 0; i < list.size(); i++) {
                String fault = fault(list.get(i), inner, path + "[" + i + "]", depth + 1);
                if (fault != null) {
                    return fault;
                }
            }
        }
        return null;
    }

    private static boolean isOfType(Object value, Object type) {
        return switch (type) {
            case List<?> types -> types.stream().anyMatch(each -> isOfType(value, each));
            case String name -> switch (name) {
                case "object" -> value instanceof Map;
                case "array" -> value instanceof List;
                case "string" -> value instanceof String;
                case "boolean" -> value instanceof Boolean;
                case "null" -> value == null;
                case "number" -> value instanceof Number;
                case "integer" -> value instanceof Number number && decimal(number).stripTrailingZeros().scale() <= 0;
                default -> true;
            };
            case null, default -> true;
        };
    }

    /// 1 and 1.0 are the same number.
    private static boolean same(Object a, Object b) {
        return a instanceof Number x && b instanceof Number y ? decimal(x).compareTo(decimal(y)) == 0 : java.util.Objects.equals(a, b);
    }

    private static BigDecimal decimal(Number number) {
        return new BigDecimal(number.toString());
    }

    private static String kind(Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> _ -> "an object";
            case List<?> _ -> "an array";
            case String _ -> "a string";
            case Boolean _ -> "true or false";
            default -> "a number";
        };
    }
}
