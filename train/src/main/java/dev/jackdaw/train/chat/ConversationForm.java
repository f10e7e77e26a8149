package dev.jackdaw.train.chat;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.MessageParser;
import dev.jackdaw.model.chat.ToolCallText;
import dev.jackdaw.train.chat.Conversation.Turn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The forms in which conversations come, recognised object by object.
///
/// | form             | fields                                                                                                     |
/// |------------------|------------------------------------------------------------------------------------------------------------|
/// | OpenAI messages  | `messages` with `role`, `content`, `tool_calls`, `weight`; perhaps `tools` (the format of OpenAI's finetuning) |
/// | ShareGPT         | `conversations` with `from` (human, gpt, system, function_call, observation, …) and `value`; perhaps `system`, `tools` |
/// | Alpaca           | `instruction`, perhaps `input`, `output`; or a list `instances` of inputs and outputs, as in its seed tasks |
/// | pairs            | `prompt` and `completion` or `response`, `question` and `answer`, `instruction` and `response`; perhaps `system` |
///
/// Nothing is repaired and nothing is left out: what does not fit is [Malformed]. Knows nothing of templates and tokens.
public enum ConversationForm {
    MESSAGES, SHARE_GPT, ALPACA, PAIR;

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String[][] PAIRS = {{"prompt", "completion"}, {"prompt", "response"}, {"question", "answer"}, {"instruction", "response"}};
    /// Fields of a message that some templates read and that are handed on as they are.
    private static final List<String> MORE = List.of("name", "tool_call_id", "reasoning_content", "thinking");

    /// The form of an object, by the fields it has.
    public static ConversationForm of(JsonNode line) throws Malformed {
        if (line.has("messages")) {
            return MESSAGES;
        }
        if (line.has("conversations") || line.has("conversation")) {
            return SHARE_GPT;
        }
        if (line.has("instruction") && (line.has("output") || line.has("instances"))) {
            return ALPACA;
        }
        for (String[] pair : PAIRS) {
            if (line.has(pair[0]) && line.has(pair[1])) {
                return PAIR;
            }
        }
        List<String> found = new ArrayList<>(line.propertyNames());
        throw new Malformed(Fault.UNKNOWN_FORM, "found the fields " + found + "; expected messages, conversations, instruction and output, prompt and completion, "
                + "or question and answer");
    }

    /// The conversations of an object; one, but for Alpaca's instances.
    public static List<Conversation> read(JsonNode line) throws Malformed {
        if (!line.isObject()) {
            throw new Malformed(Fault.NOT_JSON, "found " + kind(line) + "; expected an object" + (line.isArray() ? " in each line, not a list of them" : ""));
        }
        return switch (of(line)) {
            case MESSAGES -> List.of(messages(line));
            case SHARE_GPT -> List.of(shareGpt(line));
            case ALPACA -> alpaca(line);
            case PAIR -> List.of(pair(line));
        };
    }

    private static Conversation messages(JsonNode line) throws Malformed {
        return new Conversation(turns(list(line, "messages")), tools(line)).checked();
    }

    /// Turns in the form of OpenAI, in any order.
    static List<Turn> turns(JsonNode messages) throws Malformed {
        List<Turn> turns = new ArrayList<>();
        for (JsonNode message : messages) {
            String where = "message " + (turns.size() + 1);
            if (!message.isObject()) {
                throw new Malformed(Fault.MISSING_FIELD, where + " is " + kind(message) + "; expected an object with role and content");
            }
            String role = string(message, "role", where);
            role = role.equals("developer") ? "system" : role;                   // OpenAI's newer name
            List<Message.ToolCall> calls = calls(message, where);
            JsonNode content = message.path("content");
            String text = content.isMissingNode() && calls.isEmpty() ? string(message, "content", where) : text(content, where);
            Map<String, Object> map = new LinkedHashMap<>(new Message(role, text, null, calls).toMap());
            for (String field : MORE) {
                if (message.path(field).isString()) {
                    map.put(field, message.get(field).stringValue());
                }
            }
            JsonNode weight = message.path("weight");
            if (!weight.isMissingNode() && !(weight.isNumber() && (weight.doubleValue() == 0 || weight.doubleValue() == 1))) {
                throw new Malformed(Fault.MISSING_FIELD, where + ": weight is " + weight + "; expected 0 or 1");
            }
            turns.add(new Turn(map, role.equals("assistant") && weight.asDouble(1) == 1));
        }
        return turns;
    }

