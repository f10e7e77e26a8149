package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.ModelSpec;
import java.util.List;

/// OLMo 2 (arXiv:2501.00656): norms on the results of each half, and over all queries and all keys.
final class OlmoFamily implements Family {
    @Override
    public List<String> gguf() {
        return List.of("olmo2");
    }

    @Override
    public List<String> config() {
        return List.of("olmo2");
    }

    @Override
    public ModelSpec read(Facts f) {
        Draft d = Draft.of(f, "olmo2");
        d.arrangement = ModelSpec.Arrangement.AFTER;
        d.headNorm = Attention.HeadNorm.WHOLE_PROJECTION;
        return d.build();
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        String ours = CommonNames.LAYER, there = gguf ? CommonNames.BLOCK : CommonNames.LAYER;
        return CommonNames.of(gguf).stem(ours + "attention_output_norm", there + (gguf ? "post_attention_norm" : "post_attention_layernorm"))
                .stem(ours + "mlp_output_norm", there + (gguf ? "post_ffw_norm" : "post_feedforward_layernorm"));
    }
}
