package dev.jackdaw.train.eval;

/// How many of `n` were right, with the range in which the true share lies with 95% confidence: Wilson's interval (1927), which keeps within
/// 0 and 1 and is right for small counts and shares near the ends too.
public record Share(long right, long n, double share, double low, double high) {
    /// Two-sided 95% of the normal distribution.
    private static final double Z = 1.959963984540054;

    public static Share of(long right, long n) {
        if (n < 1 || right < 0 || right > n) {
            throw new IllegalArgumentException("share: " + right + " of " + n + "; expected a part of at least 1");
        }
        double p = (double) right / n, zz = Z * Z / n;
        double middle = (p + zz / 2) / (1 + zz), half = Z / (1 + zz) * Math.sqrt(p * (1 - p) / n + zz / (4 * n));
        return new Share(right, n, p, right == 0 ? 0 : Math.max(0, middle - half), right == n ? 1 : Math.min(1, middle + half));
    }

    /// `83.3% (77.8 to 87.7, n 216)`
    @Override
    public String toString() {
        return String.format(java.util.Locale.ROOT, "%.1f%% (%.1f to %.1f, n %,d)", 100 * share, 100 * low, 100 * high, n);
    }
}
