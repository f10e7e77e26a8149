package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Floats.OFFSETS;
import static dev.jackdaw.tensor.kernel.Floats.SIZES;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class NormTest {
    private static final float EPS = 1e-5f;
    private static final int ROWS = 3;

    private final Random random = new Random(1);
    private final Norm scalar = Norm.SCALAR;
    private final Norm simd = new NormSimd();

    @Test
    void rmsMatchesReference() {
        forEachCase((width, offset, what) -> {
            Floats x = Floats.random(random, ROWS * width, offset, 3);
            Floats w = Floats.random(random, width, offset, 1);
            for (long weight : new long[] {w.address(), 0}) {
                Floats y1 = Floats.zeros(ROWS * width, offset);
                Floats y2 = Floats.zeros(ROWS * width, offset);
                Floats r1 = Floats.zeros(ROWS, 0);
                Floats r2 = Floats.zeros(ROWS, 0);
                scalar.rms(y1.address(), r1.address(), x.address(), weight, 1, ROWS, width, EPS);
                simd.rms(y2.address(), r2.address(), x.address(), weight, 1, ROWS, width, EPS);
                y2.assertClose(y1, 1e-6, 2e-6, what);
                r2.assertClose(r1, 0, 2e-6, what);
                simd.rms(x.address(), 0, x.address(), weight, 1, ROWS, width, EPS);
                for (int i = width; i < ROWS * width; i++) {
                    assertThat(x.get(i)).as("in place, %s", what).isEqualTo(y2.get(i));
                }
            }
        });
    }

    @Test
    void layerMatchesReference() {
        forEachCase((width, offset, what) -> {
            Floats x = Floats.of(ROWS * width, offset, _ -> 2 + random.nextGaussian());
            Floats w = Floats.random(random, width, offset, 1);
            Floats b = Floats.random(random, width, offset, 1);
            for (boolean affine : new boolean[] {true, false}) {
                long weight = affine ? w.address() : 0;
                long bias = affine ? b.address() : 0;
                Floats[] one = {Floats.zeros(ROWS * width, offset), Floats.zeros(ROWS, 0), Floats.zeros(ROWS, 0)};
                Floats[] two = {Floats.zeros(ROWS * width, offset), Floats.zeros(ROWS, 0), Floats.zeros(ROWS, 0)};
                scalar.layer(one[0].address(), one[1].address(), one[2].address(), x.address(), weight, bias, 0, ROWS, width, EPS);
                simd.layer(two[0].address(), two[1].address(), two[2].address(), x.address(), weight, bias, 0, ROWS, width, EPS);
                // A row of one number minus its mean is 0 up to rounding, times up to 1/√eps.
                two[0].assertClose(one[0], width == 1 ? 1e-4 : 4e-6, 4e-6, what);
                two[1].assertClose(one[1], 1e-6, 1e-6, what);
                two[2].assertClose(one[2], 0, 4e-6, what);
            }
        });
    }

    @Test
    void backwardMatchesReference() {
        forEachCase((width, offset, what) -> {
            Floats x = Floats.random(random, ROWS * width, offset, 2);
            Floats w = Floats.random(random, width, offset, 1);
            Floats dy = Floats.random(random, ROWS * width, offset, 1);
            Floats mean = Floats.random(random, ROWS, 0, 0.1);
            Floats rstd = Floats.of(ROWS, 0, _ -> 0.5 + random.nextDouble());
            Floats dx1 = Floats.random(random, ROWS * width, offset, 1);
            Floats dw1 = Floats.random(random, width, offset, 1);
            Floats db1 = Floats.random(random, width, offset, 1);
            for (boolean parameters : new boolean[] {true, false}) {
                long weight = parameters ? w.address() : 0;
                Floats dx2 = dx1.copy();
                Floats dw2 = dw1.copy();
                Floats db2 = db1.copy();
                scalar.rmsBackward(dx1.address(), parameters ? dw1.address() : 0, x.address(), weight, rstd.address(), dy.address(), 0, 2, width);
                simd.rmsBackward(dx2.address(), parameters ? dw2.address() : 0, x.address(), weight, rstd.address(), dy.address(), 0, 2, width);
                scalar.layerBackward(dx1.address(), parameters ? dw1.address() : 0, parameters ? db1.address() : 0, x.address(), weight,
                        mean.address(), rstd.address(), dy.address(), 1, ROWS, width);
                simd.layerBackward(dx2.address(), parameters ? dw2.address() : 0, parameters ? db2.address() : 0, x.address(), weight,
                        mean.address(), rstd.address(), dy.address(), 1, ROWS, width);
                dx2.assertClose(dx1, 2e-5, 4e-6, what);
                dw2.assertClose(dw1, 4e-6, 4e-6, what);
                db2.assertClose(db1, 4e-6, 4e-6, what);
            }
        });
    }

    @Test
    void rmsGradientIsTheSlope() {
        int width = 13;
        Floats x = Floats.random(random, ROWS * width, 0, 1);
        Floats w = Floats.random(random, width, 0, 1);
        Floats dy = Floats.random(random, ROWS * width, 0, 1);
        Floats y = Floats.zeros(ROWS * width, 0);
        Floats rstd = Floats.zeros(ROWS, 0);
        Floats dx = Floats.zeros(ROWS * width, 0);
        Floats dw = Floats.zeros(width, 0);
        scalar.rms(y.address(), rstd.address(), x.address(), w.address(), 0, ROWS, width, EPS);
        scalar.rmsBackward(dx.address(), dw.address(), x.address(), w.address(), rstd.address(), dy.address(), 0, ROWS, width);
        x.assertGradient(dx, () -> {
            scalar.rms(y.address(), 0, x.address(), w.address(), 0, ROWS, width, EPS);
            return y.dot(dy);
        }, 1e-3, "dx");
        w.assertGradient(dw, () -> {
            scalar.rms(y.address(), 0, x.address(), w.address(), 0, ROWS, width, EPS);
            return y.dot(dy);
        }, 1e-3, "dWeight");
    }

    @Test
    void layerGradientIsTheSlope() {
        int width = 13;
        Floats x = Floats.random(random, ROWS * width, 0, 1);
        Floats w = Floats.random(random, width, 0, 1);
        Floats b = Floats.random(random, width, 0, 1);
        Floats dy = Floats.random(random, ROWS * width, 0, 1);
        Floats y = Floats.zeros(ROWS * width, 0);
        Floats mean = Floats.zeros(ROWS, 0);
        Floats rstd = Floats.zeros(ROWS, 0);
        Floats dx = Floats.zeros(ROWS * width, 0);
        Floats dw = Floats.zeros(width, 0);
        Floats db = Floats.zeros(width, 0);
        scalar.layer(y.address(), mean.address(), rstd.address(), x.address(), w.address(), b.address(), 0, ROWS, width, EPS);
        scalar.layerBackward(dx.address(), dw.address(), db.address(), x.address(), w.address(), mean.address(), rstd.address(), dy.address(),
                0, ROWS, width);
        java.util.function.DoubleSupplier loss = () -> {
            scalar.layer(y.address(), 0, 0, x.address(), w.address(), b.address(), 0, ROWS, width, EPS);
            return y.dot(dy);
        };
        x.assertGradient(dx, loss, 1e-3, "dx");
        w.assertGradient(dw, loss, 1e-3, "dWeight");
        b.assertGradient(db, loss, 1e-3, "dBias");
    }

    @Test
    void bothSurviveTinyHugeAndZeroRows() {
        for (Norm norm : new Norm[] {scalar, simd}) {
            for (double size : new double[] {0, 1e-20, 1e15}) {
                Floats x = Floats.random(random, 207, 0, size);
                Floats y = Floats.zeros(207, 0);
                norm.rms(y.address(), 0, x.address(), 0, 0, 1, 207, 1e-6f);
                for (int i = 0; i < 207; i++) {
                    assertThat(y.get(i)).as("size %s", size).isFinite();
                }
            }
        }
    }

    private interface Case {
        void run(int width, int offset, String what);
    }

    private static void forEachCase(Case test) {
        for (int width : SIZES) {
            for (int offset : OFFSETS) {
                test.run(width, offset, "width " + width + ", offset " + offset);
            }
        }
    }
}
