package dev.jackdaw.train.scale;

/// L(N,D) = E + A/N^α + B/D^β: what loss a model of `N` parameters reaches on `D` tokens, each seen once (Hoffmann et al., 2022).
///
/// `E` is what no model of this kind could avoid, the other two terms are the price of a finite model and of finite text.
///
/// @param E     nats per token
/// @param alpha exponent of the parameters
/// @param beta  exponent of the tokens
public record ScalingLaw(double E, double A, double alpha, double B, double beta) {
    public ScalingLaw {
        if (!(E >= 0 && A > 0 && alpha > 0 && B > 0 && beta > 0)) {
            throw new IllegalArgumentException("scaling law: E " + E + ", A " + A + ", alpha " + alpha + ", B " + B + ", beta " + beta
                    + "; E must be 0 or more, the others above 0");
        }
    }

    /// Hoffmann et al. (2022), table A3, approach 3.
    public static final ScalingLaw CHINCHILLA = new ScalingLaw(1.69, 406.4, 0.34, 410.7, 0.28);

    /// The same runs fitted anew (Besiroglu et al., 2024).
    public static final ScalingLaw CHINCHILLA_CORRECTED = new ScalingLaw(1.8172, 482.01, 0.3478, 2085.43, 0.3658);

    public double loss(double N, double D) {
        return E + A * Math.pow(N, -alpha) + B * Math.pow(D, -beta);
    }

    /// The exponent of `N ~ C^a` where training costs `C = 6·N·D`; that of the tokens is one less this.
    public double optimalExponent() {
        return beta / (alpha + beta);
    }

    /// The best number of parameters for `C = 6·N·D` operations: G·(C/6)^(β/(α+β)) with G = (αA / βB)^(1/(α+β)).
    public double optimalParameters(double C) {
        return Math.pow(alpha * A / (beta * B), 1 / (alpha + beta)) * Math.pow(C / 6, optimalExponent());
    }

    /// The best number of tokens for as much.
    public double optimalTokens(double C) {
        return C / 6 / optimalParameters(C);
    }
}