    private static Conversation shareGpt(JsonNode line) throws Malformed {
        List<Turn> turns = new ArrayList<>();
        system(line, turns);
        for (JsonNode message : list(line, line.has("conversations") ? "conversations" : "conversation")) {
            String where = "message " + (turns.size() + 1);
            if (!message.isObject()) {
                throw new Malformed(Fault.MISSING_FIELD, where + " is " + kind(message) + "; expected an object with from and value");
            }
            String from = string(message, "from", where), value = string(message, "value", where);
            turns.add(switch (from) {
                case "system" -> turn("system", value);
                case "human", "user" -> turn("user", value);
                case "gpt", "assistant", "chatgpt", "model", "bot" -> answer(value);
                case "function_call", "tool_call" -> {
                    List<Message.ToolCall> calls = ToolCallText.calls(value);
                    if (calls.isEmpty()) {
                        throw new Malformed(Fault.BAD_CALL, where + " (" + from + "): " + brief(value) + "; expected JSON with name and arguments");
                    }
                    yield new Turn(new Message("assistant", "", null, calls).toMap(), true);
                }
                case "tool", "observation", "function_response", "function" -> turn("tool", bare(value));
                default -> throw new Malformed(Fault.UNKNOWN_ROLE, where + " is from \"" + from + "\"; expected human, gpt, system, function_call or observation");
            });
        }
        return new Conversation(turns, tools(line)).checked();
    }

    /// ShareGPT has no field for calls; some of it (Hermes) writes them with their marks into the text, which must not be learned as characters.
    private static Turn answer(String value) {
        if (!value.contains("<tool_call>")) {
            return turn("assistant", value);
        }
        MessageParser parser = new MessageParser(MessageParser.Format.TAGS, false, new MessageParser.Listener() { });
        parser.accept(value);
        Message parsed = parser.finish();
        return parsed.toolCalls().isEmpty() ? turn("assistant", value)
                : new Turn(new Message("assistant", parsed.content().strip(), parsed.reasoning(), parsed.toolCalls()).toMap(), true);
    }

    private static String bare(String value) {
        String text = value.strip();
        return text.startsWith("<tool_response>") && text.endsWith("</tool_response>")
                ? text.substring("<tool_response>".length(), text.length() - "</tool_response>".length()).strip() : value;
    }

    private static List<Conversation> alpaca(JsonNode line) throws Malformed {
        String instruction = string(line, "instruction", "the line");
        if (line.has("output")) {
            return List.of(task(line, instruction, line, ""));
        }
        List<Conversation> all = new ArrayList<>();
        for (JsonNode instance : list(line, "instances")) {
            all.add(task(line, instruction, instance, "instance " + (all.size() + 1) + ": "));
        }
        if (all.isEmpty()) {
            throw new Malformed(Fault.NO_ANSWER, "instances is empty");
        }
        return all;
    }

    private static Conversation task(JsonNode line, String instruction, JsonNode instance, String where) throws Malformed {
        JsonNode input = instance.path("input");
        if (!input.isMissingNode() && !input.isNull() && !input.isString()) {
            throw new Malformed(Fault.MISSING_FIELD, where + "input is " + kind(input) + "; expected a string");
        }
        String more = input.isString() && !input.stringValue().isBlank() ? "\n\n" + input.stringValue() : "";
        return pair(line, instruction.isBlank() ? more.strip() : instruction + more, string(instance, "output", where.isEmpty() ? "the line" : where + "it"));
    }

    private static Conversation pair(JsonNode line) throws Malformed {
        for (String[] fields : PAIRS) {
            if (line.has(fields[0]) && line.has(fields[1])) {
                return pair(line, string(line, fields[0], "the line"), string(line, fields[1], "the line"));
            }
        }
        throw new IllegalStateException("not a pair: " + line);
    }

