package dev.jackdaw.tensor.grad;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.Heads;
import dev.jackdaw.tensor.kernel.QkNormRope;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A whole layer, with every operation in it, against finite differences of its own forward pass.
class PlanTest {
    private static final int B = 2, T = 9, C = 24, H = 3, K = 1, D = 8, F = 40, V = 50;

    /// What happens to the matrices but `o`: they learn, stay as they are, or stay and are packed.
    private enum Matrices { TRAINED, FROZEN, PACKED }

    /// One recorded layer with random weights. Two texts share each row, and rows differ in weight.
    private static final class Net extends TestNet {
        private final Tensor rowWeights = Tensor.zeros(arena, B * T);
        private final Matrices matrices;

        Net(int threads, boolean qkNorm, boolean tied) {
            this(threads, qkNorm, tied, Matrices.TRAINED);
        }

        Net(int threads, boolean qkNorm, boolean tied, Matrices matrices) {
            super(threads, 7);
            this.matrices = matrices;
            Tensor table = Tensor.zeros(arena, T, D);
            QkNormRope.fill(table.address(), 0, T, D, 100);
            Heads heads = new Heads(H, K, D, table, false, 1e-5f);
            Value ids = ints("ids", B * T, i -> random.nextInt(V)), targets = ints("targets", B * T, i -> i == 3 ? -1 : random.nextInt(V)), starts = ints("starts", B * T, i -> i % T < 5 ? 0 : 5);
            Value positions = ints("positions", B * T, i -> i % T < 5 ? i % T : i % T - 5);
            for (int i = 0; i < B * T; i++) {
                rowWeights.set(i, (i % 4 - 1) * 0.7f);
            }
            Value embedding = weight("embedding", 1, V, C);
            Recorder r = new Recorder(T, starts);
            Value x = r.embedding(ids, embedding);
            Value qkv = r.linear(r.rmsNorm(x, weight("norm1", 1, C), 1e-5f), weight("qkv", 0.4, (H + 2 * K) * D, C), null);
            Value qk = r.qkNormRope(qkv, qkNorm ? weight("qnorm", 1, D) : null, qkNorm ? weight("knorm", 1, D) : null, positions, heads);
            x = r.linear(r.attention(0, qk, qkv, heads), weight("o", 0.4, C, H * D), x);
            Value gateUp = r.linear(r.rmsNorm(x, weight("norm2", 1, C), 1e-5f), weight("gateUp", 0.4, 2 * F, C), null);
            x = r.linear(r.swiglu(gateUp), weight("down", 0.4, C, F), x);
            Value head = tied ? embedding : weight("head", 0.4, V, C);
            losses = r.crossEntropy(r.rmsNorm(x, weight("norm3", 1, C), 1e-5f), head, targets, Value.of("weights", rowWeights, null));
            plan = Plan.of(r, true).allocate(arena);
        }

        @Override
        Value weight(String name, double size, long... sizes) {
            Tensor data = numbers(size, sizes);
            if (matrices == Matrices.TRAINED || sizes.length != 2 || name.equals("o")) {
                return learned(name, data);
            }
            return matrices == Matrices.FROZEN ? Value.of(name, data, null)
                    : Value.packed(name, device.pack(bytes -> arena.allocate(bytes, Memory.ALIGNMENT), List.of(PackedWeight.Source.of(data))));
        }

        @Override
        double rowWeight(int row) {
            return rowWeights.get(row);
        }
    }

    @ParameterizedTest
    @CsvSource({"true,true", "false,true", "true,false"})
    void gradientsAreThoseOfFiniteDifferences(boolean qkNorm, boolean tied) {
        try (Net net = new Net(2, qkNorm, tied)) {
            net.gradients(false);
            net.weights.forEach(weight -> net.requireFiniteDifferences(weight, 2e-3, 2e-2));
        }
    }

    @ParameterizedTest
    @CsvSource({"FROZEN,true", "PACKED,true", "FROZEN,false", "PACKED,false"})
    void frozenWeightsChangeNoOthersGradient(Matrices matrices, boolean tied) {
        try (Net all = new Net(2, true, tied); Net few = new Net(2, true, tied, matrices)) {
            all.gradients(false);
            few.gradients(false);
            assertThat(few.weights).hasSize(6);
            assertThat(few.plan.bytes()).isLessThan(all.plan.bytes());
            for (Value weight : few.weights) {
                float[] same = all.weights.stream().filter(w -> w.name().equals(weight.name())).findFirst().orElseThrow().gradient().toFloats();
                float[] found = weight.gradient().toFloats();
                for (int i = 0; i < same.length; i++) {
                    assertThat(found[i]).as("%s element %d", weight, i).isCloseTo(same[i], org.assertj.core.data.Offset.offset(1e-4f + 1e-4f * Math.abs(same[i])));
                }
            }
        }
    }

    @Test
    void gradientsHaveTheSameBitsAtAnyThreadCountAndEachTime() {
        try (Net one = new Net(1, true, true); Net three = new Net(3, true, true)) {
            one.requireGradientsOf(three);
        }
    }

    @Test
    void aSecondPassAddsItsGradients() {
        try (Net net = new Net(2, true, false)) {
            net.requireThatASecondPassAdds(1e-4f, 1e-5f);
        }
    }

    @Test
    void buffersThatLiveAtDifferentTimesShareMemory() {
        try (Net net = new Net(1, true, true)) {
            long n = B * T;
            long everything = 4 * n * (3L * C + (H + 2 * K) * D + (H + K) * D + H * D + 2 * F + F + 2L * C) * 2;
            assertThat(net.plan.bytes()).isLessThan(everything);
        }
    }
}
