package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;

/// [Muon] by the Vector API, bit for bit like the scalar reference, which does the tail.
public final class MuonSimd implements Muon {
    @Override
    public void momentum(long update, long g, long buffer, long from, long to, float momentum, float gradScale) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector gradient = fromMemorySegment(F, ALL, g + 4 * i, LE).mul(gradScale);
            FloatVector sum = fromMemorySegment(F, ALL, buffer + 4 * i, LE).fma(FloatVector.broadcast(F, momentum), gradient);
            sum.intoMemorySegment(ALL, buffer + 4 * i, LE);
            sum.fma(FloatVector.broadcast(F, momentum), gradient).intoMemorySegment(ALL, update + 4 * i, LE);
        }
        SCALAR.momentum(update, g, buffer, i, to, momentum, gradScale);
    }

    @Override
    public void apply(long p, long update, long from, long to, float lr, float scale, float weightDecay) {
        float step = -(lr * scale);
        float keep = 1 - lr * weightDecay;
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            fromMemorySegment(F, ALL, update + 4 * i, LE).fma(FloatVector.broadcast(F, step), fromMemorySegment(F, ALL, p + 4 * i, LE).mul(keep)).intoMemorySegment(ALL, p + 4 * i, LE);
        }
        SCALAR.apply(p, update, i, to, lr, scale, weightDecay);
    }
}
