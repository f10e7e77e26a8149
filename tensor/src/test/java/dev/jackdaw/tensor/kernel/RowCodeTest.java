package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Floats.OFFSETS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.kernel.asm.AttentionCode;
import dev.jackdaw.tensor.kernel.asm.Isa;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import dev.jackdaw.tensor.kernel.asm.RowCode;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The machine code of `RowCode` beside what it stands for: the same bits, and nothing written outside.
class RowCodeTest {
    private static final int[] WIDTHS = {1, 2, 7, 15, 16, 17, 31, 33, 64, 65, 80, 127, 207, 576, 1025};
    private static final float[] ODD = {0f, -0f, 1e30f, -1e-30f, 1e-42f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN};

    private final Random random = new Random(5);
    private Isa isa;

    @BeforeEach
    void needsMachineCode() {
        isa = MachineCode.current().isa();
        assumeTrue(isa == Isa.AVX512 && Lanes.LANES == 16, "this machine has no AVX-512, or does not allow machine code");
    }

    /// Mostly small numbers; with `odd`, a few that behave strangely.
    private Floats numbers(int length, int offset, boolean odd) {
        return Floats.of(length, offset, _ -> odd && random.nextInt(6) == 0 ? ODD[random.nextInt(ODD.length)] : random.nextGaussian());
    }

    @Test
    void rmsHasTheBitsOfTheVectorApi() {
        Norm asm = new NormAsm(RowCode.rms(isa)), simd = new NormSimd();
        for (int width : WIDTHS) {
            for (int offset : OFFSETS) {
                for (int odd = 0; odd < 3; odd++) {
                    Floats x = numbers(4 * width, offset, false), w = numbers(width, offset, true);
                    if (odd > 0) {
                        x.set(width + random.nextInt(width), ODD[random.nextInt(ODD.length)]);
                    }
                    for (long weight : new long[] {w.address(), 0}) {
                        Floats expected = Floats.zeros(4 * width, offset), found = Floats.zeros(4 * width, offset), r1 = Floats.zeros(4, 0), r2 = Floats.zeros(4, 0);
                        simd.rms(expected.address(), r1.address(), x.address(), weight, 1, 4, width, 1e-5f);
                        asm.rms(found.address(), r2.address(), x.address(), weight, 1, 4, width, 1e-5f);
                        found.assertSame(expected, "width " + width);
                        r2.assertSame(r1, "factors, width " + width);
                        Floats inPlace = x.copy();
                        asm.rms(inPlace.address(), 0, inPlace.address(), weight, 0, 4, width, 1e-5f);
                        simd.rms(expected.address(), 0, x.address(), weight, 0, 4, width, 1e-5f);
                        inPlace.assertSame(expected, "in place, width " + width);
                    }
                }
            }
        }
    }

    @Test
    void additionsHaveTheBitsOfTheVectorApi() {
        Elementwise asm = new ElementwiseAsm(RowCode.add(isa), RowCode.axpby(isa)), simd = new ElementwiseSimd();
        for (int size : WIDTHS) {
            for (int offset : OFFSETS) {
                Floats x = numbers(size, offset, true), expected = numbers(size, offset, true), found = expected.copy();
                int from = size / 5;
                for (float b : new float[] {1, -1.1f, 0.3f, 0, -0f}) {
                    Floats e = expected.copy(), f = found.copy();
                    simd.axpby(e.address(), 0.7f, x.address(), b, from, size);
                    asm.axpby(f.address(), 0.7f, x.address(), b, from, size);
                    f.assertSame(e, "axpby, size " + size + ", b " + b);
                }
                simd.add(expected.address(), x.address(), from, size);
                asm.add(found.address(), x.address(), from, size);
                found.assertSame(expected, "add, size " + size);
            }
        }
    }

