package dev.jackdaw.model.chat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One turn of a conversation.
///
/// @param role       `system`, `user`, `assistant` or `tool`
/// @param content    what is said
/// @param reasoning  what the model thought before it, or null
/// @param toolCalls  the functions that the model wants called
/// @param toolCallId the call whose result this is, or null
/// @param name       of the function whose result this is, or of a speaker, or null
public record Message(String role, String content, String reasoning, List<ToolCall> toolCalls, String toolCallId, String name) {
    /// A function to call.
    ///
    /// @param id        as the model gave it, or null
    /// @param arguments a JSON object, as the model wrote it
    public record ToolCall(String id, String name, String arguments) {
    }

    public Message {
        toolCalls = List.copyOf(toolCalls);
    }

    /// What a model said.
    public Message(String role, String content, String reasoning, List<ToolCall> toolCalls) {
        this(role, content, reasoning, toolCalls, null, null);
    }

    public static Message of(String role, String content) {
        return new Message(role, content, null, List.of());
    }

    /// What a function returned.
    ///
    /// @param toolCallId the id of its call, or null
    /// @param name       of the function, or null
    public static Message tool(String toolCallId, String name, String result) {
        return new Message("tool", result, null, List.of(), toolCallId, name);
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
        if (toolCallId != null) {
            map.put("tool_call_id", toolCallId);
        }
        if (name != null) {
            map.put("name", name);
        }
        return map;
    }
}
