package dev.jackdaw.model.generate.constrain;

import dev.jackdaw.model.Brief;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Turns a JSON Schema (draft 2020-12) into a [Grammar]. Whatever the grammar allows, the schema accepts; a schema that cannot be
/// guaranteed so is refused, and the message names the keyword and its place.
///
/// The grammar may be narrower than the schema: properties come in the order of the schema, an object with `properties` has no others
/// unless `additionalProperties` says so, numbers have at most 18 digits, and blanks are few.
final class JsonSchemaCompiler {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int DEEPEST = 100;
    /// No number of 18 digits is so large.
    private static final double BEYOND = 1e18;
    /// Below it, a bound is what its double says.
    private static final double EXACT = 1L << 53;
    private static final Set<String> NOTES = Set.of("$schema", "$id", "$comment", "$defs", "definitions", "$anchor", "title", "description", "default", "examples", "deprecated",
            "readOnly", "writeOnly", "example");
    private static final Map<String, Set<String>> KEYWORDS = Map.of(
            "object", Set.of("properties", "required", "additionalProperties", "propertyNames"),
            "array", Set.of("items", "prefixItems", "minItems", "maxItems"),
            "string", Set.of("minLength", "maxLength", "pattern", "format"),
            "number", Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"));
    private static final Map<String, String> FORMATS = Map.of(
            "date", DATE(), "time", TIME(), "date-time", DATE() + "T" + TIME(),
            "uuid", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "email", "[A-Za-z0-9_+-]{1,20}(\\.[A-Za-z0-9_+-]{1,20}){0,3}@([a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\\.){1,3}[a-z]{2,10}",
            "ipv4", "((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])",
            "hostname", "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?){0,5}",
            "uri", "https?://([a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\\.){1,3}[a-z]{2,10}(/[A-Za-z0-9_~.-]{0,40}){0,8}");

    private final JsonNode root;
    private final Map<String, Form> rules = new LinkedHashMap<>();
    private final Map<String, String> references = new LinkedHashMap<>();
    private final java.util.ArrayDeque<Waiting> waiting = new java.util.ArrayDeque<>();
    private int depth;
    private int counter;

    /// A definition that is referred to and not compiled yet.
    private record Waiting(String rule, JsonNode schema, String place) {
    }

    JsonSchemaCompiler(String schema) {
        try {
            root = JSON.readTree(schema);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("JSON schema: not valid JSON, line " + (e.getLocation() == null ? "?" : e.getLocation().getLineNr()) + ": " + Brief.text(e.getOriginalMessage()), e);
        }
    }

    /// Days that exist in every year.
    private static String DATE() {
        return "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";
    }

    private static String TIME() {
        return "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])";
    }

    Grammar grammar() {
        rules.put("root", Form.EMPTY);
        rules.put("string", Form.sequence(Form.literal("\""), new Form.Repeat(JsonForms.character(), 0, -1), Form.literal("\"")));
        rules.put("blank", JsonForms.BLANK);
        rules.put("root", schema(root, "#"));
        while (!waiting.isEmpty()) {             // one after the other, so that a long chain of references costs no stack
            Waiting next = waiting.poll();
            rules.put(next.rule, schema(next.schema, next.place));
        }
        return new Grammar("root", rules);
    }

    private static IllegalArgumentException problem(String place, String what) {
        return new IllegalArgumentException(Brief.text("JSON schema, at " + place + ": " + what));
    }

    private static Form reference(String rule) {
        return new Form.Reference(rule);
    }

    private static final Form BLANK = reference("blank");

    private Form named(String hint, Form form) {
        String name = hint + ++counter;
        rules.put(name, form);
        return reference(name);
    }

    private Form schema(JsonNode schema, String place) {
        if (++depth > DEEPEST) {
            throw problem(place, "nested deeper than " + DEEPEST);
        }
        Form form;
        if (schema.isBoolean()) {
            if (!schema.booleanValue()) {
                throw problem(place, "false allows no value");
            }
            form = any();
        } else if (schema.isObject()) {
            form = object(schema, place);
        } else {
            throw problem(place, "expected an object or true, found " + schema.getNodeType());
        }
        depth--;
        return form;
    }

    private Form object(JsonNode schema, String place) {
        if (schema.has("$ref")) {
            only(schema, place, Set.of("$ref"));
            return resolve(schema.get("$ref"), place);
        }
        if (schema.has("const")) {
            only(schema, place, Set.of("const", "type"));
            if (schema.has("type") && types(schema, place).stream().noneMatch(type -> isOf(schema.get("const"), type))) {
                throw problem(place, "const is not of the type");
            }
            return literal(schema.get("const"));
        }
        if (schema.has("enum")) {
            only(schema, place, Set.of("enum", "type"));
            List<Form> options = schema.get("enum").valueStream().filter(value -> !schema.has("type") || types(schema, place).stream().anyMatch(type -> isOf(value, type)))
                    .map(JsonSchemaCompiler::literal).toList();
            if (options.isEmpty()) {
                throw problem(place, "enum allows no value");
            }
            return new Form.Choice(options);
        }
        for (String keyword : List.of("anyOf", "oneOf")) {
            if (schema.has(keyword)) {
                only(schema, place, Set.of(keyword, "type"));
                return choice(schema, keyword, place);
            }
        }
        if (schema.has("allOf")) {
            return schema(merged(schema, place), place);
        }
        Set<String> types = types(schema, place);
        if (types.isEmpty()) {
            only(schema, place, Set.of("type"));
            return any();
        }
        Set<String> known = new TreeSet<>(Set.of("type", "format"));         // of strings; numbers may be called int64, which asks for nothing
        types.forEach(type -> known.addAll(KEYWORDS.getOrDefault(type.equals("integer") ? "number" : type, Set.of())));
        only(schema, place, known);
        List<Form> options = new ArrayList<>();
        for (String type : types) {
            options.add(switch (type) {
                case "object" -> objects(schema, place);
                case "array" -> arrays(schema, place);
                case "string" -> strings(schema, place);
                case "integer" -> numbers(schema, true, place);
                case "number" -> numbers(schema, false, place);
                case "boolean" -> Form.choice(Form.literal("true"), Form.literal("false"));
                case "null" -> Form.literal("null");
                default -> throw problem(place, "unknown type " + type);
            });
        }
        return options.size() == 1 ? options.getFirst() : new Form.Choice(options);
    }

    private static void only(JsonNode schema, String place, Set<String> known) {
        for (String keyword : schema.propertyNames()) {
            if (!known.contains(keyword) && !NOTES.contains(keyword) && !keyword.startsWith("x-")) {
                throw problem(place, "keyword " + keyword + " is not supported" + (known.isEmpty() ? "" : " here, beside " + new TreeSet<>(known)));
            }
        }
    }

    /// The types that are named, or the one that the keywords belong to; empty if nothing is said.
    private static Set<String> types(JsonNode schema, String place) {
        Set<String> types = new LinkedHashSet<>();
        JsonNode type = schema.path("type");
        if (type.isString()) {
            types.add(type.stringValue());
        } else if (type.isArray()) {
            type.forEach(one -> types.add(one.asString("")));
        } else if (!type.isMissingNode()) {
            throw problem(place, "type must be a name or a list of names");
        } else {
            KEYWORDS.forEach((name, keywords) -> {
                if (keywords.stream().anyMatch(schema::has)) {
                    types.add(name);
                }
            });
            if (types.size() > 1) {
                throw problem(place, "the keywords belong to several types " + new TreeSet<>(types) + "; say which with type");
            }
        }
        return types;
    }

    private static boolean isOf(JsonNode value, String type) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isString();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            default -> false;
        };
    }

    private static Form literal(JsonNode value) {
        return Form.literal(value.toString());
    }

    private Form resolve(JsonNode target, String place) {
        String pointer = target.asString("");
        if (!pointer.startsWith("#")) {
            throw problem(place, "$ref " + pointer + " leads out of the schema; only #/… is supported");
        }
        String known = references.get(pointer);
        if (known == null) {
            JsonNode found;
            try {
                found = pointer.equals("#") ? root : root.at(pointer.substring(1).replace("%24", "$").replace("%25", "%"));
            } catch (IllegalArgumentException e) {
                throw problem(place, "$ref " + pointer + " is no JSON pointer");
            }
            if (found.isMissingNode()) {
                throw problem(place, "$ref " + pointer + " leads nowhere");
            }
            known = "ref" + ++counter;
            references.put(pointer, known);
            waiting.add(new Waiting(known, found, pointer));
        }
        return reference(known);
    }

    private Form choice(JsonNode schema, String keyword, String place) {
        JsonNode branches = schema.get(keyword);
        if (!branches.isArray() || branches.isEmpty()) {
            throw problem(place, keyword + " must be a list of schemas");
        }
        List<Form> options = new ArrayList<>();
        for (int i = 0; i < branches.size(); i++) {
            for (int j = 0; keyword.equals("oneOf") && j < i; j++) {
                if (!Disjoint.are(root, branches.get(i), branches.get(j))) {
                    throw problem(place, "oneOf: branches " + j + " and " + i + " may accept the same value; give them different types or a property with different const, or use anyOf");
                }
            }
            if (schema.has("type") && !(branches.get(i).isObject() && types(schema, place).containsAll(types(branches.get(i), place)) && branches.get(i).has("type"))) {
                throw problem(place, "type beside " + keyword + " is supported only if every branch has a type of those");
            }
            options.add(schema(branches.get(i), place + "/" + keyword + "/" + i));
        }
        return new Form.Choice(options);
    }

    /// One schema that says what all of them say, if their keywords do not meet.
    private JsonNode merged(JsonNode schema, String place) {
        var all = JSON.createObjectNode();
        List<JsonNode> parts = new ArrayList<>();
        var rest = JSON.createObjectNode();
        schema.properties().forEach(entry -> {
            if (!entry.getKey().equals("allOf")) {
                rest.set(entry.getKey(), entry.getValue());
            }
        });
        parts.add(rest);
        for (JsonNode part : schema.get("allOf")) {
            JsonNode resolved = part;
            for (int i = 0; resolved.has("$ref"); i++) {
                only(resolved, place, Set.of("$ref"));
                String pointer = resolved.get("$ref").asString("");
                if (i > 20 || !pointer.startsWith("#/") || root.at(pointer.substring(1)).isMissingNode()) {
                    throw problem(place, "allOf: $ref " + pointer + " leads nowhere or round in circles");
                }
                resolved = root.at(pointer.substring(1));
            }
            parts.add(resolved);
        }
        for (JsonNode part : parts) {
            for (var entry : part.properties()) {
                String key = entry.getKey();
                JsonNode old = all.get(key);
                if (old == null || NOTES.contains(key) || old.equals(entry.getValue())) {
                    all.set(key, entry.getValue().deepCopy());
                } else if (key.equals("required")) {
                    entry.getValue().forEach(((tools.jackson.databind.node.ArrayNode) old)::add);
                } else if (key.equals("properties") && entry.getValue().propertyNames().stream().noneMatch(old::has)) {
                    entry.getValue().properties().forEach(property -> ((tools.jackson.databind.node.ObjectNode) old).set(property.getKey(), property.getValue()));
                } else {
                    throw problem(place, "allOf: keyword " + key + " stands in several parts; combining them is not supported");
                }
            }
        }
        if (all.has("allOf")) {
            throw problem(place, "allOf inside of allOf is not supported");
        }
        if (parts.size() > 2 && all.has("additionalProperties")) {
            throw problem(place, "allOf: additionalProperties sees the properties of its own part only; combining is not supported");
        }
        return all;
    }

    private int count(JsonNode schema, String keyword, int otherwise, String place) {
        JsonNode value = schema.path(keyword);
        if (value.isMissingNode()) {
            return otherwise;
        }
        if (!value.isNumber() || value.doubleValue() != Math.rint(value.doubleValue()) || value.doubleValue() < 0 || value.doubleValue() > RegexParser.MOST_REPEATS) {
            throw problem(place, keyword + " is " + value + "; expected a whole number from 0 to " + RegexParser.MOST_REPEATS);
        }
        return value.intValue();
    }

    private Form strings(JsonNode schema, String place) {
        boolean hasLength = schema.has("minLength") || schema.has("maxLength");
        if (!hasLength && !schema.has("pattern") && !schema.has("format")) {
            return reference("string");
        }
        if ((hasLength ? 1 : 0) + (schema.has("pattern") ? 1 : 0) + (schema.has("format") ? 1 : 0) > 1) {
            throw problem(place, "pattern, format and the lengths are supported only one at a time");
        }
        Form content;
        if (hasLength) {
            int min = count(schema, "minLength", 0, place), max = count(schema, "maxLength", -1, place);
            if (max >= 0 && max < min) {
                throw problem(place, "minLength " + min + " is above maxLength " + max);
            }
            content = new Form.Repeat(JsonForms.character(), min, max);
        } else if (schema.has("format")) {
            String regex = FORMATS.get(schema.get("format").asString(""));
            if (regex == null) {
                throw problem(place, "format " + schema.get("format").asString("") + " is not supported; supported: " + new TreeSet<>(FORMATS.keySet()));
            }
            content = RegexParser.parse(regex, true);
        } else {
            try {
                content = JsonForms.escaped(RegexParser.parse(schema.get("pattern").asString(""), false));
            } catch (IllegalArgumentException e) {
                throw problem(place, "pattern: " + e.getMessage());
            }
        }
        return named("string", Form.sequence(Form.literal("\""), content, Form.literal("\"")));
    }

    private static Form numbers(JsonNode schema, boolean whole, String place) {
        Long low = null, high = null;
        for (String keyword : List.of("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")) {
            JsonNode bound = schema.path(keyword);
            if (bound.isMissingNode()) {
                continue;
            }
            if (!bound.isNumber()) {
                throw problem(place, keyword + " is " + bound + "; expected a number");
            }
            double x = bound.doubleValue();
            boolean exclusive = keyword.startsWith("exclusive"), isLow = keyword.endsWith("inimum");
            if (isLow ? x >= BEYOND : x <= -BEYOND) {
                throw problem(place, keyword + " is " + bound + "; numbers have at most " + (whole ? 18 : 15) + " digits here, so that none is left");
            }
            if (Math.abs(x) >= BEYOND) {
                continue;                        // that of all integers of 64 bits, say: no number comes so far
            }
            BigDecimal exact = Math.abs(x) < EXACT ? new BigDecimal(x) : bound.decimalValue();
            long next = exact.setScale(0, isLow ? RoundingMode.CEILING : RoundingMode.FLOOR).longValue();
            long value = !exclusive || exact.compareTo(BigDecimal.valueOf(next)) != 0 ? next : isLow ? next + 1 : next - 1;
            if (isLow) {
                low = low == null ? value : Math.max(low, value);
            } else {
                high = high == null ? value : Math.min(high, value);
            }
        }
        if (low != null && high != null && low > high) {
            throw problem(place, "there is no whole number between the bounds; ranges between two whole numbers are not supported");
        }
        return low == null && high == null ? whole ? JsonForms.integer() : JsonForms.number() : whole ? JsonForms.integers(low, high) : JsonForms.numbers(low, high);
    }

    private Form arrays(JsonNode schema, String place) {
        int min = count(schema, "minItems", 0, place), max = count(schema, "maxItems", -1, place);
        JsonNode prefix = schema.path("prefixItems"), items = schema.path("items");
        if (!prefix.isMissingNode() && !prefix.isArray()) {
            throw problem(place, "prefixItems must be a list of schemas");
        }
        int first = prefix.size();
        Form item = items.isBoolean() && !items.booleanValue() || max >= 0 && max <= first ? null
                : named("item", items.isMissingNode() ? any() : schema(items, place + "/items"));
        int most = item == null ? max < 0 ? first : Math.min(max, first) : max;
        if (most >= 0 && most < min) {
            throw problem(place, "minItems " + min + " cannot be reached; at most " + most + " items are allowed");
        }
        Form comma = Form.sequence(BLANK, Form.literal(","), BLANK);
        Form rest = item == null ? Form.EMPTY : new Form.Repeat(Form.sequence(comma, item), Math.max(0, min - first), most < 0 ? -1 : most - first);
        if (first == 0 && item != null) {
            rest = most == 0 ? Form.EMPTY : Form.sequence(item, new Form.Repeat(Form.sequence(comma, item), Math.max(0, min - 1), most < 0 ? -1 : most - 1));
            rest = min == 0 ? Form.optional(rest) : rest;
        }
        for (int i = Math.min(first, most < 0 ? first : most) - 1; i >= 0; i--) {          // the array may end before any item beyond the minimum
            Form one = Form.sequence(i == 0 ? Form.EMPTY : comma, schema(prefix.get(i), place + "/prefixItems/" + i), rest);
            rest = named("items", i < min ? one : Form.optional(one));
        }
        return named("array", Form.sequence(Form.literal("["), BLANK, rest, BLANK, Form.literal("]")));
    }

    private Form objects(JsonNode schema, String place) {
        JsonNode properties = schema.path("properties"), more = schema.path("additionalProperties");
        if (schema.has("propertyNames") && !schema.get("propertyNames").equals(JSON.createObjectNode().put("type", "string"))) {
            throw problem(place, "propertyNames is supported only where it says that they are strings");
        }
        Set<String> required = new LinkedHashSet<>();
        schema.path("required").forEach(name -> required.add(name.asString("")));
        Map<String, Form> known = new LinkedHashMap<>();
        properties.properties().forEach(entry -> known.put(entry.getKey(), schema(entry.getValue(), place + "/properties/" + entry.getKey())));
        for (String name : required) {
            if (!known.containsKey(name)) {
                if (more.isBoolean() && !more.booleanValue()) {
                    throw problem(place, "property " + name + " is required and forbidden at once");
                }
                known.put(name, more.isObject() ? schema(more, place + "/additionalProperties") : any());
            }
        }
        boolean isFree = more.isObject() || more.isBoolean() && more.booleanValue() || more.isMissingNode() && known.isEmpty();
        Form comma = Form.sequence(BLANK, Form.literal(","), BLANK);
        Form extra = null;
        if (isFree) {
            Form key = known.isEmpty() ? reference("string") : named("key", Form.sequence(Form.literal("\""), otherThan(known.keySet(), ""), Form.literal("\"")));
            extra = named("more", Form.sequence(key, BLANK, Form.literal(":"), BLANK, more.isObject() ? schema(more, place + "/additionalProperties") : any()));
        }
        Form tailFirst = extra == null ? Form.EMPTY : Form.optional(Form.sequence(extra, new Form.Repeat(Form.sequence(comma, extra), 0, -1)));
        Form tailLater = extra == null ? Form.EMPTY : new Form.Repeat(Form.sequence(comma, extra), 0, -1);
        List<String> names = new ArrayList<>(known.keySet());
        for (int i = names.size() - 1; i >= 0; i--) {
            String name = names.get(i);
            Form one = Form.sequence(literal(JSON.getNodeFactory().stringNode(name)), BLANK, Form.literal(":"), BLANK, known.get(name));
            Form first = Form.sequence(one, tailLater), later = Form.sequence(comma, one, tailLater);
            boolean must = required.contains(name);
            Form nextFirst = named("first", must ? first : Form.choice(first, tailFirst));
            tailLater = named("later", must ? later : Form.choice(later, tailLater));
            tailFirst = nextFirst;
        }
        return named("object", Form.sequence(Form.literal("{"), BLANK, tailFirst, BLANK, Form.literal("}")));
    }

    /// Keys, written without escapes, that are none of `names`; `prefix` was read.
    private Form otherThan(Set<String> names, String prefix) {
        Map<Integer, Set<String>> next = new LinkedHashMap<>();
        for (String name : names) {
            if (name.startsWith(prefix) && name.length() > prefix.length()) {
                next.computeIfAbsent(name.codePointAt(prefix.length()), _ -> new LinkedHashSet<>()).add(name);
            }
        }
        List<Form> options = new ArrayList<>();
        int[] taken = next.keySet().stream().flatMapToInt(c -> java.util.stream.IntStream.of(c, c)).toArray();
        options.add(Form.sequence(Form.and(JsonForms.PLAIN, Form.not(Form.chars(taken))), new Form.Repeat(JsonForms.PLAIN, 0, -1)));
        next.forEach((c, group) -> {
            if (!Form.and(JsonForms.PLAIN, Form.chars(c, c)).isEmpty()) {
                options.add(Form.sequence(Form.chars(c, c), named("key", otherThan(group, prefix + Character.toString(c)))));
            }
        });
        if (!names.contains(prefix)) {
            options.add(Form.EMPTY);
        }
        return new Form.Choice(options);
    }

    /// Any JSON value.
    private Form any() {
        if (!rules.containsKey("value")) {
            Form comma = Form.sequence(BLANK, Form.literal(","), BLANK);
            Form pair = Form.sequence(reference("string"), BLANK, Form.literal(":"), BLANK, reference("value"));
            rules.put("value", Form.choice(reference("string"), JsonForms.number(), Form.literal("true"), Form.literal("false"), Form.literal("null"),
                    Form.sequence(Form.literal("{"), BLANK, Form.optional(Form.sequence(pair, new Form.Repeat(Form.sequence(comma, pair), 0, -1))), BLANK, Form.literal("}")),
                    Form.sequence(Form.literal("["), BLANK, Form.optional(Form.sequence(reference("value"), new Form.Repeat(Form.sequence(comma, reference("value")), 0, -1))), BLANK,
                            Form.literal("]"))));
        }
        return reference("value");
    }
}
