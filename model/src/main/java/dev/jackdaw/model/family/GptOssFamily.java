package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import java.util.List;

/// gpt-oss: experts with clamped gates and biases, attention sinks, every other layer slides, YaRN.
final class GptOssFamily implements Family {
    /// The published models' limit, which GGUF does not say.
    private static final double LIMIT = 7;

    @Override
    public List<String> gguf() {
        return List.of("gpt-oss");
    }

    @Override
    public List<String> config() {
        return List.of("gpt_oss");
    }

    @Override
    public ModelSpec read(Facts f) {
        Draft d = Draft.of(f, "gpt-oss");
        d.bias = true;
        d.outputBias = true;
        d.sinks = true;
        d.window(d.slides(layer -> layer % 2 == 0));
        int experts = f.size("expert_count", "num_local_experts"), width = f.size("expert_feed_forward_length", "intermediate_size");
        ExpertChoice choice = ExpertChoice.best(f.size("expert_used_count", "num_experts_per_tok|experts_per_token"), true);
        float limit = (float) f.real(null, "swiglu_limit", LIMIT);
        d.feed = _ -> new FeedForward.Experts(experts, width, choice, new FeedForward.Clamped(limit), true, false, null);
        return d.build();
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        Names names = CommonNames.of(gguf);
        String ours = CommonNames.LAYER, block = CommonNames.BLOCK;
        if (gguf) {
            return names.exact(ours + "self_attn.sinks", block + "attn_sinks.weight", Form.SAME).stem(ours + "post_attention_layernorm", block + "post_attention_norm");
        }
        names.exact(ours + "self_attn.sinks", ours + "self_attn.sinks", Form.SAME);
        names.stem(ours + "mlp.router", ours + "mlp.router");
        return experts(names, !f.isGguf() && f.hasTensor(null, "model.layers.0.mlp.experts.gate_up_proj_blocks"));
    }

    /// @param blocks as MXFP4 blocks, which is how the published models come
    static Names experts(Names names, boolean blocks) {
        String experts = CommonNames.LAYER + "mlp.experts.";
        Form numbers = blocks ? new GptOssForms.Blocks() : new GptOssForms.Alternating();
        for (String part : List.of("gate_up_proj", "down_proj")) {
            List<String> stems = part.equals("down_proj") ? List.of(experts + "down_proj") : List.of(experts + "gate_proj", experts + "up_proj");
            names.link(stems.stream().map(stem -> stem + ".weight").toList(),
                    blocks ? List.of(experts + part + "_blocks", experts + part + "_scales") : List.of(experts + part), numbers);
            names.link(stems.stream().map(stem -> stem + ".bias").toList(), List.of(experts + part + "_bias"), new GptOssForms.Alternating());
        }
        return names;
    }
}
