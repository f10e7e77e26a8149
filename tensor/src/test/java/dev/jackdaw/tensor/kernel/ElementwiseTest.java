package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Floats.OFFSETS;
import static dev.jackdaw.tensor.kernel.Floats.SIZES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ElementwiseTest {
    private final Random random = new Random(7);
    private final Elementwise scalar = Elementwise.SCALAR;
    private final Elementwise simd = new ElementwiseSimd();

    @Test
    void writesTheBitsOfTheReference() {
        for (int size : SIZES) {
            for (int offset : OFFSETS) {
                String what = "size " + size + ", offset " + offset;
                Floats x = Floats.random(random, size, offset, 1);
                Floats y1 = Floats.random(random, size, offset, 1);
                Floats y2 = y1.copy();
                int from = size / 5;
                for (Elementwise kernel : new Elementwise[] {scalar, simd}) {
                    long y = (kernel == scalar ? y1 : y2).address();
                    kernel.add(y, x.address(), from, size);
                    kernel.scale(y, 0.7f, from, size);
                    kernel.axpby(y, 0.3f, x.address(), -1.1f, from, size);
                }
                y2.assertSame(y1, what);
            }
        }
    }

    @Test
    void axpbyWithZeroForgetsTheOldValues() {
        for (Elementwise kernel : new Elementwise[] {scalar, simd}) {
            Floats x = Floats.random(random, 40, 0, 1);
            Floats y = Floats.of(40, 0, _ -> Double.NaN);
            kernel.axpby(y.address(), 1, x.address(), 0, 0, 40);
            y.assertSame(x, "y");
        }
    }

    @Test
    void measuresMatchReference() {
        for (int size : SIZES) {
            for (int offset : OFFSETS) {
                Floats x = Floats.random(random, size, offset, 1);
                Floats y = Floats.random(random, size, offset, 1);
                long a = x.address();
                int from = size / 5;
                assertThat(simd.sum(a, from, size)).isCloseTo(scalar.sum(a, from, size), within(1e-11 * size));
                assertThat(simd.sumOfSquares(a, from, size)).isCloseTo(scalar.sumOfSquares(a, from, size), within(1e-11 * size));
                assertThat(simd.dot(a, y.address(), from, size)).isCloseTo(scalar.dot(a, y.address(), from, size), within(1e-11 * size));
                assertThat(simd.max(a, from, size)).isEqualTo(scalar.max(a, from, size));
                assertThat(simd.finite(a, from, size)).isTrue();
            }
        }
    }

    @Test
    void squaresOfHugeNumbersDoNotOverflow() {
        Floats x = Floats.of(100, 0, _ -> 1e30);
        assertThat(simd.sumOfSquares(x.address(), 0, 100)).isCloseTo(1e62, within(1e56));
    }

    @Test
    void oneBadNumberIsFoundAnywhere() {
        for (Elementwise kernel : new Elementwise[] {scalar, simd}) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                for (int place = 0; place < 207; place++) {
                    Floats x = Floats.random(random, 207, 1, 1);
                    x.set(place, bad);
                    assertThat(kernel.finite(x.address(), 0, 207)).as("%s at %d", bad, place).isFalse();
                    assertThat(kernel.finite(x.address(), place + 1, 207)).isTrue();
                }
            }
        }
    }

    @Test
    void maximumOfNothingAndOfNaN() {
        for (Elementwise kernel : new Elementwise[] {scalar, simd}) {
            assertThat(kernel.max(0, 5, 5)).isEqualTo(Float.NEGATIVE_INFINITY);
            Floats x = Floats.of(207, 0, i -> i == 77 ? Double.NaN : -i - 1.0);
            assertThat(kernel.max(x.address(), 0, 207)).isNaN();
            assertThat(kernel.max(x.address(), 78, 207)).isEqualTo(-79);
        }
    }
}
