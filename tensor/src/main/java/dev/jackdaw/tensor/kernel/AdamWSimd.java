package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;

/// [AdamW] by the Vector API, with the operations of the scalar reference in the same order: every bit is the same, and the reference can
/// do the tail. Seven streams of memory are its cost.
public final class AdamWSimd implements AdamW {
    @Override
    public void step(long p, long g, long m, long v, long from, long to, float lr, float beta1, float beta2, float eps,
                     float weightDecay, float correction1, float correction2, float gradScale) {
        float step = -(lr / correction1);
        float keep = 1 - lr * weightDecay;
        float unbias = 1 / correction2;
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector gradient = fromMemorySegment(F, ALL, g + 4 * i, LE).mul(gradScale);
            FloatVector first = fromMemorySegment(F, ALL, m + 4 * i, LE).fma(FloatVector.broadcast(F, beta1), gradient.mul(1 - beta1));
            FloatVector second = fromMemorySegment(F, ALL, v + 4 * i, LE).fma(FloatVector.broadcast(F, beta2), gradient.mul(1 - beta2).mul(gradient));
            first.intoMemorySegment(ALL, m + 4 * i, LE);
            second.intoMemorySegment(ALL, v + 4 * i, LE);
            FloatVector update = first.div(second.mul(unbias).sqrt().add(eps));
            update.fma(FloatVector.broadcast(F, step), fromMemorySegment(F, ALL, p + 4 * i, LE).mul(keep)).intoMemorySegment(ALL, p + 4 * i, LE);
        }
        SCALAR.step(p, g, m, v, i, to, lr, beta1, beta2, eps, weightDecay, correction1, correction2, gradScale);
    }
}
