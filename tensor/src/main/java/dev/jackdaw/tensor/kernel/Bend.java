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

    /// The derivative of [#of]; of RELU at 0 it is 0, as PyTorch has it.
    double slope(double z) {
        return switch (this) {
            case SILU -> sigmoid(z) * (1 + z * (1 - sigmoid(z)));
            case GELU -> {
                double s = sigmoid(Activation.GELU_SCALE * (z + Activation.GELU_CUBIC * z * z * z));
                yield s + z * s * (1 - s) * Activation.GELU_SCALE * (1 + 3 * Activation.GELU_CUBIC * z * z);
            }
            case GELU_ERF -> Erf.phi(z) + z * Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
            case RELU -> z > 0 ? 1 : 0;
            case RELU_SQUARED -> 2 * Math.max(z, 0);
        };
    }

    static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }
}
