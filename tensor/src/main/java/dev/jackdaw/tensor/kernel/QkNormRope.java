package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putFloat;

/// What happens to queries and keys between their projection and attention: an optional RMSNorm of each head (QK-norm), then the
/// rotation that tells positions apart (RoPE, Su et al. 2021, arXiv:2104.09864). Fused, since both are one pass over a head of D numbers.
///
/// With r = 1 / √(mean over the head of x² + eps):
/// `v[i] = x[i] · r · w[i]`                                       (or `v = x` without a weight)
/// `out[i] = v[i] · cos − v[j] · sin`,  `out[j] = v[j] · cos + v[i] · sin`   (or `out = v` without a table)
///
/// where (i, j) is a pair of the head's numbers, i < D/2: `(i, i + D/2)`, the layout of the published Llama and Qwen weights ("NeoX"), or
/// `(2i, 2i + 1)` when `interleaved`, the layout of the paper. Pair number i turns by the angle position · theta^(−2i/D).
///
/// Rows are positions: row n, head h starts at element `n · stride + h · D`, so queries and keys can stay inside the fused projection
/// `[N, (H + 2K) · D]` they were computed in.
public interface QkNormRope {
    QkNormRope SCALAR = new QkNormRope() { };

    /// Sets `heads` heads of rows `[from,to)` of `out`.
    ///
    /// @param out       where the result goes; may be x
    /// @param rstd      r is stored here, `[N,heads]`; 0: not stored
    /// @param weight    `[D]`; 0: no norm
    /// @param cosSin    `[positions,D]`, see [#fill]; 0: no rotation
    /// @param positions int32 `[N]`, each below the rows of `cosSin`
    default void forward(long out, long outStride, long rstd, long x, long xStride, long weight, long cosSin, long positions,
                         long from, long to, int heads, int D, float eps, boolean interleaved) {
        requireEven(D);
        for (long n = from; n < to; n++) {
            long table = cosSin == 0 ? 0 : cosSin + 4L * D * getInt(positions + 4 * n);
            for (int h = 0; h < heads; h++) {
                long xHead = x + 4 * (n * xStride + (long) h * D);
                long outHead = out + 4 * (n * outStride + (long) h * D);
                float r = 1;
                if (weight != 0) {
                    double squares = 0;
                    for (int i = 0; i < D; i++) {
                        double v = getFloat(xHead + 4L * i);
                        squares += v * v;
                    }
                    r = (float) (1 / Math.sqrt(squares / D + eps));
                    if (rstd != 0) {
                        putFloat(rstd + 4 * (n * heads + h), r);
                    }
                }
                for (int i = 0; i < D / 2; i++) {
                    long a = interleaved ? 8L * i : 4L * i;
                    long b = interleaved ? a + 4 : a + 2L * D;
                    float va = weight == 0 ? getFloat(xHead + a) : getFloat(xHead + a) * r * getFloat(weight + a);
                    float vb = weight == 0 ? getFloat(xHead + b) : getFloat(xHead + b) * r * getFloat(weight + b);
                    float cos = table == 0 ? 1 : getFloat(table + 4L * i);
                    float sin = table == 0 ? 0 : getFloat(table + 4L * i + 2L * D);
                    putFloat(outHead + a, va * cos - vb * sin);
                    putFloat(outHead + b, vb * cos + va * sin);
                }
            }
        }
    }

    /// Sets `heads` heads of rows `[from,to)` of `dx` and, unless it is 0, adds to dWeight `[D]` what these rows contribute.
    ///
    /// The gradient of a rotation is the rotation back; the norm's is that of [Norm#rmsBackward].
    /// dx may be dOut. Without a weight, `x` and `rstd` are not read and may be 0.
    default void backward(long dx, long dxStride, long dWeight, long x, long xStride, long weight, long rstd, long dOut, long dOutStride,
                          long cosSin, long positions, long from, long to, int heads, int D, boolean interleaved) {
        requireEven(D);
        for (long n = from; n < to; n++) {
            long table = cosSin == 0 ? 0 : cosSin + 4L * D * getInt(positions + 4 * n);
            for (int h = 0; h < heads; h++) {
                long dxHead = dx + 4 * (n * dxStride + (long) h * D);
                long dOutHead = dOut + 4 * (n * dOutStride + (long) h * D);
                for (int i = 0; i < D / 2; i++) {
                    long a = interleaved ? 8L * i : 4L * i;
                    long b = interleaved ? a + 4 : a + 2L * D;
                    float da = getFloat(dOutHead + a);
                    float db = getFloat(dOutHead + b);
                    float cos = table == 0 ? 1 : getFloat(table + 4L * i);
                    float sin = table == 0 ? 0 : getFloat(table + 4L * i + 2L * D);
                    putFloat(dxHead + a, da * cos + db * sin);
                    putFloat(dxHead + b, db * cos - da * sin);
                }
                if (weight == 0) {
                    continue;
                }
                long xHead = x + 4 * (n * xStride + (long) h * D);
                float r = getFloat(rstd + 4 * (n * heads + h));
                double sum = 0;                                 // of dv · w · x̂; dx holds dv for now
                for (int i = 0; i < D; i++) {
                    sum += (double) getFloat(dxHead + 4L * i) * getFloat(weight + 4L * i) * getFloat(xHead + 4L * i) * r;
                }
                double mean = sum / D;
                for (int i = 0; i < D; i++) {
                    float dv = getFloat(dxHead + 4L * i);
                    float xHat = getFloat(xHead + 4L * i) * r;
                    putFloat(dxHead + 4L * i, (float) (r * ((double) dv * getFloat(weight + 4L * i) - xHat * mean)));
                    if (dWeight != 0) {
                        putFloat(dWeight + 4L * i, getFloat(dWeight + 4L * i) + dv * xHat);
                    }
                }
            }
        }
    }

    /// Fills rows `[from,to)` of a table `[positions,D]`: for each position D/2 cosines, then D/2 sines. Double precision inside, since
    /// an angle of thousands of radians has few digits left in single precision.
    static void fill(long cosSin, long from, long to, int D, double theta) {
        requireEven(D);
        for (int i = 0; i < D / 2; i++) {
            fillPair(cosSin, from, to, D, i, Math.pow(theta, -2.0 * i / D));
        }
    }

    /// The same for pairs whose angles per position are given, D/2 of them: how scaled variants of RoPE describe themselves.
    static void fill(long cosSin, long from, long to, double[] anglesPerPosition) {
        for (int i = 0; i < anglesPerPosition.length; i++) {
            fillPair(cosSin, from, to, 2 * anglesPerPosition.length, i, anglesPerPosition[i]);
        }
    }

    private static void fillPair(long cosSin, long from, long to, int D, int i, double anglePerPosition) {
        for (long position = from; position < to; position++) {
            double angle = position * anglePerPosition;
            long row = cosSin + 4 * position * D;
            putFloat(row + 4L * i, (float) Math.cos(angle));
            putFloat(row + 4L * i + 2L * D, (float) Math.sin(angle));
        }
    }

    /// Pairs need an even number of places.
    static void requireEven(int D) {
        if (D <= 0 || D % 2 != 0) {
            throw new IllegalArgumentException("rope: head width " + D + " cannot be cut into pairs; it must be even and positive");
        }
    }
}
