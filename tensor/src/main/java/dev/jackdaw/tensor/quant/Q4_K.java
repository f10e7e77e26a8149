package dev.jackdaw.tensor.quant;

import dev.jackdaw.tensor.DType;

/// Four bits a number: 256 numbers from 0 to 15; each 32 share a scale and a minimum of six bits, and those share two F16 scales.
/// 4.5 bits each in all, the usual choice. GGUF type 12:
///
/// ```
/// byte   0        2          4                             16                                144
///        | scale  | minScale | s and m: 12 bytes, drawn at | q: 4 × 32 bytes of two each     |
///          F16      F16        SixBits                       byte j holds q[j] and q[j + 32]
/// ```
///
/// `x[i] ≈ scale · s[i/32] · q[i] − minScale · m[i/32]`.
final class Q4_K extends SixBits {
    private static final int N = 256;
    private static final int Q = 16;

    Q4_K() {
        super(DType.Q4_K, Q + N / 2);
    }

    @Override
    void unpack(long block, float[] y) {
        for (int g = 0; g < GROUPS; g++) {
            float scale = scale(block, g);
            float min = min(block, g);
            for (int i = 32 * g; i < 32 * g + 32; i++) {
                y[i] = scale * Bits.nibble(block + Q, i, 32) - min;
            }
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        for (int v = 0; v < 8; v++) {
            q[v] = Bits.word(words, at + Q + 32 * (group / 2) + 4 * v) >>> group % 2 * 4 & Bits.NIBBLES;
        }
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        quantize(block, x, q, 15, -1, 20, importance);
        Bits.putNibbles(block + Q, q, N, 32);
    }
}
