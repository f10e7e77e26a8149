package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putByte;

import dev.jackdaw.tensor.DType;

/// Four-bit floating-point numbers: 32 of them share a power of two, 4.25 bits each in all. The "MXFP4" of the Open Compute Project's
/// Microscaling Formats specification 1.0, the experts of gpt-oss. GGUF type 39:
///
/// ```
/// byte   0   1                                                     17
///        | e | q0,q16 | q1,q17 |  …                        | q15,q31 |
///          2^(e − 127)   four bits each (E2M1: sign, two of exponent, one of fraction), the first sixteen in the low halves
/// ```
///
/// `x[i] ≈ 2^(e − 128) · LEVELS[q[i]]`: the levels here are twice the number that the four bits stand for, so that they are whole.
final class MXFP4 extends BlockFormat {
    static final int[] LEVELS = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    private static final int N = 32;
    private static final int Q = 1;

    MXFP4() {
        super(DType.MXFP4, N, Q + N / 2);
    }

    /// 2^(e − 128), subnormal for 0 and 1.
    static float scale(int e) {
        return Float.intBitsToFloat(e < 2 ? 0x0020_0000 << e : e - 1 << 23);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = scale(Bits.unsigned(block));
        for (int i = 0; i < N; i++) {
            y[i] = LEVELS[Bits.nibble(block + Q, i, 16)] * scale;
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
        return Bits.octet(words, at);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        float max = Math.abs(Fit.largest(N, x, 0));
        // 2 is the exponent of 6, the largest number that four bits hold. The logarithm is rounded to float as in the reference.
        int e = max == 0 ? 0 : Math.clamp((long) Math.floor((float) (Math.log(max) / Math.log(2))) - 2 + 127, 0, 254);
        putByte(block, (byte) e);
        float scale = scale(e);
        int[] q = new int[N];
        for (int i = 0; i < N; i++) {
            for (int level = 1; level < LEVELS.length; level++) {
                if (Math.abs(LEVELS[level] * scale - x[i]) < Math.abs(LEVELS[q[i]] * scale - x[i])) {
                    q[i] = level;
                }
            }
        }
        Bits.putNibbles(block + Q, q, N, 16);
    }
}
