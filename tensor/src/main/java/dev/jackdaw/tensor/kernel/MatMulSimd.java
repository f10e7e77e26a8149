package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// [MatMul] with the Vector API: packed operands and a register tile, after Goto and van de Geijn, "Anatomy of High-Performance
/// Matrix Multiplication" (2008).
///
/// Both operands are first copied into the order in which the tile reads them. B becomes panels of [#COLUMNS] columns, one row of the
/// panel after the other, packed once and shared by all threads. A becomes panels of [#ROWS] rows, packed by the thread that needs
/// them. The tile holds `ROWS x COLUMNS` sums in registers while it walks along k. Edges are padded with zeros when packing; a tile
/// that hangs over the edge of C is computed in a corner of scratch memory and its inner part copied.
public final class MatMulSimd implements MatMul {
    static final VectorSpecies<Float> F = Vectors.FLOATS;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final int VECTOR_BYTES = F.vectorByteSize();

    /// Rows of the register tile: 6 rows x 4 vectors are 24 sums, which with 4 vectors of B and one of A fill 32 registers.
    private static final int ROWS = 6;
    /// Narrower machines have 16 registers: 6 x 2 sums.
    private static final int VECTORS = F.length() >= 16 ? 4 : 2;
    private static final int COLUMNS = VECTORS * F.length();
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
                for (int i0 = 0; i0 < m; i0 += ROWS) {
                    int height = Math.min(ROWS, m - i0);
                    long at = 4 * (i0 * cRow + j0);
                    long cTile = c + at;
                    long addendTile = k0 > 0 ? cTile : addend == 0 ? 0 : addend + at;
                    long aPanel = packedA + 4L * i0 * kNow;
                    tile(tile, aPanel, rowBytes, stepBytes, bPanel, kNow);
                    if (width == COLUMNS) {
                        store(cTile, 4 * cRow, addendTile, tile, height);
                    } else {
                        edge(cTile, cRow, addendTile, tile, height, width);
                    }
                }
            }
            k0 += kNow;
        } while (k0 < k);
    }

    /// The sums of a tile, plus the addend, to C.
    private static void store(long c, long cRow, long addend, long tile, int height) {
        for (int i = 0; i < height; i++) {
            long from = tile + 4L * COLUMNS * i;
            for (int j = 0; j < COLUMNS; j += F.length()) {
                long at = i * cRow + 4L * j;
                FloatVector sum = FloatVector.fromMemorySegment(F, Memory.ALL, from + 4L * j, ORDER);
                if (addend != 0) {
                    sum = FloatVector.fromMemorySegment(F, Memory.ALL, addend + at, ORDER).add(sum);
                }
                sum.intoMemorySegment(Memory.ALL, c + at, ORDER);
            }
        }
    }

    private static void edge(long c, long cRow, long addend, long tile, int height, int width) {
        for (int i = 0; i < height; i++) {
            for (int j = 0; j < width; j++) {
                float sum = Memory.getFloat(tile + 4L * (i * COLUMNS + j));
                long at = 4 * (i * cRow + j);
                Memory.putFloat(c + at, addend == 0 ? sum : Memory.getFloat(addend + at) + sum);
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

    private static void tile(long to, long a, long aRow, long aStep, long b, int k) {
        if (VECTORS == 4) {
            tile4(to, a, aRow, aStep, b, k);
        } else {
            tile2(to, a, aRow, aStep, b, k);
        }
    }

    private static void tile4(long to, long a, long aRow, long aStep, long b, int k) {
        FloatVector c00 = FloatVector.zero(F), c01 = FloatVector.zero(F), c02 = FloatVector.zero(F), c03 = FloatVector.zero(F);
        FloatVector c10 = FloatVector.zero(F), c11 = FloatVector.zero(F), c12 = FloatVector.zero(F), c13 = FloatVector.zero(F);
        FloatVector c20 = FloatVector.zero(F), c21 = FloatVector.zero(F), c22 = FloatVector.zero(F), c23 = FloatVector.zero(F);
        FloatVector c30 = FloatVector.zero(F), c31 = FloatVector.zero(F), c32 = FloatVector.zero(F), c33 = FloatVector.zero(F);
        FloatVector c40 = FloatVector.zero(F), c41 = FloatVector.zero(F), c42 = FloatVector.zero(F), c43 = FloatVector.zero(F);
        FloatVector c50 = FloatVector.zero(F), c51 = FloatVector.zero(F), c52 = FloatVector.zero(F), c53 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = b + 4L * VECTOR_BYTES * p;
            long x = a + aStep * p;
            float x4 = Memory.getFloat(x + 4 * aRow);
            float x5 = Memory.getFloat(x + 5 * aRow);
            FloatVector b0 = FloatVector.fromMemorySegment(F, Memory.ALL, at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, Memory.ALL, at + VECTOR_BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(F, Memory.ALL, at + 2 * VECTOR_BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(F, Memory.ALL, at + 3 * VECTOR_BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(x));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            c02 = a0.fma(b2, c02);
            c03 = a0.fma(b3, c03);
            FloatVector a1 = FloatVector.broadcast(F, Memory.getFloat(x + aRow));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            c12 = a1.fma(b2, c12);
            c13 = a1.fma(b3, c13);
            FloatVector a2 = FloatVector.broadcast(F, Memory.getFloat(x + 2 * aRow));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            c22 = a2.fma(b2, c22);
            c23 = a2.fma(b3, c23);
            FloatVector a3 = FloatVector.broadcast(F, Memory.getFloat(x + 3 * aRow));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            c32 = a3.fma(b2, c32);
            c33 = a3.fma(b3, c33);
            FloatVector a4 = FloatVector.broadcast(F, x4);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            c42 = a4.fma(b2, c42);
            c43 = a4.fma(b3, c43);
            FloatVector a5 = FloatVector.broadcast(F, x5);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            c52 = a5.fma(b2, c52);
            c53 = a5.fma(b3, c53);
        }
        c00.intoMemorySegment(Memory.ALL, to, ORDER);
        c01.intoMemorySegment(Memory.ALL, to + VECTOR_BYTES, ORDER);
        c02.intoMemorySegment(Memory.ALL, to + 2 * VECTOR_BYTES, ORDER);
        c03.intoMemorySegment(Memory.ALL, to + 3 * VECTOR_BYTES, ORDER);
        c10.intoMemorySegment(Memory.ALL, to + 4 * VECTOR_BYTES, ORDER);
        c11.intoMemorySegment(Memory.ALL, to + 5 * VECTOR_BYTES, ORDER);
        c12.intoMemorySegment(Memory.ALL, to + 6 * VECTOR_BYTES, ORDER);
        c13.intoMemorySegment(Memory.ALL, to + 7 * VECTOR_BYTES, ORDER);
        c20.intoMemorySegment(Memory.ALL, to + 8 * VECTOR_BYTES, ORDER);
        c21.intoMemorySegment(Memory.ALL, to + 9 * VECTOR_BYTES, ORDER);
        c22.intoMemorySegment(Memory.ALL, to + 10 * VECTOR_BYTES, ORDER);
        c23.intoMemorySegment(Memory.ALL, to + 11 * VECTOR_BYTES, ORDER);
        c30.intoMemorySegment(Memory.ALL, to + 12 * VECTOR_BYTES, ORDER);
        c31.intoMemorySegment(Memory.ALL, to + 13 * VECTOR_BYTES, ORDER);
        c32.intoMemorySegment(Memory.ALL, to + 14 * VECTOR_BYTES, ORDER);
        c33.intoMemorySegment(Memory.ALL, to + 15 * VECTOR_BYTES, ORDER);
        c40.intoMemorySegment(Memory.ALL, to + 16 * VECTOR_BYTES, ORDER);
        c41.intoMemorySegment(Memory.ALL, to + 17 * VECTOR_BYTES, ORDER);
        c42.intoMemorySegment(Memory.ALL, to + 18 * VECTOR_BYTES, ORDER);
        c43.intoMemorySegment(Memory.ALL, to + 19 * VECTOR_BYTES, ORDER);
        c50.intoMemorySegment(Memory.ALL, to + 20 * VECTOR_BYTES, ORDER);
        c51.intoMemorySegment(Memory.ALL, to + 21 * VECTOR_BYTES, ORDER);
        c52.intoMemorySegment(Memory.ALL, to + 22 * VECTOR_BYTES, ORDER);
        c53.intoMemorySegment(Memory.ALL, to + 23 * VECTOR_BYTES, ORDER);
    }

    private static void tile2(long to, long a, long aRow, long aStep, long b, int k) {
        FloatVector c00 = FloatVector.zero(F), c01 = FloatVector.zero(F);
        FloatVector c10 = FloatVector.zero(F), c11 = FloatVector.zero(F);
        FloatVector c20 = FloatVector.zero(F), c21 = FloatVector.zero(F);
        FloatVector c30 = FloatVector.zero(F), c31 = FloatVector.zero(F);
        FloatVector c40 = FloatVector.zero(F), c41 = FloatVector.zero(F);
        FloatVector c50 = FloatVector.zero(F), c51 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = b + 2L * VECTOR_BYTES * p;
            long x = a + aStep * p;
            float x4 = Memory.getFloat(x + 4 * aRow);
            float x5 = Memory.getFloat(x + 5 * aRow);
            FloatVector b0 = FloatVector.fromMemorySegment(F, Memory.ALL, at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, Memory.ALL, at + VECTOR_BYTES, ORDER);
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(x));
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(F, Memory.getFloat(x + aRow));
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(F, Memory.getFloat(x + 2 * aRow));
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(F, Memory.getFloat(x + 3 * aRow));
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(F, x4);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(F, x5);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
        }
        c00.intoMemorySegment(Memory.ALL, to, ORDER);
        c01.intoMemorySegment(Memory.ALL, to + VECTOR_BYTES, ORDER);
        c10.intoMemorySegment(Memory.ALL, to + 2 * VECTOR_BYTES, ORDER);
        c11.intoMemorySegment(Memory.ALL, to + 3 * VECTOR_BYTES, ORDER);
        c20.intoMemorySegment(Memory.ALL, to + 4 * VECTOR_BYTES, ORDER);
        c21.intoMemorySegment(Memory.ALL, to + 5 * VECTOR_BYTES, ORDER);
        c30.intoMemorySegment(Memory.ALL, to + 6 * VECTOR_BYTES, ORDER);
        c31.intoMemorySegment(Memory.ALL, to + 7 * VECTOR_BYTES, ORDER);
        c40.intoMemorySegment(Memory.ALL, to + 8 * VECTOR_BYTES, ORDER);
        c41.intoMemorySegment(Memory.ALL, to + 9 * VECTOR_BYTES, ORDER);
        c50.intoMemorySegment(Memory.ALL, to + 10 * VECTOR_BYTES, ORDER);
        c51.intoMemorySegment(Memory.ALL, to + 11 * VECTOR_BYTES, ORDER);
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
