package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putFloat;

/// Causal grouped-query attention for training, forward and backward. Each query looks at its own position and at those before it, back
/// to where its text begins in the row (several texts may share a row):
///
/// ```
/// s[t,j] = scale · Σ_d q[t,h,d] · k[j,kh,d]        starts[t] ≤ j ≤ t, and j > t - window with a window; kh = h / (H/K)
///                                                  with a cap then s = cap · tanh(s / cap)
/// p[t,j] = exp(s[t,j] - lse[t])                    lse[t] = log Σ_j exp(s[t,j]), so that Σ_j p[t,j] = 1
/// out[t,h,d] = Σ_j p[t,j] · v[j,kh,d]
///
/// dv[j] = Σ_t p[t,j] · dOut[t]                     summed over the H/K query heads that share a key/value head, like dk
/// dp[t,j] = dOut[t] · v[j]
/// ds[t,j] = p[t,j] · (dp[t,j] - delta[t])          delta[t] = Σ_j p[t,j] dp[t,j] = dOut[t] · out[t]
///                                                  with a cap times 1 - (s[t,j] / cap)²
/// dq[t] = scale · Σ_j ds[t,j] · k[j]               dk[j] = scale · Σ_t ds[t,j] · q[t]
/// ```
///
/// q, out `[B,T,H,D]` and k, v `[B,T,K,D]` are rows with a stride: the element `d` of head `h` at time `t` of batch row `b` is at
/// `address + 4·((b·T + t)·stride + h·D + d)`, so that they may be parts of wider rows. `lse` is `[B,H,T]`, contiguous; forward
/// writes it and backward recomputes the probabilities from it, so no `[T,T]` matrix is ever kept.
///
/// Work is cut into B·K units, `unit = b·K + kh`: one key/value head of one batch row with its H/K query heads. Everything a unit
/// writes, dk and dv included, is written by no other, so units may run on any threads in any order and give the same bits. Threads
/// that work at the same time each need their own scratch of [#scratchBytes].
///
/// These default methods define what is correct, one query at a time, with sums in double precision; [AttentionSimd] is the fast twin.
/// A masked position has weight exactly 0, which keeps out every later value except NaN and infinity.
public interface Attention {
    /// The definition.
    Attention SCALAR = new Attention() { };

    /// Sizes (the legend is in [dev.jackdaw.tensor]), the factor on the logits, usually 1/√D, how many positions a query sees, itself
    /// included (0: all), and the address of `starts`, I32 `[B,T]`: for each position the first of its row that it may see, at most itself
    /// and never falling along a row (0: each row is one text), and the cap that scores stay below (0: none; Gemma 2, arXiv:2408.00118).
    record Dims(int T, int H, int K, int D, float scale, int window, long starts, float softcap) {
        public Dims {
            if (!(softcap >= 0) || softcap == Float.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("attention: cap " + softcap + "; give 0 for none");
            }
            if (T < 1 || H < 1 || K < 1 || D < 1 || H % K != 0) {
                throw new IllegalArgumentException("attention: T=" + T + " H=" + H + " K=" + K + " D=" + D
                        + "; all must be at least 1 and H a multiple of K");
            }
            if (!(scale > 0) || scale == Float.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("attention: scale " + scale + "; it must be positive and finite");
            }
            if (window < 0) {
                throw new IllegalArgumentException("attention: window " + window + "; give 0 for none, or how many positions a query sees");
            }
        }

        public Dims(int T, int H, int K, int D, float scale, int window, long starts) {
            this(T, H, K, D, scale, window, starts, 0);
        }

        /// No window, logits scaled by 1/√D.
        public static Dims of(int T, int H, int K, int D) {
            return new Dims(T, H, K, D, (float) (1 / Math.sqrt(D)), 0, 0);
        }

        /// Query heads that share a key/value head.
        public int group() {
            return H / K;
        }

        /// Pieces of independent work for `B` batch rows.
        public int units(int B) {
            return Math.multiplyExact(B, K);
        }

        /// The score of a product of a query and a key.
        double score(double product) {
            return softcap == 0 ? scale * product : softcap * Math.tanh(scale * product / softcap);
        }

        /// The derivative of [#score] where it is `score`.
        double slope(double score) {
            return softcap == 0 ? scale : scale * (1 - score / softcap * (score / softcap));
        }

        /// The first key that query `t` of row `b` sees.
        int firstKey(int b, int t) {
            int first = window == 0 ? 0 : Math.max(0, t - window + 1);
            return starts == 0 ? first : Math.max(first, getInt(starts + 4 * (b * (long) T + t)));
        }

        /// Floating-point operations that the forward pass of `B` batch rows needs, counting only pairs that are not masked: one
        /// multiplication and one addition for each element of q·k and of p·v. The backward pass needs 2.5 times as many.
        public double forwardFlops(int B) {
            double pairs = 0;
            for (int b = 0; b < B; b++) {
                for (int t = 0; t < T; t++) {
                    pairs += t - firstKey(b, t) + 1;
                }
            }
            return 4.0 * H * D * pairs;
        }
    }

