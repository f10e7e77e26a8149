package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;

/// [PanelMatMul] with the Vector API. A [Tile] walks along c over four vectors of weights, each a stream of memory of its own, and up
/// to six rows of x: at 512 bits four panels side by side, at 256 two panels as two halves each, at 128 one panel in quarters.
public final class PanelMatMulSimd implements PanelMatMul {
    private static final int VECTORS_PER_PANEL = PANEL / LANES;
    /// Panels that the four streams of a tile cover.
    private static final int GROUP = Tile.VECTORS / VECTORS_PER_PANEL;
    private static final long STEP_BYTES = 4L * PANEL;
    /// Rows of x in a part of a job: enough to earn back reading the weights, few enough to share out.
    private static final int ROW_BLOCK = 16 * Tile.MAX_ROWS;
    private static final long TILE_BYTES = (long) Tile.MAX_ROWS * Tile.VECTORS * BYTES;

    private final Arena arena = Arena.ofAuto();
    private int workersProvided;
    private long tiles;

    @Override
    public void multiply(Workers workers, long y, long yRow, long x, long xRow, int rows, long packed, int F, int C) {
        PanelMatMul.check(yRow, xRow, rows, F, C);
        if (workersProvided < workers.threads()) {
            tiles = arena.allocate(TILE_BYTES * workers.threads(), Memory.ALIGNMENT).address();
            workersProvided = workers.threads();
        }
        long scratch = tiles;
        int panels = (F + PANEL - 1) / PANEL;
        int groups = (panels + GROUP - 1) / GROUP;
        int rowBlocks = (rows + ROW_BLOCK - 1) / ROW_BLOCK;
        workers.run(groups * rowBlocks, (part, worker) -> {
            int n0 = part % rowBlocks * ROW_BLOCK;
            group(scratch + worker * TILE_BYTES, y + 4 * n0 * yRow, yRow, x + 4 * n0 * xRow, xRow, Math.min(ROW_BLOCK, rows - n0),
                    packed, part / rowBlocks * GROUP, F, C);
        });
    }

    /// `GROUP` panels from `panel` on. Past the last panel the streams repeat it, and what they sum is not stored.
    private static void group(long tile, long y, long yRow, long x, long xRow, int rows, long packed, int panel, int F, int C) {
        long w0 = packed + stream(panel, 0, F, C);
        long w1 = packed + stream(panel, 1, F, C);
        long w2 = packed + stream(panel, 2, F, C);
        long w3 = packed + stream(panel, 3, F, C);
        int f0 = panel * PANEL;
        int columns = Math.min(GROUP * PANEL, F - f0);
        for (int c0 = 0; c0 < C; c0 += BLOCK) {
            int k = Math.min(BLOCK, C - c0);
            long w = STEP_BYTES * c0;
            for (int n = 0, now; n < rows; n += now) {
                now = Tile.rows(rows - n);
                Tile.multiply(now, tile, x + 4 * (n * xRow + c0), 4 * xRow, 4, w0 + w, w1 + w, w2 + w, w3 + w, STEP_BYTES, k);
                store(y + 4 * (n * yRow + f0), yRow, c0 > 0, tile, now, columns);
            }
        }
    }

    /// Byte offset of stream `i` of the group that starts at `panel`.
    private static long stream(int panel, int i, int F, int C) {
        int last = (F - 1) / PANEL;
        return STEP_BYTES * C * Math.min(last, panel + i / VECTORS_PER_PANEL) + (long) i % VECTORS_PER_PANEL * BYTES;
    }

    static void store(long y, long yRow, boolean add, long tile, int rows, int columns) {
        for (int i = 0; i < rows; i++) {
            long from = tile + (long) Tile.VECTORS * BYTES * i;
            long to = y + 4 * i * yRow;
            int j = 0;
            for (; j <= columns - LANES; j += LANES) {
                FloatVector sum = FloatVector.fromMemorySegment(Lanes.F, Memory.ALL, from + 4L * j, Lanes.LE);
                if (add) {
                    sum = FloatVector.fromMemorySegment(Lanes.F, Memory.ALL, to + 4L * j, Lanes.LE).add(sum);
                }
                sum.intoMemorySegment(Memory.ALL, to + 4L * j, Lanes.LE);
            }
            for (; j < columns; j++) {
                float sum = Memory.getFloat(from + 4L * j);
                Memory.putFloat(to + 4L * j, add ? Memory.getFloat(to + 4L * j) + sum : sum);
            }
        }
    }
}
