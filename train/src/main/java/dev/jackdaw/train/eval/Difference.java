package dev.jackdaw.train.eval;

import java.util.Arrays;

/// How much better one model is than another on the same items. Items are paired, so what makes an item hard for both drops out.
///
/// @param difference mean of the second less mean of the first
/// @param interval   95%: where all values are 0 or 1, exact, given how many pairs are unequal, so that it leaves out zero exactly when `p` is below
///                   0.05; elsewhere by the bootstrap over pairs, which for few unequal pairs would be too narrow (it calls four lost and none
///                   gained worse, which a fair coin does once in sixteen times)
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
        boolean isBinary = Interval.isBinary(first) && Interval.isBinary(second);
        return new Difference(Arrays.stream(differences).average().orElseThrow(), isBinary ? exact(gained, lost, first.length) : Interval.ofMean(differences, seed), first.length, gained, lost,
                isBinary ? mcNemar(gained, lost) : null);
    }

    private static Interval exact(int gained, int lost, int n) {
        int unequal = gained + lost;
        if (unequal == 0) {
            return new Interval(0, 0);
        }
        Interval share = Interval.exact(gained, unequal);
        return new Interval((2 * share.low() - 1) * unequal / n, (2 * share.high() - 1) * unequal / n);
    }

    /// Two-sided binomial test of a fair coin.
    static double mcNemar(int gained, int lost) {
        return Math.min(1, 2 * Interval.atMost(Math.min(gained, lost), gained + lost, 0.5));
    }
}
