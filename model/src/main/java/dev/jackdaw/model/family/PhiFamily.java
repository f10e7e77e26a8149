package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.ModelSpec;
import java.util.List;

/// Phi-3 and Phi-4: Llama's shape with queries, keys and values in one tensor, gate and up in another; long texts by LongRoPE.
final class PhiFamily implements Family {
    @Override
    public List<String> gguf() {
        return List.of("phi3");
    }

    @Override
    public List<String> config() {
        return List.of("phi3");
    }

    @Override
    public ModelSpec read(Facts f) {
        return Draft.of(f, "phi3").window(_ -> true).build();
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        return gguf ? CommonNames.fused(CommonNames.of(true), CommonNames.BLOCK + "attn_qkv", CommonNames.BLOCK + "ffn_up")
                : CommonNames.fused(CommonNames.of(false), CommonNames.LAYER + "self_attn.qkv_proj", CommonNames.LAYER + "mlp.gate_up_proj");
    }
}
