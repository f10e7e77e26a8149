package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;

/// [MatMul] with the Vector API: packed operands and a register [Tile], after Goto and van de Geijn, "Anatomy of High-Performance
/// Matrix Multiplication" (2008).
///
/// Both operands are first copied into the order in which the tile reads them. B becomes panels of [#COLUMNS] columns, one step of k
/// after the other, packed once and shared by all threads, and stays in the third-level cache. A becomes panels of [#ROWS] rows. Where its
/// rows are contiguous each thread packs those it needs into its second-level cache; where its columns are, a few short runs from each
/// would cost a memory latency every time, so whole runs are packed beforehand like B. The tile streams both and leaves its sums in
/// scratch memory, from where they go to C together with the addend. The right edge of B is padded with zeros; the tile is cut at the
/// lower edge of A.
///
/// | version | idea                                                                      | GFLOP/s, 1 thread: 768³, 2048³, TN 384x4096x384 |
/// |---------|---------------------------------------------------------------------------|------|------|------|
/// | simd 1  | 6 x 4 vectors; sums to C in two branches after the loop                    |   40 |   40 |      |
/// | simd 2  | one exit from the loop, last scalars loaded first: see [Tile]              |  227 |  210 |      |
/// | simd 3  | blocks of up to 768 steps of k instead of 256, B of 8 MB instead of 16     |  248 |  239 |  165 |
/// | simd 4  | packing by pairs of numbers, never by masked vectors; even blocks          |  238 |  234 |      |
///
/// Measured on one core of an AMD Zen 5 with an FMA peak of 265 GFLOP/s, JDK 25. Tiles of 8 x 3 and 5 x 4 are within 5% of 6 x 4.
public final class MatMulSimd implements MatMul {
    private static final int ROWS = Tile.MAX_ROWS;
    private static final int COLUMNS = Tile.VECTORS * F.length();
    /// Most steps of k between two visits to C. More means fewer visits; a panel of B (64 x 768, 192 KB) and the block of A must fit
    /// the second-level cache. k is cut into even blocks by its size alone, so the bits depend on nothing else.
    private static final int K_BLOCK = 768;
    /// Rows of A in a block: with [#K_BLOCK] 288 KB.
    private static final int ROW_BLOCK = 96 / ROWS * ROWS;
    /// The fewest rows that still make good use of a panel of B fetched from the third-level cache.
    private static final int LEAST_ROW_BLOCK = 48 / ROWS * ROWS;
    /// Blocks of k, and bytes, of B packed at a time: it should stay in the third-level cache.
    private static final int SLAB_BLOCKS = 1;
    private static final long SLAB_BYTES = 4L << 20;
    /// Parts of a job for each thread: enough for them to finish together.
    private static final int PARTS_PER_THREAD = 8;
    /// Steps of k of A packed by one part of a job, when A is packed beforehand.
    private static final int PACKED_STEPS = 32;
    /// Steps of k copied side by side: their lines of A, which may all fall into one set of the first-level cache, must fit its ways.
    private static final int GROUP = 8;
    /// Columns of B packed at a time by a single thread.
    private static final int ALONE_COLUMNS = 4 * COLUMNS;

    private static final long TILE_BYTES = 4L * ROWS * COLUMNS;
    /// Keeps equal places of neighbouring panels of A out of the same set of the first-level cache.
    private static final long PANEL_GAP = 64;
    private static final long WORKER_BYTES = TILE_BYTES + panelsBytes(ROW_BLOCK, K_BLOCK);


    private Arena arena = Arena.ofShared();
    private long capacity;
    private long memory;

