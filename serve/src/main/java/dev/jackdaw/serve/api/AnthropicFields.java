package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.http.Fields;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// From the fields of Anthropic's requests to what a [Chat] is asked. There, a message is a list of blocks, and results of tools are blocks
/// of the user's.
final class AnthropicFields {
    private static final int MOST_MESSAGES = 10_000;
    private static final int LEAST_LIMIT = 1;

    private AnthropicFields() {
    }

    static Chat.Ask ask(Fields fields, ServerSettings.Limits limits) {
        ChatFields.refuse(fields, "mcp_servers", "is not supported by this server");
        ChatFields.refuse(fields, "container", "is not supported by this server");
        List<Message> messages = messages(fields);
        List<Map<String, Object>> tools = tools(fields);
        Fields choice = fields.object("tool_choice").orElse(null);
        boolean parallel = choice == null || !choice.flag("disable_parallel_tool_use", false);
        int most = Math.min(fields.integer("max_tokens", LEAST_LIMIT, Integer.MAX_VALUE).orElse(0), limits.answerTokens());
        return new Chat.Ask(messages, tools, choice(fields, choice, tools), parallel, schema(fields), null, most, ChatFields.sampling(fields, 1), budget(fields),
                ChatFields.stop(fields, "stop_sequences"), -1, Overflow.REFUSE, ChatFields.variables(fields));
    }

    private static String schema(Fields fields) {
        return fields.object("output_config").flatMap(config -> config.object("format")).or(() -> fields.object("output_format")).map(ChatFields::schema).orElse(null);
    }

    private static Integer budget(Fields fields) {
        Fields thinking = fields.object("thinking").orElse(null);
        if (thinking != null) {
            return switch (thinking.requiredText("type")) {
                case "disabled" -> 0;
                case "enabled" -> thinking.integer("budget_tokens", 1, Integer.MAX_VALUE).orElseThrow(() -> thinking.absent("budget_tokens", "a whole number"));
                case "adaptive" -> -1;
                case String other -> throw thinking.wrong("type", "is " + other + "; it must be enabled, disabled or adaptive");
            };
        }
        return fields.object("output_config").map(config -> ChatFields.budget(config, "effort")).orElse(null);
    }

    private static List<Map<String, Object>> tools(Fields fields) {
        List<Map<String, Object>> tools = new ArrayList<>();
        for (Fields tool : fields.objects("tools")) {
            if (!tool.text("type").orElse("custom").equals("custom")) {
                throw tool.wrong("type", "is " + tool.text("type").get() + "; this server runs no tools of its own, only custom ones can be offered");
            }
            tools.add(ChatFields.tool(tool.requiredText("name"), tool.text("description").orElse(""), tool.any("input_schema").orElse(null)));
        }
        return tools;
    }

    private static Chat.ToolChoice choice(Fields fields, Fields choice, List<Map<String, Object>> tools) {
        if (choice == null) {
            return new Chat.ToolChoice.Auto();
        }
        return ChatFields.checked(fields, switch (choice.requiredText("type")) {
            case "auto" -> new Chat.ToolChoice.Auto();
            case "none" -> new Chat.ToolChoice.None();
            case "any" -> new Chat.ToolChoice.Required();
            case "tool" -> ChatFields.named(fields, choice, tools);
            case String other -> throw choice.wrong("type", "is " + other + "; it must be auto, any, tool or none");
        }, tools);
    }

    private static List<Message> messages(Fields fields) {
        List<Message> messages = new ArrayList<>();
        if (fields.has("system")) {
            messages.add(Message.of("system", text(fields, "system")));
        }
        List<Fields> given = fields.objects("messages");
        if (given.isEmpty() || given.size() > MOST_MESSAGES) {
            throw fields.wrong("messages", "has " + given.size() + " messages; give 1 to " + MOST_MESSAGES);
        }
        for (Fields message : given) {
            switch (message.requiredText("role")) {
                case "user" -> user(message, messages);
                case "assistant" -> messages.add(assistant(message));
                case String other -> throw message.wrong("role", "is " + other + "; it must be user or assistant; instructions go to system");
            }
        }
        if (messages.getLast().role().equals("assistant")) {
            throw fields.wrong("messages", "ends with the assistant's message; beginning an answer for the model is not supported, end with the user's");
        }
        return messages;
    }

    /// Results of tools become messages of their own, in the order of the blocks.
    private static void user(Fields message, List<Message> messages) {
        if (!isBlocks(message)) {
            messages.add(Message.of("user", message.requiredText("content")));
            return;
        }
        int before = messages.size();
        StringBuilder text = new StringBuilder();
        for (Fields block : message.objects("content")) {
            if (block.requiredText("type").equals("tool_result")) {
                if (!text.isEmpty()) {
                    messages.add(Message.of("user", text.toString()));
                    text.setLength(0);
                }
                String result = block.has("content") ? text(block, "content") : "";
                messages.add(Message.tool(block.requiredText("tool_use_id"), null, block.flag("is_error", false) ? "Error: " + result : result));
            } else {
                text.append(text(block));
            }
        }
        if (!text.isEmpty() || messages.size() == before) {
            messages.add(Message.of("user", text.toString()));
        }
    }

    private static Message assistant(Fields message) {
        if (!isBlocks(message)) {
            return Message.of("assistant", message.requiredText("content"));
        }
        StringBuilder text = new StringBuilder();
        StringBuilder thoughts = new StringBuilder();
        List<Message.ToolCall> calls = new ArrayList<>();
        for (Fields block : message.objects("content")) {
            switch (block.requiredText("type")) {
                case "thinking" -> thoughts.append(block.requiredText("thinking"));
                case "redacted_thinking" -> { }           // nobody here can read it
                case "tool_use" -> calls.add(new Message.ToolCall(block.requiredText("id"), block.requiredText("name"), block.any("input").map(JsonNode::toString).orElse("{}")));
                default -> text.append(text(block));
            }
        }
        return new Message("assistant", text.toString(), thoughts.isEmpty() ? null : thoughts.toString(), calls);
    }

    private static boolean isBlocks(Fields message) {
        return message.any("content").orElseThrow(() -> message.absent("content", "a string or an array of blocks")).isArray();
    }

    private static String text(Fields fields, String name) {
        if (fields.any(name).filter(JsonNode::isString).isPresent()) {
            return fields.requiredText(name);
        }
        StringBuilder text = new StringBuilder();
        fields.objects(name).forEach(block -> text.append(text(block)));
        return text.toString();
    }

    private static String text(Fields block) {
        return switch (block.requiredText("type")) {
            case "text" -> block.requiredText("text");
            case "document" -> {
                Fields source = block.object("source").orElseThrow(() -> block.absent("source", "an object"));
                if (!source.requiredText("type").equals("text")) {
                    throw source.wrong("type", "is " + source.requiredText("type") + "; this server reads text only");
                }
                yield block.text("title").map(title -> title + "\n").orElse("") + source.requiredText("data") + "\n";
            }
            case String other -> throw block.wrong("type", "is " + other + "; this server reads text only");
        };
    }
}
