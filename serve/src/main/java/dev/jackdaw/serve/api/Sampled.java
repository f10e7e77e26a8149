package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.serve.models.ModelPool;
import java.util.List;

/// Several answers to one conversation, for those who compare them.
public final class Sampled {
    private Sampled() {
    }

    /// @throws dev.jackdaw.serve.http.ApiError 404 if there is no such model
    public static List<String> answers(ApiContext context, String model, List<Message> messages, Sampling sampling, int count) {
        try (ModelPool.Lease lease = context.models().take(model)) {
            Chat chat = lease.model().requireChat(lease.name());
            try (Choices choices = Choices.start(context, lease, chat, Chat.Ask.of(messages, sampling), count, System.nanoTime())) {
                return choices.write(_ -> Writer.Parts.NONE).stream().map(written -> written.message().content()).distinct().toList();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the server is ending", e);
        }
    }
}
