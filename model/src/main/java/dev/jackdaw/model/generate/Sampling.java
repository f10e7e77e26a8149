package dev.jackdaw.model.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// How the next token is chosen from the distribution. The steps always run in this order, that of llama.cpp's default chain:
/// logit bias, penalties, DRY, top-k, typical, top-p, min-p, XTC, temperature, draw. With mirostat it is: logit bias, penalties, DRY,
/// temperature, mirostat, draw.
///
/// @param temperature logits are divided by it; 0 always takes the likeliest token, and so does what is so near to 0 that logits divided by it
///                    were beyond all numbers
/// @param topK        only the `k` likeliest tokens; 0: all
/// @param typicalP    only tokens of typical surprise that together reach this probability; 1: all
/// @param topP        only the likeliest tokens that together reach this probability; 1: all
/// @param minP        only tokens at least this likely, relative to the likeliest; 0: all
/// @param xtcProbability how often the top choices are excluded; 0: never
/// @param xtcThreshold   how likely a top choice is
/// @param logitBias   added to the logits of these tokens; minus infinity forbids one
/// @param seed        of the choice
public record Sampling(double temperature, int topK, double typicalP, double topP, double minP, double xtcProbability, double xtcThreshold, Penalties penalties, Dry dry,
                       Mirostat mirostat, Map<Integer, Float> logitBias, long seed) {
    private static final double COLDEST = 1e-6;

    public Sampling {
        if (!(temperature >= 0) || topK < 0 || !(topP > 0 && topP <= 1) || !(minP >= 0 && minP <= 1) || !(typicalP > 0 && typicalP <= 1)) {
            throw new IllegalArgumentException("sampling: temperature " + temperature + ", top-k " + topK + ", top-p " + topP + ", min-p " + minP
                    + ", typical " + typicalP + "; temperature and top-k must not be negative, top-p and typical in (0,1], min-p in [0,1]");
        }
        if (!(xtcProbability >= 0 && xtcProbability <= 1) || !(xtcThreshold > 0 && xtcThreshold <= 1)) {
            throw new IllegalArgumentException("sampling: XTC probability " + xtcProbability + ", threshold " + xtcThreshold + "; the first in [0,1], the second in (0,1]");
        }
        temperature = temperature < COLDEST ? 0 : temperature;
        logitBias = Map.copyOf(logitBias);
    }

    /// Always the likeliest token.
    public static Sampling greedy() {
        return of(0, 0);
    }

    /// Draws from the whole distribution.
    public static Sampling of(double temperature, long seed) {
        return new Sampling(temperature, 0, 1, 1, 0, 0, 0.1, Penalties.NONE, Dry.NONE, Mirostat.NONE, Map.of(), seed);
    }

    /// The narrowing steps, without those that would change nothing. Empty where the likeliest token is taken anyway.
    List<Step> steps() {
        List<Step> steps = new ArrayList<>();
        if (temperature == 0) {
            return steps;
        }
        if (mirostat.version() == 0) {
            if (topK > 0) {
                steps.add(new Step.TopK(topK));
            }
            if (typicalP < 1) {
                steps.add(new Step.Typical(typicalP));
            }
            if (topP < 1) {
                steps.add(new Step.TopP(topP));
            }
            if (minP > 0) {
                steps.add(new Step.MinP(minP));
            }
            if (xtcProbability > 0) {
                steps.add(new Step.Xtc(xtcProbability, xtcThreshold));
            }
        }
        if (temperature != 1) {
            steps.add(new Step.Temperature(temperature));
        }
        return steps;
    }

    public Sampling withTopK(int k) {
        return new Sampling(temperature, k, typicalP, topP, minP, xtcProbability, xtcThreshold, penalties, dry, mirostat, logitBias, seed);
    }

    public Sampling withTypicalP(double p) {
        return new Sampling(temperature, topK, p, topP, minP, xtcProbability, xtcThreshold, penalties, dry, mirostat, logitBias, seed);
    }

    public Sampling withTopP(double p) {
        return new Sampling(temperature, topK, typicalP, p, minP, xtcProbability, xtcThreshold, penalties, dry, mirostat, logitBias, seed);
    }

    public Sampling withMinP(double p) {
        return new Sampling(temperature, topK, typicalP, topP, p, xtcProbability, xtcThreshold, penalties, dry, mirostat, logitBias, seed);
    }

    public Sampling withXtc(double probability, double threshold) {
        return new Sampling(temperature, topK, typicalP, topP, minP, probability, threshold, penalties, dry, mirostat, logitBias, seed);
    }

    public Sampling withPenalties(Penalties other) {
        return new Sampling(temperature, topK, typicalP, topP, minP, xtcProbability, xtcThreshold, other, dry, mirostat, logitBias, seed);
    }

    public Sampling withDry(Dry other) {
        return new Sampling(temperature, topK, typicalP, topP, minP, xtcProbability, xtcThreshold, penalties, other, mirostat, logitBias, seed);
    }

    public Sampling withMirostat(Mirostat other) {
        return new Sampling(temperature, topK, typicalP, topP, minP, xtcProbability, xtcThreshold, penalties, dry, other, logitBias, seed);
    }

    public Sampling withLogitBias(Map<Integer, Float> bias) {
        return new Sampling(temperature, topK, typicalP, topP, minP, xtcProbability, xtcThreshold, penalties, dry, mirostat, bias, seed);
    }

    public Sampling withSeed(long other) {
        return new Sampling(temperature, topK, typicalP, topP, minP, xtcProbability, xtcThreshold, penalties, dry, mirostat, logitBias, other);
    }
}
