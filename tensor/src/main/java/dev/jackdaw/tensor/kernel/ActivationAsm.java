package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.putLong;

import dev.jackdaw.tensor.kernel.asm.ExecutableMemory;
import dev.jackdaw.tensor.kernel.asm.RowCode;
import java.lang.foreign.MemorySegment;

/// [ActivationSimd], with the one kernel of it that every token needs in machine code: the same bits, but fast from the first call.
final class ActivationAsm extends ActivationSimd {
    private final MemorySegment swiglu;

    ActivationAsm(MemorySegment swiglu) {
        this.swiglu = swiglu;
    }

    @Override
    public void swiglu(long h, long gateUp, long from, long to, int F) {
        if (to <= from || F == 0) {
            return;
        }
        long arguments = RowCode.arguments();
        putLong(arguments + RowCode.Y, h + 4 * from * F);
        putLong(arguments + RowCode.X, gateUp + 8 * from * F);
        putLong(arguments + RowCode.ROWS, to - from);
        putLong(arguments + RowCode.WIDTH, F);
        putLong(arguments + RowCode.TAIL, RowCode.tail(F));
        ExecutableMemory.call(swiglu, arguments);
    }
}
