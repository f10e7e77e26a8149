package dev.jackdaw.train.eval;

/// A share of questions answered rightly, with the 95% interval of Wilson (1927): unlike the textbook interval it stays inside 0 to 1 and is
/// right near the borders and for few questions.
///
/// @param right of `n`
public record Wilson(int right, int n) {
    private static final double Z = 1.959963984540054;

    public Wilson {
        if (right < 0 || n < right) {
            throw new IllegalArgumentException("share: " + right + " of " + n);
        }
    }

    public double share() {
        return n == 0 ? Double.NaN : (double) right / n;
    }

    public double low() {
        return n == 0 ? 0 : Math.max(0, centre() - reach());
    }

    public double high() {
        return n == 0 ? 1 : Math.min(1, centre() + reach());
    }

    private double centre() {
        return (share() + Z * Z / (2 * n)) / (1 + Z * Z / n);
    }

    private double reach() {
        double p = share();
        return Z / (1 + Z * Z / n) * Math.sqrt(p * (1 - p) / n + Z * Z / (4.0 * n * n));
    }
}
