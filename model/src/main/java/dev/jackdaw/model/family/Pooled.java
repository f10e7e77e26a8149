package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.ModelSpec.Pooling;

/// How a model says its rows become one vector: `pooling_type` of GGUF, or `1_Pooling/config.json` beside a Hugging Face folder's
/// `config.json`, which [Families] adds to the facts under `pooling`.
final class Pooled {
    /// `pooling_type` of a model whose head scores texts.
    static final int RANK = 4;

    private Pooled() {
    }

    static Pooling of(Facts facts) {
        if (facts.isGguf()) {
            return switch (facts.size("pooling_type", null, 0)) {
                case 1 -> Pooling.MEAN;
                case 2 -> Pooling.FIRST;
                case 3 -> Pooling.LAST;
                default -> Pooling.UNSAID;
            };
        }
        Facts pooling = facts.inside("jackdaw_pooling");
        return pooling.flag(null, "pooling_mode_mean_tokens", false) ? Pooling.MEAN : pooling.flag(null, "pooling_mode_cls_token", false) ? Pooling.FIRST
                : pooling.flag(null, "pooling_mode_lasttoken", false) ? Pooling.LAST : Pooling.UNSAID;
    }
}
