package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putFloat;

/// How surprised the model is by the token that came, in nats, fused with softmax and its gradient.
/// Rows `[from,to)` of logits `[N,V]`; targets int32 `[N]`; loss `[N]`; `vocabulary` is V; `weights` `[N]` or 0 for ones.
///
/// `loss = log Σ_v e^logit[v] − logit[target]`,   `dLogits = (softmax(logits) − onehot(target)) · scale · weight`
///
/// The largest logit is taken out of every exponent first, so nothing overflows. A target below 0 marks a row that does not count: its
/// loss is 0, and so is its gradient. A logit of −∞ has probability 0.
public interface CrossEntropy {
    CrossEntropy SCALAR = new CrossEntropy() { };

    /// Sets the losses, and replaces the logits by their gradient: the largest buffer of a training step is needed once, not twice.
    /// `scale` is what the loss will be multiplied by, usually 1 / the number of rows that count, and `weights` is a further factor for each
    /// row; the losses here are neither scaled nor weighted.
    default void rows(long loss, long logits, long targets, long weights, long from, long to, int vocabulary, float scale) {
        for (long n = from; n < to; n++) {
            long row = logits + 4 * n * vocabulary;
            int target = target(targets, n, vocabulary);
            if (target < 0) {
                putFloat(loss + 4 * n, 0);
                for (int v = 0; v < vocabulary; v++) {
                    putFloat(row + 4L * v, 0);
                }
                continue;
            }
            double max = max(row, vocabulary);
            double sum = sumOfExponentials(row, vocabulary, max);
            float factor = weights == 0 ? scale : scale * getFloat(weights + 4 * n);
            putFloat(loss + 4 * n, (float) (max + Math.log(sum) - getFloat(row + 4L * target)));
            for (int v = 0; v < vocabulary; v++) {
                double probability = Math.exp(getFloat(row + 4L * v) - max) / sum;
                putFloat(row + 4L * v, (float) ((v == target ? probability - 1 : probability) * factor));
            }
        }
    }

    /// Sets the losses and leaves the logits alone.
    default void loss(long loss, long logits, long targets, long from, long to, int vocabulary) {
        for (long n = from; n < to; n++) {
            long row = logits + 4 * n * vocabulary;
            int target = target(targets, n, vocabulary);
            if (target < 0) {
                putFloat(loss + 4 * n, 0);
                continue;
            }
            double max = max(row, vocabulary);
            putFloat(loss + 4 * n, (float) (max + Math.log(sumOfExponentials(row, vocabulary, max)) - getFloat(row + 4L * target)));
        }
    }

    /// The target of row n, which must be below the vocabulary.
    static int target(long targets, long n, int vocabulary) {
        int target = getInt(targets + 4 * n);
        if (target >= vocabulary) {
            throw new IllegalArgumentException("cross-entropy: target " + target + " of row " + n + " is outside the vocabulary of " + vocabulary
                    + " tokens; were the data made with another tokenizer?");
        }
        return target;
    }

    private static double max(long row, int vocabulary) {
        float max = Float.NEGATIVE_INFINITY;
        for (int v = 0; v < vocabulary; v++) {
            max = Math.max(max, getFloat(row + 4L * v));
        }
        return max;
    }

    private static double sumOfExponentials(long row, int vocabulary, double max) {
        double sum = 0;
        for (int v = 0; v < vocabulary; v++) {
            sum += Math.exp(getFloat(row + 4L * v) - max);
        }
        return sum;
    }
}
