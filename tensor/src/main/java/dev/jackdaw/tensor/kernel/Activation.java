package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// The bends in a feed-forward layer, and their gradients. With σ(z) = 1 / (1 + e^−z):
///
/// | name          | formula                                        | where it comes from                     |
/// |---------------|------------------------------------------------|-----------------------------------------|
/// | `swiglu`      | silu(gate) · up,  silu(z) = z · σ(z)           | Shazeer 2020, arXiv:2002.05202          |
/// | `gelu`        | z · σ(2u),  u = √(2/π) · (z + 0.044715 z³)     | Hendrycks and Gimpel 2016, the tanh form |
/// | `geluErf`     | z · Φ(z),  Φ(z) = (1 + erf(z/√2)) / 2          | the same paper, exact                   |
/// | `reluSquared` | max(z, 0)²                                     | So et al. 2021, arXiv:2109.08668        |
///
/// (1 + tanh u) / 2 = σ(2u), which is why the tanh form needs no tanh.
///
/// Each number depends on its own inputs only, so everything may be done in place: y may be x, dx may be x or dy, dGateUp may be gateUp.
/// Gradients here are set, not added: nobody else contributes to the gradient of what stands before a bend.
public interface Activation {
    Activation SCALAR = new Activation() { };

    /// 2 · √(2/π)
    double GELU_SCALE = 1.5957691216057308;
    double GELU_CUBIC = 0.044715;

    /// Rows `[from,to)`: h `[N,F]` from gateUp `[N,2F]`, whose rows hold F gates, then F ups.
    default void swiglu(long h, long gateUp, long from, long to, int F) {
        for (long n = from; n < to; n++) {
            long gate = gateUp + 8 * n * F;
            long up = gate + 4L * F;
            for (int f = 0; f < F; f++) {
                double g = getFloat(gate + 4L * f);
                putFloat(h + 4 * (n * F + f), (float) (g * sigmoid(g) * getFloat(up + 4L * f)));
            }
        }
    }

    /// Rows `[from,to)`: sets dGateUp `[N,2F]` from dh `[N,F]`.
    /// `dUp = dh · silu(gate)`,  `dGate = dh · up · σ(gate) · (1 + gate · (1 − σ(gate)))`
    default void swigluBackward(long dGateUp, long gateUp, long dh, long from, long to, int F) {
        for (long n = from; n < to; n++) {
            for (int f = 0; f < F; f++) {
                long gate = 8 * n * F + 4L * f;
                long up = gate + 4L * F;
                double g = getFloat(gateUp + gate);
                double u = getFloat(gateUp + up);
                double d = getFloat(dh + 4 * (n * F + f));
                double s = sigmoid(g);
                putFloat(dGateUp + gate, (float) (d * u * s * (1 + g * (1 - s))));
                putFloat(dGateUp + up, (float) (d * g * s));
            }
        }
    }

    /// Elements `[from,to)` of y and x.
    default void gelu(long y, long x, long from, long to) {
        for (long i = from; i < to; i++) {
            double z = getFloat(x + 4 * i);
            putFloat(y + 4 * i, (float) (z * sigmoid(GELU_SCALE * (z + GELU_CUBIC * z * z * z))));
        }
    }

    /// Elements `[from,to)`: `dx = dy · (s + z · s · (1 − s) · 2u′)`, s = σ(2u)
    default void geluBackward(long dx, long x, long dy, long from, long to) {
        for (long i = from; i < to; i++) {
            double z = getFloat(x + 4 * i);
            double s = sigmoid(GELU_SCALE * (z + GELU_CUBIC * z * z * z));
            double slope = GELU_SCALE * (1 + 3 * GELU_CUBIC * z * z);
            putFloat(dx + 4 * i, (float) (getFloat(dy + 4 * i) * (s + z * s * (1 - s) * slope)));
        }
    }

    /// Elements `[from,to)` of y and x.
    default void geluErf(long y, long x, long from, long to) {
        for (long i = from; i < to; i++) {
            double z = getFloat(x + 4 * i);
            putFloat(y + 4 * i, (float) (z * Erf.phi(z)));
        }
    }

    /// Elements `[from,to)`: `dx = dy · (Φ(z) + z · e^(−z²/2) / √(2π))`
    default void geluErfBackward(long dx, long x, long dy, long from, long to) {
        for (long i = from; i < to; i++) {
            double z = getFloat(x + 4 * i);
            double density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
            putFloat(dx + 4 * i, (float) (getFloat(dy + 4 * i) * (Erf.phi(z) + z * density)));
        }
    }

    /// Elements `[from,to)` of y and x.
    default void reluSquared(long y, long x, long from, long to) {
        for (long i = from; i < to; i++) {
            float z = Math.max(getFloat(x + 4 * i), 0);
            putFloat(y + 4 * i, z * z);
        }
    }

    /// Elements `[from,to)`: `dx = dy · 2 · max(z, 0)`
    default void reluSquaredBackward(long dx, long x, long dy, long from, long to) {
        for (long i = from; i < to; i++) {
            putFloat(dx + 4 * i, getFloat(dy + 4 * i) * (2 * Math.max(getFloat(x + 4 * i), 0)));
        }
    }

    private static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }
}
