package dev.jackdaw.model.generate;

import java.util.HashMap;
import java.util.Map;

/// Makes tokens that occurred less likely.
///
/// @param repetition positive logits are divided by it, negative ones multiplied (Keskar et al., 2019); 1: none
/// @param frequency  taken from the logit for each occurrence; 0: none
/// @param presence   taken from the logit once; 0: none
/// @param window     how many of the last tokens count; -1: all
public record Penalties(double repetition, double frequency, double presence, int window) {
    public static final Penalties NONE = new Penalties(1, 0, 0, 64);

    public Penalties {
        if (!(repetition > 0) || !Double.isFinite(frequency) || !Double.isFinite(presence) || window < -1) {
            throw new IllegalArgumentException("sampling: repetition penalty " + repetition + ", frequency penalty " + frequency + ", presence penalty " + presence
                    + ", window " + window + "; the first must be positive, the window -1 or more");
        }
    }

    /// @param text all tokens so far, of which the first `length` count
    void apply(float[] logits, int[] text, int length) {
        if (repetition == 1 && frequency == 0 && presence == 0) {
            return;
        }
        Map<Integer, Integer> counts = new HashMap<>();
        for (int i = window < 0 ? 0 : Math.max(0, length - window); i < length; i++) {
            counts.merge(text[i], 1, Integer::sum);
        }
        counts.forEach((token, count) -> {
            if (token < logits.length) {
                float logit = logits[token];
                logits[token] = (float) ((logit <= 0 ? logit * repetition : logit / repetition) - count * frequency - presence);
            }
        });
    }
}
