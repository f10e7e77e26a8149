package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getLong;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.Memory.putLong;
import static dev.jackdaw.tensor.kernel.AttentionTiles.F;
import static dev.jackdaw.tensor.kernel.AttentionTiles.L;
import static dev.jackdaw.tensor.kernel.AttentionTiles.WIDE;
import static dev.jackdaw.tensor.kernel.AttentionTiles.padded;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Rows on their way into the tiles of [AttentionTiles] and out of them, with zeros where a tile is larger than the rows.
final class AttentionRows {
    /// The lanes whose number has the bit 8, and so on.
    private static final VectorMask<Float> HAS_8 = has(8), HAS_4 = has(4), HAS_2 = has(2), HAS_1 = has(1);

    private AttentionRows() {
    }

    private static VectorMask<Float> has(int bit) {
        boolean[] lanes = new boolean[F.length()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = (i & bit) != 0;
        }
        return VectorMask.fromArray(F, lanes, 0);
    }

    /// Sets `n` floats to 0; `n` is a multiple of [#L].
    static void zero(long address, long n) {
        for (long i = 0; i < n; i += L) {
            FloatVector.zero(F).intoMemorySegment(ALL, address + 4 * i, LITTLE_ENDIAN);
        }
    }

    /// Columns [0,n) of `to` `[D,WIDE]` are `n` rows of `D`; the other columns are 0. In squares of 16 with vectors of 16 lanes, else two
    /// rows by two columns at a time, as two longs.
    static void transpose(long to, long from, long stride, int n, int D) {
        int square = L == 16 ? 16 : 2, rows = n / square * square, columns = D / square * square;
        for (int j = 0; j < rows; j += square) {
            long upper = from + 4 * j * stride, column = to + 4L * j;
            for (int d = 0; d < columns; d += square) {
                if (L == 16) {
                    transposeSquare(column + 4L * d * WIDE, upper + 4L * d, 4 * stride);
                } else {
                    long x = getLong(upper + 4L * d), y = getLong(upper + 4 * (stride + d)), at = column + 4L * d * WIDE;
                    putLong(at, x & 0xffffffffL | y << 32);
                    putLong(at + 4L * WIDE, x >>> 32 | y & 0xffffffff00000000L);
                }
            }
        }
        for (int j = 0; j < WIDE; j++) {
            for (int d = j < rows ? columns : 0; d < D; d++) {
                putFloat(to + 4L * (d * WIDE + j), j < n ? getFloat(from + 4 * (j * stride + d)) : 0);
            }
        }
    }

