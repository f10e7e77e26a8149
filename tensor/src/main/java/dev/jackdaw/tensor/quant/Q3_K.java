package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putByte;
import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Three bits a number: 256 numbers from −4 to 3; each 16 share a scale of six bits, and those share one F16 scale.
/// 3.4375 bits each in all. GGUF type 11:
///
/// ```
/// byte   0                     32                            96                 108      110
///        | third bits, 32      | q: low two bits, 64 bytes   | scales, 12 bytes | scale  |
///          byte i%32, bit i/32   order drawn at Bits           16 × six bits      F16
/// ```
///
/// `x[i] ≈ scale · (s[i/16] − 32) · (q[i] − 4)`. Of s, the low four bits are in bytes 0 to 7 (s0 and s8 share byte 0), the high two in
/// bytes 8 to 11: those of s[g] in byte `8 + g % 4` from bit `2 · (g / 4)` on.
final class Q3_K extends BlockFormat {
    private static final int N = 256;
    private static final int GROUPS = 16;
    private static final int Q = 32;
    private static final int SCALES = 96;
    private static final int SCALE = 108;

    Q3_K() {
        super(DType.Q3_K, N, 110, SCALE);
    }

    private static int groupLevel(long block, int g) {
        int low = Bits.unsigned(block + SCALES + g % 8) >> 4 * (g / 8) & 15;
        int high = Bits.unsigned(block + SCALES + 8 + g % 4) >> 2 * (g / 4) & 3;
        return (low | high << 4) - 32;
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block + SCALE);
        for (int g = 0; g < GROUPS; g++) {
            float groupScale = scale * groupLevel(block, g);
            for (int i = 16 * g; i < 16 * g + 16; i++) {
                int high = Bits.unsigned(block + i % 32) >> i / 32 & 1;
                y[i] = groupScale * (Bits.pair(block + Q, i) + 4 * high - 4);
            }
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        for (int v = 0; v < 8; v++) {
            q[v] = Bits.pairs(words, at + Q, group, v) | (Bits.word(words, at + 4 * v) >>> group & Bits.ONES) << 2;
        }
    }

    @Override
    int scaleBits(int[] words, int at, int block) {
        int low = Bits.octet(words, at + SCALES + block % 8) >> 4 * (block / 8) & 15;
        int high = Bits.octet(words, at + SCALES + 8 + block % 4) >> 2 * (block / 4) & 3;
        return (low | high << 4) - 32;
    }

    @Override
    int superScaleBits(int[] words, int at) {
        return Bits.half(words, at + SCALE);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        int[] s = new int[GROUPS];
        float[] scales = new float[GROUPS];
        float scale;
        if (importance != null) {
            float[] w = new float[16];
            float[] sums = new float[GROUPS];
            float spread = 2 * Fit.squares(x, 0, N) / N;
            for (int g = 0; g < GROUPS; g++) {
                sums[g] = Fit.weigh(16, x, 16 * g, importance, spread, w);
                scales[g] = Fit.symmetric(16, 4, x, 16 * g, q, w);
            }
            scale = Fit.symmetric(GROUPS, 32, scales, 0, s, sums);
        } else {
            for (int g = 0; g < GROUPS; g++) {
                scales[g] = Fit.symmetricByMoves(16, 4, x, 16 * g, q);
            }
            float max = Fit.largest(GROUPS, scales, 0);
            float inverse = max == 0 ? 0 : -32f / max;
            for (int g = 0; g < GROUPS && max != 0; g++) {
                s[g] = Math.max(-32, Math.min(31, Fit.nearest(inverse * scales[g]))) + 32;
            }
            scale = max == 0 ? 0 : 1 / inverse;
        }
        putShort(block + SCALE, Float.floatToFloat16(scale));
        for (int j = 0; j < 8; j++) {
            putByte(block + SCALES + j, (byte) (s[j] & 15 | (s[j + 8] & 15) << 4));
        }
        for (int j = 0; j < 4; j++) {
            putByte(block + SCALES + 8 + j, (byte) (s[j] >> 4 | s[j + 4] >> 4 << 2 | s[j + 8] >> 4 << 4 | s[j + 12] >> 4 << 6));
        }
        for (int g = 0; g < GROUPS; g++) {
            float groupScale = half(block + SCALE) * groupLevel(block, g);
            if (groupScale != 0) {
                for (int i = 16 * g; i < 16 * g + 16; i++) {
                    q[i] = Math.max(-4, Math.min(3, Fit.nearest(x[i] / groupScale))) + 4;
                }
            }
        }
        for (int j = 0; j < 32; j++) {
            int high = 0;
            for (int bit = 0; bit < 8; bit++) {
                high |= (q[32 * bit + j] >> 2 & 1) << bit;
            }
            putByte(block + j, (byte) high);
        }
        Bits.putPairs(block + Q, q);
    }
}
