package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Four bits a number with an offset: 32 numbers from 0 to 15 that share a scale and a minimum, 5 bits each in all. GGUF type 3:
///
/// ```
/// byte   0        2        4                                                     20
///        | scale  | min    | q0,q16 | q1,q17 |  …                        | q15,q31 |
///          F16      F16      four bits each, the first sixteen in the low halves
/// ```
///
/// `x[i] ≈ scale · q[i] + min`.
final class Q4_1 extends BlockFormat {
    private static final int N = 32;
    private static final int MIN = 2;
    private static final int Q = 4;

    Q4_1() {
        super(DType.Q4_1, N, Q + N / 2, 0, MIN);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block);
        float min = half(block + MIN);
        for (int i = 0; i < N; i++) {
            y[i] = Bits.nibble(block + Q, i, 16) * scale + min;
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
        return Bits.half(words, at);
    }

    @Override
    int minBits(int[] words, int at, int block) {
        return Bits.half(words, at + MIN);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        int[] q = new int[N];
        quantize(block, x, q, 15, importance, meanSquare);
        Bits.putNibbles(block + Q, q, N, 16);
    }

    /// Levels 0 to n for 32 numbers; scale and minimum go to the first four bytes of the block.
    static void quantize(long block, float[] x, int[] q, int n, float[] importance, float meanSquare) {
        float scale;
        float low = x[0];
        if (importance != null) {
            float[] w = new float[N];
            float[] min = new float[1];
            Fit.weigh(N, x, 0, importance, meanSquare, w);
            scale = Fit.affine(N, n, x, 0, q, w, min, 0, -0.9f, 0.05f, 36, false);
            low = -min[0];
        } else {
            float high = x[0];
            for (float value : x) {
                low = value < low ? value : low;
                high = value > high ? value : high;
            }
            scale = (high - low) / n;
            float inverse = scale == 0 ? 0 : 1 / scale;
            for (int i = 0; i < N; i++) {
                q[i] = Math.min(n, (int) ((x[i] - low) * inverse + 0.5f));
            }
        }
        putShort(block, Float.floatToFloat16(scale));
        putShort(block + MIN, Float.floatToFloat16(low));
    }
}
