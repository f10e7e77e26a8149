package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getFloat;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.jackdaw.tensor.Memory;
import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The products of the fast attention kernels, blocked in registers.
///
/// A tile is as wide as four vectors, [#WIDE] floats; product tiles have four rows, so that sixteen sums stay in registers while four
/// vectors and one broadcast are loaded. Sizes are edges of tiles: matrices in scratch are padded to whole vectors, and to four rows.
final class AttentionTiles {
    static final VectorSpecies<Float> F = Vectors.FLOATS;
    static final int L = F.length();
    static final int WIDE = 4 * L;
    static final long STEP = 4L * L;

    /// Where sums start that start from 0: a row of a tile.
    private static final long ZEROS = Arena.global().allocate(4L * WIDE, Memory.ALIGNMENT).address();

    private AttentionTiles() {
    }

    /// `n` rounded up to whole vectors.
    static int padded(int n) {
        return (n + L - 1) / L * L;
    }

    static long up(long n, int multiple) {
        return (n + multiple - 1) / multiple * multiple;
    }

    /// The first cache line behind `floats` floats.
    static long next(long address, long floats) {
        return up(address + 4 * floats, Memory.ALIGNMENT);
    }

    /// Four rows of a product: c[r,j] (+)= Σ_i a[r,i] · b[i,j] for j < `cols`, a multiple of [#L]. Element (r,i) of a is at
    /// `a + r·rs + i·ks`, row i of b at `b + i·ldb`, row r of c at `c + r·ldc`, all in bytes. Of a, only `rows` rows exist; c has room for
    /// four, and the others receive rubbish. Each element is summed in the order of i, whatever its neighbours.
    static void fourRows(long c, long ldc, int cols, long a, long rs, long ks, int rows, long b, long ldb, int k, boolean add) {
        long a1 = rows > 1 ? a + rs : a, a2 = rows > 2 ? a1 + rs : a1, a3 = rows > 3 ? a2 + rs : a2;
        long ldFrom = add ? ldc : 0;
        for (int j = 0; j < cols; j += WIDE) {
            long cj = c + 4L * j, bj = b + 4L * j;
            switch (Math.min(4, (cols - j) / L)) {
                case 1 -> tile4x1(cj, ldc, add ? cj : ZEROS, ldFrom, a, a1, a2, a3, ks, bj, ldb, k);
                case 2 -> tile4x2(cj, ldc, add ? cj : ZEROS, ldFrom, a, a1, a2, a3, ks, bj, ldb, k);
                case 3 -> tile4x3(cj, ldc, add ? cj : ZEROS, ldFrom, a, a1, a2, a3, ks, bj, ldb, k);
                default -> tile4x4(cj, ldc, add ? cj : ZEROS, ldFrom, a, a1, a2, a3, ks, bj, ldb, k);
            }
        }
    }

