package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.kernel.asm.ExecutableMemory;
import dev.jackdaw.tensor.kernel.asm.Isa;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import dev.jackdaw.tensor.kernel.asm.QuantCode;
import dev.jackdaw.tensor.quant.PanelFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every kernel of every instruction set that this machine has, bit for bit against the scalar reference. The packed weights are random
/// bits, so every pattern occurs, also those that no encoder writes; only F16 numbers are kept finite.
class QuantMatMulAsmTest {
    private static final Workers WORKERS = Workers.of(2);
    private static final QuantMatMul REFERENCE = new QuantMatMul.Reference();

    /// Rows of x, rows of w, units of columns: every height of a tile, every number of panels beside each other, full and ragged ends.
    private static final int[][] SIZES = {{1, 1, 1}, {1, 7, 3}, {1, 16, 1}, {1, 77, 3}, {1, 64, 2}, {2, 17, 1}, {3, 33, 3}, {4, 48, 1}, {5, 77, 1}, {6, 16, 3}, {7, 33, 1},
        {13, 65, 1}, {20, 5, 3}};

    @AfterAll
    static void close() {
        WORKERS.close();
    }

    private record Case(Isa isa, DType type) {
    }

    /// The instruction sets below and at the machine's own.
    static Stream<Isa> sets() {
        return Stream.of(Isa.AVX2, Isa.AVX512).filter(isa -> isa.compareTo(MachineCode.current().isa()) <= 0 && QuantCode.of(isa) != null);
    }

    static List<Case> cases() {
        var cases = new ArrayList<Case>();
        sets().forEach(isa -> Stream.of(DType.values()).filter(type -> type.isBlocks() || type == DType.F32 || type == DType.F16 || type == DType.BF16).forEach(type -> cases.add(new Case(isa, type))));
        return cases;
    }

    private record Layer(PanelFormat format, int rows, int F, int C, long packed, long x, long activations, long y, long yRow) {
        static Layer of(Arena arena, DType type, int rows, int F, int columnUnits) {
            PanelFormat format = PanelFormat.of(type);
            int C = format.isQuantized() ? columnUnits * format.columns() : 1 + 211 * columnUnits;
            var random = new SplittableRandom(31L * rows + 7L * F + C + type.ordinal());
            long packed = arena.allocate(format.bytes(F, C), 64).address();
            RandomPanels.fill(random, packed, format, F, C);
            long x = arena.allocate(4L * rows * C, 64).address(), activations = arena.allocate(rows * ActivationBlocks.rowBytes(C), 64).address();
            for (long i = 0; i < (long) rows * C; i++) {
                Memory.putFloat(x + 4 * i, i / 32 % 9 == 4 ? 0 : (float) (random.nextDouble(-1, 1) * random.nextDouble(3)));
            }
            if (format.isQuantized()) {
                REFERENCE.quantize(WORKERS, activations, x, C, rows, C);
            }
            long yRow = F + 5;
            return new Layer(format, rows, F, C, packed, x, activations, arena.allocate(4 * rows * yRow, 64).address(), yRow);
        }

