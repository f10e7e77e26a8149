package dev.jackdaw.tensor.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What is packed comes out again with the same bits, for every type.
class PanelFormatTest {
    private static final Path REFERENCE = Path.of("src/test/resources/reference/quant");
    private static final Workers WORKERS = Workers.of(2);

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    static Stream<DType> blockTypes() {
        return Stream.of(DType.values()).filter(DType::isBlocks);
    }

    static Stream<DType> plainTypes() {
        return Stream.of(DType.F32, DType.F16, DType.BF16);
    }

    @ParameterizedTest
    @MethodSource("blockTypes")
    void keepsTheFixtures(DType type) throws IOException {
        byte[] bytes = Files.readAllBytes(REFERENCE.resolve(type + ".bin"));
        int blocks = bytes.length / type.blockBytes();
        for (int perRow : new int[] {1, 2, 3}) {
            int rows = blocks / perRow;
            roundTrip(type, bytes, rows, perRow * type.blockElements());
        }
    }

    /// More columns than a strip, more panels than a part, a last panel with holes.
    @ParameterizedTest
    @MethodSource("blockTypes")
    void keepsAnyBits(DType type) {
        Random random = new Random(type.ordinal());
        int blocks = 1344 / type.blockElements() + 1;
        byte[] bytes = new byte[71 * blocks * type.blockBytes()];
        random.nextBytes(bytes);
        roundTrip(type, bytes, 71, blocks * type.blockElements());
    }

    private static void roundTrip(DType type, byte[] bytes, int F, int C) {
        PanelFormat format = PanelFormat.of(type);
        try (Arena arena = Arena.ofConfined()) {
            long w = copy(arena, bytes);
            long expected = arena.allocate(4L * F * C, 4).address();
            BlockFormat.of(type).decode(expected, w, 0, (long) F * C / type.blockElements());
            long packed = arena.allocate(format.bytes(F, C) + 64, Memory.ALIGNMENT).address();
            Memory.putLong(packed + format.bytes(F, C), 0x1234_5678_9abc_def0L);
            PanelPacking.pack(WORKERS, packed, format, F, C, row -> w + row * type.bytes(C));
            assertThat(Memory.getLong(packed + format.bytes(F, C))).as("behind the weight").isEqualTo(0x1234_5678_9abc_def0L);
            for (int f = 0; f < F; f++) {
                long panel = packed + f / PanelFormat.LANES * format.panelBytes(C);
                for (int c = 0; c < C; c++) {
                    assertSame(format.weight(panel, C, f % PanelFormat.LANES, c), Memory.getFloat(expected + 4L * (f * C + c)), type + " [" + f + "," + c + "]");
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("plainTypes")
    void keepsNumbersWithoutBlocks(DType type) {
        PanelFormat format = PanelFormat.of(type);
        Random random = new Random(5);
        for (int[] size : new int[][] {{1, 1}, {16, 64}, {17, 3}, {35, 1027}}) {
            int F = size[0], C = size[1], width = type.blockBytes();
            byte[] bytes = new byte[F * C * width];
            random.nextBytes(bytes);
            try (Arena arena = Arena.ofConfined()) {
                long w = copy(arena, bytes);
                long packed = arena.allocate(format.bytes(F, C), Memory.ALIGNMENT).address();
                PanelPacking.pack(WORKERS, packed, format, F, C, row -> w + row * type.bytes(C));
                for (int i = 0; i < F * C; i++) {
                    float found = format.weight(packed + i / C / 16 * format.panelBytes(C), C, i / C % 16, i % C);
                    long at = w + (long) width * i;
                    float expected = switch (type) {
                        case F32 -> Memory.getFloat(at);
                        case F16 -> Float.float16ToFloat(Memory.getShort(at));
                        default -> Float.intBitsToFloat(Memory.getShort(at) << 16);
                    };
                    assertSame(found, expected, type + " number " + i);
                }
            }
        }
    }

    /// A NaN may have another payload.
    private static void assertSame(float found, float expected, String what) {
        if (Float.floatToIntBits(found) != Float.floatToIntBits(expected)) {
            throw new AssertionError(what + ": found " + found + ", expected " + expected);
        }
    }

    private static long copy(Arena arena, byte[] bytes) {
        MemorySegment segment = arena.allocate(bytes.length, 1);
        segment.copyFrom(MemorySegment.ofArray(bytes));
        return segment.address();
    }

    /// The drawing in numbers, for two formats that have all regions between them.
    @Test
    void hasTheRegionsThatWereDrawn() {
        PanelFormat q8 = PanelFormat.of(DType.Q8_0);
        assertThat(q8.highAt(96)).isEqualTo(16 * 96);
        assertThat(q8.scalesAt(96)).isEqualTo(16 * 96);
        assertThat(q8.minsAt(96)).isEqualTo(16 * 96 + 128);                // 3 × 32 bytes, filled up
        assertThat(q8.panelBytes(96)).isEqualTo(16 * 96 + 128);
        assertThat(q8.bytes(17, 96)).isEqualTo(2 * (16 * 96 + 128));
        PanelFormat q5 = PanelFormat.of(DType.Q5_K);
        assertThat(q5.highAt(512)).isEqualTo(8 * 512);
        assertThat(q5.scalesAt(512)).isEqualTo(10 * 512);
        assertThat(q5.minsAt(512)).isEqualTo(10 * 512 + 256);
        assertThat(q5.superScalesAt(512)).isEqualTo(10 * 512 + 512);
        assertThat(q5.superMinsAt(512)).isEqualTo(10 * 512 + 512 + 64);
        assertThat(q5.panelBytes(512)).isEqualTo(10 * 512 + 512 + 128);
        PanelFormat q6 = PanelFormat.of(DType.Q6_K);
        assertThat(q6.scalesAt(256)).isEqualTo(12 * 256);
        assertThat(q6.panelBytes(256)).isEqualTo(12 * 256 + 256 + 64);
        assertThat(PanelFormat.of(DType.F16).panelBytes(3)).isEqualTo(128);
        assertThat(PanelFormat.of(DType.F32).bytes(33, 5)).isEqualTo(3 * 64 * 5);
    }

    @Test
    void refusesWhatItCannotPack() {
        assertThatThrownBy(() -> PanelFormat.of(DType.I32)).hasMessageContaining("I32 is no number format of weights");
        assertThatThrownBy(() -> PanelFormat.of(DType.Q4_K).bytes(4, 96)).hasMessageContaining("Q4_K[4,96]").hasMessageContaining("blocks of 256");
        assertThatThrownBy(() -> PanelFormat.of(DType.Q8_0).bytes(0, 96)).hasMessageContaining("[0,96]");
    }
}
