package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import java.util.List;

/// Llama 1 to 3, Mistral, Ministral (of both kinds) and Mixtral, SmolLM 1 to 3, Granite 3 and the dense models of Granite 4: RMSNorm before each half,
/// SwiGLU, all rotary pairs as halves. GGUF keeps the rows of queries and keys in the order of neighbours.
final class LlamaFamily implements Family {
    @Override
    public List<String> gguf() {
        return List.of("llama", "mistral3", "smollm3", "granite", "granitehybrid");
    }

    @Override
    public List<String> config() {
        return List.of("llama", "mistral", "ministral", "ministral3", "mixtral", "smollm3", "granite", "granitemoehybrid");
    }

    @Override
    public ModelSpec read(Facts f) {
        String name = f.architecture();
        Draft d = Draft.of(f, switch (name) {
            case "mistral", "ministral", "mixtral" -> "llama";
            case "ministral3" -> "mistral3";
            case "granitemoehybrid" -> "granitehybrid";
            default -> name;
        });
        d.bias = d.has("attn_q.bias", "self_attn.q_proj.bias");
        d.outputBias = d.has("attn_output.bias", "self_attn.o_proj.bias");
        boolean feedBias = d.has("ffn_down.bias", "mlp.down_proj.bias");
        d.feed = _ -> new FeedForward.Gated(d.feedForward, d.bend, feedBias);
        int experts = f.size("expert_count", "num_local_experts", 0);
        switch (d.family) {
            case "smollm3" -> {
                List<String> ropes = f.list(null, "no_rope_layers");            // 1: this layer turns
                int interval = f.size(null, "no_rope_layer_interval", 4);
                d.rope = layer -> (ropes.size() == d.layers ? ropes.get(layer).equals("0") : (layer + 1) % interval == 0) ? Rope.NONE : d.turned();
                if (f.flag(null, "use_sliding_window", false)) {
                    d.window(d.slides(_ -> false));
                }
            }
            case "granite", "granitehybrid" -> {
                granite(d, f);
                if (d.family.equals("granitehybrid")) {
                    hybrid(d, f, experts);
                    return d.build();
                }
            }
            default -> {
                d.window(d.slides(_ -> true));
                d.growth = growth(f);
            }
        }
        if (experts > 0) {
            ExpertChoice choice = ExpertChoice.best(f.size("expert_used_count", "num_experts_per_tok"), true);
            d.feed = _ -> new FeedForward.Experts(experts, d.feedForward, choice, new FeedForward.Bent(Bend.SILU), false, false, null);
        }
        return d.build();
    }

    private static Attention.Growth growth(Facts f) {
        Facts rope = f.inside("rope_parameters|rope_scaling");
        double beta = rope.real("attention.temperature_scale", "llama_4_scaling_beta", 0);
        return beta == 0 ? Attention.Growth.NONE : new Attention.Growth(beta, rope.size("rope.scaling.original_context_length", "original_max_position_embeddings"));
    }

    private static void granite(Draft d, Facts f) {
        d.embedding = new ModelSpec.Embedding((float) f.real("embedding_scale", "embedding_multiplier", 1), 0, 0, 0, null);
        d.residualScale = (float) f.real("residual_scale", "residual_multiplier", 1);
        d.logitScale = (float) (1 / f.real("logit_scale", "logits_scaling", 1));
        double scale = f.real("attention.scale", "attention_multiplier", 0);
        d.scale = scale > 0 ? (float) scale : Attention.Grouped.usualScale(d.headWidth);
    }

    /// Granite 4 without state-space layers and without experts; its feed-forward is the part that others share.
    private static void hybrid(Draft d, Facts f, int experts) {
        List<String> layers = f.list(null, "layers_block_type|layer_types");
        if (experts > 0 || layers.stream().anyMatch(type -> !type.equals("attention") && !type.equals("full_attention")) || f.hasTensor("blk.0.ssm_in.weight", null)) {
            throw f.wrong("a granitehybrid model with state-space layers or experts is not supported; its dense models are");
        }
        d.feedForward = f.size("expert_shared_feed_forward_length", "shared_intermediate_size", d.feedForward);
        if (f.text(null, "position_embedding_type", "rope").equals("nope") || !f.flag("rope.scaling.finetuned", null, true)) {
            d.rope = _ -> Rope.NONE;
        }
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        Names names = CommonNames.of(gguf);
        if (gguf) {
            CommonNames.neighbours(names, spec);
            if (f.isGguf() && f.hasTensor("blk.0.ffn_gate.0.weight", null)) {               // files of 2023
                CommonNames.experts(names, spec, CommonNames.BLOCK, "ffn_gate.{e}.weight", "ffn_up.{e}.weight", "ffn_down.{e}.weight");
            }
            if (spec.family().equals("granitehybrid") && f.isGguf() && f.hasTensor("blk.0.ffn_gate_shexp.weight", null)) {
                for (String part : List.of("gate", "up", "down")) {
                    names.stem(CommonNames.LAYER + "mlp." + part + "_proj", CommonNames.BLOCK + "ffn_" + part + "_shexp");
                }
            }
            return names;
        }
        if (spec.family().equals("granitehybrid")) {
            CommonNames.fused(names, null, CommonNames.LAYER + "shared_mlp.input_linear");
            return names.stem(CommonNames.LAYER + "mlp.down_proj", CommonNames.LAYER + "shared_mlp.output_linear");
        }
        names.stem(CommonNames.LAYER + "mlp.router", CommonNames.LAYER + "block_sparse_moe.gate");
        return CommonNames.experts(names, spec, CommonNames.LAYER, "block_sparse_moe.experts.{e}.w1.weight", "block_sparse_moe.experts.{e}.w3.weight", "block_sparse_moe.experts.{e}.w2.weight");
    }
}
