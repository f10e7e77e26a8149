package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.Memory.putLong;

import dev.jackdaw.tensor.kernel.asm.ExecutableMemory;
import dev.jackdaw.tensor.kernel.asm.RowCode;
import java.lang.foreign.MemorySegment;

/// [ElementwiseSimd], with its additions in machine code: the same bits, but fast from the first call.
final class ElementwiseAsm extends ElementwiseSimd {
    private final MemorySegment add, axpby;

    ElementwiseAsm(MemorySegment add, MemorySegment axpby) {
        this.add = add;
        this.axpby = axpby;
    }

    @Override
    public void add(long y, long x, long from, long to) {
        if (to > from) {
            ExecutableMemory.call(add, arguments(y, x, from, to));
        }
    }

    @Override
    public void axpby(long y, float a, long x, float b, long from, long to) {
        if (to > from) {
            long arguments = arguments(y, x, from, to);
            putFloat(arguments + RowCode.A, a);
            putFloat(arguments + RowCode.B, b);
            ExecutableMemory.call(axpby, arguments);
        }
    }

    private static long arguments(long y, long x, long from, long to) {
        long arguments = RowCode.arguments();
        putLong(arguments + RowCode.Y, y + 4 * from);
        putLong(arguments + RowCode.X, x + 4 * from);
        putLong(arguments + RowCode.WIDTH, to - from);
        putLong(arguments + RowCode.TAIL, RowCode.tail(to - from));
        return arguments;
    }
}
