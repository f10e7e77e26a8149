package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import java.lang.foreign.Arena;
import java.util.List;

/// DeepSeek-V2 (arXiv:2405.04434) and V3 (arXiv:2412.19437): latent attention, many small experts with shared ones beside them, the first
/// layers dense.
final class DeepSeekFamily implements Family {
    @Override
    public List<String> gguf() {
        return List.of("deepseek2");
    }

    @Override
    public List<String> config() {
        return List.of("deepseek_v2", "deepseek_v3");
    }

    @Override
    public ModelSpec read(Facts f) {
        Draft d = Draft.of(f, "deepseek2");
        int turned = f.size("rope.dimension_count", "qk_rope_head_dim"), rank = f.size("attention.kv_lora_rank", "kv_lora_rank");
        int key = f.isGguf() ? f.size("attention.key_length_mla", null, f.size("attention.key_length", null)) : f.size(null, "qk_nope_head_dim") + turned;
        int value = f.isGguf() ? f.size("attention.value_length_mla", null, f.size("attention.value_length", null)) : f.size(null, "v_head_dim");
        int queryRank = f.size("attention.q_lora_rank", "q_lora_rank", 0);
        double scale = 1 / Math.sqrt(key);
        Rope.Scaling scaling = Scalings.read(f, turned, d.context);
        if (scaling instanceof Rope.Yarn y) {
            // files name the factor on scores by itself; cosines and sines keep the quotient of the two
            double all = f.isGguf() ? f.real("rope.scaling.yarn_log_multiplier", null, 0) * 10 : Math.max(f.inside("rope_scaling").real(null, "mscale_all_dim", 0), f.inside("rope_parameters").real(null, "mscale_all_dim", 0));
            double m = Rope.Yarn.magnitude(y.factor(), all);
            scale *= m * m;
            scaling = f.isGguf() ? new Rope.Yarn(y.factor(), y.original(), y.fast(), y.slow(), y.truncate(), f.real("rope.scaling.attn_factor", null, 1)) : y;
        }
        Rope.Turned rope = new Rope.Turned(turned, true, d.theta, scaling);
        Attention.Latent latent = new Attention.Latent(d.heads, queryRank, rank, key - turned, turned, value, rope, (float) scale);
        d.attention = _ -> latent;
        experts(d, f);
        return d.build();
    }

    private static void experts(Draft d, Facts f) {
        int count = f.size("expert_count", "n_routed_experts", 0);
        FeedForward dense = new FeedForward.Gated(d.feedForward, Bend.SILU, false);
        d.feed = _ -> dense;
        if (count == 0) {
            return;
        }
        int width = f.size("expert_feed_forward_length", "moe_intermediate_size"), shared = f.size("expert_shared_count", "n_shared_experts", 0);
        boolean third = f.isGguf() ? f.size("expert_gating_func", null, 1) == 2 : f.text(null, "scoring_func", f.architecture().equals("deepseek_v3") ? "sigmoid" : "softmax").equals("sigmoid");
        boolean grouped = f.isGguf() || third || !f.text(null, "topk_method", "greedy").equals("greedy");
        int groups = grouped ? f.size("expert_group_count", "n_group", 1) : 1, groupsUsed = grouped ? f.size("expert_group_used_count", "topk_group", 1) : 1;
        boolean renormalise = f.flag("expert_weights_norm", "norm_topk_prob", third);
        double factor = f.real("expert_weights_scale", "routed_scaling_factor", 1);
        ExpertChoice choice = new ExpertChoice(f.size("expert_used_count", "num_experts_per_tok"), third, renormalise, (float) (factor == 0 ? 1 : factor), groups, groupsUsed, third ? 2 : 1);
        int denseLayers = f.size("leading_dense_block_count", "first_k_dense_replace", 0), step = f.size(null, "moe_layer_freq", 1);
        boolean correction = f.isGguf() ? f.hasTensor("blk." + denseLayers + ".exp_probs_b.bias", null)
                : f.hasTensor(null, "model.layers." + denseLayers + ".mlp.gate.e_score_correction_bias");
        FeedForward experts = new FeedForward.Experts(count, width, choice, new FeedForward.Bent(Bend.SILU), false, correction,
                shared == 0 ? null : new FeedForward.Shared(shared * width, false));
        d.feed = layer -> layer >= denseLayers && layer % step == 0 ? experts : dense;
    }