    private static void tile4x4(long c, long ldc, long from, long ldFrom, long a0, long a1, long a2, long a3, long ks, long b, long ldb, int k) {
        FloatVector c00 = fromMemorySegment(F, ALL, from, LITTLE_ENDIAN), c01 = fromMemorySegment(F, ALL, from + STEP, LITTLE_ENDIAN), c02 = fromMemorySegment(F, ALL, from + 2 * STEP, LITTLE_ENDIAN), c03 = fromMemorySegment(F, ALL, from + 3 * STEP, LITTLE_ENDIAN);
        FloatVector c10 = fromMemorySegment(F, ALL, from + ldFrom, LITTLE_ENDIAN), c11 = fromMemorySegment(F, ALL, from + ldFrom + STEP, LITTLE_ENDIAN), c12 = fromMemorySegment(F, ALL, from + ldFrom + 2 * STEP, LITTLE_ENDIAN), c13 = fromMemorySegment(F, ALL, from + ldFrom + 3 * STEP, LITTLE_ENDIAN);
        FloatVector c20 = fromMemorySegment(F, ALL, from + 2 * ldFrom, LITTLE_ENDIAN), c21 = fromMemorySegment(F, ALL, from + 2 * ldFrom + STEP, LITTLE_ENDIAN), c22 = fromMemorySegment(F, ALL, from + 2 * ldFrom + 2 * STEP, LITTLE_ENDIAN), c23 = fromMemorySegment(F, ALL, from + 2 * ldFrom + 3 * STEP, LITTLE_ENDIAN);
        FloatVector c30 = fromMemorySegment(F, ALL, from + 3 * ldFrom, LITTLE_ENDIAN), c31 = fromMemorySegment(F, ALL, from + 3 * ldFrom + STEP, LITTLE_ENDIAN), c32 = fromMemorySegment(F, ALL, from + 3 * ldFrom + 2 * STEP, LITTLE_ENDIAN), c33 = fromMemorySegment(F, ALL, from + 3 * ldFrom + 3 * STEP, LITTLE_ENDIAN);
        for (int i = 0; i < k; i++) {
            FloatVector b0 = fromMemorySegment(F, ALL, b, LITTLE_ENDIAN);
            FloatVector b1 = fromMemorySegment(F, ALL, b + STEP, LITTLE_ENDIAN);
            FloatVector b2 = fromMemorySegment(F, ALL, b + 2 * STEP, LITTLE_ENDIAN);
            FloatVector b3 = fromMemorySegment(F, ALL, b + 3 * STEP, LITTLE_ENDIAN);
            FloatVector x0 = broadcast(F, getFloat(a0));
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            c03 = x0.fma(b3, c03);
            FloatVector x1 = broadcast(F, getFloat(a1));
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            c13 = x1.fma(b3, c13);
            FloatVector x2 = broadcast(F, getFloat(a2));
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            c23 = x2.fma(b3, c23);
            FloatVector x3 = broadcast(F, getFloat(a3));
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            c33 = x3.fma(b3, c33);
            a0 += ks;
            a1 += ks;
            a2 += ks;
            a3 += ks;
            b += ldb;
        }
        c00.intoMemorySegment(ALL, c, LITTLE_ENDIAN);
        c01.intoMemorySegment(ALL, c + STEP, LITTLE_ENDIAN);
        c02.intoMemorySegment(ALL, c + 2 * STEP, LITTLE_ENDIAN);
        c03.intoMemorySegment(ALL, c + 3 * STEP, LITTLE_ENDIAN);
        c10.intoMemorySegment(ALL, c + ldc, LITTLE_ENDIAN);
        c11.intoMemorySegment(ALL, c + ldc + STEP, LITTLE_ENDIAN);
        c12.intoMemorySegment(ALL, c + ldc + 2 * STEP, LITTLE_ENDIAN);
        c13.intoMemorySegment(ALL, c + ldc + 3 * STEP, LITTLE_ENDIAN);
        c20.intoMemorySegment(ALL, c + 2 * ldc, LITTLE_ENDIAN);
        c21.intoMemorySegment(ALL, c + 2 * ldc + STEP, LITTLE_ENDIAN);
        c22.intoMemorySegment(ALL, c + 2 * ldc + 2 * STEP, LITTLE_ENDIAN);
        c23.intoMemorySegment(ALL, c + 2 * ldc + 3 * STEP, LITTLE_ENDIAN);
        c30.intoMemorySegment(ALL, c + 3 * ldc, LITTLE_ENDIAN);
        c31.intoMemorySegment(ALL, c + 3 * ldc + STEP, LITTLE_ENDIAN);
        c32.intoMemorySegment(ALL, c + 3 * ldc + 2 * STEP, LITTLE_ENDIAN);
        c33.intoMemorySegment(ALL, c + 3 * ldc + 3 * STEP, LITTLE_ENDIAN);
    }

