package dev.jackdaw.tensor.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Q8_0Test {
    private static final int BLOCKS = 128;

    @Test
    void encodesLikeTheReferenceQuantizer() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment input = resource(arena, "quantize_input.f32");
            MemorySegment expected = resource(arena, "quantize_Q8_0.bin");
            MemorySegment blocks = arena.allocate(expected.byteSize());
            Q8_0.encode(blocks.address(), input.address(), 0, BLOCKS);
            assertThat(blocks.mismatch(expected)).isEqualTo(-1);
        }
    }

    @Test
    void decodesLikeTheReference() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment blocks = resource(arena, "Q8_0.bin");
            MemorySegment expected = resource(arena, "Q8_0.f32");
            MemorySegment values = arena.allocate(expected.byteSize(), 4);
            Q8_0.decode(values.address(), blocks.address(), 0, BLOCKS);
            for (int i = 0; i < 32 * BLOCKS; i++) {
                assertThat(Memory.getFloat(values.address() + 4L * i)).as("element %d", i).isEqualTo(Memory.getFloat(expected.address() + 4L * i));
            }
        }
    }

    @Test
    void errorIsAtMostHalfAScale() {
        Random random = new Random(9);
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.zeros(arena, 320);
            for (int i = 0; i < 320; i++) {
                x.set(i, (float) (random.nextGaussian() * Math.pow(10, i / 32 - 5)));
            }
            Tensor blocks = Tensor.zeros(arena, DType.Q8_0, 320);
            Tensor back = Tensor.zeros(arena, 320);
            Q8_0.encode(blocks.address(), x.address(), 0, 10);
            Q8_0.decode(back.address(), blocks.address(), 0, 10);
            for (int b = 0; b < 10; b++) {
                float max = 0;
                for (int i = 32 * b; i < 32 * b + 32; i++) {
                    max = Math.max(max, Math.abs(x.get(i)));
                }
                // half a scale, plus 127 times the rounding error of an F16 scale (2⁻¹¹ of it, more for subnormal ones)
                float allowed = max / 127 * (0.5f + 127 * 0x1p-11f) + 127 * 0x1p-25f;
                for (int i = 32 * b; i < 32 * b + 32; i++) {
                    assertThat(back.get(i)).isCloseTo(x.get(i), within(allowed));
                }
            }
        }
    }

    @Test
    void dotIsTheDotOfTheDecoded() throws IOException {
        Random random = new Random(10);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment blocks = resource(arena, "quantize_Q8_0.bin");
            Tensor x = Tensor.zeros(arena, 32 * BLOCKS);
            Tensor y = Tensor.zeros(arena, 32 * BLOCKS);
            Q8_0.decode(x.address(), blocks.address(), 0, BLOCKS);
            double expected = 0;
            double size = 0;
            for (int i = 32; i < 32 * BLOCKS; i++) {
                y.set(i, (float) random.nextGaussian());
                expected += (double) x.get(i) * y.get(i);
                size += Math.abs((double) x.get(i) * y.get(i));
            }
            assertThat((double) Q8_0.dot(blocks.address(), y.address(), 1, BLOCKS)).isCloseTo(expected, within(1e-6 * size));
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        try (Arena arena = Arena.ofConfined()) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 1e8f}) {
                Tensor x = Tensor.zeros(arena, 64);
                x.set(40, bad);
                Tensor blocks = Tensor.zeros(arena, DType.Q8_0, 64);
                assertThatThrownBy(() -> Q8_0.encode(blocks.address(), x.address(), 0, 2))
                        .isInstanceOf(ArithmeticException.class).hasMessageContaining("numbers 32 to 63").hasMessageContaining("" + bad);
            }
        }
    }

    private static MemorySegment resource(Arena arena, String name) throws IOException {
        try (InputStream in = Q8_0Test.class.getResourceAsStream("/reference/quant/" + name)) {
            byte[] bytes = in.readAllBytes();
            MemorySegment segment = arena.allocate(bytes.length, 4);
            segment.copyFrom(MemorySegment.ofArray(bytes));
            return segment;
        }
    }
}
