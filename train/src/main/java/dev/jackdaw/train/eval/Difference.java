package dev.jackdaw.train.eval;

import java.util.Arrays;

/// How much better one model is than another on the same items. Items are paired, so what makes an item hard for both drops out.
///
/// @param difference mean of the second less mean of the first
/// @param interval   95%, by the bootstrap over pairs
/// @param n          pairs
/// @param gained     pairs in which the second is higher
/// @param lost       pairs in which it is lower
/// @param p          McNemar's exact test (1947) where all values are 0 or 1: how likely so uneven a split of the unequal pairs would be
///                   between equal models; null elsewhere
public record Difference(double difference, Interval interval, int n, int gained, int lost, Double p) {
    public static Difference of(double[] first, double[] second, long seed) {
        if (first.length != second.length || first.length == 0) {
            throw new IllegalArgumentException("difference: " + first.length + " and " + second.length + " values; expected pairs, at least one");
        }
        double[] differences = new double[first.length];
        int gained = 0, lost = 0;
        for (int i = 0; i < first.length; i++) {
            differences[i] = second[i] - first[i];
            gained += differences[i] > 0 ? 1 : 0;
            lost += differences[i] < 0 ? 1 : 0;
        }
        Double p = Interval.isBinary(first) && Interval.isBinary(second) ? mcNemar(gained, lost) : null;
        return new Difference(Arrays.stream(differences).average().orElseThrow(), Interval.ofMean(differences, seed), first.length, gained, lost, p);
    }

    /// Two-sided binomial test of a fair coin.
    static double mcNemar(int gained, int lost) {
        int n = gained + lost, fewer = Math.min(gained, lost);
        double logChoose = 0, sum = 0;                               // of n over i
        for (int i = 0; i <= fewer; i++) {
            sum += Math.exp(logChoose - n * Math.log(2));
            logChoose += Math.log(n - i) - Math.log(i + 1);
        }
        return Math.min(1, 2 * sum);
    }
}
