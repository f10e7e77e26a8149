package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putByte;
import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// What `Q4_K` and `Q5_K` have in common: the first 16 bytes of the block, two F16 scales and eight pairs of six-bit numbers
/// (scale s and minimum m of 32 numbers each):
///
/// ```
/// byte   0        2          4          8          12         16
///        | scale  | minScale | s0 … s3  | m0 … m3  | s4,m4 …  |
///          F16      F16        low six bits          low four bits of s in the low half, of m in the high half;
///                                                    their high two bits are the high bits of the bytes of s0 … s3 and m0 … m3
/// ```
abstract class SixBits extends BlockFormat {
    static final int GROUPS = 8;
    static final int MIN = 2;
    private static final int LEVELS = 4;
    private static final int MOST = 63;

    SixBits(DType type, int bytes) {
        super(type, 256, bytes, 0, MIN);
    }

    @Override
    final int scaleBits(int[] words, int at, int block) {
        int l = at + LEVELS;
        return block < 4 ? Bits.octet(words, l + block) & MOST : Bits.octet(words, l + 4 + block) & 15 | Bits.octet(words, l + block - 4) >> 6 << 4;
    }

    @Override
    final int minBits(int[] words, int at, int block) {
        int l = at + LEVELS;
        return block < 4 ? Bits.octet(words, l + 4 + block) & MOST : Bits.octet(words, l + 4 + block) >> 4 | Bits.octet(words, l + block) >> 6 << 4;
    }

    @Override
    final int superScaleBits(int[] words, int at) {
        return Bits.half(words, at);
    }

    @Override
    final int superMinBits(int[] words, int at) {
        return Bits.half(words, at + MIN);
    }

    static float scale(long block, int g) {
        long at = block + LEVELS;
        int level = g < 4 ? Bits.unsigned(at + g) & MOST : Bits.unsigned(at + 4 + g) & 15 | Bits.unsigned(at + g - 4) >> 6 << 4;
        return BlockFormat.half(block) * level;
    }

    static float min(long block, int g) {
        long at = block + LEVELS;
        int level = g < 4 ? Bits.unsigned(at + 4 + g) & MOST : Bits.unsigned(at + 4 + g) >> 4 | Bits.unsigned(at + g) >> 6 << 4;
        return BlockFormat.half(block + MIN) * level;
    }

    private static void putLevels(long block, int[] s, int[] m) {
        for (int g = 0; g < 4; g++) {
            putByte(block + LEVELS + g, (byte) (s[g] | s[g + 4] >> 4 << 6));
            putByte(block + LEVELS + 4 + g, (byte) (m[g] | m[g + 4] >> 4 << 6));
            putByte(block + LEVELS + 8 + g, (byte) (s[g + 4] & 15 | (m[g + 4] & 15) << 4));
        }
    }

    /// Levels 0 to n of 256 numbers, and the first 16 bytes.
    ///
    /// @param first where the search for scales begins without importance, `steps` how long it goes on
    static void quantize(long block, float[] x, int[] q, int n, float first, int steps, float[] importance) {
        int[] s = new int[GROUPS];
        int[] m = new int[GROUPS];
        float[] scales = new float[GROUPS];
        float[] mins = new float[GROUPS];
        float[] sums = new float[GROUPS];
        float[] w = new float[32];
        float spread = 2 * Fit.squares(x, 0, 256) / 256;
        for (int g = 0; g < GROUPS; g++) {
            if (importance != null) {
                sums[g] = Fit.weigh(32, x, 32 * g, importance, spread, w);
                scales[g] = Fit.affine(32, n, x, 32 * g, q, w, mins, g, -0.9f, 0.05f, 36, false);
            } else {
                float size = (float) Math.sqrt(Fit.squares(x, 32 * g, 32) / 32);
                for (int i = 0; i < 32; i++) {
                    w[i] = size + Math.abs(x[32 * g + i]);
                }
                scales[g] = Fit.affine(32, n, x, 32 * g, q, w, mins, g, first, 0.1f, steps, false);
            }
        }
        float scale = importance != null ? Fit.positive(GROUPS, MOST, scales, s, sums) : share(scales, s);
        float min = importance != null ? Fit.positive(GROUPS, MOST, mins, m, sums) : share(mins, m);
        putShort(block, Float.floatToFloat16(scale));
        putShort(block + MIN, Float.floatToFloat16(min));
        putLevels(block, s, m);
        for (int g = 0; g < GROUPS; g++) {
            float groupScale = scale(block, g);
            float groupMin = min(block, g);
            if (groupScale != 0) {
                for (int i = 32 * g; i < 32 * g + 32; i++) {
                    q[i] = Math.max(0, Math.min(n, Fit.nearest((x[i] + groupMin) / groupScale)));
                }
            }
        }
    }

    /// The scale that puts the largest on 63.
    private static float share(float[] values, int[] levels) {
        float max = 0;
        for (float value : values) {
            max = Math.max(max, value);
        }
        float inverse = max > 0 ? MOST / max : 0;
        for (int g = 0; g < GROUPS; g++) {
            levels[g] = Math.max(0, Math.min(MOST, Fit.nearest(inverse * values[g])));
        }
        return max / MOST;
    }
}