    /// Transposes 16 rows, `stride` bytes apart, of 16: first the quarters of side 8 change places across the diagonal, then those of
    /// side 4 within each, and so on.
    private static void transposeSquare(long to, long from, long stride) {
        FloatVector a0 = fromMemorySegment(F, ALL, from, LITTLE_ENDIAN);
        FloatVector a1 = fromMemorySegment(F, ALL, from + stride, LITTLE_ENDIAN);
        FloatVector a2 = fromMemorySegment(F, ALL, from + 2 * stride, LITTLE_ENDIAN);
        FloatVector a3 = fromMemorySegment(F, ALL, from + 3 * stride, LITTLE_ENDIAN);
        FloatVector a4 = fromMemorySegment(F, ALL, from + 4 * stride, LITTLE_ENDIAN);
        FloatVector a5 = fromMemorySegment(F, ALL, from + 5 * stride, LITTLE_ENDIAN);
        FloatVector a6 = fromMemorySegment(F, ALL, from + 6 * stride, LITTLE_ENDIAN);
        FloatVector a7 = fromMemorySegment(F, ALL, from + 7 * stride, LITTLE_ENDIAN);
        FloatVector a8 = fromMemorySegment(F, ALL, from + 8 * stride, LITTLE_ENDIAN);
        FloatVector a9 = fromMemorySegment(F, ALL, from + 9 * stride, LITTLE_ENDIAN);
        FloatVector a10 = fromMemorySegment(F, ALL, from + 10 * stride, LITTLE_ENDIAN);
        FloatVector a11 = fromMemorySegment(F, ALL, from + 11 * stride, LITTLE_ENDIAN);
        FloatVector a12 = fromMemorySegment(F, ALL, from + 12 * stride, LITTLE_ENDIAN);
        FloatVector a13 = fromMemorySegment(F, ALL, from + 13 * stride, LITTLE_ENDIAN);
        FloatVector a14 = fromMemorySegment(F, ALL, from + 14 * stride, LITTLE_ENDIAN);
        FloatVector a15 = fromMemorySegment(F, ALL, from + 15 * stride, LITTLE_ENDIAN);
        FloatVector b0 = a0.blend(a8.rearrange(Vectors.ACROSS_8), HAS_8);
        FloatVector b1 = a1.blend(a9.rearrange(Vectors.ACROSS_8), HAS_8);
        FloatVector b2 = a2.blend(a10.rearrange(Vectors.ACROSS_8), HAS_8);
        FloatVector b3 = a3.blend(a11.rearrange(Vectors.ACROSS_8), HAS_8);
        FloatVector b4 = a4.blend(a12.rearrange(Vectors.ACROSS_8), HAS_8);
        FloatVector b5 = a5.blend(a13.rearrange(Vectors.ACROSS_8), HAS_8);
        FloatVector b6 = a6.blend(a14.rearrange(Vectors.ACROSS_8), HAS_8);
        FloatVector b7 = a7.blend(a15.rearrange(Vectors.ACROSS_8), HAS_8);
        FloatVector b8 = a0.rearrange(Vectors.ACROSS_8).blend(a8, HAS_8);
        FloatVector b9 = a1.rearrange(Vectors.ACROSS_8).blend(a9, HAS_8);
        FloatVector b10 = a2.rearrange(Vectors.ACROSS_8).blend(a10, HAS_8);
        FloatVector b11 = a3.rearrange(Vectors.ACROSS_8).blend(a11, HAS_8);
        FloatVector b12 = a4.rearrange(Vectors.ACROSS_8).blend(a12, HAS_8);
        FloatVector b13 = a5.rearrange(Vectors.ACROSS_8).blend(a13, HAS_8);
        FloatVector b14 = a6.rearrange(Vectors.ACROSS_8).blend(a14, HAS_8);
        FloatVector b15 = a7.rearrange(Vectors.ACROSS_8).blend(a15, HAS_8);
        FloatVector c0 = b0.blend(b4.rearrange(Vectors.ACROSS_4), HAS_4);
        FloatVector c1 = b1.blend(b5.rearrange(Vectors.ACROSS_4), HAS_4);
        FloatVector c2 = b2.blend(b6.rearrange(Vectors.ACROSS_4), HAS_4);
        FloatVector c3 = b3.blend(b7.rearrange(Vectors.ACROSS_4), HAS_4);
        FloatVector c4 = b0.rearrange(Vectors.ACROSS_4).blend(b4, HAS_4);
        FloatVector c5 = b1.rearrange(Vectors.ACROSS_4).blend(b5, HAS_4);
        FloatVector c6 = b2.rearrange(Vectors.ACROSS_4).blend(b6, HAS_4);
        FloatVector c7 = b3.rearrange(Vectors.ACROSS_4).blend(b7, HAS_4);
        FloatVector c8 = b8.blend(b12.rearrange(Vectors.ACROSS_4), HAS_4);
        FloatVector c9 = b9.blend(b13.rearrange(Vectors.ACROSS_4), HAS_4);
        FloatVector c10 = b10.blend(b14.rearrange(Vectors.ACROSS_4), HAS_4);
        FloatVector c11 = b11.blend(b15.rearrange(Vectors.ACROSS_4), HAS_4);
        FloatVector c12 = b8.rearrange(Vectors.ACROSS_4).blend(b12, HAS_4);
        FloatVector c13 = b9.rearrange(Vectors.ACROSS_4).blend(b13, HAS_4);
        FloatVector c14 = b10.rearrange(Vectors.ACROSS_4).blend(b14, HAS_4);
        FloatVector c15 = b11.rearrange(Vectors.ACROSS_4).blend(b15, HAS_4);
        FloatVector d0 = c0.blend(c2.rearrange(Vectors.ACROSS_2), HAS_2);
        FloatVector d1 = c1.blend(c3.rearrange(Vectors.ACROSS_2), HAS_2);
        FloatVector d2 = c0.rearrange(Vectors.ACROSS_2).blend(c2, HAS_2);
        FloatVector d3 = c1.rearrange(Vectors.ACROSS_2).blend(c3, HAS_2);
        FloatVector d4 = c4.blend(c6.rearrange(Vectors.ACROSS_2), HAS_2);
        FloatVector d5 = c5.blend(c7.rearrange(Vectors.ACROSS_2), HAS_2);
        FloatVector d6 = c4.rearrange(Vectors.ACROSS_2).blend(c6, HAS_2);
        FloatVector d7 = c5.rearrange(Vectors.ACROSS_2).blend(c7, HAS_2);
        FloatVector d8 = c8.blend(c10.rearrange(Vectors.ACROSS_2), HAS_2);
        FloatVector d9 = c9.blend(c11.rearrange(Vectors.ACROSS_2), HAS_2);
        FloatVector d10 = c8.rearrange(Vectors.ACROSS_2).blend(c10, HAS_2);
        FloatVector d11 = c9.rearrange(Vectors.ACROSS_2).blend(c11, HAS_2);
        FloatVector d12 = c12.blend(c14.rearrange(Vectors.ACROSS_2), HAS_2);
        FloatVector d13 = c13.blend(c15.rearrange(Vectors.ACROSS_2), HAS_2);
        FloatVector d14 = c12.rearrange(Vectors.ACROSS_2).blend(c14, HAS_2);
        FloatVector d15 = c13.rearrange(Vectors.ACROSS_2).blend(c15, HAS_2);
        FloatVector e0 = d0.blend(d1.rearrange(Vectors.ACROSS_1), HAS_1);
        FloatVector e1 = d0.rearrange(Vectors.ACROSS_1).blend(d1, HAS_1);
        FloatVector e2 = d2.blend(d3.rearrange(Vectors.ACROSS_1), HAS_1);
        FloatVector e3 = d2.rearrange(Vectors.ACROSS_1).blend(d3, HAS_1);
        FloatVector e4 = d4.blend(d5.rearrange(Vectors.ACROSS_1), HAS_1);
        FloatVector e5 = d4.rearrange(Vectors.ACROSS_1).blend(d5, HAS_1);
        FloatVector e6 = d6.blend(d7.rearrange(Vectors.ACROSS_1), HAS_1);
        FloatVector e7 = d6.rearrange(Vectors.ACROSS_1).blend(d7, HAS_1);
        FloatVector e8 = d8.blend(d9.rearrange(Vectors.ACROSS_1), HAS_1);
        FloatVector e9 = d8.rearrange(Vectors.ACROSS_1).blend(d9, HAS_1);
        FloatVector e10 = d10.blend(d11.rearrange(Vectors.ACROSS_1), HAS_1);
        FloatVector e11 = d10.rearrange(Vectors.ACROSS_1).blend(d11, HAS_1);
        FloatVector e12 = d12.blend(d13.rearrange(Vectors.ACROSS_1), HAS_1);
        FloatVector e13 = d12.rearrange(Vectors.ACROSS_1).blend(d13, HAS_1);
        FloatVector e14 = d14.blend(d15.rearrange(Vectors.ACROSS_1), HAS_1);
        FloatVector e15 = d14.rearrange(Vectors.ACROSS_1).blend(d15, HAS_1);
        e0.intoMemorySegment(ALL, to, LITTLE_ENDIAN);
        e1.intoMemorySegment(ALL, to + 4L * WIDE, LITTLE_ENDIAN);
        e2.intoMemorySegment(ALL, to + 8L * WIDE, LITTLE_ENDIAN);
        e3.intoMemorySegment(ALL, to + 12L * WIDE, LITTLE_ENDIAN);
        e4.intoMemorySegment(ALL, to + 16L * WIDE, LITTLE_ENDIAN);
        e5.intoMemorySegment(ALL, to + 20L * WIDE, LITTLE_ENDIAN);
        e6.intoMemorySegment(ALL, to + 24L * WIDE, LITTLE_ENDIAN);
        e7.intoMemorySegment(ALL, to + 28L * WIDE, LITTLE_ENDIAN);
        e8.intoMemorySegment(ALL, to + 32L * WIDE, LITTLE_ENDIAN);
        e9.intoMemorySegment(ALL, to + 36L * WIDE, LITTLE_ENDIAN);
        e10.intoMemorySegment(ALL, to + 40L * WIDE, LITTLE_ENDIAN);
        e11.intoMemorySegment(ALL, to + 44L * WIDE, LITTLE_ENDIAN);
        e12.intoMemorySegment(ALL, to + 48L * WIDE, LITTLE_ENDIAN);
        e13.intoMemorySegment(ALL, to + 52L * WIDE, LITTLE_ENDIAN);
        e14.intoMemorySegment(ALL, to + 56L * WIDE, LITTLE_ENDIAN);
        e15.intoMemorySegment(ALL, to + 60L * WIDE, LITTLE_ENDIAN);
    }

