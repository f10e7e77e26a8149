package dev.jackdaw.tensor.grad;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.Heads;
import dev.jackdaw.tensor.kernel.QkNormRope;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A whole layer, with every operation in it, against finite differences of its own forward pass.
class PlanTest {
    private static final int B = 2, T = 9, C = 24, H = 3, K = 1, D = 8, F = 40, V = 50;

    /// What happens to the matrices but `o`: they learn, stay as they are, or stay and are packed.
    private enum Matrices { TRAINED, FROZEN, PACKED }

    /// One recorded layer with random weights. Two texts share each row, and rows differ in weight.
    private static final class Net implements AutoCloseable {
        final Arena arena = Arena.ofShared();
        final Device device;
        final List<Value> weights = new ArrayList<>();
        final Random random = new Random(7);
        final Value losses;
        final Plan plan;
        final Tensor rowWeights = Tensor.zeros(arena, B * T);
        private final Matrices matrices;

        Net(int threads, boolean qkNorm, boolean tied) {
            this(threads, qkNorm, tied, Matrices.TRAINED);
        }

        Net(int threads, boolean qkNorm, boolean tied, Matrices matrices) {
            this.matrices = matrices;
            device = Device.cpu(threads);
            Tensor table = Tensor.zeros(arena, T, D);
            QkNormRope.fill(table.address(), 0, T, D, 100);
            Heads heads = new Heads(H, K, D, table, false, 1e-5f);
            Value ids = ints("ids", i -> random.nextInt(V)), targets = ints("targets", i -> i == 3 ? -1 : random.nextInt(V)), starts = ints("starts", i -> i % T < 5 ? 0 : 5);
            Value positions = ints("positions", i -> i % T < 5 ? i % T : i % T - 5);
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

        private Value ints(String name, java.util.function.IntUnaryOperator f) {
            Tensor tensor = Tensor.zeros(arena, DType.I32, B * T);
            for (int i = 0; i < B * T; i++) {
                Memory.putInt(tensor.address() + 4L * i, f.applyAsInt(i));
            }
            return Value.of(name, tensor, null);
        }

        private Value weight(String name, double size, long... sizes) {
            Tensor data = Tensor.zeros(arena, sizes);
            for (long i = 0; i < data.elements(); i++) {
                data.set(i, (float) (random.nextGaussian() * size));
            }
            if (matrices != Matrices.TRAINED && sizes.length == 2 && !name.equals("o")) {
                return matrices == Matrices.FROZEN ? Value.of(name, data, null)
                        : Value.packed(name, device.pack(bytes -> arena.allocate(bytes, Memory.ALIGNMENT), List.of(PackedWeight.Source.of(data))));
            }
            Value value = Value.of(name, data, Tensor.zeros(arena, sizes));
            weights.add(value);
            return value;
        }

        double loss() {
            plan.forward(device, 0, false);
            double sum = 0;
            for (int i = 0; i < B * T; i++) {
                sum += (double) rowWeights.get(i) * losses.data().get(i);
            }
            return sum;
        }

        void gradients(boolean accumulate) {
            plan.forward(device, 1, accumulate);
            plan.backward(device, accumulate);
        }

        @Override
        public void close() {
            device.close();
            arena.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"true,true", "false,true", "true,false"})
    void gradientsAreThoseOfFiniteDifferences(boolean qkNorm, boolean tied) {
        try (Net net = new Net(2, qkNorm, tied)) {
            net.gradients(false);
            for (Value weight : net.weights) {
                float[] before = weight.data().toFloats(), gradient = weight.gradient().toFloats();
                float[] direction = new float[before.length];
                double expected = 0;
                for (int i = 0; i < before.length; i++) {
                    // half along the gradient, half at random: large enough to measure, and blind to no error
                    direction[i] = (float) (gradient[i] / norm(gradient) + net.random.nextGaussian() / Math.sqrt(before.length));
                    expected += (double) direction[i] * gradient[i];
                }
                float step = 2e-3f;
                double up = lossAt(net, weight, before, direction, step), down = lossAt(net, weight, before, direction, -step);
                weight.data().set(before);
                assertThat((up - down) / (2 * step)).as("%s, seed 7", weight).isCloseTo(expected, org.assertj.core.data.Offset.offset(2e-2 * Math.abs(expected) + 2e-2));
            }
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

    private static double lossAt(Net net, Value weight, float[] before, float[] direction, float step) {
        float[] moved = before.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += step * direction[i];
        }
        weight.data().set(moved);
        return net.loss();
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum) + 1e-12;
    }

    @Test
    void gradientsHaveTheSameBitsAtAnyThreadCountAndEachTime() {
        try (Net one = new Net(1, true, true); Net three = new Net(3, true, true)) {
            one.gradients(false);
            three.gradients(false);
            for (int i = 0; i < one.weights.size(); i++) {
                assertThat(three.weights.get(i).gradient().toFloats()).as(one.weights.get(i).name()).isEqualTo(one.weights.get(i).gradient().toFloats());
            }
        }
    }

    @Test
    void aSecondPassAddsItsGradients() {
        try (Net net = new Net(2, true, false)) {
            net.gradients(false);
            List<float[]> once = net.weights.stream().map(w -> w.gradient().toFloats()).toList();
            net.gradients(true);
            for (int i = 0; i < once.size(); i++) {
                float[] twice = net.weights.get(i).gradient().toFloats();
                for (int j = 0; j < twice.length; j++) {
                    assertThat(twice[j]).as("%s element %d", net.weights.get(i), j).isCloseTo(2 * once.get(i)[j], org.assertj.core.data.Offset.offset(1e-4f + 1e-5f * Math.abs(twice[j])));
                }
            }
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
