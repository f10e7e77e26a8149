package dev.jackdaw.tensor.kernel.asm;

import dev.jackdaw.tensor.quant.PanelFormat;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Function;

/// The kernels for quantised weights, written when a format is first met. Each takes [Arguments].
public final class QuantCode {
    private static final int MOST_PREFETCH_TILES = 4;
    private static final MemorySegment NONE = MemorySegment.NULL;

    private final Isa isa;
    private final MemorySegment[] oneRow = new MemorySegment[dev.jackdaw.tensor.DType.values().length];
    private final MemorySegment[] manyRows = oneRow.clone();

    private final MemorySegment[] exact = oneRow.clone();
    private MemorySegment quantize;

    private final ExecutableMemory.Pages pages;

    private QuantCode(Isa isa, ExecutableMemory.Pages pages) {
        this.isa = isa;
        this.pages = pages;
    }

    /// Null where there is no machine code for this instruction set.
    public static QuantCode of(Isa isa) {
        return of(isa, null);
    }

    /// @param pages the system's memory calls; null: the real ones
    public static QuantCode of(Isa isa, ExecutableMemory.Pages pages) {
        return isa == Isa.NONE ? null : new QuantCode(isa, pages);
    }

    /// One row of activation blocks by a packed weight; null if it could not be placed.
    public MemorySegment oneRow(PanelFormat format) {
        return isa == Isa.AVX512 ? find(oneRow, format, Gemv512::code) : manyRows(format);
    }

    /// Any number of rows.
    public MemorySegment manyRows(PanelFormat format) {
        return find(manyRows, format, isa == Isa.AVX512 ? Gemm512::code : Gemm256::code);
    }

    /// Any number of rows of F32 numbers by a packed weight of any format; null where the Vector API does as well.
    public MemorySegment exact(PanelFormat format) {
        return isa == Isa.AVX512 ? find(exact, format, Exact512::code) : null;
    }

    /// Rows of F32 numbers to rows of activation blocks.
    public MemorySegment quantize() {
        if (quantize == null) {
            quantize = isa == Isa.AVX512 ? place(Quantize512.code()) : NONE;
        }
        return quantize == NONE ? null : quantize;
    }

    /// Bytes of scratch for `rows` rows.
    public long scratchBytes(int rows, boolean exact) {
        return exact ? Exact512.SCRATCH_BYTES + (long) Exact512.SUM_BYTES * rows : Gemm512.SCRATCH_BYTES + 128L * rows;
    }

    /// So many panels are multiplied side by side.
    public int panelsTogether(boolean exact) {
        return exact ? Exact512.PANELS : 2;
    }

    /// Over how many tiles asking for the next weights is spread: while memory is what all wait for, the sooner the better.
    public int prefetchTiles(int rows) {
        return Math.min(MOST_PREFETCH_TILES, (rows + Gemm512.ROWS - 1) / Gemm512.ROWS);
    }

    /// What each of these tiles asks for, see [Arguments#PREFETCHES].
    public int prefetches(PanelFormat format, int rows, boolean exact) {
        int tiles = prefetchTiles(rows);
        return exact ? Exact512.stepBytes(format) / Exact512.STEP / tiles : (format.quantBytes() / 64 + tiles - 1) / tiles;
    }

    private MemorySegment find(MemorySegment[] known, PanelFormat format, Function<PanelFormat, byte[]> write) {
        MemorySegment code = known[format.type().ordinal()];
        if (code == null) {
            code = place(write.apply(format));
            known[format.type().ordinal()] = code;
        }
        return code == NONE ? null : code;
    }

    private MemorySegment place(byte[] code) {
        try {
            return pages == null ? ExecutableMemory.place(code) : ExecutableMemory.place(code, pages);
        } catch (ExecutableMemory.Refused refused) {
            System.getLogger("jackdaw").log(System.Logger.Level.WARNING, "{0}; the slower portable kernels take over", refused.getMessage());
            Arrays.fill(oneRow, NONE);
            Arrays.fill(manyRows, NONE);
            Arrays.fill(exact, NONE);
            quantize = NONE;
            return NONE;
        }
    }
}
