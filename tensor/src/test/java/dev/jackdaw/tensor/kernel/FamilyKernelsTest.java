package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The kernels that only some families need, against the kernels that all share, and against their formulas.
class FamilyKernelsTest {
    private final Random random = new Random(3);

    private Tensor random(Arena arena, long... sizes) {
        Tensor tensor = Tensor.zeros(arena, sizes);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    @Test
    void rotationOfAWholeHeadIsThatOfTheSharedKernel() {
        int n = 5, H = 2, D = 12;
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = random(arena, n, H * D), expected = Tensor.zeros(arena, n, H * D), found = Tensor.zeros(arena, n, H * D), table = Tensor.zeros(arena, 9, D);
            Tensor positions = Tensor.zeros(arena, DType.I32, n);
            for (int i = 0; i < n; i++) {
                Memory.putInt(positions.address() + 4L * i, 2 * i);
            }
            QkNormRope.fill(table.address(), 0, 9, D, 100);
            for (boolean neighbours : new boolean[] {false, true}) {
                QkNormRope.SCALAR.forward(expected.address(), H * D, 0, x.address(), H * D, 0, table.address(), positions.address(), 0, n, H, D, 1e-6f, neighbours);
                Rotation.turn(found.address(), H * D, x.address(), H * D, table.address(), positions.address(), 0, n, H, D, D, neighbours);
                assertThat(found.toFloats()).isEqualTo(expected.toFloats());
            }
            Tensor narrow = Tensor.zeros(arena, 9, 4);
            QkNormRope.fill(narrow.address(), 0, 9, 4, 100);
            Rotation.turn(found.address(), H * D, x.address(), H * D, narrow.address(), positions.address(), 0, n, H, D, 4, false);
            for (int i = 4; i < D; i++) {
                assertThat(found.get((long) (n - 1) * H * D + i)).isEqualTo(x.get((long) (n - 1) * H * D + i));
            }
            assertThat(found.get((long) (n - 1) * H * D)).isNotEqualTo(x.get((long) (n - 1) * H * D));
        }
    }

    @Test
    void expertsAreChosenBySoftmaxOrSigmoidWithinTheBestGroups() {
        try (Arena arena = Arena.ofConfined()) {
            long logits = Tensor.of(arena, new float[] {1, 3, 2, 0, -1, 4}, 6).address();
            int[] ids = new int[2];
            float[] weights = new float[2];
            ExpertChoice.best(2, true).choose(logits, 6, 0, ids, weights);
            assertThat(ids).containsExactly(5, 1);
            assertThat(weights[0]).isCloseTo((float) (1 / (1 + Math.exp(-1))), within(1e-6f));
            assertThat(weights[0] + weights[1]).isCloseTo(1, within(1e-6f));
            ExpertChoice.best(2, false).choose(logits, 6, 0, ids, weights);
            assertThat(weights[0] + weights[1]).isLessThan(1);
            // groups of two: the best by their sum is {1,3}, though the best expert is elsewhere; a correction counts for the choice only
            new ExpertChoice(2, true, false, 2, 3, 1, 2).choose(logits, 6, 0, ids, weights);
            assertThat(ids).containsExactly(1, 0);
            assertThat(weights[0]).isCloseTo((float) (2 / (1 + Math.exp(-3))), within(1e-6f));
            long correction = Tensor.of(arena, new float[] {0, 0, 0, 9, 9, 0}, 6).address();
            new ExpertChoice(2, true, false, 1, 1, 1, 1).choose(logits, 6, correction, ids, weights);
            assertThat(ids).containsExactly(3, 4);
            assertThat(weights[0]).isCloseTo(0.5f, within(1e-6f));
            assertThatThrownBy(() -> new ExpertChoice(1, false, true, 1, 2, 3, 1)).hasMessageContaining("3 of 2 groups");
        }
    }

