package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Experts as a gpt-oss folder packs them, against the meaning of each bit in the specification.
class GptOssFormsTest {
    /// What four bits stand for (E2M1).
    private static final float[] E2M1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};
    private static final GptOssForms.Blocks FORM = new GptOssForms.Blocks();

    private static Tensor random(Arena arena, int bound, long... sizes) {
        Tensor tensor = Tensor.zeros(arena, DType.I8, sizes);
        Random random = new Random(tensor.elements());
        for (long i = 0; i < tensor.elements(); i++) {
            Memory.putByte(tensor.address() + i, (byte) random.nextInt(bound));
        }
        return tensor;
    }

    @Test
    void numbersStayTheSameBothWays() {
        int E = 3, F = 5, blocks = 2, parts = 2;
        try (Arena arena = Arena.ofConfined()) {
            List<Tensor> files = List.of(random(arena, 256, E, F * parts, blocks, 16), random(arena, 250, E, F * parts, blocks));
            List<Shape> shapes = List.of(Shape.of(E, F, 32 * blocks), Shape.of(E, F, 32 * blocks));
            assertThat(FORM.shapes(shapes)).containsExactly(files.get(0).shape(), files.get(1).shape());
            List<Tensor> ours = List.of(FORM.read(arena, files, 0, shapes), FORM.read(arena, files, 1, shapes));
            for (int part = 0; part < parts; part++) {
                assertThat(ours.get(part).type()).isEqualTo(DType.MXFP4);
                float[] found = Conversion.to(arena, ours.get(part), DType.F32).toFloats();
                for (int i = 0; i < found.length; i++) {
                    int row = i / (32 * blocks), column = i % (32 * blocks), there = (row * parts + part) * blocks + column / 32;
                    int pair = Memory.getByte(files.get(0).address() + there * 16 + column % 32 / 2) & 255;
                    int exponent = (Memory.getByte(files.get(1).address() + there) & 255) - 127;
                    assertThat(found[i]).as("part %d, number %d", part, i).isEqualTo((float) Math.scalb((double) E2M1[i % 2 == 0 ? pair & 15 : pair >> 4], exponent));
                }
            }
            List<Tensor> back = FORM.write(arena, ours);
            for (int i = 0; i < 2; i++) {
                assertThat(back.get(i).shape()).isEqualTo(files.get(i).shape());
                assertThat(back.get(i).segment().mismatch(files.get(i).segment())).isEqualTo(-1);
            }
        }
    }

    @Test
    void oneExpertIsReadAlone() {
        try (Arena arena = Arena.ofConfined()) {
            List<Tensor> files = List.of(random(arena, 256, 3, 8, 1, 16), random(arena, 250, 3, 8, 1));
            List<Shape> shapes = List.of(Shape.of(3, 8, 32));
            Tensor all = FORM.read(arena, files, 0, shapes), one = FORM.expert(arena, files, 0, shapes, 2);
            assertThat(one.segment().mismatch(all.slice(2, 3).segment())).isEqualTo(-1);
        }
    }

    @Test
    void refusesWhatIsNotPacked() {
        try (Arena arena = Arena.ofConfined()) {
            List<Tensor> files = List.of(Tensor.zeros(arena, 1, 2, 1, 16), random(arena, 250, 1, 2, 1));
            assertThatThrownBy(() -> FORM.read(arena, files, 0, List.of(Shape.of(1, 2, 32)))).hasMessageContaining("packed experts").hasMessageContaining("U8[E,R,G,16]");
            assertThatThrownBy(() -> FORM.shapes(List.of(Shape.of(1, 2, 40)))).hasMessageContaining("do not fill blocks of 32");
        }
    }
}
