package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Scratch;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.kernel.asm.Arguments;
import dev.jackdaw.tensor.kernel.asm.ExecutableMemory;
import dev.jackdaw.tensor.kernel.asm.QuantCode;
import dev.jackdaw.tensor.quant.PanelFormat;
import java.lang.foreign.MemorySegment;

/// [QuantMatMul] by the machine code of `kernel.asm`. Here the work is cut and the kernels are told what to do; nothing is computed.
///
/// One row goes through a kernel that reads packed bits straight from memory, more rows through one that unpacks first. Panels are the unit
/// of work; rows are cut only into blocks that the second-level cache can hold. A part is large enough that calling it costs nothing, and
/// there are several for each thread, since the threads of a busy machine are not equally fast.
public final class QuantMatMulAsm implements QuantMatMul {
    /// Rows that pass over a pair of panels while these are unpacked: 512 columns of them take 256 KB.
    private static final int ROW_BLOCK = 256;
    private static final int PARTS_PER_THREAD = 6;
    /// Work that is worth a part: some 10 microseconds.
    private static final long PART_BYTES = 128 << 10;
    private static final long PART_PRODUCTS = 4_000_000;
    /// No part is worth more than so many: the garbage collector waits for the call to return.
    private static final int MOST_WORTH = 64;
    private static final long PART_NUMBERS = 1 << 14;

    private final QuantMatMul portable;
    private final QuantCode code;
    private final Scratch memory = new Scratch();
    private final Workers.WorkerPart part = this::part;
    private final Workers.WorkerPart quantizePart = this::quantizePart;

    // The job at hand, for [#part].
    private long place;
    private long each;
    private MemorySegment kernel;
    private boolean exact;
    private int panelsTogether;
    private PanelFormat format;
    private long y;
    private long yRow;
    private long x;
    private long xRowBytes;
    private int rows;
    private int rowBlocks;
    private int rowsInBlock;
    private long packed;
    private long panelBytes;
    private int panels;
    private int pieces;
    private int F;
    private int C;

    /// @param portable what does that for which there is no machine code
    public QuantMatMulAsm(QuantCode code, QuantMatMul portable) {
        this.code = code;
        this.portable = portable;
    }

    @Override
    public void quantize(Workers workers, long activations, long x, long xRow, int rows, int C) {
        MemorySegment found = rows == 0 ? null : code.quantize();
        if (found == null) {
            portable.quantize(workers, activations, x, xRow, rows, C);
            return;
        }
        kernel = found;
        this.x = x;
        xRowBytes = 4 * xRow;
        this.y = activations;
        this.rows = rows;
        this.C = C;
        rowsInBlock = (int) Math.clamp(PART_NUMBERS / C, 1, rows);
        place = memory.bytes((long) Arguments.BYTES * workers.threads());
        workers.run((rows + rowsInBlock - 1) / rowsInBlock, quantizePart);
    }

    private void quantizePart(int part, int worker) {
        long at = place + (long) Arguments.BYTES * worker, n0 = (long) part * rowsInBlock;
        Memory.putLong(at + Arguments.Y, y + n0 * ActivationBlocks.rowBytes(C));
        Memory.putLong(at + Arguments.X, x + n0 * xRowBytes);
        Memory.putLong(at + Arguments.X_ROW_BYTES, xRowBytes);
        Memory.putLong(at + Arguments.ROWS, Math.min(rowsInBlock, rows - n0));
        Memory.putLong(at + Arguments.GROUPS, C / ActivationBlocks.COLUMNS);
        ExecutableMemory.call(kernel, at);
    }

    @Override
    public void multiplyExact(Workers workers, long y, long yRow, long x, long xRow, int rows, long packed, PanelFormat format, int F, int C) {
        QuantMatMul.check(yRow, rows, format, F, C);
        MemorySegment found = rows == 0 ? null : code.exact(format);
        if (found == null) {
            portable.multiplyExact(workers, y, yRow, x, xRow, rows, packed, format, F, C);
            return;
        }
        kernel = found;
        exact = true;
        this.x = x;
        xRowBytes = 4 * xRow;
        run(workers, y, yRow, rows, packed, format, F, C);
    }

