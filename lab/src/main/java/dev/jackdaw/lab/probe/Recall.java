package dev.jackdaw.lab.probe;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import java.util.Arrays;

/// What a model says after a prompt, and how likely it finds what it might have said.
final class Recall {
    private Recall() {
    }

    /// The `count` likeliest tokens, one after the other.
    static int[] greedy(Forward forward, int[] prompt, int count) {
        int[] ids = new int[count];
        try (KvCache cache = forward.newCache(prompt.length + count)) {
            float[] logits = forward.logits(cache, prompt);
            for (int i = 0; i < count; i++) {
                ids[i] = best(logits);
                if (i + 1 < count) {
                    logits = forward.logits(cache, ids[i]);
                }
            }
        }
        return ids;
    }

    /// How many tokens of `truth` come greedily after `prompt`, until the first that differs. Stops there.
    static int recited(Forward forward, int[] prompt, int[] truth) {
        try (KvCache cache = forward.newCache(prompt.length + truth.length)) {
            float[] logits = forward.logits(cache, prompt);
            for (int i = 0; i < truth.length; i++) {
                if (best(logits) != truth[i]) {
                    return i;
                }
                if (i + 1 < truth.length) {
                    logits = forward.logits(cache, truth[i]);
                }
            }
        }
        return truth.length;
    }

    /// ln p of each continuation after `prompt`.
    static double[] likelihoods(Forward forward, int[] prompt, int[][] continuations) {
        double[] sums = new double[continuations.length];
        int longest = Arrays.stream(continuations).mapToInt(c -> c.length).max().orElseThrow();
        try (KvCache cache = forward.newCache(prompt.length + longest)) {
            double[] first = LogitLens.logSoftmax(forward.logits(cache, prompt));
            for (int c = 0; c < continuations.length; c++) {
                int[] ids = continuations[c];
                sums[c] = first[ids[0]];
                if (ids.length > 1) {
                    int at = c;
                    forward.allLogits(cache, Arrays.copyOf(ids, ids.length - 1), (i, logits) -> sums[at] += LogitLens.logSoftmax(logits.toFloats())[ids[i + 1]]);
                    cache.truncate(prompt.length);
                }
            }
        }
        return sums;
    }

    /// The place of number `truth` among values of which larger is better, from 1; of equals the worst.
    static int rank(double[] values, int truth) {
        int rank = 0;
        for (double value : values) {
            rank += value >= values[truth] ? 1 : 0;
        }
        return rank;
    }

    static int best(float[] logits) {
        int best = 0;
        for (int id = 1; id < logits.length; id++) {
            best = logits[id] > logits[best] ? id : best;
        }
        return best;
    }
}
