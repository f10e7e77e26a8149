package dev.jackdaw.tensor.kernel;

/// The error function in double precision, which the JDK lacks. For references and tables; slow.
final class Erf {
    private Erf() {
    }

    /// Φ(z), the area under the bell curve left of z, with small relative error in the left tail too.
    static double phi(double z) {
        return 0.5 * complement(-z / Math.sqrt(2));
    }

    /// erfc(z) = 1 − erf(z) = 2/√π · ∫ from z to ∞ of e^(−t²) dt
    static double complement(double z) {
        if (Double.isNaN(z)) {
            return z;
        }
        if (z < 0) {
            return 2 - complement(-z);
        }
        if (z < 2.5) {
            // erf(z) = 2/√π · e^(−z²) · Σ_k 2^k z^(2k+1) / (1·3·…·(2k+1)): all terms are positive, nothing cancels in the sum.
            double term = z;
            double sum = z;
            for (int k = 1; term > sum * 1e-17; k++) {
                term *= 2 * z * z / (2 * k + 1);
                sum += term;
            }
            return 1 - 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum;
        }
        // The continued fraction z + (1/2)/(z + (2/2)/(z + (3/2)/(z + …))), from the inside out (Abramowitz and Stegun 7.1.14).
        double fraction = z;
        for (int k = 60; k >= 1; k--) {
            fraction = z + k / 2.0 / fraction;
        }
        return Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction;
    }
}
