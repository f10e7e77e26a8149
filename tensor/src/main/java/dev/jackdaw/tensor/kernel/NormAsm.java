package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.putLong;

import dev.jackdaw.tensor.kernel.asm.ExecutableMemory;
import dev.jackdaw.tensor.kernel.asm.RowCode;
import java.lang.foreign.MemorySegment;

/// [NormSimd], with RMSNorm in machine code: the same bits, but fast from the first call.
final class NormAsm extends NormSimd {
    private final MemorySegment rms;

    NormAsm(MemorySegment rms) {
        this.rms = rms;
    }

    @Override
    public void rms(long y, long rstd, long x, long weight, long from, long to, int width, float eps) {
        if (to <= from || width == 0) {
            return;
        }
        long arguments = RowCode.arguments(), row = 4 * from * width;
        putLong(arguments + RowCode.Y, y + row);
        putLong(arguments + RowCode.X, x + row);
        putLong(arguments + RowCode.ROWS, to - from);
        putLong(arguments + RowCode.WIDTH, width);
        putLong(arguments + RowCode.TAIL, RowCode.tail(width));
        putLong(arguments + RowCode.WEIGHT, weight == 0 ? Lanes.ONES : weight);
        putLong(arguments + RowCode.WEIGHT_STEP, weight == 0 ? 0 : 64);
        putLong(arguments + RowCode.DIVISOR, Double.doubleToRawLongBits(width));
        putLong(arguments + RowCode.EPSILON, Double.doubleToRawLongBits(eps));
        putLong(arguments + RowCode.FACTORS, rstd == 0 ? 0 : rstd + 4 * from);
        ExecutableMemory.call(rms, arguments);
    }
}
