package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// Attention sinks in training (gpt-oss): each query head has one more score, which takes weight and gives nothing. They need nothing inside
/// [Attention], since they only make all weights of a query smaller by one factor:
///
/// ```
/// lse'[t] = log(e^lse[t] + e^sink)        out'[t] = out[t] · e^(lse[t] − lse'[t])
/// dSink = −Σ_t e^(sink − lse'[t]) · dOut[t] · out'[t]
/// ```
///
/// and with lse' and out' in place of lse and out, the gradients of queries, keys and values are those of [Attention]. Sums are in double
/// precision. Scalar: a pass over what attention gave, small beside attention itself.
public final class AttentionSinks {
    private AttentionSinks() {
    }

    /// Rows `[from,to)` of one of `H` heads: `out` is the address of that head in row 0, `stride` in elements; `lse` is `[B,H,T]`.
    public static void forward(long out, long stride, long lse, int head, int H, int T, int D, float sink, long from, long to) {
        for (long n = from; n < to; n++) {
            long at = lse + 4 * (n / T * H * T + (long) head * T + n % T);
            double before = getFloat(at), max = Math.max(before, sink), after = max + Math.log(Math.exp(before - max) + Math.exp(sink - max));
            double factor = Math.exp(before - after);
            putFloat(at, (float) after);
            for (int d = 0; d < D; d++) {
                long x = out + 4 * (n * stride + d);
                putFloat(x, (float) (getFloat(x) * factor));
            }
        }
    }

    /// The gradient of one head's sink over `N` rows.
    public static double backward(long out, long dOut, long stride, long lse, int head, int H, int T, int D, float sink, long N) {
        double sum = 0;
        for (long n = 0; n < N; n++) {
            double dot = 0;
            for (int d = 0; d < D; d++) {
                long at = 4 * (n * stride + d);
                dot += (double) getFloat(dOut + at) * getFloat(out + at);
            }
            sum -= Math.exp(sink - getFloat(lse + 4 * (n / T * H * T + (long) head * T + n % T))) * dot;
        }
        return sum;
    }
}
