package dev.jackdaw.model.generate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/// How likely the model found a token, before penalties, temperature and grammar.
///
/// @param logprob natural logarithm of the probability
/// @param top     the likeliest tokens at this place, with an empty `top` of their own
public record TokenProbability(int id, double logprob, List<TokenProbability> top) {
    /// @param logits `[V]` after the text before it
    /// @param top    so many of the likeliest tokens too
    public static TokenProbability of(int id, float[] logits, int top) {
        float max = logits[Sampler.argmax(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        double log = max + Math.log(sum);
        List<TokenProbability> likeliest = new ArrayList<>();
        if (top > 0) {
            PriorityQueue<Integer> queue = new PriorityQueue<>(Comparator.<Integer>comparingDouble(i -> logits[i]).thenComparing(Comparator.reverseOrder()));
            for (int i = 0; i < logits.length; i++) {
                if (queue.size() < top || logits[i] > logits[queue.peek()]) {
                    queue.add(i);
                    if (queue.size() > top) {
                        queue.poll();
                    }
                }
            }
            while (!queue.isEmpty()) {
                int i = queue.poll();
                likeliest.addFirst(new TokenProbability(i, logits[i] - log, List.of()));
            }
        }
        return new TokenProbability(id, logits[id] - log, likeliest);
    }
}
