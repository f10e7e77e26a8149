package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putByte;
import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Two bits a number: 256 numbers from 0 to 3; each 16 share a scale and a minimum of four bits, and those share two F16 scales.
/// 2.625 bits each in all. GGUF type 10:
///
/// ```
/// byte   0                              16                          80       82       84
///        | s0,m0 | s1,m1 | … | s15,m15  | q: 64 bytes of four each  | scale  | minScale |
///          low half: scale of 16 numbers                              F16      F16
/// ```
///
/// `x[i] ≈ scale · s[i/16] · q[i] − minScale · m[i/16]`. The order of q is drawn at `Bits`.
final class Q2_K extends BlockFormat {
    private static final int N = 256;
    private static final int GROUPS = 16;
    private static final int Q = 16;
    private static final int SCALE = 80;
    private static final int MIN = 82;

    Q2_K() {
        super(DType.Q2_K, N, 84, SCALE, MIN);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block + SCALE);
        float min = half(block + MIN);
        for (int g = 0; g < GROUPS; g++) {
            int packed = Bits.unsigned(block + g);
            float groupScale = scale * (packed & 15);
            float groupMin = min * (packed >> 4);
            for (int i = 16 * g; i < 16 * g + 16; i++) {
                y[i] = groupScale * Bits.pair(block + Q, i) - groupMin;
            }
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        for (int v = 0; v < 8; v++) {
            q[v] = Bits.pairs(words, at + Q, group, v);
        }
    }

    @Override
    int scaleBits(int[] words, int at, int block) {
        return Bits.octet(words, at + block) & 15;
    }

    @Override
    int minBits(int[] words, int at, int block) {
        return Bits.octet(words, at + block) >> 4;
    }

    @Override
    int superScaleBits(int[] words, int at) {
        return Bits.half(words, at + SCALE);
    }

    @Override
    int superMinBits(int[] words, int at) {
        return Bits.half(words, at + MIN);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        int[] s = new int[GROUPS];
        int[] m = new int[GROUPS];
        float[] scales = new float[GROUPS];
        float[] mins = new float[GROUPS];
        float[] sums = new float[GROUPS];
        float[] w = new float[16];
        float spread = Fit.squares(x, 0, N) / N;
        for (int g = 0; g < GROUPS; g++) {
            if (importance != null) {
                sums[g] = Fit.weigh(16, x, 16 * g, importance, spread, w);
                scales[g] = Fit.affine(16, 3, x, 16 * g, q, w, mins, g, -0.9f, 0.05f, 36, false);
            } else {
                for (int i = 0; i < 16; i++) {
                    w[i] = Math.abs(x[16 * g + i]);
                }
                scales[g] = Fit.affine(16, 3, x, 16 * g, q, w, mins, g, -0.5f, 0.1f, 15, true);
            }
        }
        float scale = importance != null ? Fit.positive(GROUPS, 15, scales, s, sums) : share(scales, s);
        float min = importance != null ? Fit.positive(GROUPS, 15, mins, m, sums) : share(mins, m);
        putShort(block + SCALE, Float.floatToFloat16(scale));
        putShort(block + MIN, Float.floatToFloat16(min));
        for (int g = 0; g < GROUPS; g++) {
            int packed = s[g] | m[g] << 4;
            putByte(block + g, (byte) packed);
            float groupScale = half(block + SCALE) * (packed & 15);
            float groupMin = half(block + MIN) * (packed >> 4 & 15);
            if (groupScale != 0) {
                for (int i = 16 * g; i < 16 * g + 16; i++) {
                    q[i] = Math.max(0, Math.min(3, Fit.nearest((x[i] + groupMin) / groupScale)));
                }
            }
        }
        Bits.putPairs(block + Q, q);
    }

    /// The scale that puts the largest on 15.
    private static float share(float[] values, int[] levels) {
        float max = 0;
        for (float value : values) {
            max = Math.max(max, value);
        }
        for (int g = 0; g < GROUPS && max > 0; g++) {
            levels[g] = Math.max(0, Fit.nearest(15f / max * values[g]));
        }
        return max > 0 ? max / 15 : 0;
    }
}