    /// Bytes of scratch, aligned to [dev.jackdaw.tensor.Memory#ALIGNMENT], that a thread needs for either direction.
    default long scratchBytes(Dims dims) {
        return 8L * dims.T;
    }

    /// Sets the rows of `out` and `lse` that belong to `unit`.
    default void forward(Dims dims, long out, long outStride, long lse, long q, long qStride, long k, long kStride, long v, long vStride,
                         long scratch, int unit) {
        int T = dims.T, D = dims.D, b = unit / dims.K, kh = unit % dims.K;
        for (int h = kh * dims.group(); h < (kh + 1) * dims.group(); h++) {
            for (int t = 0; t < T; t++) {
                int first = dims.firstKey(b, t);
                long qRow = q + 4 * ((b * (long) T + t) * qStride + (long) h * D);
                long outRow = out + 4 * ((b * (long) T + t) * outStride + (long) h * D);
                double max = Double.NEGATIVE_INFINITY;
                for (int j = first; j <= t; j++) {
                    double s = dims.score(dot(qRow, k + 4 * ((b * (long) T + j) * kStride + (long) kh * D), D));
                    putFloat(scratch + 4L * j, (float) s);
                    max = Math.max(max, (float) s);
                }
                double sum = 0;
                for (int j = first; j <= t; j++) {
                    sum += Math.exp(getFloat(scratch + 4L * j) - max);
                }
                double logSumExp = max + Math.log(sum);
                putFloat(lse + 4 * ((b * (long) dims.H + h) * T + t), (float) logSumExp);
                for (int d = 0; d < D; d++) {
                    double o = 0;
                    for (int j = first; j <= t; j++) {
                        o += Math.exp(getFloat(scratch + 4L * j) - logSumExp) * getFloat(v + 4 * ((b * (long) T + j) * vStride + (long) kh * D + d));
                    }
                    putFloat(outRow + 4L * d, (float) o);
                }
            }
        }
    }

    /// Sets the rows of `dq`, `dk` and `dv` that belong to `unit`, from `dOut` and what forward left in `out` and `lse`.
    default void backward(Dims dims, long dq, long dqStride, long dk, long dkStride, long dv, long dvStride, long dOut, long dOutStride,
                          long out, long outStride, long lse, long q, long qStride, long k, long kStride, long v, long vStride,
                          long scratch, int unit) {
        int T = dims.T, D = dims.D, b = unit / dims.K, kh = unit % dims.K;
        long p = scratch, ds = scratch + 4L * T;
        for (int j = 0; j < T; j++) {
            for (int d = 0; d < D; d++) {
                putFloat(dk + 4 * ((b * (long) T + j) * dkStride + (long) kh * D + d), 0);
                putFloat(dv + 4 * ((b * (long) T + j) * dvStride + (long) kh * D + d), 0);
            }
        }
        for (int h = kh * dims.group(); h < (kh + 1) * dims.group(); h++) {
            for (int t = 0; t < T; t++) {
                int first = dims.firstKey(b, t);
                long at = b * (long) T + t;
                long qRow = q + 4 * (at * qStride + (long) h * D), dqRow = dq + 4 * (at * dqStride + (long) h * D);
                long dOutRow = dOut + 4 * (at * dOutStride + (long) h * D);
                double delta = dot(dOutRow, out + 4 * (at * outStride + (long) h * D), D);
                double logSumExp = getFloat(lse + 4 * ((b * (long) dims.H + h) * T + t));
                for (int j = first; j <= t; j++) {
                    long row = b * (long) T + j;
                    double s = dims.score(dot(qRow, k + 4 * (row * kStride + (long) kh * D), D)), pj = Math.exp(s - logSumExp);
                    putFloat(p + 4L * j, (float) pj);
                    putFloat(ds + 4L * j, (float) (pj * (dot(dOutRow, v + 4 * (row * vStride + (long) kh * D), D) - delta) * dims.slope(s)));
                }
                for (int d = 0; d < D; d++) {
                    double sum = 0;
                    for (int j = first; j <= t; j++) {
                        long row = b * (long) T + j;
                        sum += (double) getFloat(ds + 4L * j) * getFloat(k + 4 * (row * kStride + (long) kh * D + d));
                        addTo(dk + 4 * (row * dkStride + (long) kh * D + d), getFloat(ds + 4L * j) * getFloat(qRow + 4L * d));
                        addTo(dv + 4 * (row * dvStride + (long) kh * D + d), getFloat(p + 4L * j) * getFloat(dOutRow + 4L * d));
                    }
                    putFloat(dqRow + 4L * d, (float) sum);
                }
            }
        }
    }

    private static double dot(long x, long y, int n) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) getFloat(x + 4L * i) * getFloat(y + 4L * i);
        }
        return sum;
    }

    private static void addTo(long address, float value) {
        putFloat(address, getFloat(address) + value);
    }
}
