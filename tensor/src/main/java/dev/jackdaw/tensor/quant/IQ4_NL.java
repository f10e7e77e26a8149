package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Four bits a number, levels unevenly spaced: 32 numbers that share one scale, 4.5 bits each in all. GGUF type 20:
///
/// ```
/// byte   0        2                                                     18
///        | scale  | q0,q16 | q1,q17 |  …                        | q15,q31 |
///          F16      four bits each, the first sixteen in the low halves
/// ```
///
/// `x[i] ≈ scale · LEVELS[q[i]]`. The sixteen levels are dense around zero, where most weights are.
final class IQ4_NL extends BlockFormat {
    static final int[] LEVELS = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    private static final int N = 32;
    private static final int Q = 2;
    /// Scales tried on each side of the obvious one.
    private static final int TRIES = 7;

    IQ4_NL() {
        super(DType.IQ4_NL, N, Q + N / 2, 0);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block);
        for (int i = 0; i < N; i++) {
            y[i] = scale * LEVELS[Bits.nibble(block + Q, i, 16)];
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
        float scale = scale(x, 0, importance, 2f / N * Fit.squares(x, 0, N));
        putShort(block, Float.floatToFloat16(scale));
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < N; i++) {
            q[i] = nearest(inverse * x[i]);
        }
        Bits.putNibbles(block + Q, q, N, 16);
    }

    /// The best scale for 32 numbers.
    static float scale(float[] x, int at, float[] importance, float spread) {
        float[] w = new float[N];
        if (importance != null) {
            Fit.weigh(N, x, at, importance, spread, w);
        } else {
            for (int i = 0; i < N; i++) {
                w[i] = x[at + i] * x[at + i];
            }
        }
        float max = Fit.largest(N, x, at);
        if (Math.abs(max) < Fit.NOTHING) {
            return 0;
        }
        float scale = 0;
        float best = 0;
        for (int step = -TRIES - 1; step <= TRIES; step++) {
            boolean isFirst = step < -TRIES;
            float inverse = isFirst ? 1 / (-max / LEVELS[0]) : (step + LEVELS[0]) / max;
            float xq = 0;
            float qq = 0;
            for (int i = 0; i < N; i++) {
                float level = LEVELS[nearest(inverse * x[at + i])];
                xq += w[i] * level * x[at + i];
                qq += w[i] * level * level;
            }
            if (isFirst || qq > 0 && xq * xq > best * qq) {
                scale = qq > 0 ? xq / qq : 0;
                best = scale * xq;
            }
        }
        return scale;
    }

    /// The index of the nearest level, the higher of two equally near.
    static int nearest(float value) {
        int index = 0;
        while (index < 15 && value + value >= LEVELS[index] + LEVELS[index + 1]) {
            index++;
        }
        return index;
    }
}
