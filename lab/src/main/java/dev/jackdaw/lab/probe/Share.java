package dev.jackdaw.lab.probe;

import dev.jackdaw.train.eval.Wilson;
import java.util.Locale;

/// How often something happened, and between which shares the truth lies with 95% confidence (see [Wilson]).
public record Share(int hits, int n, double share, double low, double high) {
    public static Share of(int hits, int n) {
        if (n < 1) {
            throw new IllegalArgumentException("share: " + hits + " of " + n + "; expected 0 to n of at least 1");
        }
        Wilson interval = new Wilson(hits, n);
        return new Share(hits, n, interval.share(), interval.low(), interval.high());
    }

    /// `37.5% (22.9 to 54.7)`
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.1f%% (%.1f to %.1f)", 100 * share, 100 * low, 100 * high);
    }
}