    @Override
    public void multiply(Workers workers, long y, long yRow, long activations, int rows, long packed, PanelFormat format, int F, int C) {
        QuantMatMul.checkQuantized(yRow, rows, format, F, C);
        MemorySegment found = rows == 0 ? null : rows == 1 ? code.oneRow(format) : code.manyRows(format);
        if (found == null) {
            portable.multiply(workers, y, yRow, activations, rows, packed, format, F, C);
            return;
        }
        kernel = found;
        exact = false;
        x = activations;
        xRowBytes = ActivationBlocks.rowBytes(C);
        run(workers, y, yRow, rows, packed, format, F, C);
    }

    private void run(Workers workers, long y, long yRow, int rows, long packed, PanelFormat format, int F, int C) {
        this.format = format;
        this.y = y;
        this.yRow = yRow;
        this.rows = rows;
        this.packed = packed;
        this.F = F;
        this.C = C;
        panelBytes = format.panelBytes(C);
        panels = PanelFormat.panels(F);
        rowBlocks = (rows + ROW_BLOCK - 1) / ROW_BLOCK;
        rowsInBlock = (rows + rowBlocks - 1) / rowBlocks;
        panelsTogether = code.panelsTogether(exact);
        int together = (panels + panelsTogether - 1) / panelsTogether;
        long worth = Math.max(panels * panelBytes / PART_BYTES, (long) panels * PanelFormat.LANES * C / PART_PRODUCTS * rows);
        long most = Math.max((long) PARTS_PER_THREAD * workers.threads(), worth / MOST_WORTH);
        pieces = (int) Math.clamp(worth / rowBlocks, Math.min(together, workers.threads()), Math.min(together, most));
        each = (Arguments.BYTES + code.scratchBytes(rowsInBlock, exact) + 63) / 64 * 64;
        place = memory.bytes(each * workers.threads());
        workers.run(pieces * rowBlocks, part);
    }

    private void part(int part, int worker) {
        int together = (panels + panelsTogether - 1) / panelsTogether, piece = part / rowBlocks;
        int from = (int) ((long) together * piece / pieces) * panelsTogether;
        int to = Math.min(panels, (int) ((long) together * (piece + 1) / pieces) * panelsTogether);
        int n0 = part % rowBlocks * rowsInBlock, n = Math.min(rowsInBlock, rows - n0);
        if (n <= 0) {
            return;
        }
        long at = place + each * worker;
        Memory.putLong(at + Arguments.Y, y + 4 * (n0 * yRow + (long) from * PanelFormat.LANES));
        Memory.putLong(at + Arguments.Y_ROW_BYTES, 4 * yRow);
        Memory.putLong(at + Arguments.X, x + n0 * xRowBytes);
        Memory.putLong(at + Arguments.X_ROW_BYTES, xRowBytes);
        Memory.putLong(at + Arguments.ROWS, n);
        Memory.putLong(at + Arguments.PACKED, packed + from * panelBytes);
        Memory.putLong(at + Arguments.PANEL_BYTES, panelBytes);
        Memory.putLong(at + Arguments.PANELS, to - from);
        Memory.putLong(at + Arguments.GROUPS, C / 32);
        Memory.putLong(at + Arguments.COLUMNS, C);
        Memory.putLong(at + Arguments.HIGH_AT, format.highAt(C));
        Memory.putLong(at + Arguments.SCALES_AT, format.scalesAt(C));
        Memory.putLong(at + Arguments.MINS_AT, format.minsAt(C));
        Memory.putLong(at + Arguments.SUPER_SCALES_AT, format.superScalesAt(C));
        Memory.putLong(at + Arguments.SUPER_MINS_AT, format.superMinsAt(C));
        Memory.putLong(at + Arguments.LAST_MASK, to == panels ? -1L >>> 63 - (F - 1) % PanelFormat.LANES : 0xffff);
        Memory.putLong(at + Arguments.SCRATCH, at + Arguments.BYTES);
        Memory.putLong(at + Arguments.PREFETCHES, code.prefetches(format, n, exact));
        Memory.putLong(at + Arguments.PREFETCH_TILES, code.prefetchTiles(n));
        ExecutableMemory.call(kernel, at);
    }

    @Override
    public boolean multipliesBytes() {
        return true;
    }

    @Override
    public long scratchBytes() {
        return memory.size() + portable.scratchBytes();
    }

    @Override
    public void close() {
        memory.close();
        portable.close();
    }
}
