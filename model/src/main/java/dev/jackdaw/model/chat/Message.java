package dev.jackdaw.model.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One turn of a conversation.
///
/// @param role      `system`, `user`, `assistant` or `tool`
/// @param content   what is said
/// @param reasoning what the model thought before it, or null
/// @param toolCalls the functions that the model wants called
public record Message(String role, String content, String reasoning, List<ToolCall> toolCalls) {
    /// A function to call.
    ///
    /// @param id        as the model gave it, or null
    /// @param arguments a JSON object, as the model wrote it
    public record ToolCall(String id, String name, String arguments) {
    }

    public Message {
        toolCalls = List.copyOf(toolCalls);
    }

    public static Message of(String role, String content) {
        return new Message(role, content, null, List.of());
    }

    /// As templates want to see it.
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("role", role);
        map.put("content", content);
        if (reasoning != null) {
            map.put("reasoning_content", reasoning);
        }
        if (!toolCalls.isEmpty()) {
            List<Object> calls = new ArrayList<>();
            for (ToolCall call : toolCalls) {
                Map<String, Object> function = new LinkedHashMap<>();
                function.put("name", call.name());
                function.put("arguments", ToolCallText.arguments(call.arguments()));
                Map<String, Object> entry = new LinkedHashMap<>();
                if (call.id() != null) {
                    entry.put("id", call.id());
                }
                entry.put("type", "function");
                entry.put("function", function);
                calls.add(entry);
            }
            map.put("tool_calls", calls);
        }
        return map;
    }
}
