package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getDouble;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getShort;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.Memory.putShort;

/// From one number format to another, elements `[from,to)`.
///
/// | format | sign, exponent, fraction bits | what it keeps                                   |
/// |--------|-------------------------------|-------------------------------------------------|
/// | F32    | 1, 8, 23                      |                                                 |
/// | F16    | 1, 5, 10                      | about 3 digits, up to 65504, subnormals below 2⁻¹⁴ |
/// | BF16   | 1, 8, 7                       | about 2 digits, the range of F32: its upper half |
///
/// To a narrower format the nearest number is taken, the even one of two equally near; too large becomes ∞. NaN stays NaN, though not
/// always with the same payload. Input and output must not overlap.
public interface Convert {
    Convert SCALAR = new Convert() { };

    default void f16ToF32(long y, long x, long from, long to) {
        for (long i = from; i < to; i++) {
            putFloat(y + 4 * i, Float.float16ToFloat(getShort(x + 2 * i)));
        }
    }

    default void f32ToF16(long y, long x, long from, long to) {
        for (long i = from; i < to; i++) {
            putShort(y + 2 * i, Float.floatToFloat16(getFloat(x + 4 * i)));
        }
    }

    default void bf16ToF32(long y, long x, long from, long to) {
        for (long i = from; i < to; i++) {
            putFloat(y + 4 * i, Float.intBitsToFloat(getShort(x + 2 * i) << 16));
        }
    }

    default void f32ToBf16(long y, long x, long from, long to) {
        for (long i = from; i < to; i++) {
            putShort(y + 2 * i, bf16(getFloat(x + 4 * i)));
        }
    }

    default void f64ToF32(long y, long x, long from, long to) {
        for (long i = from; i < to; i++) {
            putFloat(y + 4 * i, (float) getDouble(x + 8 * i));
        }
    }

    /// The upper half of the number after adding half of what is cut off, and the last kept bit so that ties go to even. The sum may carry
    /// into the exponent, which is right; but it would carry a NaN into something else, so a NaN is cut and made quiet instead.
    private static short bf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fff_ffff) > 0x7f80_0000) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }
}
