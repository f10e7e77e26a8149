package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.putLong;

import dev.jackdaw.tensor.kernel.asm.ExecutableMemory;
import dev.jackdaw.tensor.kernel.asm.Isa;
import dev.jackdaw.tensor.kernel.asm.RowCode;
import java.lang.foreign.MemorySegment;

/// [QkNormRopeSimd], with the forward direction in machine code: the same bits, but fast from the first call. A kernel is written when its
/// kind of head is first met.
final class QkNormRopeAsm extends QkNormRopeSimd {
    private static final int NORMED = 1, INTERLEAVED = 2;

    private final Isa isa;
    private final Kernel[] kernels = new Kernel[4];

    /// @param code null: the system does not let us execute it
    private record Kernel(MemorySegment code) {
    }

    QkNormRopeAsm(Isa isa) {
        this.isa = isa;
    }

    private MemorySegment kernel(int kind) {
        Kernel kernel = kernels[kind];
        if (kernel == null) {
            synchronized (this) {
                kernel = kernels[kind];
                if (kernel == null) {
                    kernel = new Kernel(RowCode.rope(isa, (kind & NORMED) != 0, (kind & INTERLEAVED) != 0));
                    kernels[kind] = kernel;
                }
            }
        }
        return kernel.code;
    }

    @Override
    public void forward(long out, long outStride, long rstd, long x, long xStride, long weight, long cosSin, long positions,
                        long from, long to, int heads, int D, float eps, boolean interleaved) {
        QkNormRope.requireEven(D);
        if (to <= from || heads == 0) {
            return;
        }
        MemorySegment code = kernel((weight == 0 ? 0 : NORMED) + (interleaved ? INTERLEAVED : 0));
        if (code == null) {
            super.forward(out, outStride, rstd, x, xStride, weight, cosSin, positions, from, to, heads, D, eps, interleaved);
            return;
        }
        long arguments = RowCode.arguments();
        boolean turned = cosSin != 0;
        putLong(arguments + RowCode.Y, out + 4 * from * outStride);
        putLong(arguments + RowCode.Y_ROW_BYTES, 4 * outStride);
        putLong(arguments + RowCode.X, x + 4 * from * xStride);
        putLong(arguments + RowCode.X_ROW_BYTES, 4 * xStride);
        putLong(arguments + RowCode.ROWS, to - from);
        putLong(arguments + RowCode.HEADS, heads);
        putLong(arguments + RowCode.WIDTH, D);
        putLong(arguments + RowCode.TAIL, RowCode.tail(D));
        putLong(arguments + RowCode.HALF_TAIL, RowCode.tail(D / 2));
        putLong(arguments + RowCode.PAIRS, (1L << D % 16 / 2) - 1);
        putLong(arguments + RowCode.WEIGHT, weight);
        putLong(arguments + RowCode.DIVISOR, Double.doubleToRawLongBits(D));
        putLong(arguments + RowCode.EPSILON, Double.doubleToRawLongBits(eps));
        putLong(arguments + RowCode.FACTORS, rstd == 0 ? 0 : rstd + 4 * from * heads);
        putLong(arguments + RowCode.TABLE, turned ? cosSin : Lanes.ONES);
        putLong(arguments + RowCode.TABLE_ROW_BYTES, turned ? 4L * D : 0);
        putLong(arguments + RowCode.TABLE_STEP, !turned ? 0 : interleaved ? 32 : 64);
        putLong(arguments + RowCode.SINES, turned ? 2L * D : Lanes.ZEROS - Lanes.ONES);
        putLong(arguments + RowCode.POSITIONS, turned ? positions + 4 * from : 0);
        ExecutableMemory.call(code, arguments);
    }
}
