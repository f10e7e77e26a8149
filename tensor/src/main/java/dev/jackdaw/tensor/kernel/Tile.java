package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import dev.jackdaw.tensor.Memory;
import jdk.incubator.vector.FloatVector;

/// The innermost loop of every F32 matrix product: a few rows of A by a few vectors of B, their sums in registers while it walks along k.
///
/// Each step loads one vector of every stream of B and multiplies it by one number of every row of A: `rows · vectors` fused
/// multiply-adds for `rows + vectors` loads. With 6 rows and 4 vectors, 24 sums, 4 vectors of B and one of A take 29 of 32 registers.
///
/// These methods look the way they do for the sake of the JIT (C2 of JDK 25), which must keep all sums in registers:
/// - Every vector variable is born from a load or a constant of its own, never from another variable.
/// - The loop has one exit, and after it the sums are only stored, always to scratch memory. With an addition or a branch at the end
///   C2 put all sums on the heap and the loop ran a hundred times slower.
/// - C2 stops inlining plain methods after 18,000 nodes, which the last row of the largest tile reaches. A scalar load caught there
///   becomes a call, around which all sums go to the stack, at a sixth of the speed. So its last scalars are loaded first.
final class Tile {
    /// Vectors side by side in a tile.
    static final int VECTORS = 4;
    /// Rows of the largest tile that the registers can hold. Only AVX-512 and ARM have 32 of them.
    static final int MAX_ROWS = Lanes.LANES == 16 || System.getProperty("os.arch").equals("aarch64") ? 6 : 2;

    private Tile() {
    }

    /// Sums `rows x 4` vectors (rows is 1, 2, 4 or 6) into `to`, row after row.
    ///
    /// @param a    `A[i,p]` is at `a + i·aRow + p·aStep`; all distances in bytes
    /// @param b0   vector 0 of step p is at `b0 + p·bStep`, and so on for the others
    static void multiply(int rows, long to, long a, long aRow, long aStep, long b0, long b1, long b2, long b3, long bStep, int k) {
        switch (rows) {
            case 1 -> rows1(to, a, aRow, aStep, b0, b1, b2, b3, bStep, k);
            case 2 -> rows2(to, a, aRow, aStep, b0, b1, b2, b3, bStep, k);
            case 4 -> rows4(to, a, aRow, aStep, b0, b1, b2, b3, bStep, k);
            case 6 -> rows6(to, a, aRow, aStep, b0, b1, b2, b3, bStep, k);
            default -> throw new IllegalArgumentException("tile: " + rows + " rows; there are tiles of 1, 2, 4 and 6");
        }
    }

    /// The most rows one tile can take of those left.
    static int rows(int left) {
        return left >= MAX_ROWS ? MAX_ROWS : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    }

