package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Ternary: 256 numbers −1, 0 or 1 of two bits each that share one scale, 2.0625 bits each in all; larger than `TQ1_0` and faster to read.
/// GGUF type 35:
///
/// ```
/// byte   0                              64       66
///        | q + 1: 64 bytes of four      | scale  |
///          order drawn at Bits            F16
/// ```
///
/// `x[i] ≈ scale · q[i]`, scale = max |x|.
final class TQ2_0 extends BlockFormat {
    private static final int N = 256;
    private static final int SCALE = 64;

    TQ2_0() {
        super(DType.TQ2_0, N, 66, SCALE);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block + SCALE);
        for (int i = 0; i < N; i++) {
            y[i] = (Bits.pair(block, i) - 1) * scale;
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        for (int v = 0; v < 8; v++) {
            q[v] = Bits.pairs(words, at, group, v);
        }
    }

    @Override
    int scaleBits(int[] words, int at, int block) {
        return Bits.half(words, at + SCALE);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        float scale = Math.abs(Fit.largest(N, x, 0));
        float inverse = scale == 0 ? 0 : 1 / scale;
        int[] q = new int[N];
        for (int i = 0; i < N; i++) {
            q[i] = Q8_0.round(x[i] * inverse) + 1;
        }
        putShort(block + SCALE, Float.floatToFloat16(scale));
        Bits.putPairs(block, q);
    }
}
