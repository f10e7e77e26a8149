package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Penalties;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// From the fields of OpenAI's requests to what a [Chat] is asked. What cannot be done is refused by name, never left out silently.
final class ChatFields {
    private static final SplittableRandom SEEDS = new SplittableRandom();
    private static final int MOST_MESSAGES = 10_000;
    static final int MOST_LOGPROBS = 20;
    private static final int MOST_STOPS = 16;
    private static final Set<String> TEMPLATE_OWN = Set.of("messages", "tools", "add_generation_prompt", "bos_token", "eos_token");

    private ChatFields() {
    }

    static Chat.Ask ask(Fields fields, ServerSettings.Limits limits) {
        refuse(fields, "functions", "is not supported; offer functions in tools");
        refuse(fields, "function_call", "is not supported; use tool_choice");
        refuse(fields, "audio", "is not supported; answers are text");
        boolean logprobs = fields.flag("logprobs", false);
        int top = fields.integer("top_logprobs", 0, MOST_LOGPROBS).orElse(0);
        if (top > 0 && !logprobs) {
            throw fields.wrong("top_logprobs", "is given without logprobs: true");
        }
        List<Map<String, Object>> tools = tools(fields);
        int newer = limit(fields, "max_completion_tokens", limits), older = limit(fields, "max_tokens", limits), most = newer > 0 ? newer : older;
        String schema = fields.object("response_format").map(ChatFields::schema).orElse(null);
        Integer budget = fields.integer("think_budget", -1, Integer.MAX_VALUE).orElseGet(() -> budget(fields, "reasoning_effort"));
        return new Chat.Ask(messages(fields), tools, choice(fields, tools), fields.flag("parallel_tool_calls", true), schema, fields.text("grammar").orElse(null), most,
                sampling(fields, 1), budget, stop(fields, "stop"), logprobs ? top : -1, Overflow.REFUSE, variables(fields));
    }

    /// Further variables of the template.
    static Map<String, Object> variables(Fields fields) {
        Map<String, Object> more = new HashMap<>();
        fields.object("chat_template_kwargs").ifPresent(kwargs -> kwargs.node().properties().forEach(each -> {
            if (TEMPLATE_OWN.contains(each.getKey())) {
                throw kwargs.wrong(each.getKey(), "cannot be set here; the request has a field of its own for it");
            }
            more.put(each.getKey(), Json.as(each.getValue(), Object.class));
        }));
        return more;
    }

    /// What is empty or false asks for nothing.
    static void refuse(Fields fields, String name, String why) {
        boolean given = fields.any(name).map(value -> value.isContainer() ? !value.isEmpty() : value.isString() ? !value.asString().isEmpty() : value.asBoolean(true)).orElse(false);
        if (given) {
            throw fields.wrong(name, why);
        }
    }

    /// 0: not said.
    static int limit(Fields fields, String name, ServerSettings.Limits limits) {
        return Math.min(fields.integer(name, 1, Integer.MAX_VALUE).orElse(0), limits.answerTokens());
    }

    static List<String> stop(Fields fields, String name) {
        List<String> stop = fields.texts(name);
        if (stop.size() > MOST_STOPS || stop.stream().anyMatch(String::isEmpty)) {
            throw fields.wrong(name, "has " + stop.size() + " strings; give 1 to " + MOST_STOPS + ", none of them empty");
        }
        return stop;
    }