    static void rows6(long to, long a, long aRow, long aStep, long b0, long b1, long b2, long b3, long bStep, int k) {
        FloatVector c00 = FloatVector.zero(F), c01 = FloatVector.zero(F), c02 = FloatVector.zero(F), c03 = FloatVector.zero(F);
        FloatVector c10 = FloatVector.zero(F), c11 = FloatVector.zero(F), c12 = FloatVector.zero(F), c13 = FloatVector.zero(F);
        FloatVector c20 = FloatVector.zero(F), c21 = FloatVector.zero(F), c22 = FloatVector.zero(F), c23 = FloatVector.zero(F);
        FloatVector c30 = FloatVector.zero(F), c31 = FloatVector.zero(F), c32 = FloatVector.zero(F), c33 = FloatVector.zero(F);
        FloatVector c40 = FloatVector.zero(F), c41 = FloatVector.zero(F), c42 = FloatVector.zero(F), c43 = FloatVector.zero(F);
        FloatVector c50 = FloatVector.zero(F), c51 = FloatVector.zero(F), c52 = FloatVector.zero(F), c53 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = bStep * p;
            long x = a + aStep * p;
            float x4 = Memory.getFloat(x + 4 * aRow);
            float x5 = Memory.getFloat(x + 5 * aRow);
            FloatVector v0 = FloatVector.fromMemorySegment(F, Memory.ALL, b0 + at, LE);
            FloatVector v1 = FloatVector.fromMemorySegment(F, Memory.ALL, b1 + at, LE);
            FloatVector v2 = FloatVector.fromMemorySegment(F, Memory.ALL, b2 + at, LE);
            FloatVector v3 = FloatVector.fromMemorySegment(F, Memory.ALL, b3 + at, LE);
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(x));
            c00 = a0.fma(v0, c00);
            c01 = a0.fma(v1, c01);
            c02 = a0.fma(v2, c02);
            c03 = a0.fma(v3, c03);
            FloatVector a1 = FloatVector.broadcast(F, Memory.getFloat(x + aRow));
            c10 = a1.fma(v0, c10);
            c11 = a1.fma(v1, c11);
            c12 = a1.fma(v2, c12);
            c13 = a1.fma(v3, c13);
            FloatVector a2 = FloatVector.broadcast(F, Memory.getFloat(x + 2 * aRow));
            c20 = a2.fma(v0, c20);
            c21 = a2.fma(v1, c21);
            c22 = a2.fma(v2, c22);
            c23 = a2.fma(v3, c23);
            FloatVector a3 = FloatVector.broadcast(F, Memory.getFloat(x + 3 * aRow));
            c30 = a3.fma(v0, c30);
            c31 = a3.fma(v1, c31);
            c32 = a3.fma(v2, c32);
            c33 = a3.fma(v3, c33);
            FloatVector a4 = FloatVector.broadcast(F, x4);
            c40 = a4.fma(v0, c40);
            c41 = a4.fma(v1, c41);
            c42 = a4.fma(v2, c42);
            c43 = a4.fma(v3, c43);
            FloatVector a5 = FloatVector.broadcast(F, x5);
            c50 = a5.fma(v0, c50);
            c51 = a5.fma(v1, c51);
            c52 = a5.fma(v2, c52);
            c53 = a5.fma(v3, c53);
        }
        c00.intoMemorySegment(Memory.ALL, to, LE);
        c01.intoMemorySegment(Memory.ALL, to + BYTES, LE);
        c02.intoMemorySegment(Memory.ALL, to + 2 * BYTES, LE);
        c03.intoMemorySegment(Memory.ALL, to + 3 * BYTES, LE);
        c10.intoMemorySegment(Memory.ALL, to + 4 * BYTES, LE);
        c11.intoMemorySegment(Memory.ALL, to + 5 * BYTES, LE);
        c12.intoMemorySegment(Memory.ALL, to + 6 * BYTES, LE);
        c13.intoMemorySegment(Memory.ALL, to + 7 * BYTES, LE);
        c20.intoMemorySegment(Memory.ALL, to + 8 * BYTES, LE);
        c21.intoMemorySegment(Memory.ALL, to + 9 * BYTES, LE);
        c22.intoMemorySegment(Memory.ALL, to + 10 * BYTES, LE);
        c23.intoMemorySegment(Memory.ALL, to + 11 * BYTES, LE);
        c30.intoMemorySegment(Memory.ALL, to + 12 * BYTES, LE);
        c31.intoMemorySegment(Memory.ALL, to + 13 * BYTES, LE);
        c32.intoMemorySegment(Memory.ALL, to + 14 * BYTES, LE);
        c33.intoMemorySegment(Memory.ALL, to + 15 * BYTES, LE);
        c40.intoMemorySegment(Memory.ALL, to + 16 * BYTES, LE);
        c41.intoMemorySegment(Memory.ALL, to + 17 * BYTES, LE);
        c42.intoMemorySegment(Memory.ALL, to + 18 * BYTES, LE);
        c43.intoMemorySegment(Memory.ALL, to + 19 * BYTES, LE);
        c50.intoMemorySegment(Memory.ALL, to + 20 * BYTES, LE);
        c51.intoMemorySegment(Memory.ALL, to + 21 * BYTES, LE);
        c52.intoMemorySegment(Memory.ALL, to + 22 * BYTES, LE);
        c53.intoMemorySegment(Memory.ALL, to + 23 * BYTES, LE);
    }

    static void rows4(long to, long a, long aRow, long aStep, long b0, long b1, long b2, long b3, long bStep, int k) {
        FloatVector c00 = FloatVector.zero(F), c01 = FloatVector.zero(F), c02 = FloatVector.zero(F), c03 = FloatVector.zero(F);
        FloatVector c10 = FloatVector.zero(F), c11 = FloatVector.zero(F), c12 = FloatVector.zero(F), c13 = FloatVector.zero(F);
        FloatVector c20 = FloatVector.zero(F), c21 = FloatVector.zero(F), c22 = FloatVector.zero(F), c23 = FloatVector.zero(F);
        FloatVector c30 = FloatVector.zero(F), c31 = FloatVector.zero(F), c32 = FloatVector.zero(F), c33 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = bStep * p;
            long x = a + aStep * p;
            FloatVector v0 = FloatVector.fromMemorySegment(F, Memory.ALL, b0 + at, LE);
            FloatVector v1 = FloatVector.fromMemorySegment(F, Memory.ALL, b1 + at, LE);
            FloatVector v2 = FloatVector.fromMemorySegment(F, Memory.ALL, b2 + at, LE);
            FloatVector v3 = FloatVector.fromMemorySegment(F, Memory.ALL, b3 + at, LE);
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(x));
            c00 = a0.fma(v0, c00);
            c01 = a0.fma(v1, c01);
            c02 = a0.fma(v2, c02);
            c03 = a0.fma(v3, c03);
            FloatVector a1 = FloatVector.broadcast(F, Memory.getFloat(x + aRow));
            c10 = a1.fma(v0, c10);
            c11 = a1.fma(v1, c11);
            c12 = a1.fma(v2, c12);
            c13 = a1.fma(v3, c13);
            FloatVector a2 = FloatVector.broadcast(F, Memory.getFloat(x + 2 * aRow));
            c20 = a2.fma(v0, c20);
            c21 = a2.fma(v1, c21);
            c22 = a2.fma(v2, c22);
            c23 = a2.fma(v3, c23);
            FloatVector a3 = FloatVector.broadcast(F, Memory.getFloat(x + 3 * aRow));
            c30 = a3.fma(v0, c30);
            c31 = a3.fma(v1, c31);
            c32 = a3.fma(v2, c32);
            c33 = a3.fma(v3, c33);
        }
        c00.intoMemorySegment(Memory.ALL, to, LE);
        c01.intoMemorySegment(Memory.ALL, to + BYTES, LE);
        c02.intoMemorySegment(Memory.ALL, to + 2 * BYTES, LE);
        c03.intoMemorySegment(Memory.ALL, to + 3 * BYTES, LE);
        c10.intoMemorySegment(Memory.ALL, to + 4 * BYTES, LE);
        c11.intoMemorySegment(Memory.ALL, to + 5 * BYTES, LE);
        c12.intoMemorySegment(Memory.ALL, to + 6 * BYTES, LE);
        c13.intoMemorySegment(Memory.ALL, to + 7 * BYTES, LE);
        c20.intoMemorySegment(Memory.ALL, to + 8 * BYTES, LE);
        c21.intoMemorySegment(Memory.ALL, to + 9 * BYTES, LE);
        c22.intoMemorySegment(Memory.ALL, to + 10 * BYTES, LE);
        c23.intoMemorySegment(Memory.ALL, to + 11 * BYTES, LE);
        c30.intoMemorySegment(Memory.ALL, to + 12 * BYTES, LE);
        c31.intoMemorySegment(Memory.ALL, to + 13 * BYTES, LE);
        c32.intoMemorySegment(Memory.ALL, to + 14 * BYTES, LE);
        c33.intoMemorySegment(Memory.ALL, to + 15 * BYTES, LE);
    }

    static void rows2(long to, long a, long aRow, long aStep, long b0, long b1, long b2, long b3, long bStep, int k) {
        FloatVector c00 = FloatVector.zero(F), c01 = FloatVector.zero(F), c02 = FloatVector.zero(F), c03 = FloatVector.zero(F);
        FloatVector c10 = FloatVector.zero(F), c11 = FloatVector.zero(F), c12 = FloatVector.zero(F), c13 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = bStep * p;
            long x = a + aStep * p;
            FloatVector v0 = FloatVector.fromMemorySegment(F, Memory.ALL, b0 + at, LE);
            FloatVector v1 = FloatVector.fromMemorySegment(F, Memory.ALL, b1 + at, LE);
            FloatVector v2 = FloatVector.fromMemorySegment(F, Memory.ALL, b2 + at, LE);
            FloatVector v3 = FloatVector.fromMemorySegment(F, Memory.ALL, b3 + at, LE);
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(x));
            c00 = a0.fma(v0, c00);
            c01 = a0.fma(v1, c01);
            c02 = a0.fma(v2, c02);
            c03 = a0.fma(v3, c03);
            FloatVector a1 = FloatVector.broadcast(F, Memory.getFloat(x + aRow));
            c10 = a1.fma(v0, c10);
            c11 = a1.fma(v1, c11);
            c12 = a1.fma(v2, c12);
            c13 = a1.fma(v3, c13);
        }
        c00.intoMemorySegment(Memory.ALL, to, LE);
        c01.intoMemorySegment(Memory.ALL, to + BYTES, LE);
        c02.intoMemorySegment(Memory.ALL, to + 2 * BYTES, LE);
        c03.intoMemorySegment(Memory.ALL, to + 3 * BYTES, LE);
        c10.intoMemorySegment(Memory.ALL, to + 4 * BYTES, LE);
        c11.intoMemorySegment(Memory.ALL, to + 5 * BYTES, LE);
        c12.intoMemorySegment(Memory.ALL, to + 6 * BYTES, LE);
        c13.intoMemorySegment(Memory.ALL, to + 7 * BYTES, LE);
    }

    static void rows1(long to, long a, long aRow, long aStep, long b0, long b1, long b2, long b3, long bStep, int k) {
        FloatVector c00 = FloatVector.zero(F), c01 = FloatVector.zero(F), c02 = FloatVector.zero(F), c03 = FloatVector.zero(F);
        for (int p = 0; p < k; p++) {
            long at = bStep * p;
            long x = a + aStep * p;
            FloatVector v0 = FloatVector.fromMemorySegment(F, Memory.ALL, b0 + at, LE);
            FloatVector v1 = FloatVector.fromMemorySegment(F, Memory.ALL, b1 + at, LE);
            FloatVector v2 = FloatVector.fromMemorySegment(F, Memory.ALL, b2 + at, LE);
            FloatVector v3 = FloatVector.fromMemorySegment(F, Memory.ALL, b3 + at, LE);
            FloatVector a0 = FloatVector.broadcast(F, Memory.getFloat(x));
            c00 = a0.fma(v0, c00);
            c01 = a0.fma(v1, c01);
            c02 = a0.fma(v2, c02);
            c03 = a0.fma(v3, c03);
        }
        c00.intoMemorySegment(Memory.ALL, to, LE);
        c01.intoMemorySegment(Memory.ALL, to + BYTES, LE);
        c02.intoMemorySegment(Memory.ALL, to + 2 * BYTES, LE);
        c03.intoMemorySegment(Memory.ALL, to + 3 * BYTES, LE);
    }
}
