package dev.jackdaw.train.eval;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoublePredicate;

/// Where the true value lies with 95% confidence, given what was seen of it.
public record Interval(double low, double high) {
    /// Two-sided 95% of the normal distribution.
    private static final double Z = 1.959963984540054;
    private static final int RESAMPLES = 2000;

    /// Of a rate: Wilson's score interval (1927), which stays right near 0 and 1 and for few observations.
    public static Interval wilson(long successes, long n) {
        requireRate(successes, n);
        double p = (double) successes / n, z2 = Z * Z;
        double centre = (p + z2 / (2 * n)) / (1 + z2 / n), half = Z / (1 + z2 / n) * Math.sqrt(p * (1 - p) / n + z2 / (4.0 * n * n));
        return new Interval(successes == 0 ? 0 : centre - half, successes == n ? 1 : centre + half);
    }

    /// Of a rate, never too narrow: Clopper's and Pearson's exact interval (1934). It holds 1/2 exactly when the two-sided binomial test does not reject it.
    public static Interval exact(long successes, long n) {
        requireRate(successes, n);
        return new Interval(successes == 0 ? 0 : rate(p -> 1 - atMost(successes - 1, n, p) < 0.025), successes == n ? 1 : rate(p -> atMost(successes, n, p) > 0.025));
    }

    private static void requireRate(long successes, long n) {
        if (n < 1 || successes < 0 || successes > n) {
            throw new IllegalArgumentException("interval: " + successes + " successes of " + n + "; expected at least one observation and no more successes than those");
        }
    }

    /// Where a condition that holds at 0 ends to hold.
    private static double rate(DoublePredicate holds) {
        double low = 0, high = 1;
        for (int i = 0; i < 60; i++) {
            double middle = (low + high) / 2;
            if (holds.test(middle)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }

    /// How likely `k` successes or fewer of `n` are, at a rate of `p`.
    static double atMost(long k, long n, double p) {
        double logChoose = 0, sum = 0;                               // of n over i
        for (long i = 0; i <= k; i++) {
            sum += Math.exp(logChoose + i * Math.log(p) + (n - i) * Math.log1p(-p));
            logChoose += Math.log(n - i) - Math.log(i + 1);
        }
        return Math.min(1, sum);
    }

    /// Of a mean: the percentiles of the means of samples drawn with repetition (Efron, 1979). The same seed gives the same interval.
    public static Interval ofMean(double[] values, long seed) {
        double[] ones = new double[values.length];
        Arrays.fill(ones, 1);
        return ofRatio(values, ones, seed);
    }

    /// Of Σ numerator / Σ denominator, the two drawn together.
    public static Interval ofRatio(double[] numerators, double[] denominators, long seed) {
        int n = numerators.length;
        if (n < 1 || denominators.length != n) {
            throw new IllegalArgumentException("interval: " + n + " numerators and " + denominators.length + " denominators; expected the same number, at least one");
        }
        SplittableRandom random = new SplittableRandom(seed);
        double[] ratios = new double[RESAMPLES];
        for (int r = 0; r < RESAMPLES; r++) {
            double top = 0, bottom = 0;
            for (int i = 0; i < n; i++) {
                int drawn = random.nextInt(n);
                top += numerators[drawn];
                bottom += denominators[drawn];
            }
            ratios[r] = top / bottom;
        }
        Arrays.sort(ratios);
        return new Interval(percentile(ratios, 0.025), percentile(ratios, 0.975));
    }

    /// The mean of `values`: Wilson's interval where all are 0 or 1, else the bootstrap's.
    public static Interval of(double[] values, long seed) {
        return isBinary(values) ? wilson(Math.round(Arrays.stream(values).sum()), values.length) : ofMean(values, seed);
    }

    static boolean isBinary(double[] values) {
        return Arrays.stream(values).allMatch(value -> value == 0 || value == 1);
    }

    private static double percentile(double[] sorted, double share) {
        double at = share * (sorted.length - 1);
        int below = (int) at;
        return below + 1 == sorted.length ? sorted[below] : sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
    }
}
