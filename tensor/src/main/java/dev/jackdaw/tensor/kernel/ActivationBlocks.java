package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;

/// Rows of x quantised to eight bits for [QuantMatMul]: a cache line for every 32 columns of a row, with all that a product needs to know of
/// them; rows follow each other.
///
/// ```
/// byte   0                         32     36      40       44       48     52        56        60     64
///        | q0 | q1 | …       | q31 | d    | Σ q   | Σ q    | Σ q    | d·Σq | d·Σq    | d·Σq    |   0  |
///          signed, −127 to 127       F32    I32     0 … 15   16…31    F32    0 … 15    16 … 31
/// ```
///
/// `d = max |x| / 127`, `q = x · (1 / d)` to the nearest whole number, ties to even; `x ≈ d · q`. A block below [#LEAST] counts as zeros. A block
/// that holds an infinity or NaN has `d` = NaN, so what is multiplied with it becomes NaN and is not mistaken for a number.
public interface ActivationBlocks {
    int COLUMNS = 32;
    int BYTES = 64;
    int SCALE = 32;
    int SUM = 36;
    int SUM_LOW = 40;
    int SUM_HIGH = 44;
    int SCALED_SUM = 48;
    int SCALED_SUM_LOW = 52;
    int SCALED_SUM_HIGH = 56;
    /// Largest |x| below which a block is taken as zeros: 1 / d must stay finite.
    float LEAST = 0x1p-110f;
    /// Adding 1.5 · 2²³ to a small number rounds it to a whole one, ties to even, which then is in the lowest bits.
    float ROUND = 0x1.8p23f;

    ActivationBlocks SCALAR = new ActivationBlocks() { };

    /// Bytes of a row of C numbers.
    static long rowBytes(int C) {
        return 2L * C;
    }

    /// Quantises blocks `[from,to)` of the row of F32 numbers at x.
    default void quantize(long row, long x, long from, long to) {
        for (long b = from; b < to; b++) {
            long at = row + BYTES * b, numbers = x + 4L * COLUMNS * b;
            int max = 0;                                    // as bits, of which NaN are the largest
            for (int i = 0; i < COLUMNS; i++) {
                max = Math.max(max, Memory.getInt(numbers + 4L * i) & Integer.MAX_VALUE);
            }
            float d = scale(Float.intBitsToFloat(max)), inverse = inverse(d);
            int low = 0, high = 0;
            for (int i = 0; i < COLUMNS; i++) {
                int q = inverse == 0 ? 0 : Float.floatToRawIntBits(Memory.getFloat(numbers + 4L * i) * inverse + ROUND) - Float.floatToRawIntBits(ROUND);
                Memory.putByte(at + i, (byte) q);
                low += i < COLUMNS / 2 ? q : 0;
                high += i < COLUMNS / 2 ? 0 : q;
            }
            putSums(at, d, low, high);
        }
    }

    /// d of a block whose largest number is `max`.
    static float scale(float max) {
        return max < LEAST ? 0 : max <= Float.MAX_VALUE ? max / 127 : Float.NaN;
    }

    /// 1 / d, or 0 where all q are to be zero.
    static float inverse(float d) {
        return d > 0 ? 1 / d : 0;
    }

    /// All of a block behind its 32 bytes.
    static void putSums(long at, float d, int low, int high) {
        Memory.putFloat(at + SCALE, d);
        Memory.putInt(at + SUM, low + high);
        Memory.putInt(at + SUM_LOW, low);
        Memory.putInt(at + SUM_HIGH, high);
        Memory.putFloat(at + SCALED_SUM, d * (low + high));
        Memory.putFloat(at + SCALED_SUM_LOW, d * low);
        Memory.putFloat(at + SCALED_SUM_HIGH, d * high);
        Memory.putInt(at + 60, 0);
    }
}
