package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putByte;

import dev.jackdaw.tensor.DType;

/// Five bits a number: 256 numbers from 0 to 31; each 32 share a scale and a minimum of six bits, and those share two F16 scales.
/// 5.5 bits each in all. GGUF type 13:
///
/// ```
/// byte   0        2          4                     16                    48                                176
///        | scale  | minScale | s and m: 12 bytes,  | fifth bits, 32      | q: 4 × 32 bytes of two each     |
///          F16      F16        drawn at SixBits      byte i%32, bit i/32   byte j holds q[j] and q[j + 32]
/// ```
///
/// `x[i] ≈ scale · s[i/32] · q[i] − minScale · m[i/32]`.
final class Q5_K extends SixBits {
    private static final int N = 256;
    private static final int HIGH = 16;
    private static final int Q = 48;

    Q5_K() {
        super(DType.Q5_K, Q + N / 2);
    }

    @Override
    void unpack(long block, float[] y) {
        for (int g = 0; g < GROUPS; g++) {
            float scale = scale(block, g);
            float min = min(block, g);
            for (int i = 32 * g; i < 32 * g + 32; i++) {
                int high = Bits.unsigned(block + HIGH + i % 32) >> g & 1;
                y[i] = scale * (Bits.nibble(block + Q, i, 32) + 16 * high) - min;
            }
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        for (int v = 0; v < 8; v++) {
            int low = Bits.word(words, at + Q + 32 * (group / 2) + 4 * v) >>> group % 2 * 4 & Bits.NIBBLES;
            q[v] = low | (Bits.word(words, at + HIGH + 4 * v) >>> group & Bits.ONES) << 4;
        }
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        quantize(block, x, q, 31, -0.5f, 15, importance);
        for (int j = 0; j < 32; j++) {
            int high = 0;
            for (int g = 0; g < GROUPS; g++) {
                high |= (q[32 * g + j] >> 4 & 1) << g;
            }
            putByte(block + HIGH + j, (byte) high);
        }
        Bits.putNibbles(block + Q, q, N, 32);
    }
}
