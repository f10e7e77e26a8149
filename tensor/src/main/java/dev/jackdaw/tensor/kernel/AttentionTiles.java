package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.jackdaw.tensor.Memory;
import java.lang.foreign.Arena;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// What the fast attention kernels are made of: a register-blocked product of small matrices, the softmax of a row of scores, and the
/// copying of rows into places where vectors can be loaded from them.
///
/// A tile is as wide as four vectors, [#WIDE] floats; product tiles have four rows, so that sixteen sums stay in registers while four
/// vectors and one broadcast are loaded. Sizes are edges of tiles: matrices in scratch are padded to whole vectors, and to four rows.
final class AttentionTiles {
    static final VectorSpecies<Float> F = Vectors.FLOATS;
    static final int L = F.length();
    static final int WIDE = 4 * L;
    private static final long STEP = 4L * L;

    /// Where a running maximum starts: below every logit, yet finite, so that the difference of two such is 0 and not NaN.
    static final float NONE = -1e30f;
    static final float LOG2E = 1.4426950408889634f;

    /// Where sums start that start from 0: a row of a tile.
    private static final long ZEROS = Arena.global().allocate(4L * WIDE, Memory.ALIGNMENT).address();
    private static final FloatVector IOTA = iota();

    /// 2^x = 2^n · 2^f with n the nearest integer. Adding and taking away 1.5·2^23 rounds, and leaves n in the low bits of the sum.
    /// The polynomial is 2^f for f in [-1/2,1/2] with relative error 8e-8 as evaluated here (a minimax fit with the constant kept at 1).
    private static final float ROUND = 12582912f;
    private static final float E1 = 0.693147242f, E2 = 0.240226507f, E3 = 0.0555029735f, E4 = 0.00961803086f, E5 = 0.00134100008f,
            E6 = 0.000154697322f;
    /// At and below this, 2^x comes out as exactly 0: f is 0, the polynomial 1, and its exponent 127 is taken away.
    private static final float TINY = -127f;

    private AttentionTiles() {
    }

    private static FloatVector iota() {
        float[] lanes = new float[F.length()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = i;
        }
        return FloatVector.fromArray(F, lanes, 0);
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

    /// Sets `n` floats to 0; `n` is a multiple of [#L].
    static void zero(long address, long n) {
        for (long i = 0; i < n; i += L) {
            FloatVector.zero(F).intoMemorySegment(ALL, address + 4 * i, LITTLE_ENDIAN);
        }
    }

    /// Hides the scores outside [from,to) of a row of `vectors` vectors: their weight will be 0.
    static void hide(long s, int vectors, int from, int to) {
        for (int i = 0; i < vectors; i++) {
            VectorMask<Float> outside = IOTA.compare(VectorOperators.LT, from - i * L).or(IOTA.compare(VectorOperators.GE, to - i * L));
            fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN).blend(Float.NEGATIVE_INFINITY, outside).intoMemorySegment(ALL, s + i * STEP, LITTLE_ENDIAN);
        }
    }

