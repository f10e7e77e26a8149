package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// The loops of [Bend], for families whose feed-forward is not SwiGLU. Results may lie where the inputs lay.
///
/// These default methods define what is correct, in double precision; [BendsSimd] is the fast twin.
public interface Bends {
    /// The definition.
    Bends SCALAR = new Bends() { };

    /// The slope inside the sigmoid of a clamped gate (gpt-oss).
    double CLAMPED_SLOPE = 1.702;

    /// Elements `[from,to)` of y and x.
    default void bend(long y, long x, long from, long to, Bend bend) {
        for (long i = from; i < to; i++) {
            putFloat(y + 4 * i, (float) bend.of(getFloat(x + 4 * i)));
        }
    }

    /// Rows `[from,to)`: h `[N,F]` from gateUp `[N,2F]`, whose rows hold F gates, then F ups.
    default void gate(long h, long gateUp, long from, long to, int F, Bend bend) {
        for (long n = from; n < to; n++) {
            long gate = gateUp + 8 * n * F, up = gate + 4L * F;
            for (int f = 0; f < F; f++) {
                putFloat(h + 4 * (n * F + f), (float) (bend.of(getFloat(gate + 4L * f)) * getFloat(up + 4L * f)));
            }
        }
    }

    /// Rows `[from,to)`: `h = g · σ(1.702 · g) · (u + 1)`, g at most `limit`, u within ±`limit`.
    default void clampedGate(long h, long gateUp, long from, long to, int F, float limit) {
        for (long n = from; n < to; n++) {
            long gate = gateUp + 8 * n * F, up = gate + 4L * F;
            for (int f = 0; f < F; f++) {
                double g = Math.min(getFloat(gate + 4L * f), limit), u = Math.clamp(getFloat(up + 4L * f), -limit, limit);
                putFloat(h + 4 * (n * F + f), (float) (g * Bend.sigmoid(CLAMPED_SLOPE * g) * (u + 1)));
            }
        }
    }

    /// Elements `[from,to)`: `x = cap · tanh(x / cap)`
    default void softcap(long x, long from, long to, float cap) {
        for (long i = from; i < to; i++) {
            putFloat(x + 4 * i, (float) (cap * Math.tanh(getFloat(x + 4 * i) / (double) cap)));
        }
    }
}
