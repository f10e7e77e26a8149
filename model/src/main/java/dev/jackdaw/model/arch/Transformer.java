package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.grad.Operations;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.tensor.kernel.Heads;
import java.util.ArrayList;
import java.util.List;

/// The computation of a decoder-only transformer, written once: against [Operations], which either record it for training or carry it
/// out at once for inference.
///
/// The shape is that of Llama and Qwen3: pre-norm with RMSNorm, rotary positions, grouped-query attention (with a norm over heads in
/// Qwen3), a gated feed-forward, no biases.
public final class Transformer {
    private final ModelSpec spec;
    private final Heads heads;
    private final Value embedding;            // model.embed_tokens.weight [V,C]
    private final List<Block> blocks = new ArrayList<>();
    private final Value finalNorm;            // model.norm.weight [C]
    private final Value head;                 // lm_head.weight [V,C], or the embedding

    /// Looks up every weight once; neighbours (q, k, v and gate, up) come as one.
    public Transformer(ModelSpec spec, Heads heads, Weights weights) {
        this.spec = spec;
        this.heads = heads;
        embedding = weights.value("model.embed_tokens.weight");
        for (int i = 0; i < spec.layers(); i++) {
            String layer = "model.layers." + i + ".";
            blocks.add(new Block(i,
                    weights.value(layer + "input_layernorm.weight"),
                    weights.value(layer + "self_attn.q_proj.weight", layer + "self_attn.k_proj.weight", layer + "self_attn.v_proj.weight"),
                    spec.qkNorm() ? weights.value(layer + "self_attn.q_norm.weight") : null,
                    spec.qkNorm() ? weights.value(layer + "self_attn.k_norm.weight") : null,
                    weights.value(layer + "self_attn.o_proj.weight"),
                    weights.value(layer + "post_attention_layernorm.weight"),
                    weights.value(layer + "mlp.gate_proj.weight", layer + "mlp.up_proj.weight"),
                    weights.value(layer + "mlp.down_proj.weight")));
        }
        finalNorm = weights.value("model.norm.weight");
        head = spec.tiedHead() ? embedding : weights.value("lm_head.weight");
    }

    public ModelSpec spec() {
        return spec;
    }

    /// The output head `[V,C]`.
    public Value head() {
        return head;
    }

    /// ids `[N]`, positions `[N]` → hidden states `[N,C]`, ready for the head.
    public Value trunk(Operations ops, Value ids, Value positions) {
        Value x = ops.embedding(ids, embedding);
        for (Block block : blocks) {
            x = forward(block, ops, x, positions);
        }
        return ops.rmsNorm(x, finalNorm, spec.normEpsilon());
    }

    /// The two residual lines of a layer: look at other positions, then think about this one.
    private Value forward(Block block, Operations ops, Value x, Value positions) {
        x = ops.linear(attend(block, ops, ops.rmsNorm(x, block.attentionNorm, spec.normEpsilon()), positions), block.output, x);
        return ops.linear(ops.swiglu(ops.linear(ops.rmsNorm(x, block.feedForwardNorm, spec.normEpsilon()), block.gateUp, null)), block.down, x);
    }

    private Value attend(Block block, Operations ops, Value x, Value positions) {
        Value qkv = ops.linear(x, block.qkv, null);
        Value qk = ops.qkNormRope(qkv, block.qNorm, block.kNorm, positions, heads);
        return ops.attention(block.layer, qk, qkv, heads);
    }

    /// The weights of one layer.
    private record Block(int layer,
                         Value attentionNorm,       // input_layernorm [C]
                         Value qkv,                 // q_proj, k_proj, v_proj [(H+2K)·D, C]
                         Value qNorm,               // q_norm [D] or null
                         Value kNorm,               // k_norm [D] or null
                         Value output,              // o_proj [C, H·D]
                         Value feedForwardNorm,     // post_attention_layernorm [C]
                         Value gateUp,              // gate_proj, up_proj [2F, C]
                         Value down) {              // down_proj [C, F]
    }
}
