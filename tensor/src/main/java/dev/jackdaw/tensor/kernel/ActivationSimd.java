package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Exponential.exp;
import static dev.jackdaw.tensor.kernel.Exponential.sigmoid;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// [Activation] by the Vector API. Every vector is masked, though only the last of a range needs it: masks cost less than the arithmetic
/// between them, each method holds its formula once, and the bits of a number do not depend on where in a batch it stands.
public class ActivationSimd implements Activation {
    private static final float SCALE = (float) GELU_SCALE;
    private static final float CUBIC = (float) (GELU_SCALE * GELU_CUBIC);
    private static final float INVERSE_ROOT_2_PI = 0.398942280f;

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

    @Override
    public void swiglu(long h, long gateUp, long from, long to, int F) {
        for (long n = from; n < to; n++) {
            swigluRow(h + 4 * n * F, gateUp + 8 * n * F, F);
        }
    }

    @Override
    public void swigluBackward(long dGateUp, long gateUp, long dh, long from, long to, int F) {
        for (long n = from; n < to; n++) {
            swigluBackwardRow(dGateUp + 8 * n * F, gateUp + 8 * n * F, dh + 4 * n * F, F);
        }
    }

    private static void swigluRow(long h, long gateUp, int width) {
        long up = gateUp + 4L * width;
        for (int c = 0; c < width; c += LANES) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            FloatVector g = fromMemorySegment(F, ALL, gateUp + 4L * c, LE, mask);
            FloatVector u = fromMemorySegment(F, ALL, up + 4L * c, LE, mask);
            g.mul(sigmoid(g)).mul(u).intoMemorySegment(ALL, h + 4L * c, LE, mask);
        }
    }

    private static void swigluBackwardRow(long dGateUp, long gateUp, long dh, int width) {
        long up = 4L * width;
        for (int c = 0; c < width; c += LANES) {
            VectorMask<Float> mask = F.indexInRange(c, width);
            FloatVector g = fromMemorySegment(F, ALL, gateUp + 4L * c, LE, mask);
            FloatVector s = sigmoid(g);
            FloatVector silu = g.mul(s);
            FloatVector u = fromMemorySegment(F, ALL, gateUp + 4L * c + up, LE, mask);
            FloatVector d = fromMemorySegment(F, ALL, dh + 4L * c, LE, mask);
            // s · (1 + g · (1 − s)) = s + silu − silu · s
            d.mul(u).mul(s.add(silu).sub(silu.mul(s))).intoMemorySegment(ALL, dGateUp + 4L * c, LE, mask);
            d.mul(silu).intoMemorySegment(ALL, dGateUp + 4L * c + up, LE, mask);
        }
    }

    @Override
    public void gelu(long y, long x, long from, long to) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            FloatVector z = fromMemorySegment(F, ALL, x + 4 * i, LE, mask);
            z.mul(sigmoid(twoU(z))).intoMemorySegment(ALL, y + 4 * i, LE, mask);
        }
    }

    @Override
    public void geluBackward(long dx, long x, long dy, long from, long to) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            FloatVector z = fromMemorySegment(F, ALL, x + 4 * i, LE, mask);
            FloatVector s = sigmoid(twoU(z));
            FloatVector slope = z.mul(z).fma(FloatVector.broadcast(F, 3 * CUBIC), FloatVector.broadcast(F, SCALE));
            // s + z · s · (1 − s) · 2u′
            FloatVector zs = z.mul(s);
            FloatVector derivative = zs.sub(zs.mul(s)).fma(slope, s);
            derivative.mul(fromMemorySegment(F, ALL, dy + 4 * i, LE, mask)).intoMemorySegment(ALL, dx + 4 * i, LE, mask);
        }
    }

    /// 2u = 2 · √(2/π) · (z + 0.044715 z³)
    private static FloatVector twoU(FloatVector z) {
        return z.mul(z).fma(FloatVector.broadcast(F, CUBIC), FloatVector.broadcast(F, SCALE)).mul(z);
    }

    @Override
    public void geluErf(long y, long x, long from, long to) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            FloatVector z = fromMemorySegment(F, ALL, x + 4 * i, LE, mask);
            z.mul(phi(z, exp(z.mul(z).mul(-0.5f)))).intoMemorySegment(ALL, y + 4 * i, LE, mask);
        }
    }

    @Override
    public void geluErfBackward(long dx, long x, long dy, long from, long to) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> mask = F.indexInRange(i, to);
            FloatVector z = fromMemorySegment(F, ALL, x + 4 * i, LE, mask);
            FloatVector bell = exp(z.mul(z).mul(-0.5f));
            FloatVector derivative = z.mul(INVERSE_ROOT_2_PI).fma(bell, phi(z, bell));
            derivative.mul(fromMemorySegment(F, ALL, dy + 4 * i, LE, mask)).intoMemorySegment(ALL, dx + 4 * i, LE, mask);
        }
    }

    /// Φ(z) = erfc(−z/√2) / 2, from the tail on the far side of 0: the small one, which has all its digits. `bell` is e^(−z²/2).
    private static FloatVector phi(FloatVector z, FloatVector bell) {
        FloatVector one = FloatVector.broadcast(F, 1);
        FloatVector t = one.div(z.abs().fma(FloatVector.broadcast(F, T_SLOPE * 0.707106781f), one));
        FloatVector w = t.fma(FloatVector.broadcast(F, W8), FloatVector.broadcast(F, W7)).fma(t, FloatVector.broadcast(F, W6))
                .fma(t, FloatVector.broadcast(F, W5)).fma(t, FloatVector.broadcast(F, W4)).fma(t, FloatVector.broadcast(F, W3))
                .fma(t, FloatVector.broadcast(F, W2)).fma(t, FloatVector.broadcast(F, W1)).fma(t, FloatVector.broadcast(F, W0));
        FloatVector tail = w.mul(t).mul(bell).mul(0.5f);
        return tail.blend(one.sub(tail), z.compare(VectorOperators.GT, 0));
    }

    @Override
    public void reluSquared(long y, long x, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector z = fromMemorySegment(F, ALL, x + 4 * i, LE).max(0);
            z.mul(z).intoMemorySegment(ALL, y + 4 * i, LE);
        }
        SCALAR.reluSquared(y, x, i, to);
    }

    @Override
    public void reluSquaredBackward(long dx, long x, long dy, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector z = fromMemorySegment(F, ALL, x + 4 * i, LE).max(0);
            fromMemorySegment(F, ALL, dy + 4 * i, LE).mul(z.mul(2)).intoMemorySegment(ALL, dx + 4 * i, LE);
        }
        SCALAR.reluSquaredBackward(dx, x, dy, i, to);
    }
}
