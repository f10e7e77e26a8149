package dev.jackdaw.model.generate;

import dev.jackdaw.model.generate.Generator.FinishReason;
import dev.jackdaw.model.generate.Generator.Listener;
import dev.jackdaw.model.generate.Generator.Result;
import dev.jackdaw.model.token.TextStream;
import dev.jackdaw.model.token.TokenList;
import dev.jackdaw.model.token.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// One text in the making: logits go in, tokens come out, until the text ends. Knows nothing of the model, so whoever runs one text
/// ([Generator]) or many at once uses the same. One caller at a time.
///
/// ```
/// Sequence text = …
/// float[] logits = (after text.prompt())
/// for (int token; (token = text.next(logits)) >= 0; ) {
///     logits = (after token)
/// }
/// text.result()
/// ```
public final class Sequence {
    private static final int END = -1;
    private static final int NOTHING_ALLOWED = -2;

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
    private final long started = System.nanoTime();
    private long first;                          // when the first logits came
    private long ended;
    private int thoughtTokens;
    private int forced = -1;                     // position in the tokens that end the thinking, or -1
    private int[] ends;                          // ids of the end tokens, once a constraint needs them
    private float[] endLogits;
    private float[] raw;                         // the logits as they came, once probabilities need them
    private long maskNanos;
    private FinishReason reason;

    /// @param tokenizer or null: then no text is made, and stop strings and thinking do not work
    /// @param context   the longest text, in tokens
    /// @throws IllegalArgumentException if the request cannot be fulfilled
    public Sequence(Request request, Tokenizer tokenizer, int context, Listener listener) {
        int[] whole = request.prompt();
        if (whole.length == 0) {
            throw new IllegalArgumentException("generate: the prompt has no tokens; give at least one");
        }
        if (tokenizer == null && (!request.stop().isEmpty() || request.thinking() != null)) {
            throw new IllegalArgumentException("generate: stop strings and thinking need a tokenizer, and the model has none");
        }
        boolean hasStart = tokenizer != null && tokenizer.bos().orElse(-1) == whole[0];
        this.request = request;
        this.listener = listener;
        trim = request.overflow().trim(whole.length, request.maxTokens(), context, hasStart);
        prompt = trim == null ? whole : trimmed(whole, trim);
        sampler = new Sampler(request.sampling());
        stops = new StopStrings(request.stop());
        shown = tokenizer == null ? null : tokenizer.stream(!request.showSpecial());
        thinking = request.thinking() == null ? null : request.thinking().start();
        all = thinking == null ? null : tokenizer.stream(false);
        for (int token : prompt) {
            sampler.accept(token);
        }
    }

    private static int[] trimmed(int[] prompt, Overflow.Trim trim) {
        int[] kept = Arrays.copyOf(prompt, prompt.length - trim.dropped());
        System.arraycopy(prompt, trim.from() + trim.dropped(), kept, trim.from(), kept.length - trim.from());
        return kept;
    }

    /// The prompt as the model is to read it. Not a copy.
    public int[] prompt() {
        return prompt;
    }

    /// Positions that the text may come to have.
    public int most() {
        return (int) Math.min(Integer.MAX_VALUE, (long) prompt.length + request.maxTokens());
    }

    /// Goes on by one token.
    ///
    /// @param logits `[V]` after the text so far; they are changed
    /// @return the token, whose logits are to come next, or a negative number: the text has ended
    public int next(float[] logits) {
        return next(logits, null);
    }

    /// The same.
    ///
    /// @param proposal what somebody guessed the token to be, see [Speculation]; null: nothing
    public int next(float[] logits, Proposal proposal) {
        requireGoesOn();
        if (first == 0) {
            first = System.nanoTime();
        }
        if (listener.isCancelled()) {
            return end(FinishReason.CANCELLED);
        }
        int token = choose(logits, proposal);
        if (token < 0) {
            return end(token == NOTHING_ALLOWED ? FinishReason.GRAMMAR : FinishReason.STOP);
        }
        ids.add(token);
        sampler.accept(token);
        listener.token(token);
        show(token);
        return stops.found() != null ? end(FinishReason.STOP) : ids.size() == request.maxTokens() ? end(FinishReason.LENGTH) : token;
    }

    /// Ends the text where it is.
    public void cancel() {
        if (reason == null) {
            end(FinishReason.CANCELLED);
        }
    }

    public boolean isOver() {
        return reason != null;
    }

    private int end(FinishReason why) {
        reason = why;
        if (shown != null) {
            show(stops.next(shown.end()));
            show(stops.end());
        }
        ended = System.nanoTime();
        first = first == 0 ? ended : first;
        return END;
    }

    private void requireGoesOn() {
        if (reason != null) {
            throw new IllegalStateException("generate: the text has ended (" + reason + "); it takes no more logits");
        }
    }

    /// What came out, once the text is over.
    public Result result() {
        if (reason == null) {
            throw new IllegalStateException("generate: the text is not over yet");
        }
        return new Result(prompt, ids.toArray(), text.toString(), reason, stops.found(), logprobs, trim, thoughtTokens, first - started, ended - first, maskNanos);
    }

    /// The next token; negative at the end of the text, or if the constraint allows nothing.
    private int choose(float[] logits, Proposal proposal) {
        if (thinking != null && forced < 0 && thinking.isSpent()) {
            forced = 0;
        }
        if (forced >= 0 && forced < request.thinking().force().length) {
            return probability(request.thinking().force()[forced++], logits);
        }
        if (request.topLogprobs() >= 0) {
            raw = raw == null || raw.length != logits.length ? new float[logits.length] : raw;
            System.arraycopy(logits, 0, raw, 0, logits.length);
        }
        boolean isBound = request.constraint() != null && (thinking == null || !thinking.thinks());
        if (isBound) {
            long start = System.nanoTime();
            bind(logits);
            maskNanos += System.nanoTime() - start;
        }
        int token = sampler.choose(logits, proposal);
        if (token < 0) {
            return isBound && !request.constraint().mayEnd() ? NOTHING_ALLOWED : END;
        }
        if (request.isEnd().test(token)) {
            return END;
        }
        if (isBound) {
            long start = System.nanoTime();
            request.constraint().accept(token);
            maskNanos += System.nanoTime() - start;
        }
        return probability(token, raw);
    }

    /// End tokens are allowed just where the constraint may end.
    private void bind(float[] logits) {
        if (ends == null) {
            ends = IntStream.range(0, logits.length).filter(request.isEnd()).toArray();
            endLogits = new float[ends.length];
        }
        for (int i = 0; i < ends.length; i++) {
            endLogits[i] = logits[ends[i]];
        }
        request.constraint().mask(logits);
        for (int i = 0; i < ends.length; i++) {
            logits[ends[i]] = request.constraint().mayEnd() ? endLogits[i] : Float.NEGATIVE_INFINITY;
        }
    }

    private int probability(int token, float[] asTheyCame) {
        if (request.topLogprobs() >= 0) {
            logprobs.add(TokenProbability.of(token, asTheyCame, request.topLogprobs()));
            listener.probability(logprobs.getLast());
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
