package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getDouble;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putDouble;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.CachedAttention.PAGE;

/// Attention over the pages of [CachedAttention] with what only some families have: capped scores, sinks, and sight of later positions.
///
/// ```
/// s[j] = scale · q·k[j],  then cap · tanh(s / cap)          p = softmax over (s[first..last], sink)          out = Σ_j p[j] · v[j]
/// ```
///
/// Scalar, in double precision, each row as if it were alone.
public final class RareAttention {
    private RareAttention() {
    }

    /// Bytes of scratch that a call needs.
    public static long scratchBytes(int D, int positions) {
        return 8L * (D + positions);
    }

    /// Sets `out` `[G,D]` of one position `at` among `length` that are stored; `sinks` is the address of `G` numbers, or 0.
    public static void attend(int G, int D, AttentionRule rule, long out, long q, long[] pages, int at, int length, long sinks, long scratch) {
        int last = rule.bothWays() ? length - 1 : at;
        int first = rule.window() == 0 ? 0 : Math.max(0, at - rule.window() + 1);
        long scores = scratch + 8L * D;
        for (int g = 0; g < G; g++) {
            long query = q + 4L * g * D;
            double max = sinks == 0 ? Double.NEGATIVE_INFINITY : getFloat(sinks + 4L * g);
            for (int j = first; j <= last; j++) {
                long page = pages[j / PAGE];
                double s = 0;
                for (int d = 0; d < D; d++) {
                    s += (double) getFloat(query + 4L * d) * getFloat(page + 4L * (d * PAGE + j % PAGE));
                }
                s *= rule.scale();
                if (rule.softcap() > 0) {
                    s = rule.softcap() * Math.tanh(s / rule.softcap());
                }
                putDouble(scores + 8L * (j - first), s);
                max = Math.max(max, s);
            }
            double total = sinks == 0 ? 0 : Math.exp(getFloat(sinks + 4L * g) - max);
            for (int d = 0; d < D; d++) {
                putDouble(scratch + 8L * d, 0);
            }
            for (int j = first; j <= last; j++) {
                long values = pages[j / PAGE] + 4L * (PAGE * D + j % PAGE * D);
                double p = Math.exp(getDouble(scores + 8L * (j - first)) - max);
                total += p;
                for (int d = 0; d < D; d++) {
                    putDouble(scratch + 8L * d, getDouble(scratch + 8L * d) + p * getFloat(values + 4L * d));
                }
            }
            for (int d = 0; d < D; d++) {
                putFloat(out + 4L * (g * D + d), (float) (getDouble(scratch + 8L * d) / total));
            }
        }
    }
}
