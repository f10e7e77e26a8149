package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.putLong;

import dev.jackdaw.tensor.kernel.asm.ExecutableMemory;
import dev.jackdaw.tensor.kernel.asm.RowCode;
import java.lang.foreign.MemorySegment;

/// [ActivationSimd], with the one kernel of it that every token needs in machine code: the same bits, but fast from the first call.
final class ActivationAsm extends ActivationSimd {
    /// Where each thread writes its arguments.
    private static final ThreadLocal<Long> ARGUMENTS = ThreadLocal.withInitial(() -> ExecutableMemory.constants(RowCode.BYTES));

    private final MemorySegment swiglu;

    ActivationAsm(MemorySegment swiglu) {
        this.swiglu = swiglu;
    }

    @Override
    public void swiglu(long h, long gateUp, long from, long to, int F) {
        if (to <= from || F == 0) {
            return;
        }
        long arguments = ARGUMENTS.get();
        putLong(arguments + RowCode.Y, h + 4 * from * F);
        putLong(arguments + RowCode.X, gateUp + 8 * from * F);
        putLong(arguments + RowCode.ROWS, to - from);
        putLong(arguments + RowCode.WIDTH, F);
        putLong(arguments + RowCode.TAIL, (1L << F % 16) - 1);
        ExecutableMemory.call(swiglu, arguments);
    }
}