    private static Conversation pair(JsonNode line, String question, String answer) throws Malformed {
        List<Turn> turns = new ArrayList<>();
        system(line, turns);
        turns.add(turn("user", question));
        turns.add(turn("assistant", answer));
        return new Conversation(turns, tools(line)).checked();
    }

    static void system(JsonNode line, List<Turn> turns) throws Malformed {
        if (line.hasNonNull("system") && !string(line, "system", "the line").isBlank()) {
            turns.add(turn("system", line.get("system").stringValue()));
        }
    }

    static Turn turn(String role, String content) {
        return new Turn(Message.of(role, content).toMap(), role.equals("assistant"));
    }

    private static List<Message.ToolCall> calls(JsonNode message, String where) throws Malformed {
        JsonNode all = message.path("tool_calls");
        if (all.isMissingNode() || all.isNull()) {
            return List.of();
        }
        List<Message.ToolCall> calls = all.isArray() ? ToolCallText.calls(all.toString()) : List.of();
        if (calls.isEmpty() && !(all.isArray() && all.isEmpty())) {
            throw new Malformed(Fault.BAD_CALL, where + ": tool_calls is " + brief(all.toString()) + "; expected a list of {\"function\": {\"name\": …, \"arguments\": …}}");
        }
        for (Message.ToolCall call : calls) {
            if (call.name().isBlank() || !(ToolCallText.arguments(call.arguments()) instanceof Map)) {
                throw new Malformed(Fault.BAD_CALL, where + ": the arguments of " + call.name() + " are " + brief(call.arguments()) + "; expected a JSON object");
            }
        }
        return calls;
    }

    static List<?> tools(JsonNode line) throws Malformed {
        JsonNode tools = line.path("tools");
        if (tools.isMissingNode() || tools.isNull() || tools.isString() && tools.stringValue().isBlank()) {
            return null;
        }
        if (tools.isString()) {                               // often written into a string, since tables have no lists of objects
            try {
                tools = JSON.readTree(tools.stringValue());
            } catch (JacksonException e) {
                throw new Malformed(Fault.MISSING_FIELD, "tools: " + e.getOriginalMessage() + "; expected a list of functions");
            }
        }
        boolean named = tools.isArray();
        for (JsonNode tool : tools) {
            named &= (tool.path("function").isObject() ? tool.path("function") : tool).path("name").isString();
        }
        if (!named) {
            throw new Malformed(Fault.MISSING_FIELD, "tools is " + brief(tools.toString()) + "; expected a list of functions with their names");
        }
        return JSON.convertValue(tools, List.class);
    }

    /// Content is a string, null, or a list of parts that are text.
    private static String text(JsonNode content, String where) throws Malformed {
        if (content.isString()) {
            return content.stringValue();
        }
        if (content.isNull() || content.isMissingNode()) {
            return "";
        }
        if (!content.isArray()) {
            throw new Malformed(Fault.NOT_TEXT, where + ": content is " + kind(content) + "; expected a string");
        }
        StringBuilder all = new StringBuilder();
        for (JsonNode part : content) {
            if (!part.path("type").asString("").equals("text") || !part.path("text").isString()) {
                throw new Malformed(Fault.NOT_TEXT, where + ": a part of the content is " + brief(part.toString()) + "; only text can be learned");
            }
            all.append(part.get("text").stringValue());
        }
        return all.toString();
    }

    private static JsonNode list(JsonNode node, String field) throws Malformed {
        if (!node.path(field).isArray()) {
            throw new Malformed(Fault.MISSING_FIELD, field + " is " + kind(node.path(field)) + "; expected a list");
        }
        return node.get(field);
    }

    static String string(JsonNode node, String field, String where) throws Malformed {
        if (!node.path(field).isString()) {
            throw new Malformed(Fault.MISSING_FIELD, where + " has " + (node.has(field) ? field + " " + kind(node.get(field)) : "no " + field) + "; expected a string");
        }
        return node.get(field).stringValue();
    }

    static String kind(JsonNode node) {
        return node.isMissingNode() ? "missing" : node.isArray() ? "a list" : node.isObject() ? "an object" : brief(node.toString());
    }

    private static String brief(String text) {
        return text.length() <= 80 ? text : text.substring(0, text.offsetByCodePoints(0, Math.min(77, text.codePointCount(0, text.length())))) + "…";
    }
}