    /// `to` `[n,padded(D)]` are `n` rows of `D`, with zeros behind each.
    static void copyRows(long to, long from, long stride, int n, int D) {
        int width = padded(D), whole = D / L * L;
        for (int j = 0; j < n; j++) {
            long x = from + 4 * j * stride, y = to + 4L * j * width;
            for (int d = 0; d < whole; d += L) {
                fromMemorySegment(F, ALL, x + 4L * d, LITTLE_ENDIAN).intoMemorySegment(ALL, y + 4L * d, LITTLE_ENDIAN);
            }
            for (int d = whole; d < width; d++) {
                putFloat(y + 4L * d, d < D ? getFloat(x + 4L * d) : 0);
            }
        }
    }

    /// `n` rows of `D` at `to`, with a stride, are those of `from` `[n,padded(D)]` times `factor`.
    static void writeRows(long to, long stride, long from, int n, int D, float factor) {
        for (int j = 0; j < n; j++) {
            writeRow(to + 4 * j * stride, from + 4L * j * padded(D), D, factor);
        }
    }

    static void writeRow(long to, long from, int D, float factor) {
        int whole = D / L * L;
        for (int d = 0; d < whole; d += L) {
            fromMemorySegment(F, ALL, from + 4L * d, LITTLE_ENDIAN).mul(factor).intoMemorySegment(ALL, to + 4L * d, LITTLE_ENDIAN);
        }
        for (int d = whole; d < D; d++) {
            putFloat(to + 4L * d, getFloat(from + 4L * d) * factor);
        }
    }

    /// Sets `deltas` of `n` rows: delta = Σ x·y over rows of `width` floats, a multiple of [#L].
    static void dots(long deltas, long x, long y, int n, int width) {
        for (int r = 0; r < n; r++) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = 0; i < width; i += L) {
                long at = 4L * (r * width + i);
                sum = fromMemorySegment(F, ALL, x + at, LITTLE_ENDIAN).fma(fromMemorySegment(F, ALL, y + at, LITTLE_ENDIAN), sum);
            }
            putFloat(deltas + 4L * r, Vectors.sum(sum));
        }
    }

    /// The sum of the lanes of the vector at `x`.
    static float sum(long x) {
        return Vectors.sum(fromMemorySegment(F, ALL, x, LITTLE_ENDIAN));
    }
}
