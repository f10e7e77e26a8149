package dev.jackdaw.lab.probe;

import java.util.Locale;

/// How often something happened, and between which shares the truth lies with 95% confidence (Wilson 1927): an interval that also means
/// something where nothing, or everything, happened.
public record Share(int hits, int n, double share, double low, double high) {
    private static final double Z = 1.959964;

    public static Share of(int hits, int n) {
        if (n < 1 || hits < 0 || hits > n) {
            throw new IllegalArgumentException("share: " + hits + " of " + n + "; expected 0 to n of at least 1");
        }
        double p = (double) hits / n, z2 = Z * Z / n, middle = (p + z2 / 2) / (1 + z2), half = Z / (1 + z2) * Math.sqrt(p * (1 - p) / n + z2 / (4 * n));
        return new Share(hits, n, p, hits == 0 ? 0 : Math.max(0, middle - half), hits == n ? 1 : Math.min(1, middle + half));
    }

    /// `37.5% (22.9 to 54.7)`
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.1f%% (%.1f to %.1f)", 100 * share, 100 * low, 100 * high);
    }
}
