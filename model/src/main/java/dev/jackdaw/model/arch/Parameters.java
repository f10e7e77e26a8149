package dev.jackdaw.model.arch;

import dev.jackdaw.model.arch.ModelSpec.Parameter;
import dev.jackdaw.model.arch.ModelSpec.Role;
import java.util.ArrayList;
import java.util.List;

/// The weights that a [ModelSpec] asks for, under our names: those of a Llama folder where Llama has the weight.
///
/// | name behind `model.layers.N.`                    | shape                    |                                          |
/// |--------------------------------------------------|--------------------------|------------------------------------------|
/// | `input_layernorm`, `post_attention_layernorm`    | `[C]`                    | before (or, for BERT, behind) each half  |
/// | `attention_output_norm`, `mlp_output_norm`       | `[C]`                    | on the result of each half               |
/// | `self_attn.{q,k,v,o}_proj`, `.{q,k}_norm`        | `[H·D,C]`, …             |                                          |
/// | `self_attn.sinks`                                | `[H]`                    |                                          |
/// | `self_attn.q_a_proj`, `q_a_norm`, `q_b_proj`     | `[Rq,C]`, `[Rq]`, …      | latent attention                         |
/// | `self_attn.kv_a_proj`, `kv_a_norm`, `kv_b_proj`  | `[R+T,C]`, `[R]`, `[H·(P+V),R]` |                                   |
/// | `mlp.{gate,up,down}_proj`                        | `[F,C]`, `[C,F]`         |                                          |
/// | `mlp.router`, `mlp.correction`                   | `[E,C]`, `[E]`           | experts                                  |
/// | `mlp.experts.{gate,up,down}_proj`                | `[E,F,C]`, `[E,C,F]`     |                                          |
/// | `mlp.shared.{gate,up,down}_proj`, `mlp.shared_gate` | `[F,C]`, …, `[1,C]`   |                                          |
final class Parameters {
    private final ModelSpec spec;
    private final List<Parameter> all = new ArrayList<>();

    private Parameters(ModelSpec spec) {
        this.spec = spec;
    }

    /// Weights read by one operation (q, k, v; gate, up) are neighbours, so that they can lie side by side and be multiplied as one.
    static List<Parameter> of(ModelSpec spec) {
        return new Parameters(spec).collect();
    }

    private void add(String name, Role role, long... sizes) {
        all.add(new Parameter(name, role, sizes));
    }

    private void matrix(String stem, Role role, boolean bias, long rows, long columns) {
        add(stem + ".weight", role, rows, columns);
        if (bias) {
            add(stem + ".bias", Role.BIAS, rows);
        }
    }

    private void norm(String stem, Norm norm) {
        add(stem + ".weight", Role.NORM, spec.width());
        if (norm instanceof Norm.Layer(_, boolean bias) && bias) {
            add(stem + ".bias", Role.BIAS, spec.width());
        }
    }

    private List<Parameter> collect() {
        long C = spec.width();
        ModelSpec.Embedding embedding = spec.embedding();
        add("model.embed_tokens.weight", Role.EMBEDDING, spec.vocabulary(), C);
        if (embedding.positions() > 0) {
            add("model.embed_positions.weight", Role.EMBEDDING, embedding.positions(), C);
        }
        if (embedding.types() > 0) {
            add("model.embed_types.weight", Role.EMBEDDING, embedding.types(), C);
        }
        if (embedding.norm() != null) {
            norm("model.embed_norm", embedding.norm());
        }
        for (int i = 0; i < spec.layers(); i++) {
            block("model.layers." + i + ".", spec.blocks().get(i));
        }
        if (spec.finalNorm() != null) {
            norm("model.norm", spec.finalNorm());
        }
        switch (spec.output()) {
            case ModelSpec.Logits head -> {
                if (!head.tied()) {
                    add("lm_head.weight", Role.HEAD, spec.vocabulary(), C);
                }
            }
            case ModelSpec.Score(int labels) -> {
                matrix("score.dense", Role.MATRIX, true, C, C);
                matrix("score.out", Role.MATRIX, true, labels, C);
            }
            case ModelSpec.Reward(int labels) -> add("score.weight", Role.HEAD, labels, C);
            case ModelSpec.Hidden _ -> { }
        }
        return all;
    }

    private void block(String layer, ModelSpec.Block block) {
        ModelSpec.Arrangement a = block.arrangement();
        boolean first = a != ModelSpec.Arrangement.AFTER;
        boolean second = first && a != ModelSpec.Arrangement.PARALLEL_SHARED;
        boolean outputs = a == ModelSpec.Arrangement.AFTER || a == ModelSpec.Arrangement.AROUND;
        if (first) {
            norm(layer + "input_layernorm", block.norm());
        }
        attention(layer + "self_attn.", block.attention());
        if (outputs) {
            norm(layer + "attention_output_norm", block.norm());
        }
        if (second) {
            norm(layer + "post_attention_layernorm", block.norm());
        }
        feedForward(layer + "mlp.", block.feedForward());
        if (outputs) {
            norm(layer + "mlp_output_norm", block.norm());
        }
    }

