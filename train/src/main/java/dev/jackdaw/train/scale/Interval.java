package dev.jackdaw.train.scale;

import java.util.Arrays;

/// Where a number lies with a certain confidence.
public record Interval(double low, double high) {
    /// The middle part of `draws` that holds a share `confidence` of them, by linear interpolation between order statistics.
    public static Interval of(double[] draws, double confidence) {
        double[] sorted = draws.clone();
        Arrays.sort(sorted);
        return new Interval(quantile(sorted, (1 - confidence) / 2), quantile(sorted, (1 + confidence) / 2));
    }

    public boolean contains(double value) {
        return low <= value && value <= high;
    }

    private static double quantile(double[] sorted, double share) {
        double place = share * (sorted.length - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
