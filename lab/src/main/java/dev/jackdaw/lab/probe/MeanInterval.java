package dev.jackdaw.lab.probe;

import dev.jackdaw.train.eval.Interval;
import java.util.Arrays;

/// A mean and between which values the truth lies with 95% confidence, see [Interval#ofMean].
public record MeanInterval(double mean, double low, double high, int n) {
    static MeanInterval of(double[] values, long seed) {
        Interval interval = Interval.ofMean(values, seed);
        return new MeanInterval(Arrays.stream(values).average().orElseThrow(), interval.low(), interval.high(), values.length);
    }
}
