package dev.jackdaw.serve;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.serve.api.ApiContext;
import dev.jackdaw.serve.api.Sampled;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Between the APIs and the feedback database, which do not know each other.
final class Collected {
    private Collected() {
    }

    /// Further answers to a conversation, drawn at temperature 1.
    static List<String> sample(ApiContext context, String model, List<Map<String, Object>> messages, int count) {
        List<Message> conversation = new ArrayList<>();
        for (Map<String, Object> message : messages) {
            conversation.add(Message.of(String.valueOf(message.get("role")), message.get("content") instanceof String text ? text : ""));
        }
        return Sampled.answers(context, model, conversation, Sampling.of(1, 0), count);
    }
}
