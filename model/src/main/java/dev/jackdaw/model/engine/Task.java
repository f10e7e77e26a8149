package dev.jackdaw.model.engine;

import dev.jackdaw.model.arch.Adapter;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.PrefixTree;
import dev.jackdaw.model.generate.Sequence;
import dev.jackdaw.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/// A request on its way through the engine. Belongs to the engine's thread.
final class Task {
    final Sequence sequence;
    final Channel channel;
    final int[] prompt;
    final long pages;                       // it may come to hold
    final List<Adapter> adapters;           // or null
    private final int[] last = new int[1];  // the token that the model has not read yet
    private KvCache cache;
    private boolean reading = true;
    private int shared;
    private float[] logits;
    private boolean hasLogits;
    private int before;
    Throwable failure;

    Task(Sequence sequence, Channel channel, long pages, List<Adapter> adapters) {
        this.adapters = adapters;
        this.sequence = sequence;
        this.channel = channel;
        this.pages = pages;
        prompt = sequence.prompt();
    }

    /// @param logits room for them
    void start(KvCache cache, float[] logits) {
        this.cache = cache;
        this.logits = logits;
    }

    KvCache cache() {
        return cache;
    }

    /// The prompt is not read to its end.
    boolean isReading() {
        return reading;
    }

    /// Prompt tokens that are still to be read.
    int left() {
        return prompt.length - cache.length();
    }

    /// Takes over what is known of the prompt, before its first own token is read.
    void share(PrefixTree tree) {
        if (cache.length() == 0) {
            shared = tree.begin(cache, prompt, prompt.length - 1, null);
        }
    }

    /// Prompt tokens that were known already.
    int shared() {
        return shared;
    }

    /// Prompt tokens in common with another task.
    int agrees(Task other) {
        int n = Math.min(prompt.length, other.prompt.length), differs = Arrays.mismatch(prompt, 0, n, other.prompt, 0, n);
        return differs < 0 ? n : differs;
    }

    /// Before each pass.
    void begin() {
        hasLogits = false;
        before = cache.length();
    }

    /// The pass reached the cache.
    boolean isAhead() {
        return cache.length() > before;
    }

    void take(Tensor row) {
        row.copyTo(logits);
        hasLogits = true;
    }

    boolean hasLogits() {
        return hasLogits;
    }

    float[] logits() {
        return logits;
    }

    int[] last() {
        return last;
    }

    /// Chooses a token from the logits.
    void next() {
        reading = false;
        int token = sequence.next(logits);
        if (token >= 0) {
            last[0] = token;
        }
        channel.flush();
    }
}
