package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;
import static dev.jackdaw.tensor.kernel.Lanes.ONES;
import static dev.jackdaw.tensor.kernel.Lanes.ZEROS;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// [Norm] by the Vector API. RMSNorm is computed as the LayerNorm whose mean and bias happen to be 0, which costs a few instructions while
/// waiting for memory; a row is read from memory once and from the nearest cache afterwards.
///
/// An absent weight reads [Lanes#ONES] with a step of 0, an absent bias [Lanes#ZEROS]. The last, incomplete vector of a row is masked.
public class NormSimd implements Norm {
    /// Four sums in flight hide the latency of an addition.
    private static final int STEP = 4 * LANES;

    @Override
    public void rms(long y, long rstd, long x, long weight, long from, long to, int width, float eps) {
        for (long n = from; n < to; n++) {
            long row = 4 * n * width;
            float r = (float) (1 / Math.sqrt((double) sumOfSquares(x + row, 0, width) / width + eps));
            if (rstd != 0) {
                putFloat(rstd + 4 * n, r);
            }
            normalize(y + row, x + row, weight, 0, width, 0, r);
        }
    }

    @Override
    public void rmsBackward(long dx, long dWeight, long x, long weight, long rstd, long dy, long from, long to, int width) {
        for (long n = from; n < to; n++) {
            long row = 4 * n * width;
            float r = getFloat(rstd + 4 * n);
            float meanGx = sumOfProducts(x + row, 0, dy + row, weight, width) * r / width;
            addGradient(dx + row, x + row, weight, dy + row, width, 0, r, 0, meanGx);
            if (dWeight != 0) {
                addProducts(dWeight, x + row, dy + row, width, 0, r);
            }
        }
    }

    @Override
    public void layer(long y, long mean, long rstd, long x, long weight, long bias, long from, long to, int width, float eps) {
        for (long n = from; n < to; n++) {
            long row = 4 * n * width;
            float m = sum(x + row, 0, width) / width;
            float r = (float) (1 / Math.sqrt((double) sumOfSquares(x + row, m, width) / width + eps));
            if (mean != 0) {
                putFloat(mean + 4 * n, m);
            }
            if (rstd != 0) {
                putFloat(rstd + 4 * n, r);
            }
            normalize(y + row, x + row, weight, bias, width, m, r);
        }
    }

    @Override
    public void layerBackward(long dx, long dWeight, long dBias, long x, long weight, long mean, long rstd, long dy,
                              long from, long to, int width) {
        for (long n = from; n < to; n++) {
            long row = 4 * n * width;
            float m = getFloat(mean + 4 * n);
            float r = getFloat(rstd + 4 * n);
            float meanG = sum(dy + row, weight, width) / width;
            float meanGx = sumOfProducts(x + row, m, dy + row, weight, width) * r / width;
            addGradient(dx + row, x + row, weight, dy + row, width, m, r, meanG, meanGx);
            if (dWeight != 0) {
                addProducts(dWeight, x + row, dy + row, width, m, r);
            }
            if (dBias != 0) {
                addRow(dBias, dy + row, width);
            }
        }
    }