    /// @param temperature where none is asked for
    static Sampling sampling(Fields fields, double temperature) {
        Sampling sampling = Sampling.of(fields.number("temperature", 0, 100).orElse(temperature), fields.longInteger("seed", Long.MIN_VALUE, Long.MAX_VALUE).orElseGet(ChatFields::seed))
                .withTopP(Math.max(1e-6, fields.number("top_p", 0, 1).orElse(1.0))).withTopK(fields.integer("top_k", -1, Integer.MAX_VALUE).filter(k -> k > 0).orElse(0))
                .withMinP(fields.number("min_p", 0, 1).orElse(0.0));
        double frequency = fields.number("frequency_penalty", -2, 2).orElse(0.0), presence = fields.number("presence_penalty", -2, 2).orElse(0.0);
        double repeat = fields.number("repetition_penalty", 0.01, 10).or(() -> fields.number("repeat_penalty", 0.01, 10)).orElse(1.0);
        if (frequency != 0 || presence != 0 || repeat != 1) {
            sampling = sampling.withPenalties(new Penalties(repeat, frequency, presence, Penalties.NONE.window()));
        }
        Map<Integer, Float> bias = bias(fields);
        return bias.isEmpty() ? sampling : sampling.withLogitBias(bias);
    }

    private static synchronized long seed() {
        return SEEDS.nextLong() & Long.MAX_VALUE;
    }

    /// OpenAI's -100 forbids a token.
    private static Map<Integer, Float> bias(Fields fields) {
        Map<Integer, Float> bias = new HashMap<>();
        fields.object("logit_bias").ifPresent(object -> {
            for (String id : object.node().propertyNames()) {
                if (!id.matches("\\d{1,9}")) {
                    throw fields.wrong("logit_bias", "has the key \"" + id + "\"; keys must be token ids");
                }
                double value = object.number(id, -100, 100).orElse(0.0);
                bias.put(Integer.parseInt(id), value == -100 ? Float.NEGATIVE_INFINITY : (float) value);
            }
        });
        return bias;
    }

    /// Tokens to think with, from a word for the effort; null: as the model has it.
    static Integer budget(Fields fields, String name) {
        return switch (fields.text(name).orElse(null)) {
            case null -> null;
            case "none" -> 0;
            case "minimal" -> 128;
            case "low" -> 512;
            case "medium" -> 2048;
            case "high" -> 8192;
            case "xhigh", "max" -> -1;
            case String other -> throw fields.wrong(name, "is " + other + "; it must be none, minimal, low, medium, high or xhigh");
        };
    }

    /// A schema that stands in `json_schema`, or beside its type; null for plain text.
    static String schema(Fields format) {
        return switch (format.requiredText("type")) {
            case "text" -> null;
            case "json_object" -> "{\"type\":\"object\"}";
            case "json_schema" -> within(format, "json_schema", "schema").any("schema").map(JsonNode::toString).orElse("{\"type\":\"object\"}");
            case String other -> throw format.wrong("type", "is " + other + "; it must be text, json_object or json_schema");
        };
    }

    /// The newer forms have no inner object.
    private static Fields within(Fields outer, String inner, String name) {
        return outer.object(inner).or(() -> outer.has(name) ? Optional.of(outer) : Optional.empty()).orElseThrow(() -> outer.absent(inner, "an object with a " + name));
    }

    static List<Map<String, Object>> tools(Fields fields) {
        List<Map<String, Object>> tools = new ArrayList<>();
        for (Fields tool : fields.objects("tools")) {
            if (!tool.text("type").orElse("function").equals("function")) {
                throw tool.wrong("type", "is " + tool.text("type").get() + "; only functions can be offered");
            }
            Fields function = within(tool, "function", "name");
            tool.flag("strict");                          // calls that are demanded always fit their schema
            tools.add(tool(function.requiredText("name"), function.text("description").orElse(""), function.any("parameters").orElse(null)));
        }
        return tools;
    }

    /// As templates want to see it.
    static Map<String, Object> tool(String name, String description, JsonNode parameters) {
        Map<String, Object> function = new java.util.LinkedHashMap<>();
        function.put("name", name);
        function.put("description", description);
        function.put("parameters", parameters == null ? Map.of("type", "object", "properties", Map.of()) : Json.as(parameters, Object.class));
        Map<String, Object> tool = new java.util.LinkedHashMap<>();
        tool.put("type", "function");
        tool.put("function", function);
        return tool;
    }