    @Test
    void headsHaveTheBitsOfTheVectorApi() {
        QkNormRope asm = new QkNormRopeAsm(isa), simd = new QkNormRopeSimd();
        int rows = 5, heads = 3, places = 50;
        for (int D : new int[] {2, 4, 6, 14, 16, 18, 30, 32, 34, 64, 80, 96, 128, 206}) {
            Floats table = Floats.zeros(places * D, 1), w = numbers(D, 1, true), positions = Floats.ids(random, rows, places);
            QkNormRope.fill(table.address(), 0, places, D, 10000);
            int xStride = heads * D + 5, outStride = heads * D + 2;
            for (int kind = 0; kind < 8; kind++) {
                long weight = (kind & 1) == 0 ? 0 : w.address(), cosSin = (kind & 2) == 0 ? 0 : table.address();
                boolean interleaved = (kind & 4) != 0;
                String what = "D " + D + ", kind " + kind;
                Floats x = numbers(rows * xStride, 1, kind % 2 == 0);
                Floats expected = Floats.random(random, rows * outStride, 1, 1), found = expected.copy(), r1 = Floats.zeros(rows * heads, 0), r2 = Floats.zeros(rows * heads, 0);
                long at = cosSin == 0 ? 0 : positions.address();
                simd.forward(expected.address(), outStride, r1.address(), x.address(), xStride, weight, cosSin, at, 1, rows, heads, D, 1e-6f, interleaved);
                asm.forward(found.address(), outStride, r2.address(), x.address(), xStride, weight, cosSin, at, 1, rows, heads, D, 1e-6f, interleaved);
                found.assertSame(expected, what);
                r2.assertSame(r1, "factors, " + what);
                Floats inPlace = x.copy();
                simd.forward(x.address(), xStride, 0, x.address(), xStride, weight, cosSin, at, 0, rows, heads, D, 1e-6f, interleaved);
                asm.forward(inPlace.address(), xStride, 0, inPlace.address(), xStride, weight, cosSin, at, 0, rows, heads, D, 1e-6f, interleaved);
                inPlace.assertSame(x, "in place, " + what);
            }
        }
    }

    @Test
    void cachedKeysAndValuesAreThoseOfTheDefinition() {
        CachedAttention asm = new CachedAttentionAsm(AttentionCode.of(isa));
        try (Arena arena = Arena.ofConfined()) {
            for (CacheType type : CacheType.values()) {
                for (int D : new int[] {1, 7, 16, 17, 33, 64, 80}) {
                    CachedAttention.Group group = CachedAttention.Group.of(type, 1, D);
                    long bytes = type.pageBytes(D);
                    long[] expected = new long[3], found = new long[3];
                    for (int i = 0; i < 3; i++) {
                        expected[i] = filled(arena, bytes);
                        found[i] = filled(arena, bytes);
                    }
                    int stride = D + 3, rows = 101;
                    Floats k = numbers(rows * stride, 1, type != CacheType.Q8_0), v = Floats.random(random, rows * stride, 1, 50000);
                    CachedAttention.SCALAR.append(group, expected, 37, rows, k.address(), stride, v.address(), stride);
                    asm.append(group, found, 37, rows, k.address(), stride, v.address(), stride);
                    for (int i = 0; i < 3; i++) {
                        for (long at = 0; at < bytes; at++) {
                            assertThat(Memory.getByte(found[i] + at)).as("%s, D %d, page %d, byte %d", type, D, i, at).isEqualTo(Memory.getByte(expected[i] + at));
                        }
                    }
                }
            }
        }
    }

    private static long filled(Arena arena, long bytes) {
        long address = arena.allocate(bytes, Memory.ALIGNMENT).address();
        for (long i = 0; i < bytes; i++) {
            Memory.putByte(address + i, (byte) 0x5a);
        }
        return address;
    }

    @Test
    void callsAllocateNothing() {
        int N = 4, D = 64;
        Norm norm = new NormAsm(RowCode.rms(isa));
        QkNormRope rope = new QkNormRopeAsm(isa);
        Elementwise elementwise = new ElementwiseAsm(RowCode.add(isa), RowCode.axpby(isa));
        CachedAttention attention = new CachedAttentionAsm(AttentionCode.of(isa));
        CachedAttention.Group group = CachedAttention.Group.of(CacheType.F16, 1, D);
        Floats x = numbers(N * D, 0, false), w = numbers(D, 0, false), table = numbers(N * D, 0, false), positions = Floats.ids(random, N, N);
        try (Arena arena = Arena.ofConfined()) {
            long[] pages = {filled(arena, group.type().pageBytes(D))};
            Runnable all = () -> {
                norm.rms(x.address(), 0, x.address(), w.address(), 0, N, D, 1e-5f);
                rope.forward(x.address(), D, 0, x.address(), D, w.address(), table.address(), positions.address(), 0, N, 1, D, 1e-5f, true);
                elementwise.axpby(x.address(), 0.5f, x.address(), 0.5f, 0, N * D);
                elementwise.add(x.address(), w.address(), 0, D);
                attention.append(group, pages, 5, N, x.address(), D, x.address(), D);
            };
            var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long lowest = Long.MAX_VALUE;
            for (int i = 0; i < 500 && lowest > 0; i++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < 200; call++) {
                    all.run();
                }
                lowest = Math.min(lowest, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(lowest).isLessThan(200);
        }
    }
}
