package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackedExpertsTest {
    /// What four bits stand for, by the specification (E2M1).
    private static final float[] E2M1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

    @TempDir
    private Path folder;

    private Path write(long[] blocks, long[] scales) throws IOException {
        Path path = folder.resolve("x.safetensors");
        new SafetensorsWriter().add("e_blocks", Safetensors.Type.U8, Shape.of(blocks), random(blocks, 256))
            .add("e_scales", Safetensors.Type.U8, Shape.of(scales), random(scales, 250)).write(path);
        return path;
    }

    private static MemorySegment random(long[] shape, int bound) {
        byte[] bytes = new byte[(int) Shape.of(shape).elements()];
        Random random = new Random(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) random.nextInt(bound);
        }
        return MemorySegment.ofArray(bytes);
    }

    @Test
    void numbersStayTheSame() throws IOException {
        Path path = write(new long[] {3, 5, 2, 16}, new long[] {3, 5, 2});
        try (Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(path, arena);
            assertThat(PackedExperts.has(file, "e")).isTrue();
            assertThat(PackedExperts.has(file, "f")).isFalse();
            Tensor experts = PackedExperts.read(file, "e", arena);
            assertThat(experts.type()).isEqualTo(DType.MXFP4);
            assertThat(experts.shape()).isEqualTo(Shape.of(3, 5, 64));
            float[] found = Conversion.to(arena, experts, DType.F32).toFloats();
            MemorySegment blocks = file.bytes("e_blocks");
            MemorySegment scales = file.bytes("e_scales");
            for (int i = 0; i < found.length; i++) {
                int octet = blocks.get(ValueLayout.JAVA_BYTE, i / 2) & 0xff;
                int exponent = (scales.get(ValueLayout.JAVA_BYTE, i / 32) & 0xff) - 127;
                assertThat(found[i]).as("number %d", i).isEqualTo((float) Math.scalb((double) E2M1[i % 2 == 0 ? octet & 15 : octet >> 4], exponent));
            }
        }
    }

    @Test
    void refusesShapesThatDoNotFit() throws IOException {
        Path path = write(new long[] {3, 5, 2, 8}, new long[] {3, 5, 2});
        try (Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(path, arena);
            assertThatThrownBy(() -> PackedExperts.read(file, "e", arena)).isInstanceOf(FormatException.class)
                .hasMessageContaining("packed experts e: found blocks U8[3,5,2,8] and scales U8[3,5,2]; expected U8[E,R,G,16]");
        }
    }
}
