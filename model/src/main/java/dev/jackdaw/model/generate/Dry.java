package dev.jackdaw.model.generate;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// "Don't repeat yourself" (the sampler of that name in text-generation-webui): the longer the stretch that a token would repeat, the
/// more it is punished: `multiplier · base^(length − allowed)`.
///
/// @param multiplier 0: off
/// @param allowed    repeating stretches shorter than this cost nothing
/// @param window     how many of the last tokens are searched; -1: all
/// @param breakers   tokens that end a stretch, such as those with a line end in them
public record Dry(double multiplier, double base, int allowed, int window, Set<Integer> breakers) {
    public static final Dry NONE = new Dry(0, 1.75, 2, -1, Set.of());
    /// What ends a stretch unless said otherwise.
    public static final java.util.List<String> BREAKERS = java.util.List.of("\n", ":", "\"", "*");
    private static final double LARGEST_POWER = 60;          // beyond, the token is out of the question anyway, and the power must not overflow

    public Dry {
        if (!(multiplier >= 0) || !(base >= 1) || allowed < 1 || window < -1) {
            throw new IllegalArgumentException("sampling: DRY multiplier " + multiplier + ", base " + base + ", allowed length " + allowed + ", window " + window
                    + "; the multiplier must not be negative, the base at least 1, the length at least 1, the window -1 or more");
        }
        breakers = Set.copyOf(breakers);
    }

    void apply(float[] logits, int[] text, int length) {
        if (multiplier == 0) {
            return;
        }
        repeats(text, window < 0 ? 0 : Math.max(0, length - window), length).forEach((token, repeated) -> {
            if (token < logits.length && repeated >= allowed) {
                logits[token] -= (float) (multiplier * Math.pow(base, Math.min(repeated - allowed, LARGEST_POWER)));
            }
        });
    }

    /// For each token that followed an earlier copy of the text's end: the length of the longest such copy.
    Map<Integer, Integer> repeats(int[] text, int from, int length) {
        int end = length;
        int reach = 0;                                         // a stretch reaches back to the last breaker at most
        while (reach < end - from && !breakers.contains(text[end - 1 - reach])) {
            reach++;
        }
        Map<Integer, Integer> longest = new HashMap<>();
        int n = length - from;
        int[] z = new int[Math.max(n, 1)];                     // z[i]: how far text back from end - i equals the text back from the end
        for (int i = 1, left = 0, right = 0; i < n; i++) {
            int k = i < right ? Math.min(right - i, z[i - left]) : 0;
            while (i + k < n && text[end - 1 - k] == text[end - 1 - i - k]) {
                k++;
            }
            z[i] = k;
            if (i + k > right) {
                left = i;
                right = i + k;
            }
            int repeated = Math.min(k, reach);
            int follower = text[end - i];
            if (repeated > 0 && !breakers.contains(follower)) {
                longest.merge(follower, repeated, Math::max);
            }
        }
        return longest;
    }
}
