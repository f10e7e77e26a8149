package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import java.util.List;

/// Qwen2, Qwen2.5 (biases on queries, keys and values), Qwen3 (a norm over each head), and both with experts.
final class QwenFamily implements Family {
    @Override
    public List<String> gguf() {
        return List.of("qwen2", "qwen2moe", "qwen3", "qwen3moe");
    }

    @Override
    public List<String> config() {
        return List.of("qwen2", "qwen2_moe", "qwen3", "qwen3_moe");
    }

    @Override
    public ModelSpec read(Facts f) {
        Draft d = Draft.of(f, f.architecture().replace("_", ""));
        boolean third = d.family.startsWith("qwen3");
        d.headNorm = third ? Attention.HeadNorm.EACH_HEAD : Attention.HeadNorm.NONE;
        d.bias = third ? d.has("attn_q.bias", "self_attn.q_proj.bias") : true;
        if (f.flag(null, "use_sliding_window", false)) {
            int from = f.size(null, "max_window_layers", 0);
            d.window(d.slides(layer -> layer >= from));
        }
        if (d.family.endsWith("moe")) {
            FeedForward dense = new FeedForward.Gated(d.feedForward, Bend.SILU, false), experts = experts(f, third);
            List<String> denseLayers = f.list(null, "mlp_only_layers");
            int step = f.size(null, "decoder_sparse_step", 1);
            d.feed = layer -> f.isGguf() ? f.hasTensor("blk." + layer + ".ffn_gate_inp.weight", null) ? experts : dense
                    : denseLayers.contains(Integer.toString(layer)) || (layer + 1) % step != 0 ? dense : experts;
        }
        return d.build();
    }

    private static FeedForward experts(Facts f, boolean third) {
        int width = f.size("expert_feed_forward_length", "moe_intermediate_size");
        FeedForward.Shared shared = third ? null : new FeedForward.Shared(f.size("expert_shared_feed_forward_length", "shared_expert_intermediate_size"), true);
        boolean renormalise = f.flag("expert_weights_norm", "norm_topk_prob", f.isGguf() && third);
        return new FeedForward.Experts(f.size("expert_count", "num_experts|num_local_experts"), width, ExpertChoice.best(f.size("expert_used_count", "num_experts_per_tok"), renormalise),
                new FeedForward.Bent(Bend.SILU), false, false, shared);
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        Names names = CommonNames.of(gguf);
        if (!gguf) {
            String mlp = CommonNames.LAYER + "mlp.";
            names.stem(mlp + "router", mlp + "gate").stem(mlp + "shared_gate", mlp + "shared_expert_gate");
            for (String part : List.of("gate_proj", "up_proj", "down_proj")) {
                names.stem(mlp + "shared." + part, mlp + "shared_expert." + part);
            }
            CommonNames.experts(names, spec, CommonNames.LAYER, "mlp.experts.{e}.gate_proj.weight", "mlp.experts.{e}.up_proj.weight", "mlp.experts.{e}.down_proj.weight");
        }
        return names;
    }
}
