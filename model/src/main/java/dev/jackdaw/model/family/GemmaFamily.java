package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.tensor.kernel.Bend;
import java.util.List;

/// Gemma 1 to 3 (arXiv:2403.08295, 2408.00118, 2503.19786): rows of the table times √C, GeGLU, from 2 on norms around each half and
/// layers that slide, in 2 capped scores, in 3 norms over heads. A folder keeps the weights of norms less one.
final class GemmaFamily implements Family {
    @Override
    public List<String> gguf() {
        return List.of("gemma", "gemma2", "gemma3");
    }

    @Override
    public List<String> config() {
        return List.of("gemma", "gemma2", "gemma3", "gemma3_text");
    }

    @Override
    public ModelSpec read(Facts f) {
        Draft d = Draft.of(f, f.architecture().replace("_text", ""));
        d.tied = f.isGguf() ? d.tied : f.flag(null, "tie_word_embeddings", true);
        d.bend = Bend.GELU;
        d.embedding = new ModelSpec.Embedding((float) Math.sqrt(d.width), 0, 0, 0, null);
        if (d.family.equals("gemma")) {
            return d.build();
        }
        d.arrangement = ModelSpec.Arrangement.AROUND;
        boolean second = d.family.equals("gemma2");
        // the largest of each generation scales by the width of a head of C/H numbers
        boolean largest = f.isGguf() && d.layers == (second ? 46 : 62);
        double perHead = f.isGguf() ? largest ? (double) d.width / d.heads : d.headWidth : f.real(null, "query_pre_attn_scalar", second ? 224 : 256);
        d.scale = (float) f.real("attention.scale", null, 1 / Math.sqrt(perHead));
        if (second) {
            d.softcap = (float) f.real("attn_logit_softcapping", "attn_logit_softcapping", f.isGguf() ? 50 : 0);
            d.logitCap = (float) f.real("final_logit_softcapping", "final_logit_softcapping", f.isGguf() ? 30 : 0);
            d.window(d.slides(layer -> layer % 2 == 0));
        } else {
            d.headNorm = Attention.HeadNorm.EACH_HEAD;
            d.softcap = (float) f.real("attn_logit_softcapping", "attn_logit_softcapping", 0);
            d.logitCap = (float) f.real("final_logit_softcapping", "final_logit_softcapping", 0);
            int pattern = f.size(null, "sliding_window_pattern|_sliding_window_pattern", 6);
            var slides = d.slides(layer -> (layer + 1) % pattern != 0);
            double local = f.isGguf() ? f.real("rope.freq_base_swa", null, 10_000)
                    : f.inside("rope_parameters").inside("sliding_attention").real(null, "rope_theta", f.real(null, "rope_local_base_freq", 10_000));
            d.window(slides);
            d.rope = layer -> slides.test(layer) ? new Rope.Turned(d.headWidth, false, local, Rope.UNSCALED) : d.turned();
        }
        return d.build();
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        Names names = CommonNames.of(gguf);
        String layer = CommonNames.LAYER, block = CommonNames.BLOCK;
        if (gguf) {
            return names.stem(layer + "attention_output_norm", block + "post_attention_norm").stem(layer + "mlp_output_norm", block + "post_ffw_norm");
        }
        Form lessOne = new Form.LessOne();
        boolean around = !spec.family().equals("gemma");
        names.exact("model.norm.weight", "model.norm.weight", lessOne);
        names.exact(layer + "input_layernorm.weight", layer + "input_layernorm.weight", lessOne);
        names.exact(layer + "post_attention_layernorm.weight", layer + (around ? "pre_feedforward_layernorm.weight" : "post_attention_layernorm.weight"), lessOne);
        names.exact(layer + "attention_output_norm.weight", layer + "post_attention_layernorm.weight", lessOne);
        names.exact(layer + "mlp_output_norm.weight", layer + "post_feedforward_layernorm.weight", lessOne);
        names.exact(layer + "self_attn.q_norm.weight", layer + "self_attn.q_norm.weight", lessOne);
        return names.exact(layer + "self_attn.k_norm.weight", layer + "self_attn.k_norm.weight", lessOne);
    }
}
