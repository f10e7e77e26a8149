package dev.jackdaw.lab.probe;

import java.util.Arrays;
import java.util.SplittableRandom;

/// A mean and between which values the truth lies with 95% confidence: the percentiles of means of as many values drawn with replacement
/// (the bootstrap, Efron 1979).
public record MeanInterval(double mean, double low, double high, int n) {
    private static final int DRAWS = 2000;

    static MeanInterval of(double[] values, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] means = new double[DRAWS];
        for (int draw = 0; draw < DRAWS; draw++) {
            for (int i = 0; i < values.length; i++) {
                means[draw] += values[random.nextInt(values.length)] / values.length;
            }
        }
        Arrays.sort(means);
        return new MeanInterval(Arrays.stream(values).average().orElseThrow(), means[DRAWS / 40], means[DRAWS - 1 - DRAWS / 40], values.length);
    }
}
