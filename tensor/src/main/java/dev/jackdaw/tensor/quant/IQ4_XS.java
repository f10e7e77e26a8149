package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.getShort;
import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Four bits a number, levels unevenly spaced: 256 numbers; each 32 share a scale of six bits, and those share one F16 scale.
/// 4.25 bits each in all. GGUF type 23:
///
/// ```
/// byte   0        2                 4                   8                                       136
///        | scale  | high two bits   | low four bits     | q: 8 × 16 bytes, each as in IQ4_NL    |
///          F16      of s0 … s7        s0,s1 | s2,s3 | …
/// ```
///
/// `x[i] ≈ scale · (s[i/32] − 32) · LEVELS[q[i]]`; the levels are those of `IQ4_NL`.
final class IQ4_XS extends BlockFormat {
    private static final int N = 256;
    private static final int GROUPS = 8;
    private static final int HIGH = 2;
    private static final int LOW = 4;
    private static final int Q = 8;

    IQ4_XS() {
        super(DType.IQ4_XS, N, Q + N / 2, 0);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block);
        int high = getShort(block + HIGH);
        for (int g = 0; g < GROUPS; g++) {
            float groupScale = scale * ((Bits.nibble(block + LOW, g, 1) | (high >> 2 * g & 3) << 4) - 32);
            for (int i = 32 * g; i < 32 * g + 32; i++) {
                y[i] = groupScale * IQ4_NL.LEVELS[Bits.nibble(block + Q, i, 16)];
            }
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        Bits.nibbles16(words, at + Q + 16 * group, q);
    }

    @Override
    int nibblesAt(int group) {
        return Q + 16 * group;
    }

    @Override
    int scaleBits(int[] words, int at, int block) {
        return (Bits.octet(words, at + LOW + block / 2) >> block % 2 * 4 & 15 | (Bits.half(words, at + HIGH) >> 2 * block & 3) << 4) - 32;
    }

    @Override
    int superScaleBits(int[] words, int at) {
        return Bits.half(words, at);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        int[] s = new int[GROUPS];
        float[] scales = new float[GROUPS];
        float[] groupImportance = importance == null ? null : new float[32];
        float[] group = new float[32];
        float spread = 2f / N * Fit.squares(x, 0, N);
        for (int g = 0; g < GROUPS; g++) {
            System.arraycopy(x, 32 * g, group, 0, 32);
            if (importance != null) {
                System.arraycopy(importance, 32 * g, groupImportance, 0, 32);
            }
            scales[g] = IQ4_NL.scale(group, 0, groupImportance, spread);
        }
        float scale = -Fit.largest(GROUPS, scales, 0) / 32;
        putShort(block, Float.floatToFloat16(scale));
        float inverse = scale == 0 ? 0 : 1 / scale;
        int high = 0;
        for (int g = 0; g < GROUPS; g++) {
            int level = Math.max(-32, Math.min(31, Fit.nearest(inverse * scales[g])));
            float groupScale = scale * level;                    // not rounded to F16, as in the reference
            float groupInverse = groupScale == 0 ? 0 : 1 / groupScale;
            for (int i = 32 * g; i < 32 * g + 32; i++) {
                q[i] = IQ4_NL.nearest(groupInverse * x[i]);
            }
            s[g] = level + 32;
            high |= s[g] >> 4 << 2 * g;
        }
        putShort(block + HIGH, (short) high);
        Bits.putNibbles(block + LOW, s, GROUPS, 1);
        Bits.putNibbles(block + Q, q, N, 16);
    }
}