    private void attention(String prefix, Attention attention) {
        long C = spec.width(), H = attention.heads();
        switch (attention) {
            case Attention.Grouped a -> {
                long queries = H * a.headWidth(), keys = (long) a.kvHeads() * a.headWidth();
                add(prefix + "q_proj.weight", Role.MATRIX, queries, C);
                add(prefix + "k_proj.weight", Role.MATRIX, keys, C);
                add(prefix + "v_proj.weight", Role.MATRIX, keys, C);
                if (a.bias()) {
                    add(prefix + "q_proj.bias", Role.BIAS, queries);
                    add(prefix + "k_proj.bias", Role.BIAS, keys);
                    add(prefix + "v_proj.bias", Role.BIAS, keys);
                }
                switch (a.headNorm()) {
                    case NONE -> { }
                    case EACH_HEAD -> headNorms(prefix, a.headWidth(), a.headWidth());
                    case WHOLE_PROJECTION -> headNorms(prefix, queries, keys);
                    case OWN_LAYER_NORM -> {
                        add(prefix + "q_norm.weight", Role.NORM, H, a.headWidth());
                        add(prefix + "k_norm.weight", Role.NORM, a.kvHeads(), a.headWidth());
                    }
                }
                if (a.sinks()) {
                    add(prefix + "sinks", Role.BIAS, H);
                }
                matrix(prefix + "o_proj", Role.RESIDUAL_MATRIX, a.outputBias(), C, queries);
            }
            case Attention.Latent a -> {
                long query = H * (a.plain() + a.turned());
                if (a.queryRank() > 0) {
                    add(prefix + "q_a_proj.weight", Role.MATRIX, a.queryRank(), C);
                    add(prefix + "q_a_norm.weight", Role.NORM, a.queryRank());
                    add(prefix + "q_b_proj.weight", Role.MATRIX, query, a.queryRank());
                } else {
                    add(prefix + "q_proj.weight", Role.MATRIX, query, C);
                }
                add(prefix + "kv_a_proj.weight", Role.MATRIX, a.rank() + a.turned(), C);
                add(prefix + "kv_a_norm.weight", Role.NORM, a.rank());
                add(prefix + "kv_b_proj.weight", Role.MATRIX, H * (a.plain() + a.value()), a.rank());
                add(prefix + "o_proj.weight", Role.RESIDUAL_MATRIX, C, H * a.value());
            }
        }
    }

    private void headNorms(String prefix, long queries, long keys) {
        add(prefix + "q_norm.weight", Role.NORM, queries);
        add(prefix + "k_norm.weight", Role.NORM, keys);
    }

    private void feedForward(String prefix, FeedForward feedForward) {
        long C = spec.width();
        switch (feedForward) {
            case FeedForward.Gated f -> gated(prefix, f.width(), f.bias());
            case FeedForward.Plain f -> {
                matrix(prefix + "up_proj", Role.MATRIX, f.bias(), f.width(), C);
                matrix(prefix + "down_proj", Role.RESIDUAL_MATRIX, f.bias(), C, f.width());
            }
            case FeedForward.Experts f -> {
                matrix(prefix + "router", Role.MATRIX, f.bias(), f.count(), C);
                if (f.correction()) {
                    add(prefix + "correction", Role.BIAS, f.count());
                }
                String experts = prefix + "experts.";
                add(experts + "gate_proj.weight", Role.MATRIX, f.count(), f.width(), C);
                add(experts + "up_proj.weight", Role.MATRIX, f.count(), f.width(), C);
                add(experts + "down_proj.weight", Role.RESIDUAL_MATRIX, f.count(), C, f.width());
                if (f.bias()) {
                    add(experts + "gate_proj.bias", Role.BIAS, f.count(), f.width());
                    add(experts + "up_proj.bias", Role.BIAS, f.count(), f.width());
                    add(experts + "down_proj.bias", Role.BIAS, f.count(), C);
                }
                if (f.shared() != null) {
                    gated(prefix + "shared.", f.shared().width(), false);
                    if (f.shared().gated()) {
                        add(prefix + "shared_gate.weight", Role.MATRIX, 1, C);
                    }
                }
            }
        }
    }

    private void gated(String prefix, long width, boolean bias) {
        long C = spec.width();
        add(prefix + "gate_proj.weight", Role.MATRIX, width, C);
        add(prefix + "up_proj.weight", Role.MATRIX, width, C);
        if (bias) {
            add(prefix + "gate_proj.bias", Role.BIAS, width);
            add(prefix + "up_proj.bias", Role.BIAS, width);
        }
        matrix(prefix + "down_proj", Role.RESIDUAL_MATRIX, bias, C, width);
    }
}
