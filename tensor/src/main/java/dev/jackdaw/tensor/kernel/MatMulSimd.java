package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;

/// [MatMul] with the Vector API: packed operands and a register tile, after Goto and van de Geijn, "Anatomy of High-Performance
/// Matrix Multiplication" (2008).
///
/// Both operands are first copied into the order in which the tile reads them. B becomes panels of [#COLUMNS] columns, one row of the
/// panel after the other, packed once and shared by all threads. A becomes panels of [#ROWS] rows, packed by the thread that needs
/// them. The tile holds `ROWS x COLUMNS` sums in registers while it walks along k. Edges are padded with zeros when packing; a tile
/// that hangs over the edge of C is computed in a corner of scratch memory and its inner part copied.
public final class MatMulSimd implements MatMul {
    private static final int ROWS = Tile.MAX_ROWS;
    private static final int COLUMNS = Tile.VECTORS * F.length();
    /// Steps of k between two visits to C. The panel of B for one block stays in the first-level cache or near it.
    private static final int K_BLOCK = 256;
    /// Rows of A packed at a time: with [#K_BLOCK] about 100 KB, at home in the second-level cache.
    private static final int ROW_BLOCK = 16 * ROWS;
    /// Steps of k, and bytes of packed B, between two repackings: B should stay in the third-level cache.
    private static final int K_SLAB = 16 * K_BLOCK;
    private static final long B_BYTES = 16L << 20;
    /// Columns in a part of a job when there are many.
    private static final int COLUMN_BLOCK = 512;
    private static final int ALONE_COLUMNS = 4 * COLUMNS;

    private static final long TILE_BYTES = 4L * ROWS * COLUMNS;
    private static final long A_BYTES = 4L * ROW_BLOCK * K_BLOCK;

    private Arena arena = Arena.ofShared();
    private long capacity;
    private long memory;

    @Override
    public void multiply(Workers workers, long c, long cRow, long addend, int m, int n, int k,
                         long a, long aRow, long aColumn, long b, long bRow, long bColumn) {
        MatMul.check(cRow, m, n, k);
        int slab = Math.min(k, K_SLAB);
        int columns = (int) Math.max(COLUMNS, Math.min(roundUp(n, COLUMNS), B_BYTES / (4L * Math.max(1, slab)) / COLUMNS * COLUMNS));
        long packedB = 4L * slab * columns;
        long perWorker = A_BYTES + TILE_BYTES;
        long scratch = reserve(packedB + workers.threads() * perWorker);
        int k0 = 0;
        do {
            int kNow = Math.min(slab, k - k0);
            for (int n0 = 0; n0 < n; n0 += columns) {
                int nNow = Math.min(columns, n - n0);
                long bNow = b + 4 * (k0 * bRow + n0 * bColumn);
                long aNow = a + 4 * k0 * aColumn;
                long cNow = c + 4L * n0;
                long addendNow = k0 > 0 ? cNow : addend == 0 ? 0 : addend + 4L * n0;
                slab(workers, scratch, scratch + packedB, cNow, cRow, addendNow, m, nNow, kNow, aNow, aRow, aColumn, bNow, bRow, bColumn);
            }
            k0 += kNow;
        } while (k0 < k);
    }