    /// One row of the online softmax. Turns `vectors` vectors of raw scores at `s` into weights 2^(c·(s - max)), where max is the largest
    /// score of the row so far; keeps it at `max`, and a vector of partial sums of the weights at `sum`. Where the maximum grows, what
    /// was summed before, in `sum` and in the row `o` of `oVectors` vectors, shrinks by the same factor.
    static void softmax(long s, int vectors, float c, long max, long sum, long o, int oVectors) {
        FloatVector most = fromMemorySegment(F, ALL, s, LITTLE_ENDIAN);
        for (int i = 1; i < vectors; i++) {
            FloatVector x = fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN);
            most = most.blend(x, x.compare(VectorOperators.GT, most));
        }
        FloatVector other8 = most.rearrange(Vectors.ACROSS_8);
        most = most.blend(other8, other8.compare(VectorOperators.GT, most));
        FloatVector other4 = most.rearrange(Vectors.ACROSS_4);
        most = most.blend(other4, other4.compare(VectorOperators.GT, most));
        FloatVector other2 = most.rearrange(Vectors.ACROSS_2);
        most = most.blend(other2, other2.compare(VectorOperators.GT, most));
        FloatVector other1 = most.rearrange(Vectors.ACROSS_1);
        most = most.blend(other1, other1.compare(VectorOperators.GT, most));
        float before = getFloat(max), now = most.lane(0);
        if (now > before) {
            putFloat(max, now);
            if (before > NONE) {
                float shrink = (float) Math.exp(((double) before - now) * c * 0.6931471805599453);
                fromMemorySegment(F, ALL, sum, LITTLE_ENDIAN).mul(shrink).intoMemorySegment(ALL, sum, LITTLE_ENDIAN);
                for (int i = 0; i < oVectors; i++) {
                    fromMemorySegment(F, ALL, o + i * STEP, LITTLE_ENDIAN).mul(shrink).intoMemorySegment(ALL, o + i * STEP, LITTLE_ENDIAN);
                }
            }
        } else {
            now = before;
        }
        FloatVector total = fromMemorySegment(F, ALL, sum, LITTLE_ENDIAN);
        float shift = -now * c;
        for (int i = 0; i < vectors; i++) {
            FloatVector y = fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN).fma(broadcast(F, c), broadcast(F, shift));
            y = y.blend(TINY, y.compare(VectorOperators.LT, TINY));
            FloatVector rounded = y.add(ROUND);
            FloatVector f = y.sub(rounded.sub(ROUND));
            FloatVector p = f.fma(broadcast(F, E6), broadcast(F, E5)).fma(f, broadcast(F, E4))
                    .fma(f, broadcast(F, E3)).fma(f, broadcast(F, E2)).fma(f, broadcast(F, E1))
                    .fma(f, broadcast(F, 1f));
            IntVector n = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            FloatVector weight = p.reinterpretAsInts().add(n).reinterpretAsFloats();
            weight.intoMemorySegment(ALL, s + i * STEP, LITTLE_ENDIAN);
            total = total.add(weight);
        }
        total.intoMemorySegment(ALL, sum, LITTLE_ENDIAN);
    }

    /// Backward of a row of softmax: raw scores at `s` become weights p = 2^(c·s - lse2), and dp becomes ds = p · (dp - delta).
    static void softmaxBackward(long s, long dp, int vectors, float c, float lse2, float delta) {
        for (int i = 0; i < vectors; i++) {
            FloatVector y = fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN).fma(broadcast(F, c), broadcast(F, -lse2));
            y = y.blend(TINY, y.compare(VectorOperators.LT, TINY));
            FloatVector rounded = y.add(ROUND);
            FloatVector f = y.sub(rounded.sub(ROUND));
            FloatVector p = f.fma(broadcast(F, E6), broadcast(F, E5)).fma(f, broadcast(F, E4))
                    .fma(f, broadcast(F, E3)).fma(f, broadcast(F, E2)).fma(f, broadcast(F, E1))
                    .fma(f, broadcast(F, 1f));
            IntVector n = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            FloatVector weight = p.reinterpretAsInts().add(n).reinterpretAsFloats();
            weight.intoMemorySegment(ALL, s + i * STEP, LITTLE_ENDIAN);
            fromMemorySegment(F, ALL, dp + i * STEP, LITTLE_ENDIAN).sub(delta).mul(weight).intoMemorySegment(ALL, dp + i * STEP, LITTLE_ENDIAN);
        }
    }

    /// Columns [0,n) of `to` `[D,WIDE]` are `n` rows of `D`; the other columns are 0.
    static void transpose(long to, long from, long stride, int n, int D) {
        for (int j = 0; j < n; j++) {
            for (int d = 0; d < D; d++) {
                putFloat(to + 4L * (d * WIDE + j), getFloat(from + 4 * (j * stride + d)));
            }
        }
        for (int d = 0; d < D; d++) {
            for (int j = n; j < WIDE; j++) {
                putFloat(to + 4L * (d * WIDE + j), 0);
            }
        }
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