    @Override
    public void multiply(Workers workers, long c, long cRow, long addend, int m, int n, int k,
                         long a, long aRow, long aColumn, long b, long bRow, long bColumn) {
        MatMul.check(cRow, m, n, k);
        int kBlock = kBlock(k);
        int slab = Math.min(k, SLAB_BLOCKS * kBlock);
        int columns = (int) Math.max(COLUMNS, Math.min(roundUp(n, COLUMNS), SLAB_BYTES / (4L * Math.max(1, slab)) / COLUMNS * COLUMNS));
        int rows = aColumn == 1 ? m : rowsAtOnce(m, slab);
        long packedB = 4L * slab * columns;
        long packedA = aColumn == 1 ? 0 : SLAB_BLOCKS * panelsBytes(rows, kBlock);
        long scratch = reserve(packedB + packedA + workers.threads() * WORKER_BYTES);
        var memory = new Scratch(scratch, scratch + packedB, scratch + packedB + packedA);
        int k0 = 0;
        do {
            int kNow = Math.min(slab, k - k0);
            for (int n0 = 0; n0 < n; n0 += columns) {
                int nNow = Math.min(columns, n - n0);
                packB(workers, memory.b, kBlock, nNow, kNow, b + 4 * (k0 * bRow + n0 * bColumn), bRow, bColumn);
                for (int m0 = 0; m0 < m; m0 += rows) {
                    int mNow = Math.min(rows, m - m0);
                    long aNow = a + 4 * (m0 * aRow + k0 * aColumn);
                    if (aColumn != 1) {
                        packColumns(workers, memory.a, kBlock, mNow, kNow, aNow, aRow, aColumn);
                    }
                    long at = 4 * (m0 * cRow + n0);
                    blocks(workers, memory, kBlock, c + at, cRow, k0 > 0 ? c + at : addend == 0 ? 0 : addend + at, mNow, nNow, kNow,
                            aNow, aRow, aColumn);
                }
            }
            k0 += kNow;
        } while (k0 < k);
    }

    /// Where packed operands are during one call: all of B, all of A (if A is packed beforehand), and each worker's own.
    private record Scratch(long b, long a, long workers) {
    }

    /// As many rows of a column-contiguous A as its share of the cache holds.
    private static int rowsAtOnce(int m, int slab) {
        long fit = SLAB_BYTES / (4L * Math.max(1, slab)) / ROW_BLOCK * ROW_BLOCK;
        return (int) Math.clamp(fit, ROW_BLOCK, Math.max(ROW_BLOCK, m));
    }

    private static void packB(Workers workers, long to, int kBlock, int n, int k, long b, long bRow, long bColumn) {
        int panels = (n + COLUMNS - 1) / COLUMNS;
        workers.run((k + kBlock - 1) / kBlock * panels, part -> {
            int k0 = part / panels * kBlock;
            int panel = part % panels;
            int kNow = Math.min(kBlock, k - k0);
            packPanel(to + 4L * COLUMNS * ((long) k0 * panels + (long) panel * kNow), kNow, Math.min(COLUMNS, n - panel * COLUMNS),
                    b + 4 * (k0 * bRow + (long) panel * COLUMNS * bColumn), bRow, bColumn);
        });
    }

    private static void packColumns(Workers workers, long to, int kBlock, int m, int k, long a, long aRow, long aColumn) {
        int pieces = (kBlock + PACKED_STEPS - 1) / PACKED_STEPS;
        workers.run((k + kBlock - 1) / kBlock * pieces, part -> {
            int k0 = part / pieces * kBlock;
            int kNow = Math.min(kBlock, k - k0);
            int from = Math.min(kNow, part % pieces * PACKED_STEPS);
            packColumns(to + k0 / kBlock * panelsBytes(m, kBlock), panelBytes(kNow), m, from, Math.min(kNow, from + PACKED_STEPS), a + 4 * k0 * aColumn, aRow, aColumn);
        });
    }

    /// Cuts C into blocks of rows and columns, each a part.
    private static void blocks(Workers workers, Scratch memory, int kBlock, long c, long cRow, long addend, int m, int n, int k,
                               long a, long aRow, long aColumn) {
        int panels = (n + COLUMNS - 1) / COLUMNS;
        // Rows are shared out first, since a part may have to pack its rows of A; columns only when there are few rows.
        int partsWanted = PARTS_PER_THREAD * workers.threads();
        int most = Math.clamp(m / partsWanted, LEAST_ROW_BLOCK, ROW_BLOCK);
        int rowBlocks = (m + most - 1) / most;
        int height = (int) roundUp((m + rowBlocks - 1) / rowBlocks, ROWS);
        int columnBlocks = Math.clamp(partsWanted / 2 / rowBlocks, 1, panels);
        int width = (panels + columnBlocks - 1) / columnBlocks;
        workers.run(rowBlocks * columnBlocks, (part, worker) -> {
            int i0 = part % rowBlocks * height;
            int panel0 = part / rowBlocks * width;
            block(memory.workers + worker * WORKER_BYTES, memory.b, aColumn == 1 ? 0 : memory.a, i0, m, kBlock, panels, panel0, Math.min(panels, panel0 + width),
                    c + 4 * i0 * cRow, cRow, addend == 0 ? 0 : addend + 4 * i0 * cRow, Math.min(height, m - i0), n, k,
                    a + 4 * i0 * aRow, aRow, aColumn);
        });
    }

