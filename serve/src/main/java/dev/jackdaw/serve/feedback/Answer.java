package dev.jackdaw.serve.feedback;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.serve.api.Answered;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// An answer that a model gave.
///
/// @param id           as the client got it, `chatcmpl-…`; with several answers to one request each needs one of its own
/// @param created      in epoch milliseconds
/// @param user         who asked, by name; null or empty if unknown
/// @param messages     the conversation up to the answer, in the form of OpenAI's API
/// @param message      the answer in the same form: `role`, `content`, perhaps `reasoning_content` and `tool_calls`
/// @param finishReason `stop`, `length`, `tool_calls`, …; empty if unknown
/// @param settings     what the client asked for besides: sampling, and under [#TOOLS] and [#SCHEMA] what [Checks] looks at
public record Answer(String id, long created, String model, String user, List<Map<String, Object>> messages, Map<String, Object> message, String finishReason, Cost cost,
                     Map<String, Object> settings) {
    /// The setting with the functions that were offered, in the form of OpenAI's API.
    public static final String TOOLS = "tools";
    /// The setting with the JSON Schema that the answer had to fit; `{"type": "object"}` if any object would do.
    public static final String SCHEMA = "schema";

    /// @param firstTokenMillis from the request to the first token; 0 if unknown
    /// @param totalMillis      from the request to the last
    public record Cost(long promptTokens, long answerTokens, long firstTokenMillis, long totalMillis) {
        public static final Cost UNKNOWN = new Cost(0, 0, 0, 0);
    }

    public Answer {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(model, "model");
        user = user == null ? "" : user;
        finishReason = finishReason == null ? "" : finishReason;
        messages = List.copyOf(messages);
    }

    /// As the completion APIs tell it. The user is the one that the request names, else the owner of its key.
    static Answer of(Answered given) {
        Map<String, Object> settings = new LinkedHashMap<>();
        if (given.tools() != null && !given.tools().isEmpty()) {
            settings.put(TOOLS, given.tools());
        }
        if (given.schema() != null) {
            settings.put(SCHEMA, Columns.map(given.schema()));
        }
        return new Answer(given.id(), given.created(), given.model(), given.user() == null || given.user().isBlank() ? given.key() : given.user(), given.messages().stream().map(Message::toMap).toList(),
                given.answer().toMap(), given.finishReason(), new Cost(given.promptTokens(), given.answerTokens(), given.firstMillis(), given.millis()), settings);
    }

    /// What it says, without reasoning and calls.
    public String text() {
        return Columns.content(message);
    }

    public List<?> tools() {
        return settings.get(TOOLS) instanceof List<?> tools ? tools : List.of();
    }

    /// The calls of functions as they stand in the message.
    public List<?> toolCalls() {
        return message.get("tool_calls") instanceof List<?> calls ? calls : List.of();
    }

    /// About how many characters it keeps in memory.
    long size() {
        long size = 1000 + text().length();
        for (Map<String, Object> each : messages) {
            size += 200 + Columns.content(each).length();
        }
        return size;
    }

    /// The text of the conversation and the answer, as it is searched.
    String searched() {
        StringBuilder all = new StringBuilder();
        messages.forEach(each -> all.append(Columns.content(each)).append('\n'));
        return Columns.lower(all.append(text()).toString());
    }
}