    @Override
    public Names names(ModelSpec spec, Facts f, boolean gguf) {
        Names names = CommonNames.of(gguf);
        String ours = CommonNames.LAYER, attention = ours + "self_attn.";
        if (gguf) {
            names.stem(attention + "q_a_proj", CommonNames.BLOCK + "attn_q_a").stem(attention + "q_a_norm", CommonNames.BLOCK + "attn_q_a_norm").stem(attention + "q_b_proj", CommonNames.BLOCK + "attn_q_b");
            names.stem(attention + "kv_a_proj", CommonNames.BLOCK + "attn_kv_a_mqa").stem(attention + "kv_a_norm", CommonNames.BLOCK + "attn_kv_a_norm");
            if (!f.isGguf() || f.hasTensor("blk.0.attn_k_b.weight", null)) {
                return names.link(List.of(attention + "kv_b_proj.weight"), List.of(CommonNames.BLOCK + "attn_k_b.weight", CommonNames.BLOCK + "attn_v_b.weight"),
                        new Split((Attention.Latent) spec.blocks().getFirst().attention()));
            }
            return names.stem(attention + "kv_b_proj", CommonNames.BLOCK + "attn_kv_b");
        }
        names.stem(attention + "q_a_proj", attention + "q_a_proj").stem(attention + "q_a_norm", attention + "q_a_layernorm").stem(attention + "q_b_proj", attention + "q_b_proj");
        names.stem(attention + "kv_a_proj", attention + "kv_a_proj_with_mqa").stem(attention + "kv_a_norm", attention + "kv_a_layernorm").stem(attention + "kv_b_proj", attention + "kv_b_proj");
        String mlp = ours + "mlp.";
        names.stem(mlp + "router", mlp + "gate").exact(mlp + "correction", mlp + "gate.e_score_correction_bias", Form.SAME);
        for (String part : List.of("gate_proj", "up_proj", "down_proj")) {
            names.stem(mlp + "shared." + part, mlp + "shared_experts." + part);
        }
        return CommonNames.experts(names, spec, CommonNames.LAYER, "mlp.experts.{e}.gate_proj.weight", "mlp.experts.{e}.up_proj.weight", "mlp.experts.{e}.down_proj.weight");
    }

    /// The latent's way up as newer GGUF files have it: keys transposed, `[H,rank,P]`, and values, `[H,V,rank]`.
    record Split(Attention.Latent a) implements Form.Own {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            return List.of(Shape.of(a.heads(), a.rank(), a.plain()), Shape.of(a.heads(), a.value(), a.rank()));
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            List<Tensor> alike = Form.alike(arena, List.of(Form.loose(arena, files.get(0)), Form.loose(arena, files.get(1))));
            Tensor result = Tensor.zeros(arena, alike.getFirst().type(), ours.getFirst().toArray());
            move(alike.get(0), alike.get(1), result, true);
            return result;
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            Tensor rows = Form.loose(arena, ours.getFirst());
            Tensor keys = Tensor.zeros(arena, rows.type(), a.heads(), a.rank(), a.plain()), values = Tensor.zeros(arena, rows.type(), a.heads(), a.value(), a.rank());
            move(keys, values, rows, false);
            return List.of(keys, values);
        }

        private void move(Tensor keys, Tensor values, Tensor ours, boolean read) {
            long P = a.plain(), V = a.value(), R = a.rank();
            for (long h = 0; h < a.heads(); h++) {
                for (long c = 0; c < R; c++) {
                    for (long i = 0; i < P + V; i++) {
                        Tensor file = i < P ? keys : values;
                        long there = i < P ? (h * R + c) * P + i : (h * V + i - P) * R + c, here = (h * (P + V) + i) * R + c;
                        if (read) {
                            Form.move(file, there, ours, here);
                        } else {
                            Form.move(ours, here, file, there);
                        }
                    }
                }
            }
        }
    }
}
