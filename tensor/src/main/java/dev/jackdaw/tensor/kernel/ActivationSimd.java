package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Exponential.exp;
import static dev.jackdaw.tensor.kernel.Exponential.sigmoid;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// [Activation] by the Vector API. The last, incomplete vector is masked and goes through the same arithmetic as all others, so that the
/// bits of a number do not depend on where in a batch it stands.
public final class ActivationSimd implements Activation {
    private static final float SCALE = (float) GELU_SCALE;
    private static final float CUBIC = (float) (GELU_SCALE * GELU_CUBIC);

    @Override
    public void swiglu(long h, long gateUp, long from, long to, int F) {
        for (long n = from; n < to; n++) {
            swigluRow(h + 4 * n * F, gateUp + 8 * n * F, gateUp + 8 * n * F + 4L * F, F);
        }
    }

    @Override
    public void swigluBackward(long dGateUp, long gateUp, long dh, long from, long to, int F) {
        for (long n = from; n < to; n++) {
            swigluBackwardRow(dGateUp + 8 * n * F, gateUp + 8 * n * F, dh + 4 * n * F, F);
        }
    }

    private static void swigluRow(long h, long gate, long up, int width) {
        int c = 0;
        for (; c <= width - LANES; c += LANES) {
            FloatVector g = load(gate + 4L * c);
            g.mul(sigmoid(g)).mul(load(up + 4L * c)).intoMemorySegment(ALL, h + 4L * c, LE);
        }
        if (c < width) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            FloatVector g = load(gate + 4L * c, mask);
            g.mul(sigmoid(g)).mul(load(up + 4L * c, mask)).intoMemorySegment(ALL, h + 4L * c, LE, mask);
        }
    }

    private static void swigluBackwardRow(long dGateUp, long gateUp, long dh, int width) {
        long up = 4L * width;
        int c = 0;
        for (; c <= width - LANES; c += LANES) {
            FloatVector g = load(gateUp + 4L * c);
            FloatVector u = load(gateUp + 4L * c + up);
            FloatVector d = load(dh + 4L * c);
            FloatVector s = sigmoid(g);
            FloatVector silu = g.mul(s);
            // s · (1 + g · (1 − s)) = s + silu − silu · s
            d.mul(u).mul(s.add(silu).sub(silu.mul(s))).intoMemorySegment(ALL, dGateUp + 4L * c, LE);
            d.mul(silu).intoMemorySegment(ALL, dGateUp + 4L * c + up, LE);
        }
        if (c < width) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            FloatVector g = load(gateUp + 4L * c, mask);
            FloatVector u = load(gateUp + 4L * c + up, mask);
            FloatVector d = load(dh + 4L * c, mask);
            FloatVector s = sigmoid(g);
            FloatVector silu = g.mul(s);
            d.mul(u).mul(s.add(silu).sub(silu.mul(s))).intoMemorySegment(ALL, dGateUp + 4L * c, LE, mask);
            d.mul(silu).intoMemorySegment(ALL, dGateUp + 4L * c + up, LE, mask);
        }
    }

    @Override
    public void gelu(long y, long x, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            gelu(load(x + 4 * i)).intoMemorySegment(ALL, y + 4 * i, LE);
        }
        if (i < to) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            gelu(load(x + 4 * i, mask)).intoMemorySegment(ALL, y + 4 * i, LE, mask);
        }
    }

    @Override
    public void geluBackward(long dx, long x, long dy, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            load(dy + 4 * i).mul(geluSlope(load(x + 4 * i))).intoMemorySegment(ALL, dx + 4 * i, LE);
        }
        if (i < to) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            load(dy + 4 * i, mask).mul(geluSlope(load(x + 4 * i, mask))).intoMemorySegment(ALL, dx + 4 * i, LE, mask);
        }
    }

    @Override
    public void geluErf(long y, long x, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector z = load(x + 4 * i);
            z.mul(phi(z, bell(z))).intoMemorySegment(ALL, y + 4 * i, LE);
        }
        if (i < to) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            FloatVector z = load(x + 4 * i, mask);
            z.mul(phi(z, bell(z))).intoMemorySegment(ALL, y + 4 * i, LE, mask);
        }
    }

    @Override
    public void geluErfBackward(long dx, long x, long dy, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            load(dy + 4 * i).mul(geluErfSlope(load(x + 4 * i))).intoMemorySegment(ALL, dx + 4 * i, LE);
        }
        if (i < to) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            load(dy + 4 * i, mask).mul(geluErfSlope(load(x + 4 * i, mask))).intoMemorySegment(ALL, dx + 4 * i, LE, mask);
        }
    }

    @Override
    public void reluSquared(long y, long x, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector z = load(x + 4 * i).max(0);
            z.mul(z).intoMemorySegment(ALL, y + 4 * i, LE);
        }
        SCALAR.reluSquared(y, x, i, to);
    }

    @Override
    public void reluSquaredBackward(long dx, long x, long dy, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            load(dy + 4 * i).mul(load(x + 4 * i).max(0).mul(2)).intoMemorySegment(ALL, dx + 4 * i, LE);
        }
        SCALAR.reluSquaredBackward(dx, x, dy, i, to);
    }

    /// z · σ(2u)
    private static FloatVector gelu(FloatVector z) {
        return z.mul(sigmoid(z.mul(z).fma(FloatVector.broadcast(F, CUBIC), FloatVector.broadcast(F, SCALE)).mul(z)));
    }

    /// s + z · s · (1 − s) · 2u′
    private static FloatVector geluSlope(FloatVector z) {
        FloatVector squared = z.mul(z);
        FloatVector s = sigmoid(squared.fma(FloatVector.broadcast(F, CUBIC), FloatVector.broadcast(F, SCALE)).mul(z));
        FloatVector slope = squared.fma(FloatVector.broadcast(F, 3 * CUBIC), FloatVector.broadcast(F, SCALE));
        FloatVector bend = z.mul(s).mul(FloatVector.broadcast(F, 1).sub(s));
        return bend.fma(slope, s);
    }

    private static FloatVector geluErfSlope(FloatVector z) {
        FloatVector bell = bell(z);
        return z.mul(INVERSE_ROOT_2_PI).fma(bell, phi(z, bell));
    }

    private static final float INVERSE_ROOT_2_PI = 0.398942280f;

    /// e^(−z²/2)
    private static FloatVector bell(FloatVector z) {
        return exp(z.mul(z).mul(-0.5f));
    }

    // e^(a²) · erfc(a) / t as a polynomial in t = 1 / (1 + T_SLOPE · a) for a ≥ 0, fitted for the smallest relative error (6e-8).
    private static final float T_SLOPE = 0.4f;
    private static final float W0 = 0.225634232f;
    private static final float W1 = 0.226443112f;
    private static final float W2 = 0.201887608f;
    private static final float W3 = 0.193393171f;
    private static final float W4 = 0.0797565505f;
    private static final float W5 = 0.0879642665f;
    private static final float W6 = 0.0839872584f;
    private static final float W7 = -0.140319198f;
    private static final float W8 = 0.0412530266f;

    /// Φ(z) = erfc(−z/√2) / 2, from the tail on the far side of 0: the small one, which has all its digits.
    private static FloatVector phi(FloatVector z, FloatVector bell) {
        FloatVector one = FloatVector.broadcast(F, 1);
        FloatVector t = one.div(z.abs().fma(FloatVector.broadcast(F, T_SLOPE * 0.707106781f), one));
        FloatVector w = t.fma(FloatVector.broadcast(F, W8), FloatVector.broadcast(F, W7)).fma(t, FloatVector.broadcast(F, W6))
                .fma(t, FloatVector.broadcast(F, W5)).fma(t, FloatVector.broadcast(F, W4)).fma(t, FloatVector.broadcast(F, W3))
                .fma(t, FloatVector.broadcast(F, W2)).fma(t, FloatVector.broadcast(F, W1)).fma(t, FloatVector.broadcast(F, W0));
        FloatVector tail = w.mul(t).mul(bell).mul(0.5f);
        return tail.blend(one.sub(tail), z.compare(VectorOperators.GT, 0));
    }

    private static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(F, ALL, address, LE);
    }

    private static FloatVector load(long address, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(F, ALL, address, LE, mask);
    }
}
