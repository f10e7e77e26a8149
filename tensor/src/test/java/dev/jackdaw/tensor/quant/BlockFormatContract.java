package dev.jackdaw.tensor.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What every block format must do: read and write the bits of the reference.
abstract class BlockFormatContract {
    private static final Path REFERENCE = Path.of("src/test/resources/reference/quant");
    private static final int COLUMNS = 256;

    private final DType type;
    private final BlockFormat format;
    private final double relativeError;
    private final int n;

    /// @param relativeError root mean square error of normal numbers, divided by theirs, that the format stays below
    BlockFormatContract(DType type, double relativeError) {
        this.type = type;
        this.format = BlockFormat.of(type);
        this.relativeError = relativeError;
        n = type.blockElements();
    }

    /// The whole set of fixtures where it is present beside the project, otherwise null.
    private static Path fixtures() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path found = at.resolve("shared/fixtures/gguf/dequant");
            if (Files.isDirectory(found)) {
                return found;
            }
        }
        return null;
    }

    private static MemorySegment load(Arena arena, Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        MemorySegment segment = arena.allocate(Math.max(1, bytes.length), Memory.ALIGNMENT);
        segment.copyFrom(MemorySegment.ofArray(bytes));
        return segment.asSlice(0, bytes.length);
    }

    @Test
    void decodesLikeTheReference() throws IOException {
        decodes(REFERENCE);
        if (fixtures() != null) {
            decodes(fixtures());
        }
    }

    private void decodes(Path folder) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment blocks = load(arena, folder.resolve(type + ".bin"));
            MemorySegment expected = load(arena, folder.resolve(type + ".f32"));
            long count = blocks.byteSize() / type.blockBytes();
            assertThat(count).isGreaterThanOrEqualTo(8);
            assertThat(expected.byteSize()).isEqualTo(4 * n * count);
            MemorySegment values = arena.allocate(expected.byteSize(), 4);
            format.decode(values.address(), blocks.address(), 0, count);
            for (int i = 0; i < n * count; i++) {
                assertThat(Memory.getFloat(values.address() + 4L * i)).as("%s number %d", type, i).isEqualTo(Memory.getFloat(expected.address() + 4L * i));
            }
        }
    }

    @Test
    void encodesLikeTheReference() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = load(arena, REFERENCE.resolve("quantize_input.f32"));
            MemorySegment expected = load(arena, REFERENCE.resolve("quantize_" + type + ".bin"));
            MemorySegment blocks = arena.allocate(expected.byteSize(), 4);
            format.encode(blocks.address(), x.address(), 0, x.byteSize() / 4 / n);
            assertSameBlocks(blocks, expected);
            Path fixture = fixtures() == null ? null : fixtures().resolve("quantize_" + type + ".bin");
            if (fixture != null && Files.exists(fixture)) {
                MemorySegment whole = load(arena, fixture);                  // of the ternary types it has a part only
                assertSameBlocks(blocks.asSlice(0, whole.byteSize()), whole);
            }
        }
    }

    @Test
    void encodesWithImportanceLikeTheReference() throws IOException {
        Path file = REFERENCE.resolve("quantize_" + type + ".weighted.bin");
        if (!Files.exists(file)) {
            file = REFERENCE.resolve("quantize_" + type + ".bin");           // a format without a search
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = load(arena, REFERENCE.resolve("quantize_input.f32"));
            MemorySegment expected = load(arena, file);
            MemorySegment blocks = arena.allocate(expected.byteSize(), 4);
            Tensor importance = Tensor.zeros(arena, COLUMNS);
            for (int i = 0; i < COLUMNS; i++) {
                importance.set(i, 0.25f * (1 + 37 * i % 11));
            }
            long rows = x.byteSize() / 4 / COLUMNS;
            for (long row = 0; row < rows; row++) {
                format.encodeRow(blocks.address() + row * type.bytes(COLUMNS), x.address() + 4 * COLUMNS * row, COLUMNS, importance.address());
            }
            assertSameBlocks(blocks, expected);
        }
    }

    private void assertSameBlocks(MemorySegment found, MemorySegment expected) {
        int different = 0;
        for (long at = 0; at < expected.byteSize(); at += type.blockBytes()) {
            different += found.asSlice(at, type.blockBytes()).mismatch(expected.asSlice(at, type.blockBytes())) == -1 ? 0 : 1;
        }
        assertThat(different).as("different blocks of %s", type).isZero();
    }

    @Test
    void keepsNormalNumbersNearly() {
        Random random = new Random(9);
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.zeros(arena, 16 * 256);
            double size = 0;
            for (int i = 0; i < x.elements(); i++) {
                x.set(i, (float) (random.nextGaussian() * Math.pow(10, i / 256 % 5 - 3)));
            }
            Tensor blocks = Tensor.zeros(arena, type, x.elements());
            Tensor back = Tensor.zeros(arena, x.elements());
            format.encode(blocks.address(), x.address(), 0, x.elements() / n);
            format.decode(back.address(), blocks.address(), 0, x.elements() / n);
            for (int group = 0; group < 16; group++) {                       // of one magnitude each
                double error = 0;
                double sum = 0;
                for (int i = 256 * group; i < 256 * group + 256; i++) {
                    error += Math.pow(back.get(i) - x.get(i), 2);
                    sum += Math.pow(x.get(i), 2);
                }
                assertThat(Math.sqrt(error / sum)).as("%s, numbers around 10^%d", type, group % 5 - 3).isLessThan(relativeError);
            }
        }
    }

    @Test
    void dotIsTheDotOfTheDecoded() throws IOException {
        Random random = new Random(10);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment blocks = load(arena, REFERENCE.resolve("quantize_" + type + ".bin"));
            long count = blocks.byteSize() / type.blockBytes();
            Tensor x = Tensor.zeros(arena, n * count);
            Tensor y = Tensor.zeros(arena, n * count);
            format.decode(x.address(), blocks.address(), 0, count);
            double expected = 0;
            double size = 0;
            for (int i = n; i < n * count; i++) {
                y.set(i, (float) random.nextGaussian());
                expected += (double) x.get(i) * y.get(i);
                size += Math.abs((double) x.get(i) * y.get(i));
            }
            assertThat((double) format.dot(blocks.address(), y.address(), 1, count)).isCloseTo(expected, within(1e-6 * size));
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void refusesWhatIsNoNumber(float bad) {
        refuses(bad);
    }

    @Test
    void refusesAScaleThatDoesNotFit() {
        if (type != DType.MXFP4) {                                           // its scale has the range of F32
            refuses(1e38f);
        }
    }

    private void refuses(float bad) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = Tensor.zeros(arena, 2L * n);
            x.set(n + 5, bad);
            Tensor blocks = Tensor.zeros(arena, type, 2L * n);
            assertThatThrownBy(() -> format.encode(blocks.address(), x.address(), 0, 2))
                .isInstanceOf(ArithmeticException.class).hasMessageContaining(type + ": numbers " + n + " to " + (2 * n - 1)).hasMessageContaining("" + bad);
        }
    }

    /// Whatever the bits are, a block is read without harm, and nothing outside it is written.
    @Test
    void readsAnyBits() {
        Random random = new Random(11);
        try (Arena arena = Arena.ofConfined()) {
            Tensor block = Tensor.zeros(arena, DType.I8, type.blockBytes());
            Tensor y = Tensor.zeros(arena, 2L + n);
            for (int round = 0; round < 2000; round++) {
                for (int i = 0; i < type.blockBytes(); i++) {
                    Memory.putByte(block.address() + i, (byte) random.nextInt());
                }
                y.fill(7);
                format.decode(y.address() + 4, block.address(), 0, 1);
                assertThat(y.get(0) + y.get(n + 1)).as("round %d", round).isEqualTo(14);
            }
        }
    }
}
