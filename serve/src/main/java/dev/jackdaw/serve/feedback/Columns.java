package dev.jackdaw.serve.feedback;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// How values stand in the columns of both databases.
final class Columns {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() { };
    private static final TypeReference<List<Map<String, Object>>> MAPS = new TypeReference<>() { };
    private static final TypeReference<List<String>> TEXTS = new TypeReference<>() { };

    private Columns() {
    }

    /// `rating-0c5e…`: tells what it is, and nobody can guess it.
    static String newId(String kind) {
        return kind + "-" + UUID.randomUUID().toString().replace("-", "");
    }

    static String json(Object value) {
        return clean(JSON.writeValueAsString(value));
    }

    static Map<String, Object> map(String json) {
        return JSON.readValue(json, MAP);
    }

    static List<Map<String, Object>> maps(String json) {
        return JSON.readValue(json, MAPS);
    }

    static List<String> texts(String json) {
        return JSON.readValue(json, TEXTS);
    }

    /// PostgreSQL takes no U+0000 and no half of a surrogate pair, so both become the replacement character. Null stays null.
    static String clean(String text) {
        if (text == null || text.chars().noneMatch(c -> c == 0 || Character.isSurrogate((char) c))) {
            return text;
        }
        StringBuilder clean = new StringBuilder();
        text.codePoints().forEach(c -> clean.appendCodePoint(c == 0 || c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c));
        return clean.toString();
    }

    /// The text of a message: its content, or the texts of the parts of it.
    static String content(Map<String, Object> message) {
        return switch (message.get("content")) {
            case String text -> text;
            case List<?> parts -> {
                StringBuilder all = new StringBuilder();
                for (Object part : parts) {
                    if (part instanceof Map<?, ?> map && map.get("text") instanceof String text) {
                        all.append(text);
                    }
                }
                yield all.toString();
            }
            case null, default -> "";
        };
    }

    /// As texts are searched.
    static String lower(String text) {
        return clean(text).toLowerCase(Locale.ROOT);
    }

    /// For `like … escape '!'`: texts that contain this one.
    static String containing(String text) {
        return "%" + lower(text).replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%";
    }
}
