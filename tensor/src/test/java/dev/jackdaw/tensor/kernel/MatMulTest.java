package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MatMulTest {
    private static final Workers WORKERS = Workers.of(2);
    private static final MatMul FAST = new MatMulSimd();
    private static final MatMul REFERENCE = new MatMul.Reference();

    @AfterAll
    static void close() {
        WORKERS.close();
        FAST.close();
    }

    /// Which operand lies transposed; named after A and B as BLAS does.
    enum Layout {
        NN(false, false), NT(false, true), TN(true, false), TT(true, true);

        final boolean a;
        final boolean b;

        Layout(boolean a, boolean b) {
            this.a = a;
            this.b = b;
        }
    }

    /// One product: operands filled at random, results beside each other.
    private record Problem(int m, int n, int k, long a, long aRow, long aColumn, long b, long bRow, long bColumn, long addend, long cRow) {
        static Problem of(Arena arena, int m, int n, int k, Layout layout, int gap, long seed) {
            var random = new SplittableRandom(seed);
            long aWidth = (layout.a ? m : k) + gap;
            long bWidth = (layout.b ? k : n) + gap;
            long cRow = n + gap;
            // The addresses are off a cache line by one float: nothing may rely on alignment of the operands.
            long a = random(arena, random, aWidth * (layout.a ? k : m));
            long b = random(arena, random, bWidth * (layout.b ? n : k));
            long addend = random(arena, random, cRow * m);
            return new Problem(m, n, k, a, layout.a ? 1 : aWidth, layout.a ? aWidth : 1, b, layout.b ? 1 : bWidth, layout.b ? bWidth : 1, addend, cRow);
        }

        float[] run(MatMul matMul, Workers workers, boolean add) {
            try (Arena arena = Arena.ofConfined()) {
                long c = nans(arena, m * cRow);
                matMul.multiply(workers, c, cRow, add ? addend : 0, m, n, k, a, aRow, aColumn, b, bRow, bColumn);
                return floats(c, m * cRow);
            }
        }

        float[] runAlone(MatMul matMul, boolean add) {
            try (Arena arena = Arena.ofConfined()) {
                long c = nans(arena, m * cRow);
                long scratch = arena.allocate(Math.max(1, matMul.scratchBytes(m, n, k)), Memory.ALIGNMENT).address();
                matMul.multiplyAlone(scratch, c, cRow, add ? addend : 0, m, n, k, a, aRow, aColumn, b, bRow, bColumn);
                return floats(c, m * cRow);
            }
        }
    }

    private static long random(Arena arena, SplittableRandom random, long elements) {
        long address = arena.allocate(4 * elements + 4, Memory.ALIGNMENT).address() + 4;
        for (long i = 0; i < elements; i++) {
            Memory.putFloat(address + 4 * i, (float) random.nextDouble(-1, 1));
        }
        return address;
    }

    private static long nans(Arena arena, long elements) {
        long address = arena.allocate(4 * elements + 4, Memory.ALIGNMENT).address() + 4;
        for (long i = 0; i < elements; i++) {
            Memory.putFloat(address + 4 * i, Float.NaN);
        }
        return address;
    }

    private static float[] floats(long address, long elements) {
        float[] values = new float[(int) elements];
        MemorySegment.copy(Memory.ALL, ValueLayout.JAVA_FLOAT_UNALIGNED, address, values, 0, values.length);
        return values;
    }

    private static void assertClose(float[] found, float[] expected, int k, String what) {
        assertThat(found).hasSameSizeAs(expected);
        float tolerance = 1e-6f * (4 + k);
        for (int i = 0; i < expected.length; i++) {
            if (Float.isNaN(expected[i]) ? !Float.isNaN(found[i]) : !(Math.abs(found[i] - expected[i]) <= tolerance)) {
                throw new AssertionError(what + ": element " + i + " is " + found[i] + ", expected " + expected[i] + " +- " + tolerance);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void matchesReferenceOnAwkwardSizes(Layout layout) {
        int[] sizes = {1, 7, 8, 13, 64, 207};
        for (int m : sizes) {
            for (int n : sizes) {
                for (int k : sizes) {
                    try (Arena arena = Arena.ofConfined()) {
                        Problem problem = Problem.of(arena, m, n, k, layout, n % 3, m * 31L + n * 7L + k);
                        boolean add = (m + n + k) % 2 == 0;
                        String what = layout + " m=" + m + " n=" + n + " k=" + k + (add ? " added" : "");
                        float[] expected = problem.run(REFERENCE, WORKERS, add);
                        float[] found = problem.run(FAST, WORKERS, add);
                        assertClose(found, expected, k, what);
                        assertThat(problem.runAlone(FAST, add)).as(what + " alone").isEqualTo(found);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void matchesReferenceOverManyBlocks(Layout layout) {
        try (Arena arena = Arena.ofConfined()) {
            Problem problem = Problem.of(arena, 301, 1100, 4500, layout, 0, 5);
            assertClose(problem.run(FAST, WORKERS, true), problem.run(REFERENCE, WORKERS, true), 4500, layout.toString());
        }
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void bitsDoNotDependOnThreadsOrSize(Layout layout) {
        try (Arena arena = Arena.ofConfined(); Workers one = Workers.of(1); Workers three = Workers.of(3)) {
            Problem problem = Problem.of(arena, 207, 333, 700, layout, 0, 9);
            float[] expected = problem.run(FAST, one, true);
            assertThat(problem.run(FAST, WORKERS, true)).isEqualTo(expected);
            assertThat(problem.run(FAST, three, true)).isEqualTo(expected);
            assertThat(problem.runAlone(FAST, true)).isEqualTo(expected);
            // The last row alone, then the whole.
            Problem p = problem;
            Problem row = new Problem(1, p.n, p.k, p.a + 4 * 206 * p.aRow, p.aRow, p.aColumn, p.b, p.bRow, p.bColumn, p.addend + 4 * 206 * p.cRow, p.cRow);
            assertThat(row.run(FAST, WORKERS, true)).containsExactly(java.util.Arrays.copyOfRange(expected, 206 * 333, 207 * 333));
        }
    }

    @Test
    void accumulatesInPlace() {
        try (Arena arena = Arena.ofConfined()) {
            Problem p = Problem.of(arena, 65, 130, 300, Layout.TN, 0, 3);
            float[] expected = p.run(FAST, WORKERS, true);
            FAST.multiply(WORKERS, p.addend, p.cRow, p.addend, p.m, p.n, p.k, p.a, p.aRow, p.aColumn, p.b, p.bRow, p.bColumn);
            assertThat(floats(p.addend, p.m * p.cRow)).isEqualTo(expected);
        }
    }

    @Test
    void emptySumIsTheAddend() {
        try (Arena arena = Arena.ofConfined()) {
            Problem problem = Problem.of(arena, 9, 70, 0, Layout.NN, 0, 3);
            assertThat(problem.run(FAST, WORKERS, true)).isEqualTo(floats(problem.addend, 9 * 70));
            assertThat(problem.run(FAST, WORKERS, false)).containsOnly(0);
        }
    }

    @Test
    void refusesOverlappingRows() {
        assertThatThrownBy(() -> FAST.multiply(WORKERS, 64, 7, 0, 4, 8, 4, 64, 4, 1, 64, 8, 1))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("7").hasMessageContaining("8");
    }

    /// A vector that C2 fails to keep in a register is allocated on the heap: some megabytes a call instead of none.
    @ParameterizedTest
    @EnumSource(Layout.class)
    void allocatesNothingOnceCompiled(Layout layout) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Arena arena = Arena.ofConfined(); Workers one = Workers.of(1)) {
            Problem p = Problem.of(arena, 210, 300, 520, layout, 0, 3);
            long c = nans(arena, p.m * p.cRow);
            long least = Long.MAX_VALUE;
            for (int i = 0; i < 400 && least > 2_000; i++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                FAST.multiply(one, c, p.cRow, 0, p.m, p.n, p.k, p.a, p.aRow, p.aColumn, p.b, p.bRow, p.bColumn);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).as("bytes allocated by one product").isLessThanOrEqualTo(2_000);
        }
    }

    /// Mapped files have a segment class of their own; reading them must not spoil the compiled kernel for native memory.
    @Test
    void isAsFastOverNativeMemoryAfterMapped(@TempDir Path folder) throws IOException {
        int size = 384;
        Path file = folder.resolve("matrix");
        Files.write(file, new byte[4 * size * size]);
        try (Arena arena = Arena.ofShared(); FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, 4L * size * size, arena).address();
            var random = new SplittableRandom(1);
            long nativeA = random(arena, random, size * size);
            long nativeB = random(arena, random, size * size);
            long c = nans(arena, size * size);
            long before = nanos(c, nativeA, nativeB, size);
            long overMapped = nanos(c, mapped, nativeB, size);
            long after = nanos(c, nativeA, nativeB, size);
            assertThat(overMapped).as("nanoseconds over mapped memory").isLessThan(4 * before);
            assertThat(after).as("nanoseconds over native memory, after mapped").isLessThan(4 * before);
            FAST.multiply(WORKERS, c, size, 0, size, size, size, mapped, size, 1, nativeB, size, 1);
            assertThat(floats(c, size)).containsOnly(0);
        }
    }

    /// The best of many: other work on the machine must not fail the test.
    private static long nanos(long c, long a, long b, int size) {
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 60; i++) {
            long start = System.nanoTime();
            FAST.multiply(WORKERS, c, size, 0, size, size, size, a, size, 1, b, size, 1);
            best = Math.min(best, System.nanoTime() - start);
        }
        return best;
    }
}
