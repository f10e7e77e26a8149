package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// Sums, scalings and measures of flat ranges, elements `[from,to)`. Outputs may be inputs.
///
/// The measures sum in double precision, here in order, in the Vector API version in lanes; so their last bits differ.
public interface Elementwise {
    Elementwise SCALAR = new Elementwise() { };

    /// `y += x`: also the residual connection.
    default void add(long y, long x, long from, long to) {
        for (long i = from; i < to; i++) {
            putFloat(y + 4 * i, getFloat(y + 4 * i) + getFloat(x + 4 * i));
        }
    }

    /// `y *= s`
    default void scale(long y, float s, long from, long to) {
        for (long i = from; i < to; i++) {
            putFloat(y + 4 * i, getFloat(y + 4 * i) * s);
        }
    }

    /// `y = a · x + b · y`. With b = 0 the old y counts for nothing, NaN included.
    default void axpby(long y, float a, long x, float b, long from, long to) {
        for (long i = from; i < to; i++) {
            float ax = a * getFloat(x + 4 * i);
            putFloat(y + 4 * i, b == 0 ? ax : Math.fma(b, getFloat(y + 4 * i), ax));
        }
    }

    default double sum(long x, long from, long to) {
        double sum = 0;
        for (long i = from; i < to; i++) {
            sum += getFloat(x + 4 * i);
        }
        return sum;
    }

    default double sumOfSquares(long x, long from, long to) {
        return dot(x, x, from, to);
    }

    /// `Σ x · y`
    default double dot(long x, long y, long from, long to) {
        double sum = 0;
        for (long i = from; i < to; i++) {
            sum += (double) getFloat(x + 4 * i) * getFloat(y + 4 * i);
        }
        return sum;
    }

    /// The largest number; −∞ of none, NaN if any is NaN.
    default float max(long x, long from, long to) {
        float max = Float.NEGATIVE_INFINITY;
        for (long i = from; i < to; i++) {
            max = Math.max(max, getFloat(x + 4 * i));
        }
        return max;
    }

    /// Whether no number is infinite or NaN.
    default boolean finite(long x, long from, long to) {
        for (long i = from; i < to; i++) {
            if (!Float.isFinite(getFloat(x + 4 * i))) {
                return false;
            }
        }
        return true;
    }
}