    @Override
    public void multiplyAlone(long scratch, long c, long cRow, long addend, int m, int n, int k,
                              long a, long aRow, long aColumn, long b, long bRow, long bColumn) {
        MatMul.check(cRow, m, n, k);
        int kBlock = kBlock(k);
        long packedB = scratch + aloneBytes(m, kBlock);
        int k0 = 0;
        do {
            int kNow = Math.min(kBlock, k - k0);
            for (int n0 = 0; n0 < n; n0 += ALONE_COLUMNS) {
                int nNow = Math.min(ALONE_COLUMNS, n - n0);
                int panels = (nNow + COLUMNS - 1) / COLUMNS;
                for (int panel = 0; panel < panels; panel++) {
                    packPanel(packedB + 4L * COLUMNS * panel * kNow, kNow, Math.min(COLUMNS, nNow - panel * COLUMNS),
                            b + 4 * (k0 * bRow + (n0 + (long) panel * COLUMNS) * bColumn), bRow, bColumn);
                }
                for (int i0 = 0; i0 < m; i0 += ROW_BLOCK) {
                    long at = 4 * (i0 * cRow + n0);
                    block(scratch, packedB, 0, 0, ROW_BLOCK, kBlock, panels, 0, panels, c + at, cRow, k0 > 0 ? c + at : addend == 0 ? 0 : addend + at,
                            Math.min(ROW_BLOCK, m - i0), nNow, kNow, a + 4 * (i0 * aRow + k0 * aColumn), aRow, aColumn);
                }
            }
            k0 += kNow;
        } while (k0 < k);
    }

    @Override
    public long scratchBytes(int m, int n, int k) {
        return aloneBytes(m, kBlock(k)) + 4L * roundUp(Math.min(n, ALONE_COLUMNS), COLUMNS) * kBlock(k);
    }

    private static long aloneBytes(int m, int kBlock) {
        return roundUp(TILE_BYTES + panelsBytes(Math.min(m, ROW_BLOCK), kBlock), Memory.ALIGNMENT);
    }

    /// k in as few even blocks as [#K_BLOCK] allows.
    private static int kBlock(int k) {
        int blocks = Math.max(1, (k + K_BLOCK - 1) / K_BLOCK);
        return Math.clamp(roundUp((k + blocks - 1) / blocks, 8), 8, K_BLOCK);
    }

    /// Rows `i0` to `i0 + m` of C by the columns of panels `panel0` to `panelEnd`, all of k.
    ///
    /// @param allA  A packed beforehand, `aRows` rows of it; 0 to pack the rows needed here
    private static void block(long scratch, long packedB, long allA, int i0, int aRows, int kBlock, int panels, int panel0, int panelEnd,
                              long c, long cRow, long addend, int m, int n, int k, long a, long aRow, long aColumn) {
        long tile = scratch;
        boolean alongK = aColumn == 1;
        int k0 = 0;
        do {
            int kNow = Math.min(kBlock, k - k0);
            long panelBytes = panelBytes(kNow);
            long rowBytes = alongK ? 4L * kNow : 4;
            long stepBytes = alongK ? 4 : 4L * ROWS;
            long packedA = allA == 0 ? scratch + TILE_BYTES : allA + k0 / kBlock * panelsBytes(aRows, kBlock) + i0 / ROWS * panelBytes;
            if (alongK) {
                packRows(packedA, panelBytes, m, kNow, a + 4L * k0, aRow);
            } else if (allA == 0) {
                packColumns(packedA, panelBytes, m, 0, kNow, a + 4 * k0 * aColumn, aRow, aColumn);
            }
            for (int panel = panel0; panel < panelEnd; panel++) {
                long bPanel = packedB + 4L * COLUMNS * ((long) k0 * panels + (long) panel * kNow);
                int j0 = panel * COLUMNS;
                for (int i = 0, rows; i < m; i += rows) {
                    rows = Tile.rows(m - i);
                    Tile.multiply(rows, tile, packedA + i / ROWS * panelBytes + i % ROWS * rowBytes, rowBytes, stepBytes,
                            bPanel, bPanel + BYTES, bPanel + 2 * BYTES, bPanel + 3 * BYTES, 4L * COLUMNS, kNow);
                    long at = 4 * (i * cRow + j0);
                    store(c + at, cRow, k0 > 0 ? c + at : addend == 0 ? 0 : addend + at, tile, rows, Math.min(COLUMNS, n - j0));
                }
            }
            k0 += kNow;
        } while (k0 < k);
    }