    private static void tile4x3(long c, long ldc, long from, long ldFrom, long a0, long a1, long a2, long a3, long ks, long b, long ldb, int k) {
        FloatVector c00 = fromMemorySegment(F, ALL, from, LITTLE_ENDIAN), c01 = fromMemorySegment(F, ALL, from + STEP, LITTLE_ENDIAN), c02 = fromMemorySegment(F, ALL, from + 2 * STEP, LITTLE_ENDIAN);
        FloatVector c10 = fromMemorySegment(F, ALL, from + ldFrom, LITTLE_ENDIAN), c11 = fromMemorySegment(F, ALL, from + ldFrom + STEP, LITTLE_ENDIAN), c12 = fromMemorySegment(F, ALL, from + ldFrom + 2 * STEP, LITTLE_ENDIAN);
        FloatVector c20 = fromMemorySegment(F, ALL, from + 2 * ldFrom, LITTLE_ENDIAN), c21 = fromMemorySegment(F, ALL, from + 2 * ldFrom + STEP, LITTLE_ENDIAN), c22 = fromMemorySegment(F, ALL, from + 2 * ldFrom + 2 * STEP, LITTLE_ENDIAN);
        FloatVector c30 = fromMemorySegment(F, ALL, from + 3 * ldFrom, LITTLE_ENDIAN), c31 = fromMemorySegment(F, ALL, from + 3 * ldFrom + STEP, LITTLE_ENDIAN), c32 = fromMemorySegment(F, ALL, from + 3 * ldFrom + 2 * STEP, LITTLE_ENDIAN);
        for (int i = 0; i < k; i++) {
            FloatVector b0 = fromMemorySegment(F, ALL, b, LITTLE_ENDIAN);
            FloatVector b1 = fromMemorySegment(F, ALL, b + STEP, LITTLE_ENDIAN);
            FloatVector b2 = fromMemorySegment(F, ALL, b + 2 * STEP, LITTLE_ENDIAN);
            FloatVector x0 = broadcast(F, getFloat(a0));
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            c02 = x0.fma(b2, c02);
            FloatVector x1 = broadcast(F, getFloat(a1));
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            c12 = x1.fma(b2, c12);
            FloatVector x2 = broadcast(F, getFloat(a2));
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            c22 = x2.fma(b2, c22);
            FloatVector x3 = broadcast(F, getFloat(a3));
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            c32 = x3.fma(b2, c32);
            a0 += ks;
            a1 += ks;
            a2 += ks;
            a3 += ks;
            b += ldb;
        }
        c00.intoMemorySegment(ALL, c, LITTLE_ENDIAN);
        c01.intoMemorySegment(ALL, c + STEP, LITTLE_ENDIAN);
        c02.intoMemorySegment(ALL, c + 2 * STEP, LITTLE_ENDIAN);
        c10.intoMemorySegment(ALL, c + ldc, LITTLE_ENDIAN);
        c11.intoMemorySegment(ALL, c + ldc + STEP, LITTLE_ENDIAN);
        c12.intoMemorySegment(ALL, c + ldc + 2 * STEP, LITTLE_ENDIAN);
        c20.intoMemorySegment(ALL, c + 2 * ldc, LITTLE_ENDIAN);
        c21.intoMemorySegment(ALL, c + 2 * ldc + STEP, LITTLE_ENDIAN);
        c22.intoMemorySegment(ALL, c + 2 * ldc + 2 * STEP, LITTLE_ENDIAN);
        c30.intoMemorySegment(ALL, c + 3 * ldc, LITTLE_ENDIAN);
        c31.intoMemorySegment(ALL, c + 3 * ldc + STEP, LITTLE_ENDIAN);
        c32.intoMemorySegment(ALL, c + 3 * ldc + 2 * STEP, LITTLE_ENDIAN);
    }

