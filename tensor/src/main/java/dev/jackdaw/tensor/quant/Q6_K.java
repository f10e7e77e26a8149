package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.getByte;
import static dev.jackdaw.tensor.Memory.putByte;
import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Six bits a number: 256 numbers from −32 to 31; each 16 share a scale of one signed byte, and those share one F16 scale.
/// 6.5625 bits each in all. GGUF type 14:
///
/// ```
/// byte   0                                  128                              192              208      210
///        | low four bits, 2 × 64 bytes      | high two bits, 2 × 32 bytes    | s0 | … | s15   | scale  |
///          byte j: numbers j and j + 64       order drawn at Bits              signed bytes     F16
/// ```
///
/// `x[i] ≈ scale · s[i/16] · (q[i] − 32)`.
final class Q6_K extends BlockFormat {
    private static final int N = 256;
    private static final int GROUPS = 16;
    private static final int HIGH = 128;
    private static final int SCALES = 192;
    private static final int SCALE = 208;

    Q6_K() {
        super(DType.Q6_K, N, 210, SCALE);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block + SCALE);
        for (int g = 0; g < GROUPS; g++) {
            float groupScale = scale * getByte(block + SCALES + g);
            for (int i = 16 * g; i < 16 * g + 16; i++) {
                y[i] = groupScale * ((Bits.nibble(block, i, 64) | Bits.pair(block + HIGH, i) << 4) - 32);
            }
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        for (int v = 0; v < 8; v++) {
            int low = Bits.word(words, at + 64 * (group / 4) + 32 * (group % 2) + 4 * v) >>> group / 2 % 2 * 4 & Bits.NIBBLES;
            q[v] = low | Bits.pairs(words, at + HIGH, group, v) << 4;
        }
    }

    @Override
    int scaleBits(int[] words, int at, int block) {
        return Bits.octet(words, at + SCALES + block);
    }

    @Override
    int superScaleBits(int[] words, int at) {
        return Bits.half(words, at + SCALE);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        float[] scales = new float[GROUPS];
        float[] w = importance == null ? null : new float[16];
        for (int g = 0; g < GROUPS; g++) {
            if (w != null) {
                System.arraycopy(importance, 16 * g, w, 0, 16);
            }
            scales[g] = Fit.symmetric(16, 32, x, 16 * g, q, w);
        }
        float max = Fit.largest(GROUPS, scales, 0);
        if (Math.abs(max) < Fit.NOTHING) {
            for (int j = 0; j < type().blockBytes(); j++) {
                putByte(block + j, (byte) 0);
            }
            return;
        }
        float inverse = -128f / max;
        putShort(block + SCALE, Float.floatToFloat16(1 / inverse));
        for (int g = 0; g < GROUPS; g++) {
            putByte(block + SCALES + g, (byte) Math.min(127, Fit.nearest(inverse * scales[g])));
            float groupScale = half(block + SCALE) * getByte(block + SCALES + g);
            if (groupScale != 0) {
                for (int i = 16 * g; i < 16 * g + 16; i++) {
                    q[i] = Math.max(-32, Math.min(31, Fit.nearest(x[i] / groupScale))) + 32;
                }
            }
        }
        Bits.putNibbles(block, q, N, 64);
        for (int i = 0; i < N; i++) {
            q[i] >>= 4;
        }
        Bits.putPairs(block + HIGH, q);
    }
}
