package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Gradients of the kernels that only some families need: the slopes against finite differences, the fast twins against the reference.
class FamilyGradientsTest {
    private final Random random = new Random(5);

    private Tensor random(Arena arena, double size, long... sizes) {
        Tensor tensor = Tensor.zeros(arena, sizes);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, (float) (random.nextGaussian() * size));
        }
        return tensor;
    }

    @Test
    void slopesAreThoseOfFiniteDifferences() {
        for (Bend bend : Bend.values()) {
            for (double z : new double[] {-7, -2.5, -1, -0.3, 0.2, 0.7, 1.9, 6}) {
                double step = 1e-5, expected = (bend.of(z + step) - bend.of(z - step)) / (2 * step);
                assertThat(bend.slope(z)).as("%s at %s", bend, z).isCloseTo(expected, within(1e-8));
            }
        }
        assertThat(Bend.RELU.slope(0)).isZero();
    }

    @Test
    void gradientsOfGatesAreThoseOfFiniteDifferences() {
        try (Arena arena = Arena.ofConfined()) {
            int F = 6;
            Tensor x = random(arena, 2, 1, 2 * F), h = Tensor.zeros(arena, 1, F), dh = random(arena, 1, 1, F), dx = Tensor.zeros(arena, 1, 2 * F);
            for (int form = 0; form <= Bend.values().length; form++) {
                Bend bend = form < Bend.values().length ? Bend.values()[form] : null;
                if (bend == null) {
                    Bends.SCALAR.clampedGateBackward(dx.address(), x.address(), dh.address(), 0, 1, F, 1.5f);
                } else {
                    Bends.SCALAR.gateBackward(dx.address(), x.address(), dh.address(), 0, 1, F, bend);
                }
                for (int i = 0; i < 2 * F; i++) {
                    float before = x.get(i), step = 1e-2f;
                    double[] sums = new double[2];
                    for (int side = 0; side < 2; side++) {
                        x.set(i, before + (side == 0 ? step : -step));
                        if (bend == null) {
                            Bends.SCALAR.clampedGate(h.address(), x.address(), 0, 1, F, 1.5f);
                        } else {
                            Bends.SCALAR.gate(h.address(), x.address(), 0, 1, F, bend);
                        }
                        for (int f = 0; f < F; f++) {
                            sums[side] += (double) h.get(f) * dh.get(f);
                        }
                    }
                    x.set(i, before);
                    assertThat(dx.get(i)).as("%s, element %d", bend == null ? "clamped" : bend, i).isCloseTo((float) ((sums[0] - sums[1]) / (2 * step)), within(2e-3f));
                }
            }
        }
    }

    @Test
    void simdGradientsMatchScalarAtAnyLengthAndInPlace() {
        Bends simd = new BendsSimd();
        try (Arena arena = Arena.ofConfined()) {
            for (int F : new int[] {1, 7, 8, 13, 64, 207}) {
                Tensor x = random(arena, 5, 3, 2 * F), dh = random(arena, 1, 3, F), found = Tensor.zeros(arena, 3, 2 * F), expected = Tensor.zeros(arena, 3, 2 * F);
                Tensor dy = random(arena, 1, 3, 2 * F);
                for (Bend bend : Bend.values()) {
                    Bends.SCALAR.gateBackward(expected.address(), x.address(), dh.address(), 0, 3, F, bend);
                    simd.gateBackward(found.address(), x.address(), dh.address(), 0, 3, F, bend);
                    AttentionTest.assertClose(bend + " gate " + F, found.toFloats(), expected.toFloats(), 4e-6);
                    Bends.SCALAR.bendBackward(expected.address(), x.address(), dy.address(), 0, 6L * F, bend);
                    found.copyFrom(dy);
                    simd.bendBackward(found.address(), x.address(), found.address(), 0, 6L * F, bend);
                    AttentionTest.assertClose(bend + " " + F, found.toFloats(), expected.toFloats(), 4e-6);
                }
                Bends.SCALAR.clampedGateBackward(expected.address(), x.address(), dh.address(), 0, 3, F, 7);
                simd.clampedGateBackward(found.address(), x.address(), dh.address(), 0, 3, F, 7);
                AttentionTest.assertClose("clamped " + F, found.toFloats(), expected.toFloats(), 4e-6);
                Bends.SCALAR.softcap(x.address(), 0, x.elements(), 6);
                Bends.SCALAR.softcapBackward(expected.address(), x.address(), dy.address(), 0, x.elements(), 6);
                found.copyFrom(dy);
                simd.softcapBackward(found.address(), x.address(), found.address(), 0, x.elements(), 6);
                AttentionTest.assertClose("cap " + F, found.toFloats(), expected.toFloats(), 4e-6);
            }
        }
    }

    @Test
    void routerGradientsAreThoseOfFiniteDifferences() {
        ExpertChoice[] choices = {ExpertChoice.best(3, true), ExpertChoice.best(3, false), new ExpertChoice(3, true, true, 2.5f, 4, 2, 2), new ExpertChoice(3, true, false, 1, 1, 1, 1)};
        try (Arena arena = Arena.ofConfined()) {
            for (ExpertChoice choice : choices) {
                Tensor logits = random(arena, 2, 8), dLogits = Tensor.zeros(arena, 8);
                int[] ids = new int[3];
                float[] weights = new float[3], dWeights = {0.7f, -1.3f, 0.4f};
                choice.choose(logits.address(), 8, 0, ids, weights);
                choice.backward(dLogits.address(), logits.address(), 8, ids, dWeights);
                for (int e = 0; e < 8; e++) {
                    float before = logits.get(e), step = 1e-2f;
                    double[] sums = new double[2];
                    for (int side = 0; side < 2; side++) {
                        logits.set(e, before + (side == 0 ? step : -step));
                        int[] again = new int[3];
                        choice.choose(logits.address(), 8, 0, again, weights);
                        assertThat(again).as("the step is too small to change the choice").containsExactly(ids);
                        for (int k = 0; k < 3; k++) {
                            sums[side] += weights[k] * dWeights[k];
                        }
                    }
                    logits.set(e, before);
                    assertThat(dLogits.get(e)).as("%s, logit %d", choice, e).isCloseTo((float) ((sums[0] - sums[1]) / (2 * step)), within(1e-3f));
                }
            }
        }
    }

    /// ⟨turn(x), y⟩ = ⟨x, turnBack(y)⟩, which is what a gradient is.
    @Test
    void turningBackIsTheTransposedRotation() {
        int n = 5, H = 3, D = 10, R = 6;
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = random(arena, 1, n, H * D), y = random(arena, 1, n, H * D), turned = Tensor.zeros(arena, n, H * D), back = Tensor.zeros(arena, n, H * D);
            Tensor table = random(arena, 1, 9, R), positions = Tensor.zeros(arena, DType.I32, n);       // any numbers: tables may carry a factor
            for (int i = 0; i < n; i++) {
                Memory.putInt(positions.address() + 4L * i, 8 - i);
            }
            for (boolean neighbours : new boolean[] {false, true}) {
                Rotation.turn(turned.address(), H * D, x.address(), H * D, table.address(), positions.address(), 0, n, H, D, R, neighbours);
                Rotation.turnBack(back.address(), H * D, y.address(), H * D, table.address(), positions.address(), 0, n, H, D, R, neighbours);
                assertThat(Elementwise.SCALAR.dot(turned.address(), y.address(), 0, x.elements()))
                        .isCloseTo(Elementwise.SCALAR.dot(x.address(), back.address(), 0, x.elements()), within(1e-4));
            }
        }
    }
}
