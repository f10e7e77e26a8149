package dev.jackdaw.cli;

import dev.jackdaw.model.generate.Sampling;
import picocli.CommandLine.Option;

/// How tokens are chosen, for `run` and `dream`.
final class SamplingOptions {
    @Option(names = "--greedy", order = 50, description = "Always the likeliest token.", showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
    private boolean greedy;

    @Option(names = "--temperature", order = 51, paramLabel = "X", defaultValue = "0.8", description = "Below 1 bolder choices become rarer, above 1 more frequent; 0 is --greedy.")
    private double temperature;

    @Option(names = "--top-k", order = 52, paramLabel = "N", defaultValue = "0", description = "Choose among the N likeliest; 0: all.")
    private int topK;

    @Option(names = "--top-p", order = 53, paramLabel = "P", defaultValue = "1", description = "Choose among the likeliest that together reach probability P.")
    private double topP;

    @Option(names = "--min-p", order = 54, paramLabel = "P", defaultValue = "0", description = "Leave out tokens less likely than P times the likeliest.")
    private double minP;

    @Option(names = "--repetition-penalty", order = 55, paramLabel = "X", defaultValue = "1", description = "Above 1: makes tokens that occurred less likely.")
    private double repetitionPenalty;

    Sampling sampling(CommonOptions common) {
        try {
            return greedy ? Sampling.greedy() : new Sampling(temperature, topK, topP, minP, repetitionPenalty, common.seed(System.nanoTime()));
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
    }
}
