package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.serve.http.Fields;
import java.util.ArrayList;
import java.util.List;

/// From the items of OpenAI's Responses to messages: what the model thought, said and called, item by item there, is one message here.
final class ResponseItems {
    private static final int MOST = 10_000;

    private final List<Message> messages = new ArrayList<>();
    private String said;
    private String thought;
    private List<Message.ToolCall> calls = new ArrayList<>();

    private ResponseItems() {
    }

    /// Of the field `input`.
    static List<Message> messages(Fields fields) {
        if (fields.any("input").filter(input -> input.isString()).isPresent()) {
            return List.of(Message.of("user", fields.requiredText("input")));
        }
        List<Fields> items = fields.objects("input");
        if (items.isEmpty() || items.size() > MOST) {
            throw fields.wrong("input", "has " + items.size() + " items; give a string, or an array of 1 to " + MOST + " items");
        }
        ResponseItems all = new ResponseItems();
        items.forEach(all::add);
        all.flush();
        return all.messages;
    }

    private void add(Fields item) {
        switch (item.text("type").orElse("message")) {
            case "message" -> {
                Message message = ChatFields.message(item);
                if (message.role().equals("assistant")) {
                    flushIf(said != null || !calls.isEmpty());
                    said = message.content();
                } else {
                    flush();
                    messages.add(message);
                }
            }
            case "reasoning" -> {
                flushIf(said != null || !calls.isEmpty());
                String text = item.has("content") ? join(item, "content") : join(item, "summary");
                thought = text.isEmpty() ? thought : thought == null ? text : thought + text;
            }
            case "function_call" -> calls.add(new Message.ToolCall(item.text("call_id").orElse(null), item.requiredText("name"), item.text("arguments").orElse("{}")));
            case "function_call_output" -> {
                flush();
                messages.add(Message.tool(item.requiredText("call_id"), null, ChatFields.content(item, "output")));
            }
            case String other -> throw item.wrong("type", "is " + other + "; it must be message, reasoning, function_call or function_call_output");
        }
    }

    private static String join(Fields item, String name) {
        StringBuilder text = new StringBuilder();
        item.objects(name).forEach(part -> text.append(part.text("text").orElse("")));
        return text.toString();
    }

    private void flushIf(boolean complete) {
        if (complete) {
            flush();
        }
    }

    private void flush() {
        if (said != null || !calls.isEmpty()) {
            messages.add(new Message("assistant", said == null ? "" : said, thought, calls));
        }
        said = null;
        thought = null;
        calls = new ArrayList<>();
    }
}
