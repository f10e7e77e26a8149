package dev.jackdaw.tensor.grad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;

/// A small net of random weights, to record a forward pass with and to look at its gradients. Who extends it sets [#losses] and [#plan].
abstract class TestNet implements AutoCloseable {
    /// Decides what is dropped.
    private static final long PASS = 3;

    final Arena arena = Arena.ofShared();
    final Device device;
    final Random random;
    /// Those that learn.
    final List<Value> weights = new ArrayList<>();
    Value losses;
    Plan plan;
    private final long seed;

    TestNet(int threads, long seed) {
        device = Device.cpu(threads);
        random = new Random(seed);
        this.seed = seed;
    }

    final Value ints(String name, int count, IntUnaryOperator f) {
        Tensor tensor = Tensor.zeros(arena, DType.I32, count);
        for (int i = 0; i < count; i++) {
            Memory.putInt(tensor.address() + 4L * i, f.applyAsInt(i));
        }
        return Value.of(name, tensor, null);
    }

    final Tensor numbers(double size, long... sizes) {
        Tensor data = Tensor.zeros(arena, sizes);
        for (long i = 0; i < data.elements(); i++) {
            data.set(i, (float) (random.nextGaussian() * size));
        }
        return data;
    }

    Value weight(String name, double size, long... sizes) {
        return learned(name, numbers(size, sizes));
    }

    final Value learned(String name, Tensor data) {
        Value value = Value.of(name, data, Tensor.zeros(arena, data.shape().toArray()));
        weights.add(value);
        return value;
    }

    /// How much the loss of a row counts.
    double rowWeight(int row) {
        return 1;
    }

    final double loss() {
        plan.forward(device, 0, false, PASS);
        double sum = 0;
        for (int i = 0; i < losses.data().elements(); i++) {
            sum += rowWeight(i) * losses.data().get(i);
        }
        return sum;
    }

    /// Gradients of norms and embeddings are always added to.
    final void gradients(boolean accumulate) {
        if (!accumulate) {
            weights.forEach(value -> value.gradient().zero());
        }
        plan.forward(device, 1, accumulate, PASS);
        plan.backward(device, accumulate, PASS);
    }

    final List<float[]> gradients() {
        gradients(false);
        return weights.stream().map(value -> value.gradient().toFloats()).toList();
    }

    /// The gradient of a weight, which must have been taken, against finite differences of the forward pass in a direction of which one half is
    /// the gradient's and the other random: large enough to measure, and blind to no error.
    final void requireFiniteDifferences(Value weight, double step, double tolerance) {
        float[] before = weight.data().toFloats(), gradient = weight.gradient().toFloats(), direction = new float[before.length];
        double norm = Math.sqrt(device.sumOfSquares(weight.gradient())) + 1e-12, expected = 0;
        for (int i = 0; i < before.length; i++) {
            direction[i] = (float) (gradient[i] / norm + random.nextGaussian() / Math.sqrt(before.length));
            expected += (double) direction[i] * gradient[i];
        }
        double up = lossAt(weight, before, direction, step), down = lossAt(weight, before, direction, -step);
        weight.data().set(before);
        assertThat((up - down) / (2 * step)).as("%s, seed %d", weight, seed).isCloseTo(expected, offset(2e-2 * Math.abs(expected) + tolerance));
    }

    private double lossAt(Value weight, float[] before, float[] direction, double step) {
        float[] moved = before.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (step * direction[i]);
        }
        weight.data().set(moved);
        return loss();
    }

    /// Another net of the same weights has the same bits.
    final void requireGradientsOf(TestNet other) {
        List<float[]> own = gradients(), others = other.gradients();
        for (int i = 0; i < own.size(); i++) {
            assertThat(others.get(i)).as(weights.get(i).name()).isEqualTo(own.get(i));
        }
    }

    final void requireThatASecondPassAdds(float tolerance, float share) {
        List<float[]> once = gradients();
        gradients(true);
        for (int i = 0; i < once.size(); i++) {
            float[] twice = weights.get(i).gradient().toFloats();
            for (int j = 0; j < twice.length; j++) {
                assertThat(twice[j]).as("%s element %d", weights.get(i), j).isCloseTo(2 * once.get(i)[j], offset(tolerance + share * Math.abs(twice[j])));
            }
        }
    }

    @Override
    public void close() {
        device.close();
        arena.close();
    }
}
