package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Floats.OFFSETS;
import static dev.jackdaw.tensor.kernel.Floats.SIZES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import dev.jackdaw.tensor.kernel.asm.RowCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ActivationTest {
    private static final int ROWS = 3;

    private final Random random = new Random(3);
    private final Activation scalar = Activation.SCALAR;
    private final Activation simd = new ActivationSimd();

    private interface Forward {
        void run(Activation kernel, long y, long x, long from, long to);
    }

    private interface Backward {
        void run(Activation kernel, long dx, long x, long dy, long from, long to);
    }

    private record Flat(String name, Forward forward, Backward backward) {
    }

    private static final Flat[] FLAT = {
        new Flat("gelu", Activation::gelu, Activation::geluBackward),
        new Flat("geluErf", Activation::geluErf, Activation::geluErfBackward),
        new Flat("reluSquared", Activation::reluSquared, Activation::reluSquaredBackward),
    };

    @Test
    void flatOnesMatchReference() {
        for (Flat flat : FLAT) {
            for (int size : SIZES) {
                for (int offset : OFFSETS) {
                    String what = flat.name + ", size " + size + ", offset " + offset;
                    Floats x = Floats.random(random, size, offset, 3);
                    Floats dy = Floats.random(random, size, offset, 1);
                    Floats y1 = Floats.zeros(size, offset);
                    Floats y2 = Floats.zeros(size, offset);
                    int from = size / 5;
                    flat.forward.run(scalar, y1.address(), x.address(), from, size);
                    flat.forward.run(simd, y2.address(), x.address(), from, size);
                    y2.assertClose(y1, 4e-7, 1e-6, what);
                    flat.backward.run(scalar, y1.address(), x.address(), dy.address(), from, size);
                    flat.backward.run(simd, y2.address(), x.address(), dy.address(), from, size);
                    y2.assertClose(y1, 2e-6, 2e-6, what + ", backward");
                    flat.backward.run(simd, dy.address(), x.address(), dy.address(), from, size);
                    assertThat(dy.get(size - 1)).as("in place, %s", what).isEqualTo(y2.get(size - 1));
                }
            }
        }
    }

    @Test
    void bitsDoNotDependOnThePlaceInTheRange() {
        Floats x = Floats.random(random, 100, 0, 3);
        for (Flat flat : FLAT) {
            Floats whole = Floats.zeros(100, 0);
            Floats parts = Floats.zeros(100, 0);
            flat.forward.run(simd, whole.address(), x.address(), 0, 100);
            for (int i = 0; i < 100; i += 7) {
                flat.forward.run(simd, parts.address(), x.address(), i, Math.min(100, i + 7));
            }
            parts.assertSame(whole, flat.name);
        }
    }

    @Test
    void swigluMatchesReference() {
        for (int F : SIZES) {
            for (int offset : OFFSETS) {
                String what = "F " + F + ", offset " + offset;
                Floats gateUp = Floats.random(random, ROWS * 2 * F, offset, 3);
                Floats dh = Floats.random(random, ROWS * F, offset, 1);
                Floats h1 = Floats.zeros(ROWS * F, offset);
                Floats h2 = Floats.zeros(ROWS * F, offset);
                scalar.swiglu(h1.address(), gateUp.address(), 1, ROWS, F);
                simd.swiglu(h2.address(), gateUp.address(), 1, ROWS, F);
                h2.assertClose(h1, 1e-6, 1e-6, what);
                Floats d1 = Floats.zeros(ROWS * 2 * F, offset);
                Floats d2 = Floats.zeros(ROWS * 2 * F, offset);
                scalar.swigluBackward(d1.address(), gateUp.address(), dh.address(), 1, ROWS, F);
                simd.swigluBackward(d2.address(), gateUp.address(), dh.address(), 1, ROWS, F);
                d2.assertClose(d1, 4e-6, 4e-6, what);
                simd.swigluBackward(gateUp.address(), gateUp.address(), dh.address(), 1, ROWS, F);
                for (int i = 2 * F; i < ROWS * 2 * F; i++) {
                    assertThat(gateUp.get(i)).as("in place, %s", what).isEqualTo(d2.get(i));
                }
            }
        }
    }

    @Test
    void gradientsAreTheSlopes() {
        int size = 40;
        for (Flat flat : FLAT) {
            Floats x = Floats.random(random, size, 0, 2);
            Floats dy = Floats.random(random, size, 0, 1);
            Floats y = Floats.zeros(size, 0);
            Floats dx = Floats.zeros(size, 0);
            flat.backward.run(scalar, dx.address(), x.address(), dy.address(), 0, size);
            x.assertGradient(dx, () -> {
                flat.forward.run(scalar, y.address(), x.address(), 0, size);
                return y.dot(dy);
            }, 2e-3, flat.name);
        }
        Floats gateUp = Floats.random(random, 2 * size, 0, 2);
        Floats dh = Floats.random(random, size, 0, 1);
        Floats h = Floats.zeros(size, 0);
        Floats dGateUp = Floats.zeros(2 * size, 0);
        scalar.swigluBackward(dGateUp.address(), gateUp.address(), dh.address(), 0, 1, size);
        gateUp.assertGradient(dGateUp, () -> {
            scalar.swiglu(h.address(), gateUp.address(), 0, 1, size);
            return h.dot(dh);
        }, 1e-3, "swiglu");
    }

    @Test
    void extremesSaturate() {
        float[] extremes = {0, -0f, 1e-30f, -1e-30f, 20, -20, 87.4f, -87.4f, 88.8f, -88.8f, 103, -103, 1e4f, -1e4f, Float.POSITIVE_INFINITY, Float.NaN};
        for (Flat flat : FLAT) {
            Floats x = Floats.of(extremes.length, 0, i -> extremes[(int) i]);
            Floats y1 = Floats.zeros(extremes.length, 0);
            Floats y2 = Floats.zeros(extremes.length, 0);
            flat.forward.run(scalar, y1.address(), x.address(), 0, extremes.length);
            flat.forward.run(simd, y2.address(), x.address(), 0, extremes.length);
            y2.assertClose(y1, 1e-35, 1e-6, flat.name);
        }
        Floats gateUp = Floats.of(2 * extremes.length, 0, i -> i < extremes.length ? extremes[(int) i] : 1);
        Floats h1 = Floats.zeros(extremes.length, 0);
        Floats h2 = Floats.zeros(extremes.length, 0);
        scalar.swiglu(h1.address(), gateUp.address(), 0, 1, extremes.length);
        simd.swiglu(h2.address(), gateUp.address(), 0, 1, extremes.length);
        h2.assertClose(h1, 1e-35, 1e-6, "swiglu");
    }

    @Test
    void knownValues() {
        Floats x = Floats.of(2, 0, i -> i == 0 ? 1 : -2);
        Floats y = Floats.zeros(2, 0);
        scalar.geluErf(y.address(), x.address(), 0, 2);
        assertThat(y.get(0)).isCloseTo(0.8413447f, within(1e-7f));          // Φ(1)
        assertThat(y.get(1)).isCloseTo(-2 * 0.02275013f, within(1e-7f));    // −2 Φ(−2)
        scalar.gelu(y.address(), x.address(), 0, 2);
        assertThat(y.get(0)).isCloseTo(0.8411920f, within(1e-6f));
        assertThat(Erf.complement(3)).isCloseTo(2.209049699858544e-5, within(1e-18));
        assertThat(Erf.complement(0.5)).isCloseTo(0.4795001221869535, within(1e-15));
    }

    @Test
    void machineCodeHasTheBitsOfTheVectorApi() {
        MemorySegment code = RowCode.swiglu(MachineCode.current().isa());
        assumeTrue(code != null, "this machine has no AVX-512, or does not allow machine code");
        Random random = new Random(9);
        try (Arena arena = Arena.ofConfined()) {
            for (int width : new int[] {1, 7, 15, 16, 17, 64, 207, 1024}) {
                Tensor x = Tensor.zeros(arena, 3, 2L * width), expected = Tensor.zeros(arena, 3, width);
                Tensor found = Tensor.zeros(arena, 4, width).fill(5);
                for (long i = 0; i < x.elements(); i++) {
                    x.set(i, switch (random.nextInt(8)) {
                        case 0 -> 100 * (float) random.nextGaussian();
                        case 1 -> new float[] {0f, -0f, 87.3f, -88.8f, 1e30f, -1e30f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN}[random.nextInt(9)];
                        default -> (float) random.nextGaussian();
                    });
                }
                new ActivationSimd().swiglu(expected.address(), x.address(), 0, 3, width);
                new ActivationAsm(code).swiglu(found.address(), x.address(), 0, 3, width);
                for (long i = 0; i < expected.elements(); i++) {
                    assertThat(Float.floatToIntBits(found.get(i))).isEqualTo(Float.floatToIntBits(expected.get(i)));
                }
                for (long i = expected.elements(); i < found.elements(); i++) {
                    assertThat(found.get(i)).isEqualTo(5);
                }
            }
        }
    }
}
