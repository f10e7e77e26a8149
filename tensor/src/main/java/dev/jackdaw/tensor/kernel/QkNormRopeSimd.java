package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;
import static dev.jackdaw.tensor.kernel.Lanes.ONES;
import static dev.jackdaw.tensor.kernel.Lanes.ZEROS;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/// [QkNormRope] by the Vector API, one head at a time. Norm and rotation are one formula; what is absent is replaced by ones and zeros
/// (see [Lanes#ONES]): no weight is a weight of ones and r = 1, no table is a cosine of 1 and a sine of 0.
///
/// The backward rotation is the forward rotation by the opposite angle, so `turn` = ±1 multiplies the sines.
public class QkNormRopeSimd implements QkNormRope {
    /// Neighbours change places: 1 0 3 2 …
    private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, i -> i ^ 1);
    /// Each number of the lower half of a vector twice: 0 0 1 1 …
    private static final VectorShuffle<Float> TWICE = VectorShuffle.fromOp(F, i -> i / 2);
    /// −1 1 −1 1 …
    private static final FloatVector ALTERNATING = FloatVector.broadcast(F, 1).blend(-1, VectorMask.fromLong(F, 0x5555));
    /// The lower half of a vector: the cosines of as many pairs as a vector holds.
    private static final VectorMask<Float> PAIRS = VectorMask.fromLong(F, (1 << LANES / 2) - 1);

    @Override
    public void forward(long out, long outStride, long rstd, long x, long xStride, long weight, long cosSin, long positions,
                        long from, long to, int heads, int D, float eps, boolean interleaved) {
        QkNormRope.requireEven(D);
        for (long n = from; n < to; n++) {
            long table = cosSin == 0 ? 0 : cosSin + 4L * D * getInt(positions + 4 * n);
            for (int h = 0; h < heads; h++) {
                long head = x + 4 * (n * xStride + (long) h * D);
                float r = 1;
                if (weight != 0) {
                    r = (float) (1 / Math.sqrt((double) sumOfSquares(head, D) / D + eps));
                    if (rstd != 0) {
                        putFloat(rstd + 4 * (n * heads + h), r);
                    }
                }
                rotate(out + 4 * (n * outStride + (long) h * D), head, weight, r, table, D, 1, interleaved);
            }
        }
    }

    @Override
    public void backward(long dx, long dxStride, long dWeight, long x, long xStride, long weight, long rstd, long dOut, long dOutStride,
                         long cosSin, long positions, long from, long to, int heads, int D, boolean interleaved) {
        QkNormRope.requireEven(D);
        for (long n = from; n < to; n++) {
            long table = cosSin == 0 ? 0 : cosSin + 4L * D * getInt(positions + 4 * n);
            for (int h = 0; h < heads; h++) {
                long dHead = dx + 4 * (n * dxStride + (long) h * D);
                rotate(dHead, dOut + 4 * (n * dOutStride + (long) h * D), 0, 1, table, D, -1, interleaved);
                if (weight != 0) {
                    long head = x + 4 * (n * xStride + (long) h * D);
                    float r = getFloat(rstd + 4 * (n * heads + h));
                    float mean = sumOfProducts(head, dHead, weight, D) * r / D;
                    if (dWeight != 0) {
                        addProducts(dWeight, head, dHead, D, r);
                    }
                    normGradient(dHead, head, weight, D, r, mean);
                }
            }
        }
    }

    private static void rotate(long out, long x, long weight, float r, long table, int D, float turn, boolean interleaved) {
        long w = weight == 0 ? ONES : weight;
        int wStep = weight == 0 ? 0 : 1;
        long cos = table == 0 ? ONES : table;
        long sin = table == 0 ? ZEROS : table + 2L * D;
        int step = table == 0 ? 0 : 1;
        if (interleaved) {
            rotateNeighbours(out, x, w, wStep, r, cos, sin, step, D, turn);
        } else {
            rotateHalves(out, x, w, wStep, r, cos, sin, step, D / 2, turn);
        }
    }

    /// Pairs (i, i + half): both halves are contiguous, and so are the cosines and sines.
    private static void rotateHalves(long out, long x, long w, int wStep, float r, long cos, long sin, int step, int half, float turn) {
        long b = 4L * half;
        int i = 0;
        for (; i <= half - LANES; i += LANES) {
            long a = 4L * i;
            FloatVector va = fromMemorySegment(F, ALL, x + a, LE).mul(r).mul(fromMemorySegment(F, ALL, w + a * wStep, LE));
            FloatVector vb = fromMemorySegment(F, ALL, x + a + b, LE).mul(r).mul(fromMemorySegment(F, ALL, w + (a + b) * wStep, LE));
            FloatVector c = fromMemorySegment(F, ALL, cos + a * step, LE);
            FloatVector s = fromMemorySegment(F, ALL, sin + a * step, LE).mul(turn);
            va.mul(c).sub(vb.mul(s)).intoMemorySegment(ALL, out + a, LE);
            vb.mul(c).add(va.mul(s)).intoMemorySegment(ALL, out + a + b, LE);
        }
        if (i < half) {
            long a = 4L * i;
            VectorMask<Float> mask = F.indexInRange(i, half);
            FloatVector va = fromMemorySegment(F, ALL, x + a, LE, mask).mul(r).mul(fromMemorySegment(F, ALL, w + a * wStep, LE, mask));
            FloatVector vb = fromMemorySegment(F, ALL, x + a + b, LE, mask).mul(r).mul(fromMemorySegment(F, ALL, w + (a + b) * wStep, LE, mask));
            FloatVector c = fromMemorySegment(F, ALL, cos + a * step, LE, mask);
            FloatVector s = fromMemorySegment(F, ALL, sin + a * step, LE, mask).mul(turn);
            va.mul(c).sub(vb.mul(s)).intoMemorySegment(ALL, out + a, LE, mask);
            vb.mul(c).add(va.mul(s)).intoMemorySegment(ALL, out + a + b, LE, mask);
        }
    }

    /// Pairs (2i, 2i + 1): with every cosine and sine standing twice, `out = v · cos + swapped(v) · (∓sin)`.
    private static void rotateNeighbours(long out, long x, long w, int wStep, float r, long cos, long sin, int step, int D, float turn) {
        for (int i = 0; i < D; i += LANES) {
            long a = 4L * i;
            VectorMask<Float> mask = F.indexInRange(i, D);
            VectorMask<Float> pairs = PAIRS.and(F.indexInRange(i / 2, D / 2));
            FloatVector c = fromMemorySegment(F, ALL, cos + a / 2 * step, LE, pairs).rearrange(TWICE);
            FloatVector s = fromMemorySegment(F, ALL, sin + a / 2 * step, LE, pairs).rearrange(TWICE);
            FloatVector v = fromMemorySegment(F, ALL, x + a, LE, mask).mul(r).mul(fromMemorySegment(F, ALL, w + a * wStep, LE, mask));
            v.mul(c).add(v.rearrange(SWAP).mul(s.mul(turn).mul(ALTERNATING))).intoMemorySegment(ALL, out + a, LE, mask);
        }
    }

    /// Σ x²
    private static float sumOfSquares(long x, int D) {
        FloatVector sum = FloatVector.zero(F);
        int i = 0;
        for (; i <= D - LANES; i += LANES) {
            FloatVector v = fromMemorySegment(F, ALL, x + 4L * i, LE);
            sum = v.fma(v, sum);
        }
        if (i < D) {
            FloatVector v = fromMemorySegment(F, ALL, x + 4L * i, LE, F.indexInRange(i, D));
            sum = v.fma(v, sum);
        }
        return Vectors.sum(sum);
    }

    /// Σ x · dv · w
    private static float sumOfProducts(long x, long dv, long w, int D) {
        FloatVector sum = FloatVector.zero(F);
        int i = 0;
        for (; i <= D - LANES; i += LANES) {
            sum = fromMemorySegment(F, ALL, x + 4L * i, LE).mul(fromMemorySegment(F, ALL, dv + 4L * i, LE)).fma(fromMemorySegment(F, ALL, w + 4L * i, LE), sum);
        }
        if (i < D) {
            VectorMask<Float> mask = F.indexInRange(i, D);
            sum = fromMemorySegment(F, ALL, x + 4L * i, LE, mask).mul(fromMemorySegment(F, ALL, dv + 4L * i, LE, mask)).fma(fromMemorySegment(F, ALL, w + 4L * i, LE, mask), sum);
        }
        return Vectors.sum(sum);
    }

    /// dWeight += dv · x · r
    private static void addProducts(long dWeight, long x, long dv, int D, float r) {
        int i = 0;
        for (; i <= D - LANES; i += LANES) {
            fromMemorySegment(F, ALL, x + 4L * i, LE).mul(r).fma(fromMemorySegment(F, ALL, dv + 4L * i, LE), fromMemorySegment(F, ALL, dWeight + 4L * i, LE)).intoMemorySegment(ALL, dWeight + 4L * i, LE);
        }
        if (i < D) {
            VectorMask<Float> mask = F.indexInRange(i, D);
            fromMemorySegment(F, ALL, x + 4L * i, LE, mask).mul(r).fma(fromMemorySegment(F, ALL, dv + 4L * i, LE, mask), fromMemorySegment(F, ALL, dWeight + 4L * i, LE, mask))
                    .intoMemorySegment(ALL, dWeight + 4L * i, LE, mask);
        }
    }

    /// dx = r · (dv · w − x · r · mean), where dv is what dx holds before.
    private static void normGradient(long dx, long x, long w, int D, float r, float mean) {
        float slope = -r * mean;
        int i = 0;
        for (; i <= D - LANES; i += LANES) {
            FloatVector g = fromMemorySegment(F, ALL, dx + 4L * i, LE).mul(fromMemorySegment(F, ALL, w + 4L * i, LE));
            fromMemorySegment(F, ALL, x + 4L * i, LE).fma(FloatVector.broadcast(F, slope), g).mul(r).intoMemorySegment(ALL, dx + 4L * i, LE);
        }
        if (i < D) {
            VectorMask<Float> mask = F.indexInRange(i, D);
            FloatVector g = fromMemorySegment(F, ALL, dx + 4L * i, LE, mask).mul(fromMemorySegment(F, ALL, w + 4L * i, LE, mask));
            fromMemorySegment(F, ALL, x + 4L * i, LE, mask).fma(FloatVector.broadcast(F, slope), g).mul(r).intoMemorySegment(ALL, dx + 4L * i, LE, mask);
        }
    }
}
