package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.quant.PanelFormat;
import dev.jackdaw.tensor.quant.PanelPacking;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class PanelMatMulTest {
    private static final Workers WORKERS = Workers.of(2);
    private static final PanelFormat F32 = PanelFormat.of(DType.F32);
    private static final PanelMatMul FAST = new PanelMatMulSimd();
    private static final PanelMatMul REFERENCE = new PanelMatMul.Reference();

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    private record Layer(int rows, int F, int C, long x, long xRow, long w, long packed, long y, long yRow) {
        static Layer of(Arena arena, int rows, int F, int C) {
            var random = new SplittableRandom(rows * 31L + F * 7L + C);
            long xRow = C + 3;
            long yRow = F + 5;
            long w = random(arena, random, (long) F * C);
            long packed = arena.allocate(F32.bytes(F, C), Memory.ALIGNMENT).address();
            PanelPacking.pack(WORKERS, packed, F32, F, C, row -> w + 4L * row * C);
            return new Layer(rows, F, C, random(arena, random, rows * xRow), xRow, w, packed, random(arena, random, rows * yRow), yRow);
        }

        private static long random(Arena arena, SplittableRandom random, long elements) {
            long address = arena.allocate(4 * elements, Memory.ALIGNMENT).address();
            for (long i = 0; i < elements; i++) {
                Memory.putFloat(address + 4 * i, (float) random.nextDouble(-1, 1));
            }
            return address;
        }

        float[] run(PanelMatMul matMul, Workers workers) {
            for (long i = 0; i < rows * yRow; i++) {
                Memory.putFloat(y + 4 * i, Float.NaN);
            }
            matMul.multiply(workers, y, yRow, x, xRow, rows, packed, F, C);
            return floats();
        }

        float[] floats() {
            float[] values = new float[(int) (rows * yRow)];
            MemorySegment.copy(Memory.ALL, ValueLayout.JAVA_FLOAT_UNALIGNED, y, values, 0, values.length);
            return values;
        }
    }

    @Test
    void hasTheBitsOfTheReferenceOnAwkwardSizes() {
        int[] sizes = {1, 7, 8, 13, 64, 207};
        for (int rows : new int[] {1, 2, 3, 5, 6, 7, 13, 100}) {
            for (int F : sizes) {
                for (int C : sizes) {
                    try (Arena arena = Arena.ofConfined()) {
                        Layer layer = Layer.of(arena, rows, F, C);
                        float[] found = layer.run(FAST, WORKERS);
                        assertThat(found).as(layer.toString()).isEqualTo(layer.run(REFERENCE, WORKERS));
                    }
                }
            }
        }
    }

    @Test
    void agreesWithTheFormula() {
        try (Arena arena = Arena.ofConfined()) {
            Layer layer = Layer.of(arena, 3, 71, 1100);
            float[] found = layer.run(FAST, WORKERS);
            for (int n = 0; n < layer.rows; n++) {
                for (int f = 0; f < layer.F; f++) {
                    double sum = 0;
                    for (int c = 0; c < layer.C; c++) {
                        sum += (double) Memory.getFloat(layer.x + 4 * (n * layer.xRow + c)) * Memory.getFloat(layer.w + 4L * (f * layer.C + c));
                    }
                    assertThat(found[(int) (n * layer.yRow + f)]).as("y[" + n + "," + f + "]").isCloseTo((float) sum, org.assertj.core.data.Offset.offset(1e-4f));
                }
                // What lies between the rows is not ours.
                assertThat(found[(int) (n * layer.yRow + layer.F)]).isNaN();
            }
        }
    }

    @Test
    void batchedIsOneByOne() {
        try (Arena arena = Arena.ofConfined(); Workers one = Workers.of(1); Workers three = Workers.of(3)) {
            Layer layer = Layer.of(arena, 103, 330, 1300);
            float[] together = layer.run(FAST, WORKERS);
            assertThat(layer.run(FAST, one)).isEqualTo(together);
            assertThat(layer.run(FAST, three)).isEqualTo(together);
            for (int n = 0; n < layer.rows; n++) {
                FAST.multiply(one, layer.y + 4 * n * layer.yRow, layer.yRow, layer.x + 4 * n * layer.xRow, layer.xRow, 1, layer.packed, layer.F, layer.C);
            }
            assertThat(Arrays.equals(layer.floats(), together)).isTrue();
        }
    }

    @Test
    void refusesImpossibleSizes() {
        assertThatThrownBy(() -> FAST.multiply(WORKERS, 64, 3, 64, 8, 2, 64, 4, 8)).hasMessageContaining("3 apart");
    }

    @Test
    void allocatesNothingOnceCompiled() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Arena arena = Arena.ofConfined(); Workers one = Workers.of(1)) {
            Layer layer = Layer.of(arena, 13, 200, 520);
            long least = Long.MAX_VALUE;
            for (int i = 0; i < 20_000 && least > 2_000; i++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                FAST.multiply(one, layer.y, layer.yRow, layer.x, layer.xRow, layer.rows, layer.packed, layer.F, layer.C);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).as("bytes allocated by one product").isLessThanOrEqualTo(2_000);
        }
    }
}
