package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.Exponential.exp;
import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.jackdaw.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// [CrossEntropy] by the Vector API: find the largest logit, replace the logits by exponentials and sum them, scale. Three passes, but a
/// row of 4,096 logits is 16 KB, so only the first one reads memory.
public final class CrossEntropySimd implements CrossEntropy {
    /// Numbers summed in single precision before the sum moves on in double precision.
    private static final int BLOCK = 2048;

    @Override
    public void rows(long loss, long logits, long targets, long weights, long from, long to, int vocabulary, float scale) {
        for (long n = from; n < to; n++) {
            long row = logits + 4 * n * vocabulary;
            int target = CrossEntropy.target(targets, n, vocabulary);
            if (target < 0) {
                putFloat(loss + 4 * n, 0);
                Memory.zero(row, 4L * vocabulary);
                continue;
            }
            float max = max(row, vocabulary);
            float logit = getFloat(row + 4L * target);
            double sum = 0;
            for (int v = 0; v < vocabulary; v += BLOCK) {
                sum += exponentials(row + 4L * v, Math.min(BLOCK, vocabulary - v), max);
            }
            float factor = weights == 0 ? scale : scale * getFloat(weights + 4 * n);
            scale(row, vocabulary, (float) (factor / sum));
            putFloat(row + 4L * target, getFloat(row + 4L * target) - factor);
            putFloat(loss + 4 * n, (float) (max + Math.log(sum) - logit));
        }
    }

    @Override
    public void loss(long loss, long logits, long targets, long from, long to, int vocabulary) {
        for (long n = from; n < to; n++) {
            long row = logits + 4 * n * vocabulary;
            int target = CrossEntropy.target(targets, n, vocabulary);
            if (target < 0) {
                putFloat(loss + 4 * n, 0);
                continue;
            }
            float max = max(row, vocabulary);
            double sum = 0;
            for (int v = 0; v < vocabulary; v += BLOCK) {
                sum += sumOfExponentials(row + 4L * v, Math.min(BLOCK, vocabulary - v), max);
            }
            putFloat(loss + 4 * n, (float) (max + Math.log(sum) - getFloat(row + 4L * target)));
        }
    }

    /// The largest number, by comparisons, which are faster than `max` and leave NaN out; the sum will find it.
    private static float max(long x, int width) {
        FloatVector m0 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        FloatVector m1 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        int c = 0;
        for (; c <= width - 2 * LANES; c += 2 * LANES) {
            FloatVector a = fromMemorySegment(F, ALL, x + 4L * c, LE);
            FloatVector b = fromMemorySegment(F, ALL, x + 4L * c + BYTES, LE);
            m0 = m0.blend(a, a.compare(VectorOperators.GT, m0));
            m1 = m1.blend(b, b.compare(VectorOperators.GT, m1));
        }
        float max = m0.blend(m1, m1.compare(VectorOperators.GT, m0)).reduceLanes(VectorOperators.MAX);
        for (; c < width; c++) {
            float a = getFloat(x + 4L * c);
            max = a > max ? a : max;
        }
        return max;
    }

    /// x = e^(x − max), and the sum of that.
    private static float exponentials(long x, int width, float max) {
        FloatVector sum = FloatVector.zero(F);
        for (int c = 0; c < width; c += LANES) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            FloatVector e = exp(fromMemorySegment(F, ALL, x + 4L * c, LE, mask).sub(max));
            e.intoMemorySegment(ALL, x + 4L * c, LE, mask);
            sum = sum.add(e, mask);
        }
        return Vectors.sum(sum);
    }

    private static float sumOfExponentials(long x, int width, float max) {
        FloatVector sum = FloatVector.zero(F);
        for (int c = 0; c < width; c += LANES) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            sum = sum.add(exp(fromMemorySegment(F, ALL, x + 4L * c, LE, mask).sub(max)), mask);
        }
        return Vectors.sum(sum);
    }

    private static void scale(long x, int width, float factor) {
        int c = 0;
        for (; c <= width - LANES; c += LANES) {
            fromMemorySegment(F, ALL, x + 4L * c, LE).mul(factor).intoMemorySegment(ALL, x + 4L * c, LE);
        }
        for (; c < width; c++) {
            putFloat(x + 4L * c, getFloat(x + 4L * c) * factor);
        }
    }
}
