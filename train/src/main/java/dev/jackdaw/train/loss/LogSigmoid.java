package dev.jackdaw.train.loss;

/// log σ(x) = −log(1 + e^−x), and what goes with it, without overflow at either end.
final class LogSigmoid {
    private LogSigmoid() {
    }

    static double sigmoid(double x) {
        double e = Math.exp(-Math.abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }

    static double of(double x) {
        return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
    }

    /// 1 − σ(x), the derivative of log σ(x).
    static double derivative(double x) {
        return sigmoid(-x);
    }
}
