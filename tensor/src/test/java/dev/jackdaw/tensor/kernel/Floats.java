package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.tensor.Memory;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.function.LongToDoubleFunction;

/// Numbers for a kernel under test: off-heap, at a chosen distance from a cache line, with guards before and after that must survive.
final class Floats {
    /// Lengths that are shorter than a vector, a vector, odd, and longer than any unrolled step.
    static final int[] SIZES = {1, 7, 8, 13, 64, 207, 1024, 4098};
    /// Floats from the start of a cache line: aligned, off by one, off by half a wide vector.
    static final int[] OFFSETS = {0, 1, 8};

    private static final int GUARDS = 16;
    private static final float GUARD = -12345.678f;

    private final long start;
    private final int length;
    private final int offset;

    private Floats(int length, int offset) {
        this.length = length;
        this.offset = offset;
        // Never freed: a kernel holds an address, which keeps nothing alive.
        start = Arena.global().allocate(4L * (length + offset + 2 * GUARDS), Memory.ALIGNMENT).address();
        for (int i = 0; i < length + offset + 2 * GUARDS; i++) {
            Memory.putFloat(start + 4L * i, GUARD);
        }
    }

    static Floats of(int length, int offset, LongToDoubleFunction values) {
        Floats floats = new Floats(length, offset);
        for (int i = 0; i < length; i++) {
            floats.set(i, (float) values.applyAsDouble(i));
        }
        return floats;
    }

    static Floats zeros(int length, int offset) {
        return of(length, offset, _ -> 0);
    }

    /// From the bell curve, times `size`.
    static Floats random(Random random, int length, int offset, double size) {
        return of(length, offset, _ -> random.nextGaussian() * size);
    }

    /// Whole numbers stored as int32, all in `[0,bound)`.
    static Floats ids(Random random, int length, int bound) {
        return of(length, 0, _ -> Float.intBitsToFloat(random.nextInt(bound)));
    }

    Floats copy() {
        return of(length, offset, i -> get((int) i));
    }

    long address() {
        return start + 4L * (GUARDS + offset);
    }

    int length() {
        return length;
    }

    float get(int i) {
        return Memory.getFloat(address() + 4L * i);
    }

    void set(int i, float value) {
        Memory.putFloat(address() + 4L * i, value);
    }

    void assertGuards(String what) {
        for (int i = 0; i < GUARDS; i++) {
            assertThat(Memory.getFloat(address() - 4L * (i + 1))).as("%s: guard %d before", what, i).isEqualTo(GUARD);
            assertThat(Memory.getFloat(address() + 4L * (length + i))).as("%s: guard %d after", what, i).isEqualTo(GUARD);
        }
    }

    /// Each number within `absolute + relative · |expected|`; NaN and infinities as expected.
    void assertClose(Floats expected, double absolute, double relative, String what) {
        assertGuards(what);
        for (int i = 0; i < length; i++) {
            float e = expected.get(i);
            float a = get(i);
            boolean same = Float.isFinite(e) ? Math.abs(a - e) <= absolute + relative * Math.abs(e) : Float.compare(a, e) == 0;
            if (!same) {
                throw new AssertionError(what + ": element " + i + " of " + length + " is " + a + ", expected " + e + " within "
                        + (absolute + relative * Math.abs(e)));
            }
        }
    }

    /// Bit for bit, except that any NaN is as good as another.
    void assertSame(Floats expected, String what) {
        assertGuards(what);
        for (int i = 0; i < length; i++) {
            if (Float.floatToIntBits(get(i)) != Float.floatToIntBits(expected.get(i))) {
                throw new AssertionError(what + ": element " + i + " of " + length + " is " + get(i) + ", expected exactly " + expected.get(i));
            }
        }
    }

    /// `Σ this · weights`, a loss whose gradient with respect to this is `weights`.
    double dot(Floats weights) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += (double) get(i) * weights.get(i);
        }
        return sum;
    }

    /// Compares `gradient` with the slope of `loss` along each number of this, by central differences.
    /// `loss` is computed in double precision from single precision results, so a step of 1/128 leaves about four digits.
    void assertGradient(Floats gradient, java.util.function.DoubleSupplier loss, double tolerance, String what) {
        float h = 1f / 128;
        for (int i = 0; i < length; i++) {
            float old = get(i);
            set(i, old + h);
            double up = loss.getAsDouble();
            double upStep = get(i);
            set(i, old - h);
            double down = loss.getAsDouble();
            double slope = (up - down) / (upStep - get(i));
            set(i, old);
            assertThat((double) gradient.get(i)).as("%s, element %d", what, i)
                    .isCloseTo(slope, org.assertj.core.data.Offset.offset(tolerance * (1 + Math.abs(slope))));
        }
    }
}