    static Chat.ToolChoice choice(Fields fields, List<Map<String, Object>> tools) {
        JsonNode choice = fields.any("tool_choice").orElse(null);
        if (choice == null) {
            return new Chat.ToolChoice.Auto();
        }
        Chat.ToolChoice wanted;
        if (choice.isString()) {
            wanted = switch (choice.asString()) {
                case "auto" -> new Chat.ToolChoice.Auto();
                case "none" -> new Chat.ToolChoice.None();
                case "required" -> new Chat.ToolChoice.Required();
                case String other -> throw fields.wrong("tool_choice", "is " + other + "; it must be auto, none, required, or name a function");
            };
        } else {
            wanted = named(fields, within(fields.object("tool_choice").get(), "function", "name"), tools);
        }
        return checked(fields, wanted, tools);
    }

    static Chat.ToolChoice named(Fields fields, Fields function, List<Map<String, Object>> tools) {
        String name = function.requiredText("name");
        if (tools.stream().noneMatch(tool -> ((Map<?, ?>) tool.get("function")).get("name").equals(name))) {
            throw fields.wrong("tool_choice", "names the function " + name + ", which is not among the tools");
        }
        return new Chat.ToolChoice.Named(name);
    }

    static Chat.ToolChoice checked(Fields fields, Chat.ToolChoice wanted, List<Map<String, Object>> tools) {
        if (tools.isEmpty() && (wanted instanceof Chat.ToolChoice.Required || wanted instanceof Chat.ToolChoice.Named)) {
            throw fields.wrong("tool_choice", "asks for a call, but there are no tools");
        }
        return wanted;
    }

    private static List<Message> messages(Fields fields) {
        List<Fields> given = fields.objects("messages");
        if (given.isEmpty() || given.size() > MOST_MESSAGES) {
            throw fields.wrong("messages", "has " + given.size() + " messages; give 1 to " + MOST_MESSAGES);
        }
        return given.stream().map(ChatFields::message).toList();
    }

    static Message message(Fields message) {
        String role = message.requiredText("role");
        String content = content(message, "content");
        return switch (role) {
            case "system", "developer" -> Message.of("system", content);
            case "user" -> Message.of("user", content);
            case "assistant" -> new Message("assistant", content, message.text("reasoning_content").orElse(null), calls(message));
            case "tool", "function" -> Message.tool(message.text("tool_call_id").orElse(null), message.text("name").orElse(null), content);
            default -> throw message.wrong("role", "is " + role + "; it must be system, developer, user, assistant or tool");
        };
    }

    private static List<Message.ToolCall> calls(Fields message) {
        List<Message.ToolCall> calls = new ArrayList<>();
        for (Fields call : message.objects("tool_calls")) {
            Fields function = call.object("function").orElseThrow(() -> call.absent("function", "an object with name and arguments"));
            calls.add(new Message.ToolCall(call.text("id").orElse(null), function.requiredText("name"), function.text("arguments").orElse("{}")));
        }
        return calls;
    }

    /// A string, or parts of text.
    static String content(Fields message, String name) {
        JsonNode content = message.any(name).orElse(null);
        if (content == null) {
            return "";
        }
        if (content.isString()) {
            return content.asString();
        }
        StringBuilder text = new StringBuilder();
        for (Fields part : message.objects(name)) {
            switch (part.requiredText("type")) {
                case "text", "input_text", "output_text" -> text.append(part.requiredText("text"));
                case "refusal" -> text.append(part.requiredText("refusal"));
                case String other -> throw part.wrong("type", "is " + other + "; this server reads text only");
            }
        }
        return text.toString();
    }

    /// Of a call, as an object; a model whose call is not JSON has it as one string.
    static Object arguments(Message.ToolCall call) {
        try {
            JsonNode node = Json.tree(call.arguments());
            return node.isObject() ? node : Map.of("arguments", node);
        } catch (JacksonException _) {
            return Map.of("arguments", call.arguments());
        }
    }
}
