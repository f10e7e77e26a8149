package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Norm;
import dev.jackdaw.model.arch.Rope;
import java.util.List;

/// Families whose rotary pairs are neighbours in every file: Cohere (Command R, R7B: both halves in parallel after one norm; in the second
/// generation three of four layers slide and the fourth knows no positions) and GLM-4 (half of each head turned, gate and up fused).
final class CohereGlmFamily implements Family {
    @Override
    public List<String> gguf() {
        return List.of("command-r", "cohere2", "chatglm", "glm4");
    }

    @Override
    public List<String> config() {
        return List.of("cohere", "cohere2", "glm", "glm4");
    }

    @Override
    public ModelSpec read(Facts f) {
        return switch (f.architecture()) {
            case "command-r", "cohere" -> cohere(f, "command-r");
            case "cohere2" -> cohere(f, "cohere2");
            case "chatglm", "glm" -> glm(f, "chatglm");
            default -> glm(f, "glm4");
        };
    }

    private static ModelSpec cohere(Facts f, String family) {
        Draft d = Draft.ofLayerNorm(f, family);
        d.norm = new Norm.Layer(d.norm.epsilon(), false);
        d.arrangement = ModelSpec.Arrangement.PARALLEL_SHARED;
        d.neighbours = true;
        d.tied = f.isGguf() ? d.tied : f.flag(null, "tie_word_embeddings", true);
        d.logitScale = (float) f.real("logit_scale", "logit_scale", 0.0625);
        d.bias = d.has("attn_q.bias", "self_attn.q_proj.bias");
        d.outputBias = d.has("attn_output.bias", "self_attn.o_proj.bias");
        if (f.flag(null, "use_qk_norm", false) || d.has("attn_q_norm.weight", "self_attn.q_norm.weight")) {
            d.headNorm = Attention.HeadNorm.OWN_LAYER_NORM;                 // Command R+
        }
        if (family.equals("cohere2")) {
            int pattern = f.size(null, "sliding_window_pattern|_sliding_window_pattern", 4);
            var slides = d.slides(layer -> (layer + 1) % pattern != 0);
            d.window(slides);
            d.rope = layer -> slides.test(layer) ? d.turned() : Rope.NONE;
        }
        return d.build();
    }

    private static ModelSpec glm(Facts f, String family) {
        Draft d = Draft.of(f, family);
        d.neighbours = true;
        d.ropeWidth = f.isGguf() ? d.ropeWidth : (int) (d.headWidth * f.inside("rope_parameters").real(null, "partial_rotary_factor", f.real(null, "partial_rotary_factor", 0.5)));
        d.bias = f.hasTensor(fusedQkv(f) ? "blk.0.attn_qkv.bias" : "blk.0.attn_q.bias", "model.layers.0.self_attn.q_proj.bias");
        d.arrangement = family.equals("glm4") ? ModelSpec.Arrangement.AROUND : ModelSpec.Arrangement.BEFORE;
        return d.build();
    }

    private static boolean fusedQkv(Facts f) {
        return f.hasTensor("blk.0.attn_qkv.weight", null);
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        Names names = CommonNames.of(gguf);
        boolean glm = spec.family().endsWith("glm") || spec.family().equals("glm4");
        if (!glm) {
            return names;
        }
        String ours = CommonNames.LAYER;
        if (gguf) {
            names.stem(ours + "attention_output_norm", CommonNames.BLOCK + "post_attention_norm").stem(ours + "mlp_output_norm", CommonNames.BLOCK + "post_ffw_norm");
            return CommonNames.fused(names, fusedQkv(f) ? CommonNames.BLOCK + "attn_qkv" : null, CommonNames.BLOCK + "ffn_up");
        }
        names.stem(ours + "attention_output_norm", ours + "post_self_attn_layernorm").stem(ours + "mlp_output_norm", ours + "post_mlp_layernorm");
        return CommonNames.fused(names, null, ours + "mlp.gate_up_proj");
    }
}
