package dev.jackdaw.model.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.chat.Chat.Ask;
import dev.jackdaw.model.chat.Chat.ToolChoice;
import dev.jackdaw.model.chat.Message.ToolCall;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Generator.FinishReason;
import dev.jackdaw.model.generate.Sampling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Functions with parameters at random: what a model of any kind says when it must call one is read as calls, and their arguments are what
/// the schemas accept, by a validator that knows nothing of grammars.
class ChatPropertyTest {
    private static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    @ParameterizedTest
    @EnumSource(Kind.class)
    void requiredCallsAreReadAndFitTheirSchemas(Kind kind) {
        callsFit(kind, 0, 8);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    @Tag("slow")
    void manyRequiredCallsAreReadAndFitTheirSchemas(Kind kind) {
        callsFit(kind, 8, 100);
    }

    private static void callsFit(Kind kind, int from, int to) {
        Chat chat = kind.chat(6000);
        int ended = 0;
        for (int seed = from; seed < to; seed++) {
            Random random = new Random(seed);
            Map<String, JsonNode> schemas = new LinkedHashMap<>();
            List<Map<String, Object>> tools = new ArrayList<>();
            for (int i = random.nextInt(3); i >= 0; i--) {
                Map<String, Object> parameters = object(random, 2);
                String name = "f" + i + (random.nextBoolean() ? "_x" : "");
                schemas.put(name, JSON.valueToTree(parameters));
                tools.add(Map.of("type", "function", "function", Map.of("name", name, "parameters", parameters)));
            }
            boolean several = random.nextBoolean();
            ToolChoice choice = random.nextBoolean() ? new ToolChoice.Required() : new ToolChoice.Named(schemas.keySet().iterator().next());
            Integer budget = random.nextBoolean() ? null : random.nextInt(5);
            Ask ask = Ask.of(List.of(Message.of("user", "?")), Sampling.of(1, seed)).withTools(tools, choice, several).withThinkBudget(budget).withMaxTokens(1500);
            Chat.Turn turn = chat.turn(ask);
            MessageParser parser = turn.parser(new MessageParser.Listener() { });
            Generator.Result result = new Generator(new Nonsense(kind.tokenizer(), seed), kind.tokenizer()).generate(turn.request(), new Generator.Listener() {
                @Override
                public void text(String piece) {
                    parser.accept(piece);
                }
            });
            Message message = parser.finish();
            String where = "seed " + seed + ": " + result.text() + "\n" + schemas;
            if (result.finishReason() == FinishReason.LENGTH) {
                continue;
            }
            ended++;
            assertThat(result.finishReason()).as(where).isEqualTo(FinishReason.STOP);
            assertThat(message.content()).as(where).isBlank();
            assertThat(message.toolCalls()).as(where).hasSizeBetween(1, several ? 16 : 1);
            for (ToolCall call : message.toolCalls()) {
                assertThat(choice instanceof ToolChoice.Named(String name) ? List.of(name) : schemas.keySet()).as(where).contains(call.name());
                assertThat(accepts(schemas.get(call.name()), JSON.readTree(call.arguments()))).as("%s: %s", call, where).isTrue();
            }
        }
        assertThat(ended).isGreaterThan((to - from) / 2);
    }

    private static Map<String, Object> object(Random random, int depth) {
        Map<String, Object> schema = new LinkedHashMap<>(Map.of("type", "object"));
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            String name = List.of("a", "b b", "c\"", "né", "</tool_call>").get(i);
            properties.put(name, any(random, depth - 1));
            if (random.nextBoolean()) {
                required.add(name);
            }
        }
        schema.put("properties", properties);
        schema.put("required", required);
        if (random.nextBoolean()) {
            schema.put("additionalProperties", false);
        }
        return schema;
    }

    private static Map<String, Object> any(Random random, int depth) {
        return switch (random.nextInt(depth > 0 ? 9 : 7)) {
            case 0 -> Map.of("type", "boolean");
            case 1 -> Map.of("type", List.of("integer", "null"), "minimum", -random.nextInt(50), "maximum", random.nextInt(2000));
            case 2 -> Map.of("type", "string", "maxLength", random.nextInt(9));
            case 3 -> Map.of("enum", List.of("x", "<|end|>", 3, true));
            case 4 -> Map.of("const", "[TOOL_CALLS] {\"}");
            case 5 -> Map.of("type", "string", "pattern", "^[a-c\"}]{1,4}$");
            case 6 -> Map.of("anyOf", List.of(Map.of("type", "null"), Map.of("type", "number", "minimum", 1, "maximum", 99)));
            case 7 -> object(random, depth - 1);
            default -> Map.of("type", "array", "items", any(random, depth - 1), "minItems", random.nextInt(2), "maxItems", 1 + random.nextInt(3));
        };
    }

    private static boolean accepts(JsonNode schema, JsonNode value) {
        if (schema.has("const")) {
            return value.equals(schema.get("const"));
        }
        if (schema.has("enum")) {
            return schema.get("enum").valueStream().anyMatch(value::equals);
        }
        if (schema.has("anyOf")) {
            return schema.get("anyOf").valueStream().anyMatch(option -> accepts(option, value));
        }
        JsonNode type = schema.get("type");
        return (type.isArray() ? type.valueStream() : List.of(type).stream()).anyMatch(one -> switch (one.stringValue()) {
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            case "integer" -> value.isIntegralNumber() && inside(schema, value);
            case "number" -> value.isNumber() && inside(schema, value);
            case "string" -> value.isString() && value.stringValue().codePointCount(0, value.stringValue().length()) <= schema.path("maxLength").asInt(Integer.MAX_VALUE)
                    && (!schema.has("pattern") || value.stringValue().matches(schema.get("pattern").stringValue()));
            case "array" -> value.isArray() && value.size() >= schema.get("minItems").asInt() && value.size() <= schema.get("maxItems").asInt()
                    && value.valueStream().allMatch(item -> accepts(schema.get("items"), item));
            case "object" -> value.isObject() && schema.get("required").valueStream().allMatch(name -> value.has(name.stringValue()))
                    && value.properties().stream().allMatch(property -> schema.get("properties").has(property.getKey()) && accepts(schema.get("properties").get(property.getKey()), property.getValue()));
            default -> false;
        });
    }

    private static boolean inside(JsonNode schema, JsonNode value) {
        return value.doubleValue() >= schema.get("minimum").asDouble() && value.doubleValue() <= schema.get("maximum").asDouble();
    }
}
