package dev.jackdaw.serve.feedback;

import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.JdbiException;
import tools.jackson.databind.JsonNode;

/// What requests about feedback have in common.
final class Asked {
    private static final System.Logger LOG = System.getLogger(Asked.class.getName());
    static final int NAME = 200, MODEL = 500, TEXT = 1_000_000;

    private Asked() {
    }

    /// A handler that says when the database is away, instead of failing.
    static Handler stored(Handler handler) {
        return (request, response) -> {
            try {
                handler.handle(request, response);
            } catch (JdbiException e) {
                LOG.log(System.Logger.Level.ERROR, "feedback: " + request.prologue().method() + " " + request.path().path() + ": " + FeedbackRecorder.cause(e));
                throw new ApiError(503, "database_unavailable", null, "the feedback database cannot be used now, and nothing was stored; try again", 5);
            }
        };
    }

    /// A text of at most so many characters.
    static String text(Fields fields, String name, int most) {
        return fields.text(name).map(text -> limited(text, fields.path(name), most)).orElse(null);
    }

    static String required(Fields fields, String name, int most) {
        String text = limited(fields.requiredText(name), fields.path(name), most);
        if (text.isBlank()) {
            throw fields.wrong(name, "is blank; write something");
        }
        return text;
    }

    private static String limited(String text, String path, int most) {
        if (text.length() > most) {
            throw ApiError.bad(path, path + " has " + text.length() + " characters; at most " + most + " are accepted");
        }
        return text;
    }

    static String oneOf(Fields fields, String name, List<String> values) {
        String value = fields.requiredText(name);
        if (!values.contains(value)) {
            throw fields.wrong(name, "is \"" + value + "\"; it must be one of " + String.join(", ", values));
        }
        return value;
    }

    /// `messages`, each with a role; null if they are absent.
    static List<Map<String, Object>> messages(Fields fields) {
        if (!fields.has("messages")) {
            return null;
        }
        List<Map<String, Object>> messages = new ArrayList<>();
        for (Fields message : fields.objects("messages")) {
            message.requiredText("role");
            messages.add(map(message.node()));
        }
        if (messages.isEmpty()) {
            throw fields.wrong("messages", "is empty; it must be the conversation up to the answer");
        }
        return messages;
    }

    /// An answer as a text or a message; null if it is absent.
    static Map<String, Object> message(Fields fields, String name) {
        JsonNode node = fields.any(name).orElse(null);
        if (node == null) {
            return null;
        }
        if (node.isObject()) {
            return map(node);
        }
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "assistant");
        message.put("content", text(fields, name, TEXT));
        return message;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(JsonNode node) {
        return Json.as(node, Map.class);
    }

    /// A parameter of the address; null if it is absent or empty.
    static String parameter(ServerRequest request, String name) {
        String value = request.query().first(name).orElse("");
        return value.isEmpty() ? null : limited(value, name, 1000);
    }

    static String requiredParameter(ServerRequest request, String name, String expected) {
        String value = parameter(request, name);
        if (value == null) {
            throw ApiError.bad("missing_required_parameter", name, name + " is missing; it must be " + expected);
        }
        return value;
    }

    static int number(ServerRequest request, String name, int otherwise, int least, int most) {
        String value = parameter(request, name);
        try {
            int number = value == null ? otherwise : Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException _) {
            // said below
        }
        throw ApiError.bad(name, name + " is " + value + "; it must be from " + least + " to " + most);
    }

    /// Epoch milliseconds, a moment (`2026-11-28T10:00:00Z`) or a day (`2026-11-28`, its beginning in UTC); null if it is absent.
    static Long time(ServerRequest request, String name) {
        String value = parameter(request, name);
        if (value == null) {
            return null;
        }
        try {
            return value.matches("-?\\d{1,18}") ? Long.valueOf(value) : value.length() == 10 ? LocalDate.parse(value).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli() : Instant.parse(value).toEpochMilli();
        } catch (DateTimeException | ArithmeticException _) {
            throw ApiError.bad(name, name + " is " + value + "; it must be milliseconds since 1970, a day as 2026-11-28 or a moment as 2026-11-28T10:00:00Z");
        }
    }
}