    private static void tile4x2(long c, long ldc, long from, long ldFrom, long a0, long a1, long a2, long a3, long ks, long b, long ldb, int k) {
        FloatVector c00 = fromMemorySegment(F, ALL, from, LITTLE_ENDIAN), c01 = fromMemorySegment(F, ALL, from + STEP, LITTLE_ENDIAN);
        FloatVector c10 = fromMemorySegment(F, ALL, from + ldFrom, LITTLE_ENDIAN), c11 = fromMemorySegment(F, ALL, from + ldFrom + STEP, LITTLE_ENDIAN);
        FloatVector c20 = fromMemorySegment(F, ALL, from + 2 * ldFrom, LITTLE_ENDIAN), c21 = fromMemorySegment(F, ALL, from + 2 * ldFrom + STEP, LITTLE_ENDIAN);
        FloatVector c30 = fromMemorySegment(F, ALL, from + 3 * ldFrom, LITTLE_ENDIAN), c31 = fromMemorySegment(F, ALL, from + 3 * ldFrom + STEP, LITTLE_ENDIAN);
        for (int i = 0; i < k; i++) {
            FloatVector b0 = fromMemorySegment(F, ALL, b, LITTLE_ENDIAN);
            FloatVector b1 = fromMemorySegment(F, ALL, b + STEP, LITTLE_ENDIAN);
            FloatVector x0 = broadcast(F, getFloat(a0));
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            FloatVector x1 = broadcast(F, getFloat(a1));
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            FloatVector x2 = broadcast(F, getFloat(a2));
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            FloatVector x3 = broadcast(F, getFloat(a3));
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
            a0 += ks;
            a1 += ks;
            a2 += ks;
            a3 += ks;
            b += ldb;
        }
        c00.intoMemorySegment(ALL, c, LITTLE_ENDIAN);
        c01.intoMemorySegment(ALL, c + STEP, LITTLE_ENDIAN);
        c10.intoMemorySegment(ALL, c + ldc, LITTLE_ENDIAN);
        c11.intoMemorySegment(ALL, c + ldc + STEP, LITTLE_ENDIAN);
        c20.intoMemorySegment(ALL, c + 2 * ldc, LITTLE_ENDIAN);
        c21.intoMemorySegment(ALL, c + 2 * ldc + STEP, LITTLE_ENDIAN);
        c30.intoMemorySegment(ALL, c + 3 * ldc, LITTLE_ENDIAN);
        c31.intoMemorySegment(ALL, c + 3 * ldc + STEP, LITTLE_ENDIAN);
    }

    private static void tile4x1(long c, long ldc, long from, long ldFrom, long a0, long a1, long a2, long a3, long ks, long b, long ldb, int k) {
        FloatVector c00 = fromMemorySegment(F, ALL, from, LITTLE_ENDIAN);
        FloatVector c10 = fromMemorySegment(F, ALL, from + ldFrom, LITTLE_ENDIAN);
        FloatVector c20 = fromMemorySegment(F, ALL, from + 2 * ldFrom, LITTLE_ENDIAN);
        FloatVector c30 = fromMemorySegment(F, ALL, from + 3 * ldFrom, LITTLE_ENDIAN);
        for (int i = 0; i < k; i++) {
            FloatVector b0 = fromMemorySegment(F, ALL, b, LITTLE_ENDIAN);
            FloatVector x0 = broadcast(F, getFloat(a0));
            c00 = x0.fma(b0, c00);
            FloatVector x1 = broadcast(F, getFloat(a1));
            c10 = x1.fma(b0, c10);
            FloatVector x2 = broadcast(F, getFloat(a2));
            c20 = x2.fma(b0, c20);
            FloatVector x3 = broadcast(F, getFloat(a3));
            c30 = x3.fma(b0, c30);
            a0 += ks;
            a1 += ks;
            a2 += ks;
            a3 += ks;
            b += ldb;
        }
        c00.intoMemorySegment(ALL, c, LITTLE_ENDIAN);
        c10.intoMemorySegment(ALL, c + ldc, LITTLE_ENDIAN);
        c20.intoMemorySegment(ALL, c + 2 * ldc, LITTLE_ENDIAN);
        c30.intoMemorySegment(ALL, c + 3 * ldc, LITTLE_ENDIAN);
    }
}
