package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.kernel.asm.Isa;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import dev.jackdaw.tensor.kernel.asm.PackCode;
import dev.jackdaw.tensor.quant.PanelFormat;
import dev.jackdaw.tensor.quant.PanelPacking;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Machine code packs every byte as the plain loops do, padding and missing rows included, and touches nothing behind.
class PackingAsmTest {
    private static final byte BEHIND = 0x5a;

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"Q8_0", "Q4_0", "Q5_0", "Q4_K", "Q6_K"})
    void packsAsTheLoopsDo(DType type) {
        Isa isa = MachineCode.open(Isa.AVX512, null).isa();
        assumeTrue(isa != Isa.NONE);
        PanelFormat format = PanelFormat.of(type);
        MemorySegment code = PackCode.of(isa, format);
        Random random = new Random(type.ordinal());
        int unit = type.blockElements();
        try (Workers workers = Workers.of(3)) {
            for (int[] size : new int[][] {{1, 1}, {15, 2}, {16, 3}, {17, 512 / unit}, {71, 1344 / unit}, {300, 512 / unit + 1}, {1601, 1024 / unit}}) {
                int F = size[0], C = size[1] * unit;
                byte[] stored = new byte[Math.toIntExact(F * type.bytes(C))];
                random.nextBytes(stored);
                long bytes = format.bytes(F, C);
                try (Arena arena = Arena.ofShared()) {
                    MemorySegment w = arena.allocate(stored.length, 1).copyFrom(MemorySegment.ofArray(stored));
                    // Rows backwards: no order is taken for granted.
                    PanelPacking.Rows rows = row -> w.address() + (F - 1 - row) * type.bytes(C);
                    MemorySegment expected = arena.allocate(bytes, Memory.ALIGNMENT), found = arena.allocate(bytes + 64, Memory.ALIGNMENT);
                    found.asSlice(bytes).fill(BEHIND);
                    int last = PanelFormat.panels(F) - 1;
                    if (F % PanelFormat.LANES != 0) {
                        found.asSlice(last * format.panelBytes(C), format.panelBytes(C)).fill(BEHIND);       // missing rows become zeros
                    }
                    PanelPacking.pack(workers, expected.address(), format, F, C, rows);
                    PackingAsm.pack(workers, code, found.address(), format, F, C, rows);
                    assertThat(found.asSlice(0, bytes).mismatch(expected)).as(type + "[" + F + "," + C + "]").isEqualTo(-1);
                    assertThat(found.asSlice(bytes).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).containsOnly(BEHIND);
                }
            }
        }
    }

    @Test
    void hasNoCodeForOtherTypesOrMachines() {
        assertThat(PackCode.of(Isa.AVX2, PanelFormat.of(DType.Q3_K))).isNull();
        assertThat(PackCode.of(Isa.NONE, PanelFormat.of(DType.Q8_0))).isNull();
    }

    /// Types without code go the old way.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F16", "Q5_1", "Q8_0"})
    void packsAnyType(DType type) {
        PanelFormat format = PanelFormat.of(type);
        int F = 33, C = 64;
        byte[] stored = new byte[Math.toIntExact(F * type.bytes(C))];
        new Random(1).nextBytes(stored);
        try (Workers workers = Workers.of(2); Arena arena = Arena.ofShared()) {
            MemorySegment w = arena.allocate(stored.length, 1).copyFrom(MemorySegment.ofArray(stored));
            PanelPacking.Rows rows = new PanelPacking.EvenRows(w.address(), type.bytes(C));
            MemorySegment expected = arena.allocate(format.bytes(F, C), Memory.ALIGNMENT), found = arena.allocate(format.bytes(F, C), Memory.ALIGNMENT);
            PanelPacking.pack(workers, expected.address(), format, F, C, rows);
            PackingAsm.pack(workers, found.address(), format, F, C, rows);
            assertThat(found.mismatch(expected)).isEqualTo(-1);
        }
    }
}
