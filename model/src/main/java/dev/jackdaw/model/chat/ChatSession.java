package dev.jackdaw.model.chat;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.generate.Constraint;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Predictor;
import dev.jackdaw.model.generate.PromptCache;
import dev.jackdaw.model.generate.Sampling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/// A conversation with a model: the messages so far, and the model's memory of them. One caller at a time.
public final class ChatSession implements AutoCloseable {
    /// How the next answer is made.
    ///
    /// @param maxTokens   of the answer; 0: as many as the context holds
    /// @param thinkBudget tokens to think with; -1: as many as the model likes, 0: none; null: as the template has it
    /// @param constraint  what the answer may be, or null
    /// @param overflow    a conversation that is too long is refused, or loses its oldest messages
    public record Settings(int maxTokens, Sampling sampling, Integer thinkBudget, List<String> stop, int topLogprobs, Constraint constraint, Overflow overflow) {
        public static Settings of(Sampling sampling) {
            return new Settings(0, sampling, null, List.of(), -1, null, Overflow.REFUSE);
        }
    }

    /// An answer.
    ///
    /// @param droppedMessages how many of the oldest messages the model did not see
    public record Reply(Message message, Generator.Result result, int droppedMessages) {
    }

    private final Chat chat;
    private final Generator generator;
    private final PromptCache cache;
    private final List<Message> messages = new ArrayList<>();

    private ChatSession(Chat chat, Predictor predictor) {
        this.chat = chat;
        generator = new Generator(predictor, chat.tokenizer());
        cache = new PromptCache(predictor);
    }

    /// @throws IllegalArgumentException if the model has no chat template
    public static ChatSession open(Model model) throws IOException {
        return open(model, Predictor.of(model.forward()));
    }

    /// The same with another way to ask the model, for instance [dev.jackdaw.model.generate.Speculation].
    public static ChatSession open(Model model, Predictor predictor) throws IOException {
        return of(Chat.open(model, predictor.context()), predictor);
    }

    static ChatSession of(Chat chat, Predictor predictor) {
        return new ChatSession(chat, predictor);
    }

    /// The conversation; callers add to it and take from it.
    public List<Message> messages() {
        return messages;
    }

    /// Does the model know how to think before it answers?
    public boolean canThink() {
        return chat.canThink();
    }

    /// Lets the model answer and appends the answer, also one that was interrupted.
    public Reply reply(Settings settings, MessageParser.Listener listener, BooleanSupplier isCancelled) {
        Chat.Turn turn = turn(settings);
        MessageParser parser = turn.parser(listener);
        Generator.Result result = generator.generate(turn.request(), cache, new Generator.Listener() {
            @Override
            public void text(String piece) {
                parser.accept(piece);
            }

            @Override
            public boolean isCancelled() {
                return isCancelled.getAsBoolean();
            }
        });
        Message message = parser.finish();
        messages.add(message);
        return new Reply(message, result, turn.droppedMessages());
    }

    private Chat.Turn turn(Settings settings) {
        try {
            return chat.turn(Chat.Ask.of(messages, settings.sampling()).withMaxTokens(settings.maxTokens()).withThinkBudget(settings.thinkBudget()).withStop(settings.stop())
                    .withTopLogprobs(settings.topLogprobs()).withOverflow(settings.overflow()), settings.constraint());
        } catch (Chat.TooLong e) {
            throw new IllegalArgumentException(e.getMessage()
                    + (settings.overflow() == Overflow.REFUSE ? ", or allow dropping the oldest messages with --overflow trim-start" : ""), e);
        }
    }

    @Override
    public void close() {
        cache.close();
    }
}
