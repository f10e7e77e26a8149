package dev.jackdaw.model.generate;

/// How the next token is chosen from the distribution. Applied in this order: repetition penalty, temperature, top-k, top-p, min-p.
///
/// @param temperature       logits are divided by it; 0 always takes the likeliest token
/// @param topK              only the `k` likeliest tokens; 0: all
/// @param topP              only the likeliest tokens that together reach this probability (Holtzman et al., 2020); 1: all
/// @param minP              only tokens at least this likely, relative to the likeliest; 0: all
/// @param repetitionPenalty positive logits of tokens that occurred are divided by it, negative ones multiplied (Keskar et al., 2019); 1: none
/// @param seed              of the choice
public record Sampling(double temperature, int topK, double topP, double minP, double repetitionPenalty, long seed) {
    public Sampling {
        if (!(temperature >= 0) || topK < 0 || !(topP > 0 && topP <= 1) || !(minP >= 0 && minP <= 1) || !(repetitionPenalty > 0)) {
            throw new IllegalArgumentException("sampling: temperature " + temperature + ", top-k " + topK + ", top-p " + topP + ", min-p " + minP
                    + ", repetition penalty " + repetitionPenalty + "; temperature and top-k must not be negative, top-p in (0,1], min-p in [0,1], the penalty positive");
        }
    }

    /// Always the likeliest token.
    public static Sampling greedy() {
        return new Sampling(0, 0, 1, 0, 1, 0);
    }

    public static Sampling of(double temperature, long seed) {
        return new Sampling(temperature, 0, 1, 0, 1, seed);
    }
}
