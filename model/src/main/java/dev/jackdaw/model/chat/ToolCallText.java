package dev.jackdaw.model.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The JSON inside of tool calls.
public final class ToolCallText {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private ToolCallText() {
    }

    /// Reads `{"name": …, "arguments" or "parameters": {…}, "id": …}`, or a list of such. Empty if the text is something else.
    public static List<Message.ToolCall> calls(String text) {
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JacksonException e) {
            return List.of();
        }
        List<Message.ToolCall> calls = new ArrayList<>();
        for (JsonNode node : root.isArray() ? root : List.of(root)) {
            JsonNode function = node.path("function").isObject() ? node.path("function") : node;
            JsonNode arguments = function.has("arguments") ? function.get("arguments") : function.path("parameters");
            if (!function.path("name").isString() || !arguments.isObject() && !arguments.isString() && !arguments.isMissingNode()) {
                return List.of();
            }
            calls.add(new Message.ToolCall(node.path("id").isString() ? node.get("id").stringValue() : null, function.get("name").stringValue(),
                    arguments.isString() ? arguments.stringValue() : arguments.isMissingNode() ? "{}" : arguments.toString()));
        }
        return calls;
    }

    /// Where the JSON object at the beginning of a text ends, after blanks and the `[` of a list; null if it does not. From, to.
    static int[] firstObject(String text) {
        int from = 0;
        while (from < text.length() && (Character.isWhitespace(text.charAt(from)) || text.charAt(from) == '[')) {
            from++;
        }
        if (from == text.length() || text.charAt(from) != '{') {
            return null;
        }
        int depth = 0;
        boolean isString = false;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isString) {
                i += c == '\\' ? 1 : 0;
                isString = c != '"';
            } else if (c == '"') {
                isString = true;
            } else if (c == '{' || c == '}') {
                depth += c == '{' ? 1 : -1;
                if (depth == 0) {
                    return new int[] {from, i + 1};
                }
            }
        }
        return null;
    }

    /// Where `marker` first stands outside of the strings of JSON; -1 if nowhere. Arguments may contain it.
    static int outside(String text, String marker) {
        boolean isString = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isString) {
                i += c == '\\' ? 1 : 0;
                isString = c != '"';
            } else if (c == '"') {
                isString = true;
            } else if (text.startsWith(marker, i)) {
                return i;
            }
        }
        return -1;
    }

    /// Arguments as a map for templates that write JSON themselves; the text itself if it is not an object.
    public static Object arguments(String text) {
        try {
            JsonNode node = JSON.readTree(text);
            return node.isObject() ? JSON.convertValue(node, Map.class) : text;
        } catch (JacksonException e) {
            return text;
        }
    }
}
