package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import java.util.List;

/// The names that most decoders share; families add to them or write over them.
final class CommonNames {
    static final String LAYER = "model.layers.#.";
    static final String BLOCK = "blk.#.";

    private CommonNames() {
    }

    /// Those of Llama, in a folder or in GGUF.
    static Names of(boolean gguf) {
        return gguf ? gguf() : folder();
    }

    private static Names folder() {
        Names names = new Names().stem("model.embed_tokens", "model.embed_tokens").stem("model.norm", "model.norm").stem("lm_head", "lm_head").stem("score", "score");
        for (String part : List.of("input_layernorm", "post_attention_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                "self_attn.q_norm", "self_attn.k_norm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")) {
            names.stem(LAYER + part, LAYER + part);
        }
        return names;
    }

    private static Names gguf() {
        Names names = new Names().stem("model.embed_tokens", "token_embd").stem("model.norm", "output_norm").stem("lm_head", "output").stem("score", "cls.output");
        names.stem(LAYER + "input_layernorm", BLOCK + "attn_norm").stem(LAYER + "post_attention_layernorm", BLOCK + "ffn_norm");
        names.stem(LAYER + "self_attn.q_proj", BLOCK + "attn_q").stem(LAYER + "self_attn.k_proj", BLOCK + "attn_k").stem(LAYER + "self_attn.v_proj", BLOCK + "attn_v");
        names.stem(LAYER + "self_attn.o_proj", BLOCK + "attn_output");
        names.stem(LAYER + "self_attn.q_norm", BLOCK + "attn_q_norm").stem(LAYER + "self_attn.k_norm", BLOCK + "attn_k_norm");
        names.stem(LAYER + "mlp.gate_proj", BLOCK + "ffn_gate").stem(LAYER + "mlp.up_proj", BLOCK + "ffn_up").stem(LAYER + "mlp.down_proj", BLOCK + "ffn_down");
        names.stem(LAYER + "mlp.router", BLOCK + "ffn_gate_inp").exact(LAYER + "mlp.correction", BLOCK + "exp_probs_b.bias", Form.SAME);
        names.stem(LAYER + "mlp.experts.gate_proj", BLOCK + "ffn_gate_exps").stem(LAYER + "mlp.experts.up_proj", BLOCK + "ffn_up_exps");
        names.stem(LAYER + "mlp.experts.down_proj", BLOCK + "ffn_down_exps");
        names.stem(LAYER + "mlp.shared.gate_proj", BLOCK + "ffn_gate_shexp").stem(LAYER + "mlp.shared.up_proj", BLOCK + "ffn_up_shexp");
        names.stem(LAYER + "mlp.shared.down_proj", BLOCK + "ffn_down_shexp").stem(LAYER + "mlp.shared_gate", BLOCK + "ffn_gate_inp_shexp");
        return names;
    }

    /// Queries and keys of a GGUF file whose pairs are neighbours though the folder's are halves: Llama and those that copied it.
    static Names neighbours(Names names, ModelSpec spec) {
        if (spec.blocks().getFirst().attention() instanceof Attention.Grouped a) {
            names.stems(List.of(LAYER + "self_attn.q_proj"), List.of(BLOCK + "attn_q"), new Form.Neighbours(a.heads()));
            names.stems(List.of(LAYER + "self_attn.k_proj"), List.of(BLOCK + "attn_k"), new Form.Neighbours(a.kvHeads()));
        }
        return names;
    }

    /// Experts with one tensor for each matrix of each, behind `there`.
    static Names experts(Names names, ModelSpec spec, String there, String gate, String up, String down) {
        spec.blocks().stream().map(ModelSpec.Block::feedForward).filter(FeedForward.Experts.class::isInstance).map(FeedForward.Experts.class::cast).findFirst().ifPresent(e -> {
            names.exact(LAYER + "mlp.experts.gate_proj.weight", there + gate, new Form.EachExpert(e.count()));
            names.exact(LAYER + "mlp.experts.up_proj.weight", there + up, new Form.EachExpert(e.count()));
            names.exact(LAYER + "mlp.experts.down_proj.weight", there + down, new Form.EachExpert(e.count()));
        });
        return names;
    }

    /// Queries, keys and values as one tensor, gate and up as another.
    static Names fused(Names names, String qkv, String gateUp) {
        if (qkv != null) {
            names.stems(List.of(LAYER + "self_attn.q_proj", LAYER + "self_attn.k_proj", LAYER + "self_attn.v_proj"), List.of(qkv), Form.STACKED);
        }
        if (gateUp != null) {
            names.stems(List.of(LAYER + "mlp.gate_proj", LAYER + "mlp.up_proj"), List.of(gateUp), Form.STACKED);
        }
        return names;
    }
}
