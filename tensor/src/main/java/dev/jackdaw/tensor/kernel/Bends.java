package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.putFloat;

/// The loops of [Bend], for families whose feed-forward is not SwiGLU, and their gradients. Results may lie where the inputs lay, and
/// gradients where those they are made from lay: each number depends on its own inputs only. Gradients are set, not added.
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

    /// Elements `[from,to)`: `dx = dy · bend′(x)`
    default void bendBackward(long dx, long x, long dy, long from, long to, Bend bend) {
        for (long i = from; i < to; i++) {
            putFloat(dx + 4 * i, (float) (getFloat(dy + 4 * i) * bend.slope(getFloat(x + 4 * i))));
        }
    }

    /// Rows `[from,to)`: sets dGateUp `[N,2F]` from dh `[N,F]`; the two must not overlap.
    /// `dGate = dh · up · bend′(gate)`,  `dUp = dh · bend(gate)`
    default void gateBackward(long dGateUp, long gateUp, long dh, long from, long to, int F, Bend bend) {
        for (long n = from; n < to; n++) {
            for (int f = 0; f < F; f++) {
                long gate = 8 * n * F + 4L * f, up = gate + 4L * F;
                double g = getFloat(gateUp + gate), u = getFloat(gateUp + up), d = getFloat(dh + 4 * (n * F + f));
                putFloat(dGateUp + gate, (float) (d * u * bend.slope(g)));
                putFloat(dGateUp + up, (float) (d * bend.of(g)));
            }
        }
    }

    /// Rows `[from,to)`: the same for [#clampedGate]. Halves beyond the limit were cut off, so nothing flows to them.
    /// `dGate = dh · (u + 1) · s · (1 + 1.702 · g · (1 − s))`,  `dUp = dh · g · s`,  s = σ(1.702 · g)
    default void clampedGateBackward(long dGateUp, long gateUp, long dh, long from, long to, int F, float limit) {
        for (long n = from; n < to; n++) {
            for (int f = 0; f < F; f++) {
                long gate = 8 * n * F + 4L * f, up = gate + 4L * F;
                double g = getFloat(gateUp + gate), u = getFloat(gateUp + up), d = getFloat(dh + 4 * (n * F + f));
                boolean gateFlows = g <= limit, upFlows = Math.abs(u) <= limit;
                g = Math.min(g, limit);
                u = Math.clamp(u, -limit, limit);
                double s = Bend.sigmoid(CLAMPED_SLOPE * g);
                putFloat(dGateUp + gate, gateFlows ? (float) (d * (u + 1) * s * (1 + CLAMPED_SLOPE * g * (1 - s))) : 0);
                putFloat(dGateUp + up, upFlows ? (float) (d * g * s) : 0);
            }
        }
    }

    /// Elements `[from,to)`: `dx = dy · (1 − (y / cap)²)`, from the result y of [#softcap].
    default void softcapBackward(long dx, long y, long dy, long from, long to, float cap) {
        for (long i = from; i < to; i++) {
            double t = getFloat(y + 4 * i) / (double) cap;
            putFloat(dx + 4 * i, (float) (getFloat(dy + 4 * i) * (1 - t * t)));
        }
    }
}
