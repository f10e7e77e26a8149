package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Scratch;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.quant.PanelFormat;
import jdk.incubator.vector.FloatVector;

/// [QuantMatMul] with the Vector API: portable, and for machines whose own instructions `kernel.asm` does not know.
///
/// A strip of [PanelMatMul#BLOCK] columns of as many panels as a [Tile] is wide is unpacked to F32, then all rows pass over it. The Vector
/// API has no product of bytes; so for quantised x the levels of both are multiplied as F32 too, which is exact, because the sum over
/// a block stays below 2²⁴.
public final class QuantMatMulSimd implements QuantMatMul {
    private static final int PANEL = PanelFormat.LANES;
    private static final int STRIP = PanelMatMul.BLOCK;
    private static final int ROW = 4 * PANEL;
    private static final int VECTORS_PER_PANEL = PANEL / LANES;
    /// Panels that the four streams of a tile cover.
    private static final int GROUP = Tile.VECTORS / VECTORS_PER_PANEL;
    /// Rows of x in a part of a job; unpacking is paid once for all of them.
    private static final int EXACT_ROWS = 42 * Tile.MAX_ROWS;
    private static final int ROWS = 16 * Tile.MAX_ROWS;
    private static final long TILE_BYTES = (long) Tile.MAX_ROWS * Tile.VECTORS * BYTES;
    private static final long STRIP_BYTES = (long) STRIP * ROW;
    private static final long SCALE_BYTES = (long) STRIP / 16 * ROW;

    private static final ActivationBlocks BLOCKS = new ActivationBlocksSimd();

    private final PanelMatMul plain = new PanelMatMulSimd();
    private final Scratch scratch = new Scratch();

    @Override
    public void quantize(Workers workers, long activations, long x, long xRow, int rows, int C) {
        workers.forRange(rows, 4, (from, to) -> {
            for (long n = from; n < to; n++) {
                BLOCKS.quantize(activations + n * ActivationBlocks.rowBytes(C), x + 4 * n * xRow, 0, C / ActivationBlocks.COLUMNS);
            }
        });
    }

    @Override
    public void multiplyExact(Workers workers, long y, long yRow, long x, long xRow, int rows, long packed, PanelFormat format, int F, int C) {
        QuantMatMul.check(yRow, rows, format, F, C);
        if (format.type() == DType.F32) {
            plain.multiply(workers, y, yRow, x, xRow, rows, packed, F, C);
            return;
        }
        long each = TILE_BYTES + GROUP * STRIP_BYTES + PanelUnpackSimd.scratchBytes(STRIP);
        long memory = scratch.bytes(each * workers.threads());
        int groups = (PanelFormat.panels(F) + GROUP - 1) / GROUP, rowBlocks = (rows + EXACT_ROWS - 1) / EXACT_ROWS;
        workers.run(groups * rowBlocks, (part, worker) -> {
            int n0 = part % rowBlocks * EXACT_ROWS, panel = part / rowBlocks * GROUP;
            exactGroup(memory + worker * each, y + 4 * (n0 * yRow + (long) panel * PANEL), yRow, x + 4 * n0 * xRow, xRow, Math.min(EXACT_ROWS, rows - n0),
                    packed, format, panel, F, C);
        });
    }

    private static void exactGroup(long tile, long y, long yRow, long x, long xRow, int rows, long packed, PanelFormat format, int panel, int F, int C) {
        long strips = tile + TILE_BYTES, unpacking = strips + GROUP * STRIP_BYTES;
        int count = Math.min(GROUP, PanelFormat.panels(F) - panel), columns = Math.min(count * PANEL, F - panel * PANEL);
        for (int c0 = 0; c0 < C; c0 += STRIP) {
            int k = Math.min(STRIP, C - c0);
            for (int i = 0; i < count; i++) {
                PanelUnpackSimd.weights(strips + i * STRIP_BYTES, unpacking, packed + (panel + i) * format.panelBytes(C), format, C, c0, k);
            }
            for (int n = 0, now; n < rows; n += now) {
                now = Tile.rows(rows - n);
                Tile.multiply(now, tile, x + 4 * (n * xRow + c0), 4 * xRow, 4, stream(strips, 0, count), stream(strips, 1, count), stream(strips, 2, count),
                        stream(strips, 3, count), ROW, k);
                PanelMatMulSimd.store(y + 4 * n * yRow, yRow, c0 > 0, tile, now, columns);
            }
        }
    }

    /// Where stream `i` of the tile begins; past the last panel it repeats that one, and what it sums is not stored.
    private static long stream(long strips, int i, int count) {
        return strips + Math.min(count - 1, i / VECTORS_PER_PANEL) * STRIP_BYTES + (long) i % VECTORS_PER_PANEL * BYTES;
    }

