package dev.jackdaw.model.chat;

import dev.jackdaw.model.chat.MessageParser.Format;
import dev.jackdaw.model.generate.constrain.Grammar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/// Calls of functions as a grammar: each in the format of the model, with arguments that the function's JSON Schema accepts. The way back
/// is [MessageParser], which reads all that this allows.
final class CallGrammar {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /// Calls in one answer; a model that finds no end must not fill its context with them.
    private static final int MOST = 16;
    /// Between the parts of a call, whose order is fixed: models differ in it, and none needs more.
    private static final Grammar BLANK = Grammar.ofRegex("[ \\n]?");
    /// Keywords that say what a schema accepts without saying its type.
    private static final Set<String> TYPED = Set.of("type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const");

    /// A function that may be called.
    ///
    /// @param parameters JSON Schema of its arguments
    record Function(String name, String parameters) {
    }

    private CallGrammar() {
    }

    /// The functions that tools describe, in the form that templates want to see.
    static List<Function> functions(List<Map<String, Object>> tools) {
        List<Function> functions = new ArrayList<>();
        for (Map<String, Object> tool : tools) {
            String where = "tools[" + functions.size() + "]";
            if (!(tool.get("function") instanceof Map<?, ?> function) || !(function.get("name") instanceof String name) || name.isBlank() || name.length() > 256) {
                throw new IllegalArgumentException(where
                        + ": expected {\"type\": \"function\", \"function\": {\"name\": …, \"parameters\": …}} with a name of at most 256 characters");
            }
            functions.add(new Function(name, schema(function.get("parameters"), "tool " + name)));
        }
        return functions;
    }

    /// Without parameters a function takes none; arguments are always an object, whether a schema says so or not.
    private static String schema(Object parameters, String where) {
        return switch (parameters) {
            case null -> "{\"type\":\"object\",\"additionalProperties\":false}";
            case Map<?, ?> map -> {
                Map<Object, Object> schema = new LinkedHashMap<>(map);
                if (TYPED.stream().noneMatch(schema::containsKey)) {
                    schema.put("type", "object");
                }
                if (schema.containsKey("type") && !"object".equals(schema.get("type"))) {
                    throw new IllegalArgumentException(where + ", parameters: JSON schema, at #: the type is " + schema.get("type") + "; arguments are an object");
                }
                yield JSON.writeValueAsString(schema);
            }
            default -> throw new IllegalArgumentException(where + ", parameters: expected a JSON Schema, an object");
        };
    }

    /// @param isStrict arguments fit the schemas; else any objects do
    /// @param several  one call or more
    static Grammar of(Format format, List<Function> functions, boolean isStrict, boolean several) {
        List<Grammar> calls = new ArrayList<>();
        for (Function function : functions) {
            calls.add(call(format, function, arguments(function, isStrict)));
        }
        Grammar one = Grammar.choice(calls);
        int more = several ? MOST - 1 : 0;
        return switch (format) {
            case TAGS, CHANNELS, BARE_JSON, NAMED_CALLS -> Grammar.sequence(one, Grammar.sequence(between(format), one).repeated(0, more));
            case TOOL_CALLS -> Grammar.sequence(Grammar.ofToken("[TOOL_CALLS]"), BLANK, Grammar.ofText("["), one,
                    Grammar.sequence(between(format), one).repeated(0, more), Grammar.ofText("]"));
        };
    }

    private static Grammar between(Format format) {
        return switch (format) {
            case TAGS -> BLANK;
            case NAMED_CALLS -> Grammar.ofText("");
            case BARE_JSON -> Grammar.sequence(Grammar.ofText(";"), BLANK);
            case TOOL_CALLS -> Grammar.sequence(Grammar.ofText(","), BLANK);
            case CHANNELS -> Grammar.sequence(Grammar.ofToken("<|end|>"), Grammar.ofToken("<|start|>"), Grammar.ofText("assistant"));
        };
    }

    private static Grammar arguments(Function function, boolean isStrict) {
        if (!isStrict) {
            return Grammar.ofJsonSchema("{\"type\":\"object\"}");
        }
        try {
            return Grammar.ofJsonSchema(function.parameters());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("tool " + function.name() + ", parameters: " + e.getMessage(), e);
        }
    }

    private static Grammar call(Format format, Function function, Grammar arguments) {
        return switch (format) {
            case TAGS -> Grammar.sequence(Grammar.ofToken("<tool_call>"), BLANK, object(function, "arguments", arguments, Grammar.ofText("")), BLANK,
                    Grammar.ofToken("</tool_call>"));
            case BARE_JSON -> object(function, "parameters", arguments, Grammar.ofText(""));
            case TOOL_CALLS -> object(function, "arguments", arguments, Grammar.ofRegex("(, \"id\": \"[a-zA-Z0-9]{9}\")?"));      // models of this kind may write it
            case NAMED_CALLS -> {
                if (!function.name().matches("[^\\s\\[]+")) {
                    throw new IllegalArgumentException("tool " + function.name() + ": this model writes names without quotes, so they can have no blank and no [");
                }
                yield Grammar.sequence(Grammar.ofToken("[TOOL_CALLS]"), Grammar.ofText(function.name()), Grammar.ofToken("[ARGS]"), arguments);
            }
            case CHANNELS -> {
                if (!function.name().matches("[^\\s<]+")) {
                    throw new IllegalArgumentException("tool " + function.name() + ": this model writes names without quotes, so they can have no blank and no <");
                }
                yield Grammar.sequence(Grammar.ofToken("<|channel|>"), Grammar.ofText("commentary to=functions." + function.name() + " "), Grammar.ofToken("<|constrain|>"),
                        Grammar.ofText("json"), Grammar.ofToken("<|message|>"), arguments);
            }
        };
    }

    /// `{"name": …, "arguments": …}`, in this order.
    private static Grammar object(Function function, String key, Grammar arguments, Grammar more) {
        return Grammar.sequence(Grammar.ofText("{"), BLANK, Grammar.ofText("\"name\":"), BLANK, Grammar.ofText(JSON.writeValueAsString(function.name()) + ","),
                BLANK, Grammar.ofText("\"" + key + "\":"), BLANK, arguments, more, BLANK, Grammar.ofText("}"));
    }
}