    /// Σ x · w
    private static float sum(long x, long weight, int width) {
        long w = weight == 0 ? ONES : weight;
        int wStep = weight == 0 ? 0 : 1;
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector s2 = FloatVector.zero(F);
        FloatVector s3 = FloatVector.zero(F);
        int c = 0;
        for (; c <= width - STEP; c += STEP) {
            long a = x + 4L * c;
            long b = w + 4L * c * wStep;
            s0 = fromMemorySegment(F, ALL, a, LE).fma(fromMemorySegment(F, ALL, b, LE), s0);
            s1 = fromMemorySegment(F, ALL, a + BYTES, LE).fma(fromMemorySegment(F, ALL, b + BYTES * wStep, LE), s1);
            s2 = fromMemorySegment(F, ALL, a + 2 * BYTES, LE).fma(fromMemorySegment(F, ALL, b + 2 * BYTES * wStep, LE), s2);
            s3 = fromMemorySegment(F, ALL, a + 3 * BYTES, LE).fma(fromMemorySegment(F, ALL, b + 3 * BYTES * wStep, LE), s3);
        }
        for (; c < width; c += LANES) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            s0 = fromMemorySegment(F, ALL, x + 4L * c, LE, mask).fma(fromMemorySegment(F, ALL, w + 4L * c * wStep, LE, mask), s0);
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3)));
    }

    /// Σ (x − m)²
    private static float sumOfSquares(long x, float m, int width) {
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        FloatVector s2 = FloatVector.zero(F);
        FloatVector s3 = FloatVector.zero(F);
        int c = 0;
        for (; c <= width - STEP; c += STEP) {
            long a = x + 4L * c;
            FloatVector v0 = fromMemorySegment(F, ALL, a, LE).sub(m);
            FloatVector v1 = fromMemorySegment(F, ALL, a + BYTES, LE).sub(m);
            FloatVector v2 = fromMemorySegment(F, ALL, a + 2 * BYTES, LE).sub(m);
            FloatVector v3 = fromMemorySegment(F, ALL, a + 3 * BYTES, LE).sub(m);
            s0 = v0.fma(v0, s0);
            s1 = v1.fma(v1, s1);
            s2 = v2.fma(v2, s2);
            s3 = v3.fma(v3, s3);
        }
        for (; c < width; c += LANES) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            FloatVector v = fromMemorySegment(F, ALL, x + 4L * c, LE, mask).sub(m, mask);
            s0 = v.fma(v, s0);
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3)));
    }

    /// Σ (x − m) · dy · w
    private static float sumOfProducts(long x, float m, long dy, long weight, int width) {
        long w = weight == 0 ? ONES : weight;
        int wStep = weight == 0 ? 0 : 1;
        FloatVector s0 = FloatVector.zero(F);
        FloatVector s1 = FloatVector.zero(F);
        int c = 0;
        for (; c <= width - 2 * LANES; c += 2 * LANES) {
            long a = 4L * c;
            s0 = fromMemorySegment(F, ALL, x + a, LE).sub(m).mul(fromMemorySegment(F, ALL, dy + a, LE)).fma(fromMemorySegment(F, ALL, w + a * wStep, LE), s0);
            s1 = fromMemorySegment(F, ALL, x + a + BYTES, LE).sub(m).mul(fromMemorySegment(F, ALL, dy + a + BYTES, LE)).fma(fromMemorySegment(F, ALL, w + (a + BYTES) * wStep, LE), s1);
        }
        for (; c < width; c += LANES) {
            long a = 4L * c;
            VectorMask<Float> mask = F.indexInRange(c, width);
            s0 = fromMemorySegment(F, ALL, x + a, LE, mask).sub(m).mul(fromMemorySegment(F, ALL, dy + a, LE, mask)).fma(fromMemorySegment(F, ALL, w + a * wStep, LE, mask), s0);
        }
        return Vectors.sum(s0.add(s1));
    }

    /// y = (x − m) · r · w + b
    private static void normalize(long y, long x, long weight, long bias, int width, float m, float r) {
        long w = weight == 0 ? ONES : weight;
        int wStep = weight == 0 ? 0 : 1;
        long b = bias == 0 ? ZEROS : bias;
        int bStep = bias == 0 ? 0 : 1;
        int c = 0;
        for (; c <= width - LANES; c += LANES) {
            long a = 4L * c;
            fromMemorySegment(F, ALL, x + a, LE).sub(m).mul(r).fma(fromMemorySegment(F, ALL, w + a * wStep, LE), fromMemorySegment(F, ALL, b + a * bStep, LE)).intoMemorySegment(ALL, y + a, LE);
        }
        if (c < width) {
            long a = 4L * c;
            VectorMask<Float> mask = F.indexInRange(c, width);
            fromMemorySegment(F, ALL, x + a, LE, mask).sub(m).mul(r).fma(fromMemorySegment(F, ALL, w + a * wStep, LE, mask), fromMemorySegment(F, ALL, b + a * bStep, LE, mask)).intoMemorySegment(ALL, y + a, LE, mask);
        }
    }

    /// dx += r · (dy · w − meanG − (x − m) · r · meanGx)
    private static void addGradient(long dx, long x, long weight, long dy, int width, float m, float r, float meanG, float meanGx) {
        long w = weight == 0 ? ONES : weight;
        int wStep = weight == 0 ? 0 : 1;
        float slope = -r * meanGx;
        int c = 0;
        for (; c <= width - LANES; c += LANES) {
            long a = 4L * c;
            FloatVector g = fromMemorySegment(F, ALL, dy + a, LE).mul(fromMemorySegment(F, ALL, w + a * wStep, LE)).sub(meanG);
            fromMemorySegment(F, ALL, x + a, LE).sub(m).fma(FloatVector.broadcast(F, slope), g).fma(FloatVector.broadcast(F, r), fromMemorySegment(F, ALL, dx + a, LE)).intoMemorySegment(ALL, dx + a, LE);
        }
        if (c < width) {
            long a = 4L * c;
            VectorMask<Float> mask = F.indexInRange(c, width);
            FloatVector g = fromMemorySegment(F, ALL, dy + a, LE, mask).mul(fromMemorySegment(F, ALL, w + a * wStep, LE, mask)).sub(meanG);
            fromMemorySegment(F, ALL, x + a, LE, mask).sub(m).fma(FloatVector.broadcast(F, slope), g).fma(FloatVector.broadcast(F, r), fromMemorySegment(F, ALL, dx + a, LE, mask)).intoMemorySegment(ALL, dx + a, LE, mask);
        }
    }

    /// sums += (x − m) · r · dy
    private static void addProducts(long sums, long x, long dy, int width, float m, float r) {
        int c = 0;
        for (; c <= width - LANES; c += LANES) {
            long a = 4L * c;
            fromMemorySegment(F, ALL, x + a, LE).sub(m).mul(r).fma(fromMemorySegment(F, ALL, dy + a, LE), fromMemorySegment(F, ALL, sums + a, LE)).intoMemorySegment(ALL, sums + a, LE);
        }
        if (c < width) {
            long a = 4L * c;
            VectorMask<Float> mask = F.indexInRange(c, width);
            fromMemorySegment(F, ALL, x + a, LE, mask).sub(m).mul(r).fma(fromMemorySegment(F, ALL, dy + a, LE, mask), fromMemorySegment(F, ALL, sums + a, LE, mask)).intoMemorySegment(ALL, sums + a, LE, mask);
        }
    }

    /// sums += dy
    private static void addRow(long sums, long dy, int width) {
        int c = 0;
        for (; c <= width - LANES; c += LANES) {
            fromMemorySegment(F, ALL, sums + 4L * c, LE).add(fromMemorySegment(F, ALL, dy + 4L * c, LE)).intoMemorySegment(ALL, sums + 4L * c, LE);
        }
        if (c < width) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            fromMemorySegment(F, ALL, sums + 4L * c, LE, mask).add(fromMemorySegment(F, ALL, dy + 4L * c, LE, mask)).intoMemorySegment(ALL, sums + 4L * c, LE, mask);
        }
    }
}
