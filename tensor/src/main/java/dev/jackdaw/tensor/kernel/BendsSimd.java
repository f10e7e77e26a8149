package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Exponential.sigmoid;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import dev.jackdaw.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// [Bends] by the Vector API, masked as in [ActivationSimd]: the bits of a number do not depend on where in a batch it stands.
public final class BendsSimd implements Bends {
    private final Activation activation = new ActivationSimd();

    @Override
    public void bend(long y, long x, long from, long to, Bend bend) {
        switch (bend) {
            case SILU -> silu(y, x, from, to);
            case GELU -> activation.gelu(y, x, from, to);
            case GELU_ERF -> activation.geluErf(y, x, from, to);
            case RELU -> relu(y, x, from, to);
            case RELU_SQUARED -> activation.reluSquared(y, x, from, to);
        }
    }

    @Override
    public void gate(long h, long gateUp, long from, long to, int F, Bend bend) {
        if (bend == Bend.SILU) {
            activation.swiglu(h, gateUp, from, to, F);
            return;
        }
        for (long n = from; n < to; n++) {
            long y = h + 4 * n * F, gate = gateUp + 8 * n * F;
            bend(y, gate, 0, F, bend);
            multiply(y, gate + 4L * F, F);
        }
    }

    @Override
    public void clampedGate(long h, long gateUp, long from, long to, int F, float limit) {
        for (long n = from; n < to; n++) {
            clampedRow(h + 4 * n * F, gateUp + 8 * n * F, F, limit);
        }
    }

    @Override
    public void softcap(long x, long from, long to, float cap) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            FloatVector u = fromMemorySegment(F, ALL, x + 4 * i, LE, mask).mul(2 / cap);
            sigmoid(u).mul(2).sub(1).mul(cap).intoMemorySegment(ALL, x + 4 * i, LE, mask);       // tanh(u / 2) = 2 · σ(u) - 1
        }
    }

    @Override
    public void bendBackward(long dx, long x, long dy, long from, long to, Bend bend) {
        switch (bend) {
            case SILU -> siluBackward(dx, x, dy, from, to);
            case GELU -> activation.geluBackward(dx, x, dy, from, to);
            case GELU_ERF -> activation.geluErfBackward(dx, x, dy, from, to);
            case RELU -> reluBackward(dx, x, dy, from, to);
            case RELU_SQUARED -> activation.reluSquaredBackward(dx, x, dy, from, to);
        }
    }

    @Override
    public void gateBackward(long dGateUp, long gateUp, long dh, long from, long to, int F, Bend bend) {
        if (bend == Bend.SILU) {
            activation.swigluBackward(dGateUp, gateUp, dh, from, to, F);
            return;
        }
        for (long n = from; n < to; n++) {
            long gate = gateUp + 8 * n * F, d = dh + 4 * n * F, dGate = dGateUp + 8 * n * F, dUp = dGate + 4L * F;
            Memory.copy(gate + 4L * F, dGate, 4L * F);
            multiply(dGate, d, F);
            bendBackward(dGate, gate, dGate, 0, F, bend);
            bend(dUp, gate, 0, F, bend);
            multiply(dUp, d, F);
        }
    }

    @Override
    public void clampedGateBackward(long dGateUp, long gateUp, long dh, long from, long to, int F, float limit) {
        for (long n = from; n < to; n++) {
            clampedRowBackward(dGateUp + 8 * n * F, gateUp + 8 * n * F, dh + 4 * n * F, F, limit);
        }
    }

    @Override
    public void softcapBackward(long dx, long y, long dy, long from, long to, float cap) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            FloatVector t = fromMemorySegment(F, ALL, y + 4 * i, LE, mask).div(cap);
            FloatVector one = FloatVector.broadcast(F, 1);
            t.neg().fma(t, one).mul(fromMemorySegment(F, ALL, dy + 4 * i, LE, mask)).intoMemorySegment(ALL, dx + 4 * i, LE, mask);
        }
    }

    private static void silu(long y, long x, long from, long to) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            FloatVector z = fromMemorySegment(F, ALL, x + 4 * i, LE, mask);
            z.mul(sigmoid(z)).intoMemorySegment(ALL, y + 4 * i, LE, mask);
        }
    }

    private static void siluBackward(long dx, long x, long dy, long from, long to) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            FloatVector z = fromMemorySegment(F, ALL, x + 4 * i, LE, mask), s = sigmoid(z), silu = z.mul(s);
            s.add(silu).sub(silu.mul(s)).mul(fromMemorySegment(F, ALL, dy + 4 * i, LE, mask)).intoMemorySegment(ALL, dx + 4 * i, LE, mask);
        }
    }

    private static void reluBackward(long dx, long x, long dy, long from, long to) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            VectorMask<Float> flows = fromMemorySegment(F, ALL, x + 4 * i, LE, mask).compare(VectorOperators.GT, 0);
            FloatVector.zero(F).blend(fromMemorySegment(F, ALL, dy + 4 * i, LE, mask), flows).intoMemorySegment(ALL, dx + 4 * i, LE, mask);
        }
    }

    private static void relu(long y, long x, long from, long to) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            fromMemorySegment(F, ALL, x + 4 * i, LE, mask).max(0).intoMemorySegment(ALL, y + 4 * i, LE, mask);
        }
    }

    private static void multiply(long y, long x, int width) {
        for (int i = 0; i < width; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, width);
            fromMemorySegment(F, ALL, y + 4L * i, LE, mask).mul(fromMemorySegment(F, ALL, x + 4L * i, LE, mask)).intoMemorySegment(ALL, y + 4L * i, LE, mask);
        }
    }

    private static void clampedRow(long h, long gateUp, int width, float limit) {
        long up = gateUp + 4L * width;
        for (int c = 0; c < width; c += LANES) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            FloatVector g = fromMemorySegment(F, ALL, gateUp + 4L * c, LE, mask).min(limit);
            FloatVector u = fromMemorySegment(F, ALL, up + 4L * c, LE, mask).min(limit).max(-limit);
            g.mul(sigmoid(g.mul((float) CLAMPED_SLOPE))).mul(u.add(1)).intoMemorySegment(ALL, h + 4L * c, LE, mask);
        }
    }

    private static void clampedRowBackward(long dGateUp, long gateUp, long dh, int width, float limit) {
        long up = 4L * width;
        for (int c = 0; c < width; c += LANES) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            FloatVector gate = fromMemorySegment(F, ALL, gateUp + 4L * c, LE, mask), half = fromMemorySegment(F, ALL, gateUp + 4L * c + up, LE, mask);
            FloatVector g = gate.min(limit), u = half.min(limit).max(-limit), d = fromMemorySegment(F, ALL, dh + 4L * c, LE, mask);
            FloatVector s = sigmoid(g.mul((float) CLAMPED_SLOPE)), gs = g.mul(s);
            // s · (1 + a · g · (1 − s)) = s + a · (gs − gs · s)
            FloatVector slope = gs.sub(gs.mul(s)).fma(FloatVector.broadcast(F, (float) CLAMPED_SLOPE), s);
            FloatVector dGate = d.mul(u.add(1)).mul(slope), dUp = d.mul(gs);
            dGate.blend(0f, gate.compare(VectorOperators.GT, limit)).intoMemorySegment(ALL, dGateUp + 4L * c, LE, mask);
            dUp.blend(0f, half.abs().compare(VectorOperators.GT, limit)).intoMemorySegment(ALL, dGateUp + 4L * c + up, LE, mask);
        }
    }
}
