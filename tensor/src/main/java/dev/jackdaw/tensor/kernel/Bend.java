package dev.jackdaw.tensor.kernel;

/// The bend inside a feed-forward layer, by the formulas of [Activation]. As a gate it bends the first half and multiplies the second.
public enum Bend {
    /// z · σ(z)
    SILU,
    /// The tanh form of GELU.
    GELU,
    /// GELU by the error function.
    GELU_ERF,
    /// max(z, 0)
    RELU,
    /// max(z, 0)²
    RELU_SQUARED;

    /// The bent value; in double precision.
    double of(double z) {
        return switch (this) {
            case SILU -> z * sigmoid(z);
            case GELU -> z * sigmoid(Activation.GELU_SCALE * (z + Activation.GELU_CUBIC * z * z * z));
            case GELU_ERF -> z * Erf.phi(z);
            case RELU -> Math.max(z, 0);
            case RELU_SQUARED -> Math.max(z, 0) * Math.max(z, 0);
        };
    }

    static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }
}
