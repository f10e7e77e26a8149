package dev.jackdaw.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.tensor.quant.BlockFormat;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Gradients through packed weights are those through the same weights in F32.
class PackedBackwardTest {
    private static final int N = 37, F = 50, C = 256;

    private final Random random = new Random(5);

    private Tensor random(Arena arena, double size, long... sizes) {
        Tensor tensor = Tensor.zeros(arena, sizes);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, (float) (size * random.nextGaussian()));
        }
        return tensor;
    }

    private static Tensor blocks(Arena arena, DType type, Tensor from) {
        Tensor to = Tensor.zeros(arena, type, F, C);
        BlockFormat.of(type).encode(to.address(), from.address(), 0, from.elements() / type.blockElements());
        return to;
    }

    @Test
    void inputGradientAndLossThroughQuantizedWeights() {
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            for (DType type : List.of(DType.Q4_0, DType.Q8_0, DType.Q4_K, DType.Q6_K)) {
                Tensor stored = blocks(arena, type, random(arena, 1, F, C)), plain = Tensor.zeros(arena, F, C);
                BlockFormat.of(type).decode(plain.address(), stored.address(), 0, plain.elements() / type.blockElements());
                PackedWeight packed = device.pack(bytes -> arena.allocate(bytes, Memory.ALIGNMENT), List.of(PackedWeight.Source.of(stored), PackedWeight.Source.of(plain)));
                Tensor both = Tensor.zeros(arena, 2 * F, C);
                both.slice(0, F).copyFrom(plain);
                both.slice(F, 2 * F).copyFrom(plain);

                Tensor x = random(arena, 0.3, N, C), dy = random(arena, 1, N, 2 * F), dx1 = Tensor.zeros(arena, N, C), dx2 = Tensor.zeros(arena, N, C);
                device.linearBackward(dx1, null, x, both, dy, false);
                device.packedLinearBackward(dx2, packed, dy);
                assertClose(type + " dx", dx2, dx1, 1e-4f);

                Tensor targets = Tensor.zeros(arena, DType.I32, N), weights = random(arena, 1, N), loss1 = Tensor.zeros(arena, N), loss2 = Tensor.zeros(arena, N);
                for (int i = 0; i < N; i++) {
                    Memory.putInt(targets.address() + 4L * i, i == 3 ? -1 : random.nextInt(2 * F));
                }
                device.crossEntropy(loss1, x, both, targets, weights, dx1, null, 0.5f, false);
                device.packedCrossEntropy(loss2, x, packed, targets, weights, dx2, 0.5f);
                assertClose(type + " loss", loss2, loss1, 1e-4f);
                assertClose(type + " dx of the loss", dx2, dx1, 1e-5f);
            }
        }
    }

    private static void assertClose(String what, Tensor found, Tensor expected, float tolerance) {
        for (long i = 0; i < expected.elements(); i++) {
            assertThat(found.get(i)).as("%s at %d", what, i).isCloseTo(expected.get(i), within(tolerance * (1 + Math.abs(expected.get(i)))));
        }
    }
}