    @Override
    public void multiply(Workers workers, long y, long yRow, long activations, int rows, long packed, PanelFormat format, int F, int C) {
        QuantMatMul.checkQuantized(yRow, rows, format, F, C);
        long sums = (long) ROWS * Tile.VECTORS * BYTES, levels = 4L * ROWS * STRIP;
        long each = TILE_BYTES + sums + levels + GROUP * (STRIP_BYTES + 2 * SCALE_BYTES) + PanelUnpackSimd.scratchBytes(STRIP);
        long memory = scratch.bytes(each * workers.threads());
        int groups = (PanelFormat.panels(F) + GROUP - 1) / GROUP, rowBlocks = (rows + ROWS - 1) / ROWS;
        workers.run(groups * rowBlocks, (part, worker) -> {
            int n0 = part % rowBlocks * ROWS, panel = part / rowBlocks * GROUP;
            group(memory + worker * each, y + 4 * (n0 * yRow + (long) panel * PANEL), yRow, activations + n0 * ActivationBlocks.rowBytes(C),
                    Math.min(ROWS, rows - n0), packed, format, panel, F, C);
        });
    }

    private static void group(long tile, long y, long yRow, long x, int rows, long packed, PanelFormat format, int panel, int F, int C) {
        long sums = tile + TILE_BYTES, levels = sums + (long) ROWS * Tile.VECTORS * BYTES, strips = levels + 4L * ROWS * STRIP;
        long scales = strips + GROUP * STRIP_BYTES, mins = scales + GROUP * SCALE_BYTES, unpacking = mins + GROUP * SCALE_BYTES;
        int count = Math.min(GROUP, PanelFormat.panels(F) - panel), columns = Math.min(count * PANEL, F - panel * PANEL), block = format.block();
        long rowBytes = ActivationBlocks.rowBytes(C);
        Memory.zero(sums, (long) rows * Tile.VECTORS * BYTES);
        for (int c0 = 0; c0 < C; c0 += STRIP) {
            int k = Math.min(STRIP, C - c0);
            for (int i = 0; i < count; i++) {
                long from = packed + (panel + i) * format.panelBytes(C);
                PanelUnpackSimd.levels(strips + i * STRIP_BYTES, unpacking, from, format, C, c0, k);
                PanelUnpackSimd.scales(scales + i * SCALE_BYTES, from, format, C, c0, k);
                if (format.hasMins()) {
                    PanelUnpackSimd.mins(mins + i * SCALE_BYTES, from, format, C, c0, k);
                }
            }
            for (int n = 0; n < rows; n++) {
                widen(levels + 4L * STRIP * n, x + n * rowBytes + 2L * c0, k);
            }
            for (int c = 0; c < k; c += block) {
                long w = (long) ROW * c, scale = (long) ROW * (c / block);
                long about = x + 2L * (c0 + c) / 64 * 64;
                int half = block == ActivationBlocks.COLUMNS ? 0 : 4 * (1 + c / block % 2);
                for (int n = 0, now; n < rows; n += now) {
                    now = Tile.rows(rows - n);
                    Tile.multiply(now, tile, levels + 4L * (STRIP * n + c), 4L * STRIP, 4, stream(strips, 0, count) + w, stream(strips, 1, count) + w,
                            stream(strips, 2, count) + w, stream(strips, 3, count) + w, ROW, block);
                    for (int i = 0; i < now; i++) {
                        add(sums + (long) (n + i) * Tile.VECTORS * BYTES, tile + (long) i * Tile.VECTORS * BYTES, scales + scale, mins + scale,
                                about + (n + i) * rowBytes, half, count, format.hasMins());
                    }
                }
            }
        }
        for (int n = 0; n < rows; n++) {
            Memory.copy(sums + (long) n * Tile.VECTORS * BYTES, y + 4 * n * yRow, 4L * columns);
        }
    }

    /// 32 bytes of every cache line, as F32.
    private static void widen(long to, long blocks, int columns) {
        for (int c = 0; c < columns; c++) {
            Memory.putFloat(to + 4L * c, Memory.getByte(blocks + c / 32 * 64L + c % 32));
        }
    }

    /// What one block adds to the sums of one row.
    private static void add(long sums, long isums, long scales, long mins, long about, int half, int count, boolean hasMins) {
        float d = Memory.getFloat(about + ActivationBlocks.SCALE), scaledSum = Memory.getFloat(about + ActivationBlocks.SCALED_SUM + half);
        for (int i = 0; i < count * VECTORS_PER_PANEL; i++) {
            long at = sums + (long) BYTES * i, offset = i / VECTORS_PER_PANEL * SCALE_BYTES + (long) i % VECTORS_PER_PANEL * BYTES;
            FloatVector scale = FloatVector.fromMemorySegment(F, ALL, scales + offset, LE).mul(d);
            FloatVector.fromMemorySegment(F, ALL, isums + (long) BYTES * i, LE).fma(scale, FloatVector.fromMemorySegment(F, ALL, at, LE)).intoMemorySegment(ALL, at, LE);
            if (hasMins) {
                FloatVector.fromMemorySegment(F, ALL, mins + offset, LE).fma(FloatVector.broadcast(F, scaledSum), FloatVector.fromMemorySegment(F, ALL, at, LE))
                        .intoMemorySegment(ALL, at, LE);
            }
        }
    }

    @Override
    public long scratchBytes() {
        return scratch.size();
    }

    @Override
    public void close() {
        scratch.close();
    }
}
