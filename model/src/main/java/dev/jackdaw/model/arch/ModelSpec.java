package dev.jackdaw.model.arch;

import dev.jackdaw.model.format.ModelHeader;
import java.util.ArrayList;
import java.util.List;

/// What a model is: sizes and choices, no numbers.
///
/// @param family        name of the architecture, as GGUF spells it: `qwen3` or `llama`
/// @param vocabulary    `V`, tokens
/// @param layers        `L`
/// @param width         `C`, numbers in the residual stream
/// @param heads         `H`, query heads
/// @param kvHeads       `K`, key and value heads; divides `H`
/// @param headWidth     `D`, even, since rotary positions turn pairs
/// @param feedForward   `F`
/// @param context       longest sequence the model was made for, in tokens
/// @param normEpsilon   ε of the norms
/// @param ropeTheta     base of the rotary frequencies
/// @param qkNorm        a norm over each query and key head (Qwen3)
/// @param tiedHead      the output head is the embedding table
public record ModelSpec(String family, int vocabulary, int layers, int width, int heads, int kvHeads, int headWidth, int feedForward,
                        int context, float normEpsilon, float ropeTheta, boolean qkNorm, boolean tiedHead) {
    public ModelSpec {
        positive("vocabulary", vocabulary);
        positive("layers", layers);
        positive("width", width);
        positive("heads", heads);
        positive("kvHeads", kvHeads);
        positive("headWidth", headWidth);
        positive("feedForward", feedForward);
        positive("context", context);
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException("model: " + heads + " query heads cannot share " + kvHeads + " key heads; the first must be a multiple of the second");
        }
        if (headWidth % 2 != 0) {
            throw new IllegalArgumentException("model: head width " + headWidth + " is odd; rotary positions need pairs");
        }
        if (!(normEpsilon > 0) || !(ropeTheta > 0)) {
            throw new IllegalArgumentException("model: norm epsilon " + normEpsilon + " and rope theta " + ropeTheta + " must be positive");
        }
    }

    public static ModelSpec of(ModelHeader h) {
        return new ModelSpec(h.architecture(), h.vocabulary(), h.layers(), h.width(), h.heads(), h.kvHeads(), h.headWidth(), h.feedForward(), h.context(),
                h.normEpsilon(), h.ropeTheta(), h.hasQueryKeyNorm(), h.tiedHead());
    }

    /// What a file says of this model.
    public ModelHeader header() {
        return new ModelHeader(family, vocabulary, layers, width, heads, kvHeads, headWidth, feedForward, context, normEpsilon, ropeTheta, tiedHead);
    }

    private static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("model: " + name + " is " + value + "; it must be at least 1");
        }
    }

    /// What a weight is for; decides how it starts and which optimizer moves it.
    public enum Role { EMBEDDING, HEAD, MATRIX, RESIDUAL_MATRIX, NORM }

    /// One weight, by its name in a Hugging Face file; `sizes` is `[F,C]` or `[C]`.
    public record Parameter(String name, Role role, long... sizes) {
        public long elements() {
            long n = 1;
            for (long size : sizes) {
                n *= size;
            }
            return n;
        }
    }

    /// All weights in the order of the computation. Those read by one operation (q, k, v; gate, up) are neighbours, so that they can lie
    /// side by side in memory and be multiplied as one.
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(new Parameter("model.embed_tokens.weight", Role.EMBEDDING, vocabulary, width));
        for (int i = 0; i < layers; i++) {
            String layer = "model.layers." + i + ".";
            all.add(new Parameter(layer + "input_layernorm.weight", Role.NORM, width));
            all.add(new Parameter(layer + "self_attn.q_proj.weight", Role.MATRIX, (long) heads * headWidth, width));
            all.add(new Parameter(layer + "self_attn.k_proj.weight", Role.MATRIX, (long) kvHeads * headWidth, width));
            all.add(new Parameter(layer + "self_attn.v_proj.weight", Role.MATRIX, (long) kvHeads * headWidth, width));
            if (qkNorm) {
                all.add(new Parameter(layer + "self_attn.q_norm.weight", Role.NORM, headWidth));
                all.add(new Parameter(layer + "self_attn.k_norm.weight", Role.NORM, headWidth));
            }
            all.add(new Parameter(layer + "self_attn.o_proj.weight", Role.RESIDUAL_MATRIX, width, (long) heads * headWidth));
            all.add(new Parameter(layer + "post_attention_layernorm.weight", Role.NORM, width));
            all.add(new Parameter(layer + "mlp.gate_proj.weight", Role.MATRIX, feedForward, width));
            all.add(new Parameter(layer + "mlp.up_proj.weight", Role.MATRIX, feedForward, width));
            all.add(new Parameter(layer + "mlp.down_proj.weight", Role.RESIDUAL_MATRIX, width, feedForward));
        }
        all.add(new Parameter("model.norm.weight", Role.NORM, width));
        if (!tiedHead) {
            all.add(new Parameter("lm_head.weight", Role.HEAD, vocabulary, width));
        }
        return all;
    }

    public long parameterCount() {
        return parameters().stream().mapToLong(Parameter::elements).sum();
    }

    /// Floating-point operations to train on one token: 6 for each weight, and the attention of a causal sequence of `T` tokens, of
    /// which half the square is computed.
    public double trainingFlopsPerToken(int T) {
        return 6.0 * parameterCount() + 12.0 * layers * heads * headWidth * T / 2;
    }
}