    /// Packs all of B, then multiplies blocks of rows and columns, each a part.
    private static void slab(Workers workers, long packedB, long perWorker, long c, long cRow, long addend, int m, int n, int k,
                             long a, long aRow, long aColumn, long b, long bRow, long bColumn) {
        int panels = (n + COLUMNS - 1) / COLUMNS;
        int kBlocks = Math.max(1, (k + K_BLOCK - 1) / K_BLOCK);
        workers.run(kBlocks * panels, part -> {
            int k0 = part / panels * K_BLOCK;
            int panel = part % panels;
            int kNow = Math.min(K_BLOCK, k - k0);
            packB(packedB + 4L * COLUMNS * ((long) k0 * panels + (long) panel * kNow), kNow, Math.min(COLUMNS, n - panel * COLUMNS),
                  b + 4 * (k0 * bRow + (long) panel * COLUMNS * bColumn), bRow, bColumn);
        });
        int rowBlocks = (m + ROW_BLOCK - 1) / ROW_BLOCK;
        int panelsPerPart = rowBlocks >= 8 * workers.threads() ? panels : Math.min(panels, COLUMN_BLOCK / COLUMNS);
        int columnBlocks = (panels + panelsPerPart - 1) / panelsPerPart;
        workers.run(rowBlocks * columnBlocks, (part, worker) -> {
            int i0 = part % rowBlocks * ROW_BLOCK;
            int panel0 = part / rowBlocks * panelsPerPart;
            block(perWorker + worker * (A_BYTES + TILE_BYTES), packedB, panels, panel0, Math.min(panels, panel0 + panelsPerPart),
                  c + 4 * i0 * cRow, cRow, addend == 0 ? 0 : addend + 4 * i0 * cRow, Math.min(ROW_BLOCK, m - i0), n, k,
                  a + 4 * i0 * aRow, aRow, aColumn);
        });
    }

    @Override
    public void multiplyAlone(long scratch, long c, long cRow, long addend, int m, int n, int k,
                              long a, long aRow, long aColumn, long b, long bRow, long bColumn) {
        MatMul.check(cRow, m, n, k);
        long packedB = scratch + A_BYTES + TILE_BYTES;
        int k0 = 0;
        do {
            int kNow = Math.min(K_BLOCK, k - k0);
            for (int n0 = 0; n0 < n; n0 += ALONE_COLUMNS) {
                int nNow = Math.min(ALONE_COLUMNS, n - n0);
                int panels = (nNow + COLUMNS - 1) / COLUMNS;
                for (int panel = 0; panel < panels; panel++) {
                    packB(packedB + 4L * COLUMNS * panel * kNow, kNow, Math.min(COLUMNS, nNow - panel * COLUMNS),
                          b + 4 * (k0 * bRow + (n0 + (long) panel * COLUMNS) * bColumn), bRow, bColumn);
                }
                for (int i0 = 0; i0 < m; i0 += ROW_BLOCK) {
                    long at = 4 * (i0 * cRow + n0);
                    block(scratch, packedB, panels, 0, panels, c + at, cRow, k0 > 0 ? c + at : addend == 0 ? 0 : addend + at,
                          Math.min(ROW_BLOCK, m - i0), nNow, kNow, a + 4 * (i0 * aRow + k0 * aColumn), aRow, aColumn);
                }
            }
            k0 += kNow;
        } while (k0 < k);
    }

    @Override
    public long scratchBytes(int m, int n, int k) {
        int panels = (Math.min(n, ALONE_COLUMNS) + COLUMNS - 1) / COLUMNS;
        return A_BYTES + TILE_BYTES + 4L * COLUMNS * panels * Math.min(k, K_BLOCK);
    }

    /// Up to [#ROW_BLOCK] rows of C by the columns of panels `panel0` to `panelEnd`, all of k.
    private static void block(long scratch, long packedB, int panels, int panel0, int panelEnd, long c, long cRow, long addend,
                              int m, int n, int k, long a, long aRow, long aColumn) {
        long packedA = scratch;
        long tile = scratch + A_BYTES;
        int k0 = 0;
        do {
            int kNow = Math.min(K_BLOCK, k - k0);
            // A keeps the direction in which it is contiguous: packing copies runs and never transposes.
            boolean alongK = aColumn == 1;
            long rowBytes = alongK ? 4L * kNow : 4;
            long stepBytes = alongK ? 4 : 4L * ROWS;
            if (alongK) {
                packRows(packedA, m, kNow, a + 4L * k0, aRow);
            } else {
                packColumns(packedA, m, kNow, a + 4 * k0 * aColumn, aRow, aColumn);
            }
            for (int panel = panel0; panel < panelEnd; panel++) {
                long bPanel = packedB + 4L * COLUMNS * ((long) k0 * panels + (long) panel * kNow);
                int j0 = panel * COLUMNS;
                int width = Math.min(COLUMNS, n - j0);
                for (int i0 = 0, rows; i0 < m; i0 += rows) {
                    rows = Tile.rows(m - i0);
                    long aTile = packedA + 4L * (i0 / ROWS * ROWS) * kNow + i0 % ROWS * rowBytes;
                    Tile.multiply(rows, tile, aTile, rowBytes, stepBytes, bPanel, bPanel + BYTES, bPanel + 2 * BYTES, bPanel + 3 * BYTES, 4L * COLUMNS, kNow);
                    long at = 4 * (i0 * cRow + j0);
                    store(c + at, cRow, k0 > 0 ? c + at : addend == 0 ? 0 : addend + at, tile, rows, width);
                }
            }
            k0 += kNow;
        } while (k0 < k);
    }

