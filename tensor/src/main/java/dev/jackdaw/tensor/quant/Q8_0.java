package dev.jackdaw.tensor.quant;

import dev.jackdaw.tensor.DType;

import static dev.jackdaw.tensor.Memory.getByte;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getShort;
import static dev.jackdaw.tensor.Memory.putByte;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.Memory.putShort;

/// Eight bits a number: 32 signed bytes that share one scale, 8.5 bits each in all. As in GGUF files (type 8), in file order:
///
/// ```
/// byte   0        2                                          34
///        | scale  | q0 | q1 | q2 |  …                  | q31 |
///          F16      signed bytes, −127 to 127
/// ```
///
/// `x[i] ≈ scale · q[i]`,  scale = max |x| / 127. The largest error is half a scale, plus what rounding the scale itself to F16 costs.
public final class Q8_0 {
    /// Numbers in a block.
    public static final int ELEMENTS = 32;
    /// Bytes of a block.
    public static final int BYTES = 34;

    static {
        if (DType.Q8_0.blockElements() != ELEMENTS || DType.Q8_0.blockBytes() != BYTES) {
            throw new AssertionError("Q8_0: DType says blocks of " + DType.Q8_0.blockElements() + " numbers in " + DType.Q8_0.blockBytes() + " bytes");
        }
    }

    private Q8_0() {
    }

    /// Blocks `[from,to)` of the F32 numbers at x. Equal to the reference quantizer of llama.cpp bit for bit: bytes are rounded with the
    /// unrounded scale, ties away from zero.
    public static void encode(long blocks, long x, long from, long to) {
        for (long b = from; b < to; b++) {
            long values = x + 4 * ELEMENTS * b;
            long block = blocks + BYTES * b;
            float max = 0;
            for (int i = 0; i < ELEMENTS; i++) {
                max = Math.max(max, Math.abs(getFloat(values + 4L * i)));
            }
            float scale = max / 127;
            short half = Float.floatToFloat16(scale);
            if (!Float.isFinite(Float.float16ToFloat(half))) {
                throw new ArithmeticException("Q8_0: numbers " + ELEMENTS * b + " to " + (ELEMENTS * b + ELEMENTS - 1) + " contain " + max
                        + "; a block needs finite numbers, at most " + 127 * 65504 + " in size");
            }
            float inverse = scale == 0 ? 0 : 1 / scale;
            putShort(block, half);
            for (int i = 0; i < ELEMENTS; i++) {
                putByte(block + 2 + i, (byte) round(getFloat(values + 4L * i) * inverse));
            }
        }
    }

    /// F32 numbers of blocks `[from,to)`.
    public static void decode(long y, long blocks, long from, long to) {
        for (long b = from; b < to; b++) {
            long block = blocks + BYTES * b;
            float scale = Float.float16ToFloat(getShort(block));
            for (int i = 0; i < ELEMENTS; i++) {
                putFloat(y + 4 * (ELEMENTS * b + i), scale * getByte(block + 2 + i));
            }
        }
    }

    /// `Σ x · y` over blocks `[from,to)`, x in blocks, y in F32.
    public static float dot(long blocks, long y, long from, long to) {
        double sum = 0;
        for (long b = from; b < to; b++) {
            long block = blocks + BYTES * b;
            double inBlock = 0;
            for (int i = 0; i < ELEMENTS; i++) {
                inBlock += getByte(block + 2 + i) * getFloat(y + 4 * (ELEMENTS * b + i));
            }
            sum += inBlock * Float.float16ToFloat(getShort(block));
        }
        return (float) sum;
    }

    /// To the nearest whole number, ties away from zero.
    private static int round(float value) {
        int whole = (int) value;
        float rest = value - whole;                             // exact
        return rest >= 0.5f ? whole + 1 : rest <= -0.5f ? whole - 1 : whole;
    }
}
