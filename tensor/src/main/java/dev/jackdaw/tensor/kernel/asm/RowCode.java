package dev.jackdaw.tensor.kernel.asm;

import java.lang.foreign.MemorySegment;

/// Kernels that go along rows of plain numbers, and the block of memory through which Java tells them what to do.
public final class RowCode {
    public static final int Y = 0;
    public static final int X = 8;
    public static final int ROWS = 16;
    public static final int WIDTH = 24;
    /// One bit for each number behind the last whole vector.
    public static final int TAIL = 32;
    public static final int BYTES = 64;

    private RowCode() {
    }

    /// h `[N,F]` from gateUp `[N,2F]`; null where there is no machine code.
    public static MemorySegment swiglu(Isa isa) {
        if (isa != Isa.AVX512) {
            return null;
        }
        try {
            return ExecutableMemory.place(Swiglu512.code());
        } catch (ExecutableMemory.Refused e) {
            return null;
        }
    }
}
