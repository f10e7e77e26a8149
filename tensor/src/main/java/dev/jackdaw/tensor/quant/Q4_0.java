package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Four bits a number: 32 numbers from −8 to 7 that share one scale, 4.5 bits each in all. GGUF type 2:
///
/// ```
/// byte   0        2                                                     18
///        | scale  | q0,q16 | q1,q17 |  …                        | q15,q31 |
///          F16      low half: q + 8 of the first sixteen; high half: of the others
/// ```
///
/// `x[i] ≈ scale · q[i]`. The scale has the sign that puts the number farthest from zero on −8, the level without a positive counterpart.
final class Q4_0 extends BlockFormat {
    private static final int N = 32;
    private static final int Q = 2;

    Q4_0() {
        super(DType.Q4_0, N, Q + N / 2, 0);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block);
        for (int i = 0; i < N; i++) {
            y[i] = (Bits.nibble(block + Q, i, 16) - 8) * scale;
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        Bits.nibbles16(words, at + Q, q);
    }

    @Override
    int nibblesAt(int group) {
        return Q;
    }

    @Override
    int scaleBits(int[] words, int at, int block) {
        return Bits.half(words, at);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        putShort(block, Float.floatToFloat16(quantize(x, q, 8, importance, meanSquare)));
        Bits.putNibbles(block + Q, q, N, 16);
    }

    /// Levels −n to n − 1 for 32 numbers, stored as `q + n`; the scale.
    static float quantize(float[] x, int[] q, int n, float[] importance, float meanSquare) {
        if (importance != null) {
            float[] w = new float[N];
            Fit.weigh(N, x, 0, importance, meanSquare, w);
            return Fit.symmetric(N, n, x, 0, q, w);
        }
        float scale = Fit.largest(N, x, 0) / -n;
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < N; i++) {
            q[i] = Math.min(2 * n - 1, (int) (x[i] * inverse + (n + 0.5f)));
        }
        return scale;
    }
}