    @Test
    void bendsFollowTheirFormulas() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = random(arena, 40), y = Tensor.zeros(arena, 40), expected = Tensor.zeros(arena, 40);
            Activation.SCALAR.gelu(expected.address(), x.address(), 0, 40);
            Bends.SCALAR.bend(y.address(), x.address(), 0, 40, Bend.GELU);
            assertThat(y.toFloats()).isEqualTo(expected.toFloats());
            Activation.SCALAR.geluErf(expected.address(), x.address(), 0, 40);
            Bends.SCALAR.bend(y.address(), x.address(), 0, 40, Bend.GELU_ERF);
            assertThat(y.toFloats()).isEqualTo(expected.toFloats());
            Activation.SCALAR.reluSquared(expected.address(), x.address(), 0, 40);
            Bends.SCALAR.bend(y.address(), x.address(), 0, 40, Bend.RELU_SQUARED);
            assertThat(y.get(3)).isCloseTo(expected.get(3), within(1e-6f));
            Activation.SCALAR.swiglu(expected.address(), x.address(), 0, 4, 5);
            Bends.SCALAR.gate(y.address(), x.address(), 0, 4, 5, Bend.SILU);
            assertThat(y.toFloats()).isEqualTo(expected.toFloats());
            Tensor clamped = Tensor.of(arena, new float[] {100, 100, 0, -100}, 2, 2), h = Tensor.zeros(arena, 2);
            Bends.SCALAR.clampedGate(h.address(), clamped.address(), 0, 2, 1, 7);
            assertThat(h.get(0)).isCloseTo(7 * 8, within(1e-3f));
            assertThat(h.get(1)).isEqualTo(-0f);
            Bends.SCALAR.softcap(clamped.address(), 0, 4, 30);
            assertThat(clamped.get(0)).isCloseTo((float) (30 * Math.tanh(100 / 30.0)), within(1e-4f));
        }
    }

    @Test
    void simdBendsMatchScalarAtAnyLengthAndPlace() {
        Bends simd = new BendsSimd();
        try (Arena arena = Arena.ofConfined()) {
            for (int F : new int[] {1, 7, 8, 13, 64, 207}) {
                Tensor x = random(arena, 3, 2 * F), y = Tensor.zeros(arena, 3, F), expected = Tensor.zeros(arena, 3, F);
                for (long i = 0; i < x.elements(); i++) {
                    x.set(i, x.get(i) * 6);
                }
                for (Bend bend : Bend.values()) {
                    Bends.SCALAR.gate(expected.address(), x.address(), 0, 3, F, bend);
                    simd.gate(y.address(), x.address(), 0, 3, F, bend);
                    AttentionTest.assertClose(bend + " " + F, y.toFloats(), expected.toFloats(), 2e-6);
                    Bends.SCALAR.bend(expected.address(), x.address(), 0, 3L * F, bend);
                    simd.bend(y.address(), x.address(), 0, 3L * F, bend);
                    AttentionTest.assertClose(bend + " " + F, y.toFloats(), expected.toFloats(), 2e-6);
                    float[] atOnce = y.toFloats();
                    for (long i = 0; i < 3L * F; i++) {
                        simd.bend(y.address(), x.address(), i, i + 1, bend);
                    }
                    AttentionTest.assertSameBits(bend + " one by one", y.toFloats(), atOnce);
                }
                Bends.SCALAR.clampedGate(expected.address(), x.address(), 0, 3, F, 7);
                simd.clampedGate(y.address(), x.address(), 0, 3, F, 7);
                AttentionTest.assertClose("clamped " + F, y.toFloats(), expected.toFloats(), 2e-6);
                float[] capped = x.toFloats();
                simd.softcap(x.address(), 0, x.elements(), 5);
                for (int i = 0; i < capped.length; i++) {
                    assertThat(x.get(i)).isCloseTo((float) (5 * Math.tanh(capped[i] / 5.0)), within(3e-6f));
                }
            }
        }
    }

    @Test
    void simdFoldingMatchesScalarAndKeepsRowsApart() {
        Folding simd = new FoldingSimd();
        try (Arena arena = Arena.ofConfined()) {
            for (int[] size : new int[][] {{1, 1, 1}, {3, 7, 13}, {4, 8, 16}, {6, 20, 40}, {5, 64, 207}}) {
                int N = size[0], P = size[1], C = size[2];
                Tensor x = random(arena, N, P + 2), w = random(arena, P, C), back = random(arena, P, C);
                Tensor y = Tensor.zeros(arena, N + 3, C + 1), expected = Tensor.zeros(arena, N + 3, C + 1), alone = Tensor.zeros(arena, 4, C + 1);
                Folding.SCALAR.in(expected.address(), C + 1, x.address(), P + 2, N, P, w.address(), C);
                simd.in(y.address(), C + 1, x.address(), P + 2, N, P, w.address(), C);
                for (int n = 0; n < N; n++) {
                    simd.in(alone.address(), C + 1, x.address() + 4L * n * (P + 2), P + 2, 1, P, w.address(), C);
                    for (int c = 0; c < C; c++) {
                        float found = y.get((long) n * (C + 1) + c);
                        assertThat(found).isCloseTo(expected.get((long) n * (C + 1) + c), within(3e-5f));
                        assertThat(found).isEqualTo(alone.get(c));
                    }
                }
                Tensor out = Tensor.zeros(arena, N, P), expectedOut = Tensor.zeros(arena, N, P);
                Folding.SCALAR.out(expectedOut.address(), P, y.address(), C + 1, N, C, back.address(), P);
                simd.out(out.address(), P, y.address(), C + 1, N, C, back.address(), P);
                for (long i = 0; i < out.elements(); i++) {
                    assertThat(out.get(i)).isCloseTo(expectedOut.get(i), within(1e-6f * (1 + Math.abs(expectedOut.get(i))) * C));
                }
            }
        }
    }
}
