package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Norm;
import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.tensor.kernel.Bend;
import java.util.List;

/// Those with LayerNorm, biases and a feed-forward without gate: GPT-2 (learned positions, transposed matrices), GPT-NeoX and Pythia
/// (both halves in parallel, a quarter of each head turned), StarCoder2 (grouped queries, a window).
final class GptFamily implements Family {
    @Override
    public List<String> gguf() {
        return List.of("gpt2", "gptneox", "starcoder2");
    }

    @Override
    public List<String> config() {
        return List.of("gpt2", "gpt_neox", "starcoder2");
    }

    @Override
    public ModelSpec read(Facts f) {
        Draft d = Draft.ofLayerNorm(f, f.architecture().replace("_", ""));
        d.bias = true;
        d.outputBias = true;
        switch (d.family) {
            case "gpt2" -> {
                if (!f.text(null, "activation_function", "gelu_new").equals("gelu_new")) {
                    throw f.wrong("activation_function " + f.text(null, "activation_function", "") + " is not supported in a gpt2 model; supported: gelu_new");
                }
                d.tied = !f.hasTensor("output.weight", "lm_head.weight") || f.flag(null, "tie_word_embeddings", !f.isGguf());
                d.embedding = new ModelSpec.Embedding(1, d.context, 0, 0, null);
                d.rope = _ -> Rope.NONE;
                d.bend = Bend.GELU;
            }
            case "gptneox" -> {
                d.arrangement = f.flag("use_parallel_residual", "use_parallel_residual", true) ? ModelSpec.Arrangement.PARALLEL : ModelSpec.Arrangement.BEFORE;
                d.bias = f.hasTensor("blk.0.attn_qkv.bias", "gpt_neox.layers.0.attention.query_key_value.bias");
                d.outputBias = d.bias;
                d.tied = !f.hasTensor("output.weight", "embed_out.weight");
                String bend = f.text(null, "hidden_act", "gelu");
                d.bend = bend.equals("gelu") ? Bend.GELU_ERF : Bend.GELU;
            }
            default -> {
                d.norm = new Norm.Layer(((Norm.Layer) d.norm).epsilon(), true);
                d.bias = d.has("attn_q.bias", "self_attn.q_proj.bias");
                d.outputBias = d.bias;
                d.bend = Bend.GELU;
                d.tied = f.isGguf() ? d.tied : f.flag(null, "tie_word_embeddings", !f.hasTensor(null, "lm_head.weight"));
                d.window(_ -> true);
            }
        }
        boolean feedBias = !d.family.equals("starcoder2") || d.has("ffn_up.bias", "mlp.c_fc.bias");
        d.feed = _ -> new FeedForward.Plain(d.feedForward, d.bend, feedBias);
        return d.build();
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        Names names = CommonNames.of(gguf);
        if (spec.family().equals("starcoder2")) {
            return gguf ? names : names.stem(CommonNames.LAYER + "mlp.up_proj", CommonNames.LAYER + "mlp.c_fc").stem(CommonNames.LAYER + "mlp.down_proj", CommonNames.LAYER + "mlp.c_proj");
        }
        if (gguf) {
            names.exact("model.embed_positions.weight", "position_embd.weight", Form.SAME);
            return CommonNames.fused(names, CommonNames.BLOCK + "attn_qkv", null);
        }
        return spec.family().equals("gpt2") ? gpt2(names) : neox(names, spec);
    }

    private static final List<String> QKV = List.of(CommonNames.LAYER + "self_attn.q_proj", CommonNames.LAYER + "self_attn.k_proj", CommonNames.LAYER + "self_attn.v_proj");

    private static Names gpt2(Names names) {
        String ours = CommonNames.LAYER, there = "transformer.h.#.";
        names.stem("model.embed_tokens", "transformer.wte").stem("model.embed_positions", "transformer.wpe").stem("model.norm", "transformer.ln_f");
        names.stem(ours + "input_layernorm", there + "ln_1").stem(ours + "post_attention_layernorm", there + "ln_2");
        Form transposed = new Form.Transposed();
        names.stems(QKV, List.of(there + "attn.c_attn"), transposed);
        names.stems(List.of(ours + "self_attn.o_proj"), List.of(there + "attn.c_proj"), transposed);
        names.stems(List.of(ours + "mlp.up_proj"), List.of(there + "mlp.c_fc"), transposed);
        return names.stems(List.of(ours + "mlp.down_proj"), List.of(there + "mlp.c_proj"), transposed);
    }

    private static Names neox(Names names, ModelSpec spec) {
        String ours = CommonNames.LAYER, there = "gpt_neox.layers.#.";
        names.stem("model.embed_tokens", "gpt_neox.embed_in").stem("model.norm", "gpt_neox.final_layer_norm").stem("lm_head", "embed_out");
        names.stem(ours + "input_layernorm", there + "input_layernorm").stem(ours + "post_attention_layernorm", there + "post_attention_layernorm");
        names.stems(QKV, List.of(there + "attention.query_key_value"), new Form.ByHead(spec.blocks().getFirst().attention().heads()));
        names.stem(ours + "self_attn.o_proj", there + "attention.dense");
        return names.stem(ours + "mlp.up_proj", there + "mlp.dense_h_to_4h").stem(ours + "mlp.down_proj", there + "mlp.dense_4h_to_h");
    }
}
