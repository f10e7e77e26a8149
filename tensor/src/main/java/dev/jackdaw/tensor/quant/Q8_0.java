package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.getByte;
import static dev.jackdaw.tensor.Memory.putByte;
import static dev.jackdaw.tensor.Memory.putShort;

import dev.jackdaw.tensor.DType;

/// Eight bits a number: 32 signed bytes that share one scale, 8.5 bits each in all. As in GGUF files (type 8), in file order:
///
/// ```
/// byte   0        2                                          34
///        | scale  | q0 | q1 | q2 |  …                  | q31 |
///          F16      signed bytes, −127 to 127
/// ```
///
/// `x[i] ≈ scale · q[i]`,  scale = max |x| / 127. The largest error is half a scale, plus what rounding the scale itself to F16 costs.
/// Bytes are rounded with the unrounded scale, ties away from zero. There is no search, so importance changes nothing.
final class Q8_0 extends BlockFormat {
    private static final int N = 32;
    private static final int Q = 2;

    Q8_0() {
        super(DType.Q8_0, N, Q + N, 0);
    }

    @Override
    void unpack(long block, float[] y) {
        float scale = half(block);
        for (int i = 0; i < N; i++) {
            y[i] = scale * getByte(block + Q + i);
        }
    }

    @Override
    void quads(int[] words, int at, int group, int[] q) {
        for (int v = 0; v < 8; v++) {
            q[v] = Bits.word(words, at + Q + 4 * v) ^ 0x8080_8080;         // + 128
        }
    }

    @Override
    int scaleBits(int[] words, int at, int block) {
        return Bits.half(words, at);
    }

    @Override
    void pack(long block, float[] x, float[] importance, float meanSquare) {
        float scale = Math.abs(Fit.largest(N, x, 0)) / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        putShort(block, Float.floatToFloat16(scale));
        for (int i = 0; i < N; i++) {
            putByte(block + Q + i, (byte) round(x[i] * inverse));
        }
    }

    /// To the nearest whole number, ties away from zero.
    static int round(float value) {
        int whole = (int) value;
        float rest = value - whole;                             // exact
        return rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
    }
}
