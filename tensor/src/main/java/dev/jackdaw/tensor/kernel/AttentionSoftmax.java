package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.AttentionTiles.F;
import static dev.jackdaw.tensor.kernel.AttentionTiles.L;
import static dev.jackdaw.tensor.kernel.AttentionTiles.STEP;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The softmax of rows of scores, with what happens to the scores before: some are hidden, some models cap them.
final class AttentionSoftmax {
    /// The base of a row of weights before its first score: below every logit, yet finite, so that the difference of two such is 0, not NaN.
    static final float NONE = -1e30f;
    static final float LOG2E = 1.4426950408889634f;

    /// By how much a score, in powers of two, may exceed the base of its row of weights.
    private static final float MARGIN = 8;
    private static final FloatVector IOTA = iota();

    /// 2^x = 2^n · 2^f with n the nearest integer. Adding and taking away 1.5·2^23 rounds, and leaves n in the low bits of the sum.
    /// The polynomial is 2^f for f in [-1/2,1/2] with relative error 8e-8 as evaluated here (a minimax fit with the constant kept at 1).
    private static final float ROUND = 12582912f;
    private static final float E1 = 0.693147242f, E2 = 0.240226507f, E3 = 0.0555029735f, E4 = 0.00961803086f, E5 = 0.00134100008f,
            E6 = 0.000154697322f;
    /// At and below this, 2^x comes out as exactly 0: f is 0, the polynomial 1, and its exponent 127 is taken away.
    private static final float TINY = -127f;
    /// From here on, (2^x - 1) / (2^x + 1) is 1.
    private static final float CAPPED = 30f;

    private AttentionSoftmax() {
    }

    private static FloatVector iota() {
        float[] lanes = new float[F.length()];
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = i;
        }
        return FloatVector.fromArray(F, lanes, 0);
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
}
