package dev.jackdaw.model.generate.constrain;

import java.util.LinkedHashSet;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Can two schemas accept the same value? Only what is certain counts: different types, different constants, or objects that must
/// have one property with different constants.
final class Disjoint {
    private Disjoint() {
    }

    static boolean are(JsonNode root, JsonNode one, JsonNode other) {
        JsonNode a = resolved(root, one), b = resolved(root, other);
        Set<JsonNode> constantsA = constants(a), constantsB = constants(b);
        if (constantsA != null && constantsB != null) {
            return constantsA.stream().noneMatch(constantsB::contains);
        }
        Set<String> typesA = types(a, constantsA), typesB = types(b, constantsB);
        if (!typesA.isEmpty() && !typesB.isEmpty() && typesA.stream().noneMatch(typesB::contains)) {
            return true;
        }
        for (String name : required(a)) {
            if (required(b).contains(name)) {
                Set<JsonNode> left = constants(resolved(root, a.path("properties").path(name))), right = constants(resolved(root, b.path("properties").path(name)));
                if (left != null && right != null && left.stream().noneMatch(right::contains)) {
                    return typesA.equals(Set.of("object")) && typesB.equals(Set.of("object"));
                }
            }
        }
        return false;
    }

    private static JsonNode resolved(JsonNode root, JsonNode schema) {
        JsonNode found = schema;
        for (int i = 0; i < 20 && found.path("$ref").asString("").startsWith("#/"); i++) {
            found = root.at(found.get("$ref").asString().substring(1));
        }
        return found;
    }

    private static Set<JsonNode> constants(JsonNode schema) {
        if (schema.has("const")) {
            return Set.of(schema.get("const"));
        }
        if (!schema.path("enum").isArray()) {
            return null;
        }
        Set<JsonNode> all = new LinkedHashSet<>();
        schema.get("enum").forEach(all::add);
        return all;
    }

    private static Set<String> types(JsonNode schema, Set<JsonNode> constants) {
        Set<String> types = new LinkedHashSet<>();
        if (constants != null) {
            constants.forEach(value -> types.add(value.isObject() ? "object" : value.isArray() ? "array" : value.isString() ? "string" : value.isNumber() ? "number"
                    : value.isBoolean() ? "boolean" : "null"));
        }
        JsonNode type = schema.path("type");
        for (JsonNode name : type.isArray() ? type : java.util.List.of(type)) {
            if (name.isString()) {
                types.add(name.stringValue().equals("integer") ? "number" : name.stringValue());
            }
        }
        return types;
    }

    private static Set<String> required(JsonNode schema) {
        Set<String> names = new LinkedHashSet<>();
        schema.path("required").forEach(name -> names.add(name.asString("")));
        return names;
    }
}
