package dev.jackdaw.model.generate;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.token.TextStream;
import dev.jackdaw.model.token.TokenList;
import dev.jackdaw.model.token.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// The loop of a language model: look at the text, choose a token, append it, again.
public final class Generator {
    /// Why a text ended: an end token or stop string, the number of tokens, a listener that had enough, or a grammar that allowed no
    /// token although the text was not complete.
    public enum FinishReason { STOP, LENGTH, CANCELLED, GRAMMAR }

    /// What came out.
    ///
    /// @param promptIds     the prompt as the model read it
    /// @param ids           new tokens, without the one that ended the text
    /// @param text          theirs, without a stop string; empty if there is no tokenizer
    /// @param logprobs      one for each new token, if asked for
    /// @param trimmed       what was dropped from the prompt, or null
    /// @param thoughtTokens tokens spent on thinking
    /// @param prefillNanos  reading the prompt, up to the first new token
    /// @param decodeNanos   all tokens after the first
    /// @param maskNanos     of these, spent on the constraint
    public record Result(int[] promptIds, int[] ids, String text, FinishReason finishReason, List<TokenProbability> logprobs, Overflow.Trim trimmed, int thoughtTokens,
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
        int[] prompt = request.prompt();
        if (prompt.length == 0) {
            throw new IllegalArgumentException("generate: the prompt has no tokens; give at least one");
        }
        if (tokenizer == null && (!request.stop().isEmpty() || request.thinking() != null)) {
            throw new IllegalArgumentException("generate: stop strings and thinking need a tokenizer, and the model has none");
        }
        boolean hasStart = tokenizer != null && tokenizer.bos().orElse(-1) == prompt[0];
        Overflow.Trim trim = request.overflow().trim(prompt.length, request.maxTokens(), predictor.context(), hasStart);
        if (trim != null) {
            int[] kept = Arrays.copyOf(prompt, prompt.length - trim.dropped());
            System.arraycopy(prompt, trim.from() + trim.dropped(), kept, trim.from(), kept.length - trim.from());
            prompt = kept;
        }
        return new Run(request, prompt, trim, listener).go(cache);
    }

    /// One text in the making.
    private final class Run {
        private final Request request;
        private final int[] prompt;
        private final Overflow.Trim trim;
        private final Listener listener;
        private final Sampler sampler;
        private final StopStrings stops;
        private final TextStream shown;
        private final TextStream all;                // with special tokens, for the thinking
        private final Thinking.State thinking;
        private final TokenList ids = new TokenList();
        private final StringBuilder text = new StringBuilder();
        private final List<TokenProbability> logprobs = new ArrayList<>();
        private int thoughtTokens;
        private int forced = -1;                     // position in the tokens that end the thinking, or -1
        private int[] ends;                          // ids of the end tokens, once a constraint needs them
        private long maskNanos;

        Run(Request request, int[] prompt, Overflow.Trim trim, Listener listener) {
            this.request = request;
            this.prompt = prompt;
            this.trim = trim;
            this.listener = listener;
            sampler = new Sampler(request.sampling());
            stops = new StopStrings(request.stop());
            shown = tokenizer == null ? null : tokenizer.stream(!request.showSpecial());
            thinking = request.thinking() == null ? null : request.thinking().start();
            all = thinking == null ? null : tokenizer.stream(false);
            for (int token : prompt) {
                sampler.accept(token);
            }
        }

        Result go(PromptCache cache) {
            long start = System.nanoTime();
            float[] logits = cache.read(prompt);
            long first = System.nanoTime();
            FinishReason reason = null;
            while (reason == null) {
                int token = listener.isCancelled() ? -2 : next(logits, cache.proposal());
                if (token < 0) {
                    reason = token == -2 ? FinishReason.CANCELLED : token == -3 ? FinishReason.GRAMMAR : FinishReason.STOP;
                    break;
                }
                ids.add(token);
                sampler.accept(token);
                listener.token(token);
                show(token);
                reason = stops.found() ? FinishReason.STOP : ids.size() == request.maxTokens() ? FinishReason.LENGTH : null;
                if (reason == null) {
                    logits = cache.append(token);
                }
            }
            if (shown != null) {
                show(stops.next(shown.end()));
                show(stops.end());
            }
            return new Result(prompt, ids.toArray(), text.toString(), reason, logprobs, trim, thoughtTokens, first - start, System.nanoTime() - first, maskNanos);
        }

        /// The next token; -1 at the end of the text, -3 if the constraint allows nothing.
        private int next(float[] logits, Proposal proposal) {
            if (thinking != null && forced < 0 && thinking.isSpent()) {
                forced = 0;
            }
            if (forced >= 0 && forced < request.thinking().force().length) {
                return probability(request.thinking().force()[forced++], logits, logits);
            }
            float[] raw = request.topLogprobs() >= 0 ? logits.clone() : null;
            boolean isBound = request.constraint() != null && (thinking == null || !thinking.thinks());
            if (isBound) {
                long start = System.nanoTime();
                bind(logits);
                maskNanos += System.nanoTime() - start;
            }
            int token = sampler.choose(logits, proposal);
            if (token < 0) {
                return isBound && !request.constraint().mayEnd() ? -3 : -1;
            }
            if (request.isEnd().test(token)) {
                return -1;
            }
            if (isBound) {
                long start = System.nanoTime();
                request.constraint().accept(token);
                maskNanos += System.nanoTime() - start;
            }
            return probability(token, raw, logits);
        }

        /// End tokens are allowed just where the constraint may end.
        private void bind(float[] logits) {
            if (ends == null) {
                ends = IntStream.range(0, logits.length).filter(request.isEnd()).toArray();
            }
            float[] endLogits = new float[ends.length];
            for (int i = 0; i < ends.length; i++) {
                endLogits[i] = logits[ends[i]];
            }
            request.constraint().mask(logits);
            for (int i = 0; i < ends.length; i++) {
                logits[ends[i]] = request.constraint().mayEnd() ? endLogits[i] : Float.NEGATIVE_INFINITY;
            }
        }

        private int probability(int token, float[] raw, float[] logits) {
            if (request.topLogprobs() >= 0) {
                logprobs.add(TokenProbability.of(token, raw == null ? logits : raw, request.topLogprobs()));
            }
            return token;
        }

        private void show(int token) {
            if (thinking != null) {
                boolean was = thinking.thinks();
                thinking.accept(all.next(token));
                thoughtTokens += was ? 1 : 0;
            }
            if (shown != null) {
                show(stops.next(shown.next(token)));
            }
        }

        private void show(String piece) {
            if (!piece.isEmpty()) {
                text.append(piece);
                listener.text(piece);
            }
        }
    }
}
