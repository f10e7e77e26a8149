package dev.jackdaw.model.generate;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.token.Tokenizer;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;

/// The loop of a language model: look at the text, choose a token ([Sequence]), append it, again.
public final class Generator {
    /// Why a text ended: an end token or stop string, the number of tokens, a listener that had enough, or a grammar that allowed no
    /// token although the text was not complete.
    public enum FinishReason { STOP, LENGTH, CANCELLED, GRAMMAR }

    /// What came out.
    ///
    /// @param promptIds     the prompt as the model read it
    /// @param ids           new tokens, without the one that ended the text
    /// @param text          theirs, without a stop string; empty if there is no tokenizer
    /// @param stop          the stop string that ended it, or null
    /// @param logprobs      one for each new token, if asked for
    /// @param trimmed       what was dropped from the prompt, or null
    /// @param thoughtTokens tokens spent on thinking
    /// @param prefillNanos  reading the prompt, up to the first new token
    /// @param decodeNanos   all tokens after the first
    /// @param maskNanos     of these, spent on the constraint
    public record Result(int[] promptIds, int[] ids, String text, FinishReason finishReason, String stop, List<TokenProbability> logprobs, Overflow.Trim trimmed, int thoughtTokens,
                         long prefillNanos, long decodeNanos, long maskNanos) {
        public double prefillTokensPerSecond(int promptTokens) {
            return promptTokens / (prefillNanos / 1e9);
        }

        public double decodeTokensPerSecond() {
            return ids.length < 2 ? 0 : (ids.length - 1) / (decodeNanos / 1e9);
        }
    }

    /// Hears of the text as it grows.
    public interface Listener {
        default void token(int id) {
        }

        /// How likely the token was, just before [#token]; if the request asks for it.
        default void probability(TokenProbability probability) {
        }

        /// Whole characters, and never part of a stop string.
        default void text(String piece) {
        }

        /// Asked before every token.
        default boolean isCancelled() {
            return false;
        }
    }

    private final Predictor predictor;
    private final Tokenizer tokenizer;

    public Generator(Forward forward) {
        this(Predictor.of(forward), null);
    }

    /// @param tokenizer or null: then no text is made, and stop strings and thinking do not work
    public Generator(Predictor predictor, Tokenizer tokenizer) {
        this.predictor = predictor;
        this.tokenizer = tokenizer;
    }

    /// Continues `prompt` by up to `maxTokens` tokens.
    ///
    /// @param isEnd    tokens that end the text
    /// @param listener told of every new token at once
    public Result generate(int[] prompt, int maxTokens, Sampling sampling, IntPredicate isEnd, IntConsumer listener) {
        return generate(Request.of(prompt, maxTokens, sampling, isEnd), new Listener() {
            @Override
            public void token(int id) {
                listener.accept(id);
            }
        });
    }

    public Result generate(Request request, Listener listener) {
        try (PromptCache cache = new PromptCache(predictor, (int) Math.min(predictor.context(), (long) request.prompt().length + request.maxTokens()))) {
            return generate(request, cache, listener);
        }
    }

    /// The same, with the model's memory of an earlier request.
    public Result generate(Request request, PromptCache cache, Listener listener) {
        Sequence text = new Sequence(request, tokenizer, predictor.context(), listener);
        float[] logits = cache.read(text.prompt());
        for (int token; (token = text.next(logits, cache.proposal())) >= 0; ) {
            logits = cache.append(token);
        }
        return text.result();
    }
}