        int[] run(QuantMatMul matMul, Workers workers, boolean exact) {
            for (long i = 0; i < rows * yRow; i++) {
                Memory.putInt(y + 4 * i, 0x7fc12345);
            }
            if (exact) {
                matMul.multiplyExact(workers, y, yRow, x, C, rows, packed, format, F, C);
            } else {
                matMul.multiply(workers, y, yRow, activations, rows, packed, format, F, C);
            }
            int[] bits = new int[(int) (rows * yRow)];
            MemorySegment.copy(Memory.ALL, ValueLayout.JAVA_INT_UNALIGNED, y, bits, 0, bits.length);
            return bits;
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void hasTheBitsOfTheReferenceOnAwkwardSizes(Case one) throws Exception {
        try (QuantMatMul asm = new QuantMatMulAsm(QuantCode.of(one.isa), REFERENCE)) {
            for (int[] size : SIZES) {
                try (Arena arena = Arena.ofShared()) {
                    Layer layer = Layer.of(arena, one.type, size[0], size[1], size[2]);
                    if (one.isa == Isa.AVX512) {
                        assertThat(layer.run(asm, WORKERS, true)).as("exact %s %s", one, layer).isEqualTo(layer.run(REFERENCE, WORKERS, true));
                    }
                    if (layer.format.isQuantized()) {
                        assertThat(layer.run(asm, WORKERS, false)).as("%s %s", one, layer).isEqualTo(layer.run(REFERENCE, WORKERS, false));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void hasTheBitsOfTheReferenceWhereWorkIsCut(Isa isa) throws Exception {
        try (QuantMatMul asm = new QuantMatMulAsm(QuantCode.of(isa), REFERENCE); Arena arena = Arena.ofShared(); Workers three = Workers.of(3)) {
            for (DType type : new DType[] {DType.Q8_0, DType.Q4_K, DType.Q6_K}) {
                for (int rows : new int[] {1, 64, 259}) {
                    Layer layer = Layer.of(arena, type, rows, 230, 800 / PanelFormat.of(type).columns());
                    for (boolean exact : isa == Isa.AVX512 ? new boolean[] {false, true} : new boolean[1]) {
                        int[] found = layer.run(asm, three, exact);
                        assertThat(found).as("%s %s", isa, layer).isEqualTo(layer.run(REFERENCE, WORKERS, exact));
                        assertThat(layer.run(asm, WORKERS, exact)).isEqualTo(found);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void quantizesToTheBitsOfTheReference(Isa isa) throws Exception {
        float[] extremes = {0, -0f, 1e-38f, 1e-45f, 0x1p-111f, 0x1p-110f, Float.MAX_VALUE, -Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NaN, 127, -127, 0.5f, 1.5f, 1e30f};
        var random = new SplittableRandom(7);
        try (QuantMatMul asm = new QuantMatMulAsm(QuantCode.of(isa), REFERENCE); Arena arena = Arena.ofShared()) {
            for (int rows : new int[] {1, 3, 70}) {
                for (int C : new int[] {32, 96, 576}) {
                    int xRow = C + 3;
                    long x = arena.allocate(4L * rows * xRow, 64).address(), bytes = rows * ActivationBlocks.rowBytes(C);
                    for (long i = 0; i < (long) rows * xRow; i++) {
                        float number = (float) (random.nextDouble(-1, 1) * Math.pow(2, random.nextInt(-3, 3)));
                        Memory.putFloat(x + 4 * i, random.nextInt(100) == 0 ? extremes[random.nextInt(extremes.length)] : i / 32 % 11 == 5 ? 0 : i / 32 % 11 == 6 ? number * 0x1p-112f : number);
                    }
                    MemorySegment expected = arena.allocate(bytes, 64), found = arena.allocate(bytes, 64);
                    REFERENCE.quantize(WORKERS, expected.address(), x, xRow, rows, C);
                    asm.quantize(WORKERS, found.address(), x, xRow, rows, C);
                    assertThat(found.mismatch(expected)).as(rows + " rows of " + C).isEqualTo(-1);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sets")
    void allocatesNothing(Isa isa) throws Exception {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (QuantMatMul asm = new QuantMatMulAsm(QuantCode.of(isa), REFERENCE); Arena arena = Arena.ofShared(); Workers one = Workers.of(1)) {
            Layer layer = Layer.of(arena, DType.Q4_0, 9, 200, 4);
            long least = Long.MAX_VALUE;
            for (int i = 0; i < 20_000 && least > 200; i++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                asm.multiply(one, layer.y, layer.yRow, layer.activations, layer.rows, layer.packed, layer.format, layer.F, layer.C);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).as("bytes allocated by one product").isLessThanOrEqualTo(200);
        }
    }

    /// The system let us ask the processor, but places no kernel: the portable version takes over, with the same bits.
    @ParameterizedTest
    @MethodSource("sets")
    void goesOnWithoutExecutableMemory(Isa isa) throws Exception {
        var refused = new AtomicInteger();
        var pages = new ExecutableMemory.Pages() {
            @Override
            public long map(long bytes) {
                refused.getAndIncrement();
                return -1;
            }

            @Override
            public int makeExecutable(long address, long bytes) {
                return -1;
            }

            @Override
            public void unmap(long address, long bytes) {
            }
        };
        try (QuantMatMul asm = new QuantMatMulAsm(QuantCode.of(isa, pages), REFERENCE); Arena arena = Arena.ofShared()) {
            for (int rows : new int[] {1, 7}) {
                Layer layer = Layer.of(arena, DType.Q4_0, rows, 33, 2);
                for (boolean exact : new boolean[] {false, true}) {
                    assertThat(layer.run(asm, WORKERS, exact)).isEqualTo(layer.run(REFERENCE, WORKERS, exact));
                }
                asm.quantize(WORKERS, layer.activations, layer.x, layer.C, rows, layer.C);
            }
        }
        assertThat(refused.get()).as("asked once, then remembered").isEqualTo(1);
    }

    @Test
    void isWhatTheProcessUsesWhereTheMachineAllowsIt() {
        assertThat(QuantMatMul.fastest() instanceof QuantMatMulAsm).isEqualTo(QuantCode.of(MachineCode.current().isa()) != null);
    }
}