    /// The sums of a tile, plus the addend, to C; the last columns of C may fill a part of the tile only.
    private static void store(long c, long cRow, long addend, long tile, int rows, int columns) {
        for (int i = 0; i < rows; i++) {
            long from = tile + 4L * COLUMNS * i;
            long at = 4 * i * cRow;
            int j = 0;
            for (; j <= columns - F.length(); j += F.length()) {
                FloatVector sum = FloatVector.fromMemorySegment(F, Memory.ALL, from + 4L * j, LE);
                if (addend != 0) {
                    sum = FloatVector.fromMemorySegment(F, Memory.ALL, addend + at + 4L * j, LE).add(sum);
                }
                sum.intoMemorySegment(Memory.ALL, c + at + 4L * j, LE);
            }
            for (; j < columns; j++) {
                float sum = Memory.getFloat(from + 4L * j);
                Memory.putFloat(c + at + 4L * j, addend == 0 ? sum : Memory.getFloat(addend + at + 4L * j) + sum);
            }
        }
    }

    /// Panels of [#ROWS] rows, each row contiguous; rows past the edge are zero.
    private static void packRows(long to, int m, int k, long a, long aRow) {
        int padded = (int) roundUp(m, ROWS);
        for (int i = 0; i < m; i++) {
            Memory.copy(a + 4 * i * aRow, to + 4L * i * k, 4L * k);
        }
        Memory.zero(to + 4L * m * k, 4L * (padded - m) * k);
    }

    /// Panels of [#ROWS] rows, step of k after step of k; rows past the edge are zero.
    private static void packColumns(long to, int m, int k, long a, long aRow, long aColumn) {
        for (int i0 = 0; i0 < m; i0 += ROWS) {
            for (int p = 0; p < k; p++) {
                for (int i = 0; i < ROWS; i++) {
                    Memory.putFloat(to + 4L * (i0 * k + p * ROWS + i),
                            i0 + i < m ? Memory.getFloat(a + 4 * ((i0 + i) * aRow + p * aColumn)) : 0);
                }
            }
        }
    }

    /// One panel of [#COLUMNS] columns, of which `n` exist; the rest are zero.
    private static void packB(long to, int k, int n, long b, long bRow, long bColumn) {
        if (bColumn == 1) {
            for (int p = 0; p < k; p++) {
                Memory.copy(b + 4 * p * bRow, to + 4L * p * COLUMNS, 4L * n);
                if (n < COLUMNS) {
                    Memory.zero(to + 4L * (p * COLUMNS + n), 4L * (COLUMNS - n));
                }
            }
        } else {
            for (int j = 0; j < COLUMNS; j++) {
                for (int p = 0; p < k; p++) {
                    Memory.putFloat(to + 4L * (p * COLUMNS + j), j < n ? Memory.getFloat(b + 4 * (p * bRow + j * bColumn)) : 0);
                }
            }
        }
    }

    private static long roundUp(long value, int step) {
        return (value + step - 1) / step * step;
    }

    /// Scratch of at least `bytes`; grows, never shrinks.
    private long reserve(long bytes) {
        if (bytes > capacity) {
            arena.close();
            arena = Arena.ofShared();
            memory = arena.allocate(bytes, Memory.ALIGNMENT).address();
            capacity = bytes;
        }
        return memory;
    }

    @Override
    public void close() {
        arena.close();
    }
}
