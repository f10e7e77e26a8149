package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putInt;

import dev.jackdaw.tensor.DType;

/// Five bits a number with an offset: 32 numbers from 0 to 31 that share a scale and a minimum, 6 bits each in all. GGUF type 7:
///
/// ```
/// byte   0        2        4                 8                                    24
///        | scale  | min    | fifth bits      | q0,q16 | q1,q17 |  …       | q15,q31 |
///          F16      F16      bit i: of q[i]    the low four bits
/// ```
///
/// `x[i] ≈ scale · q[i] + min`.
final class Q5_1 extends BlockFormat {
    private static final int N = 32;
    private static final int MIN = 2;
    private static final int HIGH = 4;
    private static final int Q = 8;

    Q5_1() {
        super(DType.Q5_1, N, Q + N / 2, 0, MIN);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block);
        float min = half(block + MIN);
        int high = getInt(block + HIGH);
        for (int i = 0; i < N; i++) {
            y[i] = (Bits.nibble(block + Q, i, 16) | (high >>> i & 1) << 4) * scale + min;
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
    int minBits(int[] words, int at, int block) {
        return Bits.half(words, at + MIN);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        Q4_1.quantize(block, x, q, 31, importance, meanSquare);
        putInt(block + HIGH, Q5_0.fifthBits(q));
        Bits.putNibbles(block + Q, q, N, 16);
    }
}
