package dev.jackdaw.model.generate;

import dev.jackdaw.model.arch.Engine;
import dev.jackdaw.model.arch.KvCache;
import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;

/// The loop of a language model: look at the text, choose a token, append it, again.
public final class Generator {
    /// Why a text ended.
    public enum FinishReason { STOP, LENGTH }

    /// What came out.
    ///
    /// @param ids           new tokens, without the one that ended the text
    /// @param prefillNanos  reading the prompt, up to the first new token
    /// @param decodeNanos   all tokens after the first
    public record Result(int[] ids, FinishReason finishReason, long prefillNanos, long decodeNanos) {
        public double prefillTokensPerSecond(int promptTokens) {
            return promptTokens / (prefillNanos / 1e9);
        }

        public double decodeTokensPerSecond() {
            return ids.length < 2 ? 0 : (ids.length - 1) / (decodeNanos / 1e9);
        }
    }

    private final Engine engine;

    public Generator(Engine engine) {
        this.engine = engine;
    }

    /// Continues `prompt` by up to `maxTokens` tokens.
    ///
    /// @param isEnd    tokens that end the text
    /// @param listener told of every new token at once
    public Result generate(int[] prompt, int maxTokens, Sampling sampling, IntPredicate isEnd, IntConsumer listener) {
        int context = engine.spec().context();
        if (prompt.length == 0) {
            throw new IllegalArgumentException("generate: the prompt has no tokens; give at least one");
        }
        if ((long) prompt.length + maxTokens > context) {
            throw new IllegalArgumentException("generate: " + prompt.length + " prompt tokens and " + maxTokens + " new ones exceed the model's context of " + context
                    + "; shorten the prompt or lower --max-tokens to " + Math.max(0, context - prompt.length));
        }
        Sampler sampler = new Sampler(sampling);
        for (int token : prompt) {
            sampler.accept(token);
        }
        int[] ids = new int[maxTokens];
        int count = 0;
        long start = System.nanoTime(), first = start;
        FinishReason reason = FinishReason.LENGTH;
        try (KvCache cache = engine.newCache(prompt.length + maxTokens)) {
            float[] logits = engine.logits(cache, prompt);
            first = System.nanoTime();
            while (count < maxTokens) {
                int token = sampler.choose(logits);
                if (isEnd.test(token)) {
                    reason = FinishReason.STOP;
                    break;
                }
                sampler.accept(token);
                ids[count++] = token;
                listener.accept(token);
                if (count < maxTokens) {
                    logits = engine.logits(cache, token);
                }
            }
        }
        return new Result(Arrays.copyOf(ids, count), reason, first - start, System.nanoTime() - first);
    }
}
