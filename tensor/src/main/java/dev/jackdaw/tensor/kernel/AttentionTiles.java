package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getLong;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.Memory.putLong;
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

    /// The base of a row of weights before its first score: below every logit, yet finite, so that the difference of two such is 0, not NaN.
    static final float NONE = -1e30f;
    static final float LOG2E = 1.4426950408889634f;

    /// Where sums start that start from 0: a row of a tile.
    private static final long ZEROS = Arena.global().allocate(4L * WIDE, Memory.ALIGNMENT).address();
    /// By how much a score, in powers of two, may exceed the base of its row of weights.
    private static final float MARGIN = 8;
    private static final FloatVector IOTA = iota();

    /// The lanes whose number has the bit 8, and so on.
    private static final VectorMask<Float> HAS_8 = has(8), HAS_4 = has(4), HAS_2 = has(2), HAS_1 = has(1);

    /// 2^x = 2^n · 2^f with n the nearest integer. Adding and taking away 1.5·2^23 rounds, and leaves n in the low bits of the sum.
    /// The polynomial is 2^f for f in [-1/2,1/2] with relative error 8e-8 as evaluated here (a minimax fit with the constant kept at 1).
    private static final float ROUND = 12582912f;
    private static final float E1 = 0.693147242f, E2 = 0.240226507f, E3 = 0.0555029735f, E4 = 0.00961803086f, E5 = 0.00134100008f,
            E6 = 0.000154697322f;
    /// At and below this, 2^x comes out as exactly 0: f is 0, the polynomial 1, and its exponent 127 is taken away.
    private static final float TINY = -127f;
    /// From here on, (2^x - 1) / (2^x + 1) is 1.
    private static final float CAPPED = 30f;

    private AttentionTiles() {
    }

    private static FloatVector iota() {
        float[] lanes = new float[F.length()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = i;
        }
        return FloatVector.fromArray(F, lanes, 0);
    }

    private static VectorMask<Float> has(int bit) {
        boolean[] lanes = new boolean[F.length()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = (i & bit) != 0;
        }
        return VectorMask.fromArray(F, lanes, 0);
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
        for (int i = to / L; i < vectors; i++) {
            FloatVector x = fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN);
            x.blend(Float.NEGATIVE_INFINITY, IOTA.compare(VectorOperators.GE, to - i * L)).intoMemorySegment(ALL, s + i * STEP, LITTLE_ENDIAN);
        }
        for (int i = 0; i < vectors && i * L < from; i++) {
            FloatVector x = fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN);
            x.blend(Float.NEGATIVE_INFINITY, IOTA.compare(VectorOperators.LT, from - i * L)).intoMemorySegment(ALL, s + i * STEP, LITTLE_ENDIAN);
        }
    }

    /// Caps a row of scores: s = cap · tanh(factor · s). By e = 2^x - 1 with x = 2·log2(e)·factor·s, tanh = e / (e + 2): exact near 0, where
    /// e is the polynomial alone.
    static void cap(long s, int vectors, float factor, float cap) {
        float twice = 2 * LOG2E * factor;
        for (int i = 0; i < vectors; i++) {
            FloatVector y = fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN).mul(twice);
            y = y.blend(-CAPPED, y.compare(VectorOperators.LT, -CAPPED));
            y = y.blend(CAPPED, y.compare(VectorOperators.GT, CAPPED));
            FloatVector rounded = y.add(ROUND);
            FloatVector f = y.sub(rounded.sub(ROUND));
            FloatVector p = f.fma(broadcast(F, E6), broadcast(F, E5)).fma(f, broadcast(F, E4))
                    .fma(f, broadcast(F, E3)).fma(f, broadcast(F, E2)).fma(f, broadcast(F, E1)).mul(f);
            FloatVector n = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(127 << 23).reinterpretAsFloats();
            FloatVector e = p.fma(n, n.sub(1f));
            e.div(e.add(2f)).mul(cap).intoMemorySegment(ALL, s + i * STEP, LITTLE_ENDIAN);
        }
    }

    /// The gradient of [#cap] but for its factor: ds = ds · (1 - (s / cap)²), where s is the row of capped scores.
    static void capBackward(long ds, long s, int vectors, float cap) {
        for (int i = 0; i < vectors; i++) {
            FloatVector t = fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN).div(cap);
            FloatVector d = fromMemorySegment(F, ALL, ds + i * STEP, LITTLE_ENDIAN);
            d.sub(d.mul(t).mul(t)).intoMemorySegment(ALL, ds + i * STEP, LITTLE_ENDIAN);
        }
    }

    /// a = keep·a + factor·b, for `n` floats, a multiple of [#L].
    static void mix(long a, float keep, long b, float factor, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector kept = fromMemorySegment(F, ALL, a + 4L * i, LITTLE_ENDIAN).mul(keep);
            fromMemorySegment(F, ALL, b + 4L * i, LITTLE_ENDIAN).fma(broadcast(F, factor), kept).intoMemorySegment(ALL, a + 4L * i, LITTLE_ENDIAN);
        }
    }

    /// One row of the online softmax: turns `vectors` vectors of raw scores at `s` into weights 2^(c·(s - base)), and adds a vector of
    /// partial sums of them to `sum`.
    ///
    /// The base, kept at `base`, need not be the largest score, only near it: no weight may overflow, and the largest may not vanish. So
    /// it begins as the score of the first key that is seen, number `first` of this row of scores, and moves to the largest score only
    /// when that exceeds it by more than [#MARGIN] (an idea of FlashAttention-4). Where it moves, what was summed before, in `sum` and in
    /// the row `o` of `oVectors` vectors, shrinks by the same factor.
    static void softmax(long s, int vectors, int first, float c, long base, long sum, long o, int oVectors) {
        float before = getFloat(base), now = before;
        if (before == NONE && first < vectors * L) {
            now = Math.max(NONE, getFloat(s + 4L * first));
        }
        float limit = now + MARGIN / c;
        FloatVector most = fromMemorySegment(F, ALL, s, LITTLE_ENDIAN);
        for (int i = 1; i < vectors; i++) {
            FloatVector x = fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN);
            most = most.blend(x, x.compare(VectorOperators.GT, most));
        }
        if (most.compare(VectorOperators.GT, limit).anyTrue()) {
            now = Math.max(now, largest(s, vectors));
        }
        if (now != before) {
            putFloat(base, now);
            if (before != NONE) {
                float shrink = (float) Math.exp(((double) before - now) * c * 0.6931471805599453);
                fromMemorySegment(F, ALL, sum, LITTLE_ENDIAN).mul(shrink).intoMemorySegment(ALL, sum, LITTLE_ENDIAN);
                for (int i = 0; i < oVectors; i++) {
                    fromMemorySegment(F, ALL, o + i * STEP, LITTLE_ENDIAN).mul(shrink).intoMemorySegment(ALL, o + i * STEP, LITTLE_ENDIAN);
                }
            }
        }
        FloatVector total = fromMemorySegment(F, ALL, sum, LITTLE_ENDIAN);
        float shift = -now * c;
        for (int i = 0; i < vectors; i++) {
            FloatVector y = fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN).fma(broadcast(F, c), broadcast(F, shift));
            y = y.blend(TINY, y.compare(VectorOperators.LT, TINY));
            FloatVector rounded = y.add(ROUND);
            FloatVector f = y.sub(rounded.sub(ROUND));
            FloatVector p = f.fma(broadcast(F, E6), broadcast(F, E5)).fma(f, broadcast(F, E4))
                    .fma(f, broadcast(F, E3)).fma(f, broadcast(F, E2)).fma(f, broadcast(F, E1)).fma(f, broadcast(F, 1f));
            IntVector n = rounded.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
            FloatVector weight = p.reinterpretAsInts().add(n).reinterpretAsFloats();
            weight.intoMemorySegment(ALL, s + i * STEP, LITTLE_ENDIAN);
            total = total.add(weight);
        }
        total.intoMemorySegment(ALL, sum, LITTLE_ENDIAN);
    }

    private static float largest(long s, int vectors) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < vectors; i++) {
            largest = Math.max(largest, fromMemorySegment(F, ALL, s + i * STEP, LITTLE_ENDIAN).reduceLanes(VectorOperators.MAX));
        }
        return largest;
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
