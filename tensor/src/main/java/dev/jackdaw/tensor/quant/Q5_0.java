package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putInt;
import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Five bits a number: 32 numbers from −16 to 15 that share one scale, 5.5 bits each in all. GGUF type 6:
///
/// ```
/// byte   0        2                 6                                    22
///        | scale  | fifth bits      | q0,q16 | q1,q17 |  …       | q15,q31 |
///          F16      bit i: of q[i]    the low four bits of q + 16
/// ```
///
/// `x[i] ≈ scale · q[i]`; the scale's sign as in `Q4_0`.
final class Q5_0 extends BlockFormat {
    private static final int N = 32;
    private static final int HIGH = 2;
    private static final int Q = 6;

    Q5_0() {
        super(DType.Q5_0, N, Q + N / 2, 0);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block);
        int high = getInt(block + HIGH);
        for (int i = 0; i < N; i++) {
            y[i] = ((Bits.nibble(block + Q, i, 16) | (high >>> i & 1) << 4) - 16) * scale;
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        Bits.nibbles16(words, at + Q, q);
        Bits.addFifths(Bits.word(words, at + HIGH), q);
    }

    @Override
    int scaleBits(int[] words, int at, int block) {
        return Bits.half(words, at);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        putShort(block, Float.floatToFloat16(Q4_0.quantize(x, q, 16, importance, meanSquare)));
        putInt(block + HIGH, fifthBits(q));
        Bits.putNibbles(block + Q, q, N, 16);
    }

    static int fifthBits(int[] q) {
        int bits = 0;
        for (int i = 0; i < N; i++) {
            bits |= (q[i] >> 4 & 1) << i;
        }
        return bits;
    }
}
