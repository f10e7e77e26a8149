package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Lanes.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// e^x and what is made of it, lane by lane, to about one unit in the last place (relative error below 2e-7).
///
/// These methods return vectors, so they must be inlined where they are used, or every call allocates. C2 refuses to inline a method that
/// was compiled on its own to more than `InlineSmallCode` bytes (2,500); these stay well below that. `AllocationTest` guards it.
final class Exponential {
    private static final float LOG2_E = 1.44269504f;
    /// ln 2 in two parts: n · ln 2 is subtracted without losing digits.
    private static final float LN2_HIGH = 0.693147182f;
    private static final float LN2_LOW = -1.90465430e-9f;
    /// 1.5 · 2²³. A float of this size has no fraction bits: adding it rounds to a whole number, which then stands in the lowest bits.
    private static final float ROUND = 12582912f;
    /// e^x overflows above, and is subnormal below; there we return 0.
    private static final float HIGHEST = 88.7228391f;
    private static final float LOWEST = -87.3365448f;

    // (e^r − 1 − r) / r² on |r| ≤ ln(2)/2, fitted for the smallest relative error of e^r (3e-9).
    private static final float P0 = 0.49999994f;
    private static final float P1 = 0.1666652f;
    private static final float P2 = 0.0416684f;
    private static final float P3 = 0.00836885162f;
    private static final float P4 = 0.00138143206f;

    private Exponential() {
    }

    /// e^x = 2^n · e^r, with n the whole number nearest to x / ln 2.
    static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.fma(FloatVector.broadcast(F, LOG2_E), FloatVector.broadcast(F, ROUND));
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_LOW), n.fma(FloatVector.broadcast(F, -LN2_HIGH), x));
        FloatVector p = r.fma(FloatVector.broadcast(F, P4), FloatVector.broadcast(F, P3)).fma(r, FloatVector.broadcast(F, P2))
                .fma(r, FloatVector.broadcast(F, P1)).fma(r, FloatVector.broadcast(F, P0));
        FloatVector mantissa = p.mul(r).fma(r, r).add(1);
        IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        return mantissa.reinterpretAsInts().add(exponent).reinterpretAsFloats()
                .blend(0, x.compare(VectorOperators.LT, LOWEST))
                .blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, HIGHEST));
    }

    /// σ(x) = 1 / (1 + e^−x)
    static FloatVector sigmoid(FloatVector x) {
        return FloatVector.broadcast(F, 1).div(exp(x.neg()).add(1));
    }
}
