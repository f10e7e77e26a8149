package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class QkNormRopeTest {
    private static final int[] WIDTHS = {2, 6, 8, 14, 24, 32, 48, 64, 80, 128, 206};
    private static final int ROWS = 4;
    private static final int HEADS = 3;
    private static final int POSITIONS = 100;
    private static final float EPS = 1e-6f;

    private final Random random = new Random(2);
    private final QkNormRope scalar = QkNormRope.SCALAR;
    private final QkNormRope simd = new QkNormRopeSimd();

    @Test
    void forwardMatchesReference() {
        forEachCase((D, table, weight, interleaved, what) -> {
            int xStride = HEADS * D + 5;
            int outStride = HEADS * D + 2;
            Floats positions = Floats.ids(random, ROWS, POSITIONS);
            Floats x = Floats.random(random, ROWS * xStride, 1, 2);
            Floats out1 = Floats.random(random, ROWS * outStride, 1, 1);
            Floats out2 = out1.copy();
            Floats r1 = Floats.zeros(ROWS * HEADS, 0);
            Floats r2 = Floats.zeros(ROWS * HEADS, 0);
            scalar.forward(out1.address(), outStride, r1.address(), x.address(), xStride, weight, table, positions.address(), 1, ROWS, HEADS, D,
                    EPS, interleaved);
            simd.forward(out2.address(), outStride, r2.address(), x.address(), xStride, weight, table, positions.address(), 1, ROWS, HEADS, D,
                    EPS, interleaved);
            out2.assertClose(out1, 1e-6, 1e-6, what);
            r2.assertClose(r1, 0, 2e-6, what);
            Floats inPlace = x.copy();
            simd.forward(inPlace.address(), xStride, 0, inPlace.address(), xStride, weight, table, positions.address(), 1, ROWS, HEADS, D, EPS,
                    interleaved);
            for (int i = 0; i < HEADS * D; i++) {
                assertThat(inPlace.get(2 * xStride + i)).as("in place, %s", what).isEqualTo(out2.get(2 * outStride + i));
            }
        });
    }

    @Test
    void backwardMatchesReference() {
        forEachCase((D, table, weight, interleaved, what) -> {
            int xStride = HEADS * D + 3;
            int dStride = HEADS * D + 1;
            Floats positions = Floats.ids(random, ROWS, POSITIONS);
            Floats x = Floats.random(random, ROWS * xStride, 1, 1);
            Floats dOut = Floats.random(random, ROWS * dStride, 1, 1);
            Floats rstd = Floats.of(ROWS * HEADS, 0, _ -> 0.5 + random.nextDouble());
            Floats dx1 = Floats.random(random, ROWS * xStride, 1, 1);
            Floats dx2 = dx1.copy();
            Floats dw1 = Floats.random(random, D, 1, 1);
            Floats dw2 = dw1.copy();
            scalar.backward(dx1.address(), xStride, dw1.address(), x.address(), xStride, weight, rstd.address(), dOut.address(), dStride, table,
                    positions.address(), 1, ROWS, HEADS, D, interleaved);
            simd.backward(dx2.address(), xStride, dw2.address(), x.address(), xStride, weight, rstd.address(), dOut.address(), dStride, table,
                    positions.address(), 1, ROWS, HEADS, D, interleaved);
            dx2.assertClose(dx1, 4e-6, 4e-6, what);
            dw2.assertClose(dw1, 4e-6, 4e-6, what);
            simd.backward(dOut.address(), dStride, 0, x.address(), xStride, weight, rstd.address(), dOut.address(), dStride, table,
                    positions.address(), 1, ROWS, HEADS, D, interleaved);
            for (int i = 0; i < HEADS * D; i++) {
                assertThat(dOut.get(2 * dStride + i)).as("in place, %s", what).isEqualTo(dx2.get(2 * xStride + i));
            }
        });
    }

    @Test
    void gradientIsTheSlope() {
        int D = 10;
        Floats table = table(D);
        for (boolean interleaved : new boolean[] {false, true}) {
            Floats positions = Floats.ids(random, ROWS, POSITIONS);
            Floats x = Floats.random(random, ROWS * HEADS * D, 0, 1);
            Floats w = Floats.random(random, D, 0, 1);
            Floats dOut = Floats.random(random, ROWS * HEADS * D, 0, 1);
            Floats out = Floats.zeros(ROWS * HEADS * D, 0);
            Floats rstd = Floats.zeros(ROWS * HEADS, 0);
            Floats dx = Floats.zeros(ROWS * HEADS * D, 0);
            Floats dw = Floats.zeros(D, 0);
            int stride = HEADS * D;
            java.util.function.DoubleSupplier loss = () -> {
                scalar.forward(out.address(), stride, rstd.address(), x.address(), stride, w.address(), table.address(), positions.address(), 0,
                        ROWS, HEADS, D, EPS, interleaved);
                return out.dot(dOut);
            };
            loss.getAsDouble();
            scalar.backward(dx.address(), stride, dw.address(), x.address(), stride, w.address(), rstd.address(), dOut.address(), stride,
                    table.address(), positions.address(), 0, ROWS, HEADS, D, interleaved);
            x.assertGradient(dx, loss, 1e-3, "dx, interleaved " + interleaved);
            w.assertGradient(dw, loss, 1e-3, "dWeight, interleaved " + interleaved);
        }
    }

    @Test
    void scoresDependOnDistanceOnly() {
        int D = 16;
        Floats table = table(D);
        for (boolean interleaved : new boolean[] {false, true}) {
            Floats q = Floats.random(random, D, 0, 1);
            Floats k = Floats.random(random, D, 0, 1);
            double first = score(q, k, table, D, 3, 10, interleaved);
            assertThat(score(q, k, table, D, 83, 90, interleaved)).isCloseTo(first, within(1e-5));
            assertThat(score(q, k, table, D, 3, 11, interleaved)).isNotCloseTo(first, within(1e-3));
        }
    }

    @Test
    void turnsTheFirstPairByThePosition() {
        Floats table = table(4);
        Floats positions = Floats.of(1, 0, _ -> Float.intBitsToFloat(2));
        Floats x = Floats.of(4, 0, i -> i == 0 ? 1 : 0);
        simd.forward(x.address(), 4, 0, x.address(), 4, 0, table.address(), positions.address(), 0, 1, 1, 4, EPS, false);
        assertThat(x.get(0)).isCloseTo((float) Math.cos(2), within(1e-6f));
        assertThat(x.get(1)).isZero();
        assertThat(x.get(2)).isCloseTo((float) Math.sin(2), within(1e-6f));
    }

    @Test
    void refusesAnOddHeadWidth() {
        assertThatThrownBy(() -> simd.forward(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, EPS, false))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("head width 7");
    }

    private double score(Floats q, Floats k, Floats table, int D, int qPosition, int kPosition, boolean interleaved) {
        Floats turnedQ = Floats.zeros(D, 0);
        Floats turnedK = Floats.zeros(D, 0);
        Floats positions = Floats.of(2, 0, i -> Float.intBitsToFloat(i == 0 ? qPosition : kPosition));
        simd.forward(turnedQ.address(), D, 0, q.address(), D, 0, table.address(), positions.address(), 0, 1, 1, D, EPS, interleaved);
        simd.forward(turnedK.address(), D, 0, k.address(), D, 0, table.address(), positions.address() + 4, 0, 1, 1, D, EPS, interleaved);
        return turnedQ.dot(turnedK);
    }

    private static Floats table(int D) {
        Floats table = Floats.zeros(POSITIONS * D, 0);
        QkNormRope.fill(table.address(), 0, POSITIONS, D, 10000);
        return table;
    }

    private interface Case {
        void run(int D, long table, long weight, boolean interleaved, String what);
    }

    private void forEachCase(Case test) {
        for (int D : WIDTHS) {
            Floats table = table(D);
            Floats weight = Floats.random(random, D, 1, 1);
            for (boolean interleaved : new boolean[] {false, true}) {
                test.run(D, table.address(), weight.address(), interleaved, "D " + D + ", norm and rope, interleaved " + interleaved);
                test.run(D, table.address(), 0, interleaved, "D " + D + ", rope, interleaved " + interleaved);
                test.run(D, 0, weight.address(), interleaved, "D " + D + ", norm, interleaved " + interleaved);
            }
        }
    }
}
