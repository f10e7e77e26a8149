package dev.jackdaw.train.scale;

/// One trained model.
///
/// @param N    parameters, counted in one of the ways of [Counting]
/// @param D    tokens it saw
/// @param loss on held-out text, nats per token
public record Observation(double N, double D, double loss) {
    public Observation {
        if (!(N > 0 && D > 0 && loss > 0 && Double.isFinite(N) && Double.isFinite(D) && Double.isFinite(loss))) {
            throw new IllegalArgumentException("scaling law: a model of " + N + " parameters after " + D + " tokens with loss " + loss
                    + "; all three must be finite and above 0");
        }
    }
}
