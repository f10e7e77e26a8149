package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Floats.OFFSETS;
import static dev.jackdaw.tensor.kernel.Floats.SIZES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class CrossEntropyTest {
    private static final int ROWS = 4;

    private final Random random = new Random(5);
    private final CrossEntropy scalar = CrossEntropy.SCALAR;
    private final CrossEntropy simd = new CrossEntropySimd();

    @Test
    void matchesReference() {
        for (int vocabulary : SIZES) {
            for (int offset : OFFSETS) {
                for (double size : new double[] {0.1, 3, 40}) {
                    String what = "vocabulary " + vocabulary + ", offset " + offset + ", size " + size;
                    Floats logits1 = Floats.random(random, ROWS * vocabulary, offset, size);
                    Floats logits2 = logits1.copy();
                    Floats targets = Floats.ids(random, ROWS, vocabulary);
                    targets.set(2, Float.intBitsToFloat(-5));
                    Floats weights = Floats.random(random, ROWS, 0, 1);
                    Floats loss1 = Floats.zeros(ROWS, 0);
                    Floats loss2 = Floats.zeros(ROWS, 0);
                    simd.loss(loss2.address(), logits1.address(), targets.address(), 0, ROWS, vocabulary);
                    scalar.loss(loss1.address(), logits1.address(), targets.address(), 0, ROWS, vocabulary);
                    loss2.assertClose(loss1, 1e-6, 1e-6, what + ", loss alone");
                    simd.rows(loss2.address(), logits2.address(), targets.address(), weights.address(), 1, ROWS, vocabulary, 0.25f);
                    scalar.rows(loss1.address(), logits1.address(), targets.address(), weights.address(), 1, ROWS, vocabulary, 0.25f);
                    loss2.assertClose(loss1, 1e-6, 1e-6, what);
                    logits2.assertClose(logits1, 1e-7, 4e-6, what);
                    assertThat(loss2.get(2)).isZero();
                    assertThat(logits2.get(2 * vocabulary)).isZero();
                }
            }
        }
    }

    @Test
    void gradientIsTheSlope() {
        int vocabulary = 11;
        Floats logits = Floats.random(random, ROWS * vocabulary, 0, 2);
        Floats targets = Floats.ids(random, ROWS, vocabulary);
        Floats loss = Floats.zeros(ROWS, 0);
        Floats gradient = logits.copy();
        scalar.rows(loss.address(), gradient.address(), targets.address(), 0, 0, ROWS, vocabulary, 0.5f);
        Floats halves = Floats.of(ROWS, 0, _ -> 0.5);
        logits.assertGradient(gradient, () -> {
            scalar.loss(loss.address(), logits.address(), targets.address(), 0, ROWS, vocabulary);
            return loss.dot(halves);
        }, 1e-3, "dLogits");
    }

    @Test
    void equalLogitsCostTheLogarithmOfTheVocabulary() {
        for (CrossEntropy kernel : new CrossEntropy[] {scalar, simd}) {
            Floats logits = Floats.of(4098, 0, _ -> 1e30);
            Floats target = Floats.ids(random, 1, 4098);
            Floats loss = Floats.zeros(1, 0);
            kernel.rows(loss.address(), logits.address(), target.address(), 0, 0, 1, 4098, 1);
            // log V is lost next to 1e30, but nothing overflows
            assertThat(loss.get(0)).isFinite();
            assertThat(logits.get(0)).isBetween(-1f, 1f);
            logits = Floats.zeros(4098, 0);
            kernel.loss(loss.address(), logits.address(), target.address(), 0, 1, 4098);
            assertThat(loss.get(0)).isCloseTo((float) Math.log(4098), within(1e-6f));
        }
    }

    @Test
    void minusInfinityHasNoProbability() {
        for (CrossEntropy kernel : new CrossEntropy[] {scalar, simd}) {
            Floats logits = Floats.of(40, 0, i -> i % 2 == 0 ? 0 : Double.NEGATIVE_INFINITY);
            Floats target = Floats.of(1, 0, _ -> Float.intBitsToFloat(2));
            Floats loss = Floats.zeros(1, 0);
            kernel.rows(loss.address(), logits.address(), target.address(), 0, 0, 1, 40, 1);
            assertThat(loss.get(0)).isCloseTo((float) Math.log(20), within(1e-6f));
            assertThat(logits.get(1)).isZero();
            assertThat(logits.get(2)).isCloseTo(0.05f - 1, within(1e-6f));
        }
    }

    @Test
    void refusesATargetOutsideTheVocabulary() {
        Floats logits = Floats.zeros(8, 0);
        Floats target = Floats.of(1, 0, _ -> Float.intBitsToFloat(8));
        assertThatThrownBy(() -> simd.rows(target.address(), logits.address(), target.address(), 0, 0, 1, 8, 1))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("target 8 of row 0").hasMessageContaining("8 tokens");
    }
}