    /// A packed panel of A for `k` steps, with the gap after it.
    private static long panelBytes(int k) {
        return 4L * ROWS * k + PANEL_GAP;
    }

    /// All panels of `m` rows for one block of k.
    private static long panelsBytes(int m, int kBlock) {
        return (m + ROWS - 1) / ROWS * panelBytes(kBlock);
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

    /// Panels of [#ROWS] rows, row after row: for an A whose rows are contiguous.
    private static void packRows(long to, long panelBytes, int m, int k, long a, long aRow) {
        for (int i = 0; i < m; i++) {
            Memory.copy(a + 4 * i * aRow, to + i / ROWS * panelBytes + 4L * (i % ROWS) * k, 4L * k);
        }
    }

    /// Steps `from` to `end` of k of panels of [#ROWS] rows, step after step: for any other A. Fast where its columns are contiguous.
    private static void packColumns(long to, long panelBytes, int m, int from, int end, long a, long aRow, long aColumn) {
        int whole = aRow == 1 ? m / ROWS : 0;
        for (int p = from; p < end; p += GROUP) {
            packGroup(to + 4L * ROWS * p, panelBytes, whole, Math.min(GROUP, end - p), a + 4 * p * aColumn, 4 * aColumn);
        }
        for (int i = whole * ROWS; i < m; i++) {
            for (int p = from; p < end; p++) {
                Memory.putFloat(to + i / ROWS * panelBytes + 4L * (p * ROWS + i % ROWS), Memory.getFloat(a + 4 * (i * aRow + p * aColumn)));
            }
        }
    }

    /// Some steps of k of all whole panels; the rows of a panel, an even number, are neighbours in A and move in pairs. (As masked
    /// vectors they landed on the Java heap.)
    private static void packGroup(long to, long panelBytes, int panels, int steps, long a, long aStep) {
        for (int panel = 0; panel < panels; panel++) {
            long from = a + 4L * ROWS * panel;
            long at = to + panel * panelBytes;
            for (int step = 0; step < steps; step++) {
                for (int i = 0; i < 4 * ROWS; i += 8) {
                    Memory.putLong(at + i, Memory.getLong(from + i));
                }
                from += aStep;
                at += 4L * ROWS;
            }
        }
    }

    /// One panel of [#COLUMNS] columns, of which `n` exist; the rest are zero.
    private static void packPanel(long to, int k, int n, long b, long bRow, long bColumn) {
        if (bColumn == 1 && n == COLUMNS) {
            for (int p = 0; p < k; p++) {
                copyVectors(to + 4L * COLUMNS * p, b + 4 * p * bRow);
            }
        } else if (bColumn == 1) {
            for (int p = 0; p < k; p++) {
                Memory.copy(b + 4 * p * bRow, to + 4L * p * COLUMNS, 4L * n);
                Memory.zero(to + 4L * (p * COLUMNS + n), 4L * (COLUMNS - n));
            }
        } else {
            // A transpose, a few steps of k at a time so that the lines written stay in the first-level cache until they are full.
            for (int p0 = 0; p0 < k; p0 += 16) {
                int end = Math.min(k, p0 + 16);
                for (int j = 0; j < COLUMNS; j++) {
                    for (int p = p0; p < end; p++) {
                        Memory.putFloat(to + 4L * (p * COLUMNS + j), j < n ? Memory.getFloat(b + 4 * (p * bRow + j * bColumn)) : 0);
                    }
                }
            }
        }
    }

    private static void copyVectors(long to, long from) {
        for (int j = 0; j < Tile.VECTORS; j++) {
            FloatVector.fromMemorySegment(F, Memory.ALL, from + (long) j * BYTES, LE).intoMemorySegment(Memory.ALL, to + (long) j * BYTES, LE);
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
