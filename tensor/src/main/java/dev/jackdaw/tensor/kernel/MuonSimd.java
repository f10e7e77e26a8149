package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import jdk.incubator.vector.FloatVector;

/// [Muon] by the Vector API, bit for bit like the scalar reference, which does the tail.
public final class MuonSimd implements Muon {
    @Override
    public void momentum(long update, long g, long buffer, long from, long to, float momentum, float gradScale) {
        FloatVector keep = FloatVector.broadcast(F, momentum);
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector gradient = load(g + 4 * i).mul(gradScale);
            FloatVector sum = load(buffer + 4 * i).fma(keep, gradient);
            sum.intoMemorySegment(ALL, buffer + 4 * i, LE);
            sum.fma(keep, gradient).intoMemorySegment(ALL, update + 4 * i, LE);
        }
        SCALAR.momentum(update, g, buffer, i, to, momentum, gradScale);
    }

    @Override
    public void apply(long p, long update, long from, long to, float lr, float scale, float weightDecay) {
        FloatVector step = FloatVector.broadcast(F, -(lr * scale));
        float keep = 1 - lr * weightDecay;
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            load(update + 4 * i).fma(step, load(p + 4 * i).mul(keep)).intoMemorySegment(ALL, p + 4 * i, LE);
        }
        SCALAR.apply(p, update, i, to, lr, scale, weightDecay);
    }

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(F, ALL, address, LE);
    }
}
