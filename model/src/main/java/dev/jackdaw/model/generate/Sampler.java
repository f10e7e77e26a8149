package dev.jackdaw.model.generate;

import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/// Chooses tokens by [Sampling]. Holds the state of the random numbers, so one sampler serves one text.
public final class Sampler {
    private final Sampling sampling;
    private final SplittableRandom random;
    private final BitSet seen = new BitSet();

    public Sampler(Sampling sampling) {
        this.sampling = sampling;
        random = new SplittableRandom(sampling.seed());
    }

    /// Tells the sampler of a token that is in the text, for the repetition penalty.
    public void accept(int token) {
        seen.set(token);
    }

    /// The next token. `logits` `[V]` are changed.
    public int choose(float[] logits) {
        penalize(logits);
        if (sampling.temperature() == 0) {
            return argmax(logits);
        }
        float max = logits[argmax(logits)];
        double[] weights = new double[logits.length];
        double total = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Math.exp((logits[i] - max) / sampling.temperature());
            total += weights[i];
        }
        if (sampling.topK() == 0 && sampling.topP() == 1 && sampling.minP() == 0) {
            return draw(weights, IntStream.range(0, weights.length).toArray(), weights.length, total);
        }
        int[] order = IntStream.range(0, weights.length).boxed().sorted((a, b) -> Double.compare(weights[b], weights[a])).mapToInt(Integer::intValue).toArray();
        int keep = sampling.topK() == 0 ? order.length : Math.min(sampling.topK(), order.length);
        double kept = 0, sum = 0;
        for (int i = 0; i < keep; i++) {
            sum += weights[order[i]];
        }
        int count = 0;
        while (count < keep && kept < sampling.topP() * sum && weights[order[count]] >= sampling.minP()) {     // the likeliest weighs 1
            kept += weights[order[count++]];
        }
        return draw(weights, order, Math.max(count, 1), count == 0 ? weights[order[0]] : kept);
    }

    private void penalize(float[] logits) {
        float penalty = (float) sampling.repetitionPenalty();
        if (penalty != 1) {
            seen.stream().filter(i -> i < logits.length).forEach(i -> logits[i] = logits[i] > 0 ? logits[i] / penalty : logits[i] * penalty);
        }
    }

    private int draw(double[] weights, int[] order, int count, double total) {
        double left = random.nextDouble() * total;
        for (int i = 0; i < count; i++) {
            left -= weights[order[i]];
            if (left < 0) {
                return order[i];
            }
        }
        return order[count - 1];
    }

    /// The index of the largest; the first of equals.
    public static int argmax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[best]) {
                best = i;
            }
        }
        return best;
    }

    /// Probabilities of logits, in place.
    public static void softmax(float[] logits) {
        float max = logits[argmax(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (Math.exp(logits[i] - max) / sum);
        }
    }
}
