package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Message;
import java.util.List;
import java.util.Map;

/// An answer that was given, for those who keep and check answers. Nobody here knows who they are.
///
/// @param id           as the client was told it
/// @param created      epoch milliseconds
/// @param user         as the client named it, or null
/// @param key          owner of the API key, or null
/// @param messages     what was asked, oldest first
/// @param tools        that were offered
/// @param schema       that the answer had to fit, or null
/// @param finishReason as OpenAI names it
/// @param firstMillis  from the request to the first token
/// @param millis       to the last
public record Answered(String id, long created, String model, String user, String key, List<Message> messages, List<Map<String, Object>> tools, String schema, Message answer, String finishReason,
                       int promptTokens, int answerTokens, long firstMillis, long millis) {
    /// Hears of answers. Must not wait.
    public interface Listener {
        /// After the client has it.
        void answered(Answered answer);

        /// Work was done for a request, whatever became of its answers.
        ///
        /// @param key owner of the API key, or null
        default void spent(String model, String key, long promptTokens, long answerTokens) {
        }

        Listener NOBODY = _ -> { };
    }
}
