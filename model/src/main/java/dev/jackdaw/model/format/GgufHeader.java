package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Norm;
import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/// What a GGUF file says of a [ModelSpec], in the keys that llama.cpp reads; each stands behind the architecture's name.
///
/// What an architecture implies is not written: which layers slide, where norms stand, which bend a feed-forward has.
final class GgufHeader {
    /// Files of other architectures leave the width of the turned part out where it is the whole head.
    private static final Set<String> NAME_ROPE_WIDTH = Set.of("llama", "mistral3", "smollm3", "granite", "granitehybrid", "phi3", "starcoder2", "gptneox", "command-r", "cohere2",
            "chatglm", "glm4", "deepseek2");

    private final GgufWriter writer;
    private final ModelSpec spec;
    private final String prefix;

    private GgufHeader(GgufWriter writer, ModelSpec spec) {
        this.writer = writer;
        this.spec = spec;
        prefix = spec.family() + ".";
    }

    static void put(GgufWriter writer, ModelSpec spec) {
        new GgufHeader(writer, spec).putAll();
    }

    private void size(String key, long value) {
        writer.put(prefix + key, GgufValue.u32(value));
    }

    private void real(String key, double value) {
        writer.put(prefix + key, GgufValue.f32((float) value));
    }

    private void putAll() {
        ModelSpec.Block first = spec.blocks().getFirst();
        size("vocab_size", spec.vocabulary());
        size("context_length", spec.context());
        size("embedding_length", spec.width());
        size("block_count", spec.layers());
        feedForwardLength();
        attention(first.attention());
        real(first.norm() instanceof Norm.Rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon", first.norm().epsilon());
        rope();
        spec.blocks().stream().map(ModelSpec.Block::feedForward).filter(FeedForward.Experts.class::isInstance).findFirst().ifPresent(f -> experts((FeedForward.Experts) f));
        scales(first);
    }

    private void feedForwardLength() {
        List<FeedForward> all = spec.blocks().stream().map(ModelSpec.Block::feedForward).toList();
        FeedForward dense = all.stream().filter(f -> !(f instanceof FeedForward.Experts)).findFirst().orElse(all.getFirst());
        size("feed_forward_length", switch (dense) {
            case FeedForward.Gated f -> f.width();
            case FeedForward.Plain f -> f.width();
            case FeedForward.Experts f -> f.width();
        });
    }

    private void attention(Attention attention) {
        size("attention.head_count", attention.heads());
        switch (attention) {
            case Attention.Grouped a -> {
                size("attention.head_count_kv", a.kvHeads());
                size("attention.key_length", a.headWidth());
                size("attention.value_length", a.headWidth());
                if (a.softcap() > 0) {
                    real("attn_logit_softcapping", a.softcap());
                }
                windows();
                if (spec.family().equals("gemma3") && a.scale() != Attention.Grouped.usualScale(a.headWidth())) {
                    real("attention.scale", a.scale());
                }
                if (a.growth().beta() > 0) {
                    real("attention.temperature_scale", a.growth().beta());
                }
                if (a.reach() instanceof Attention.Everything) {
                    writer.put(prefix + "attention.causal", GgufValue.of(false));
                }
            }
            case Attention.Latent a -> {
                size("attention.head_count_kv", a.heads());
                size("attention.key_length", a.plain() + a.turned());
                size("attention.value_length", a.value());
                size("attention.key_length_mla", a.plain() + a.turned());
                size("attention.value_length_mla", a.value());
                size("attention.kv_lora_rank", a.rank());
                if (a.queryRank() > 0) {
                    size("attention.q_lora_rank", a.queryRank());
                }
            }
        }
    }

    /// The window, and which layers slide where the architecture does not imply it.
    private void windows() {
        int[] windows = spec.blocks().stream().mapToInt(block -> ((Attention.Grouped) block.attention()).reach() instanceof Attention.Window(int positions) ? positions : 0).toArray();
        int window = Arrays.stream(windows).max().orElse(0);
        if (window == 0) {
            return;
        }
        size("attention.sliding_window", window);
        IntPredicate implied = switch (spec.family()) {
            case "gemma2", "gpt-oss" -> layer -> layer % 2 == 0;
            case "gemma3" -> layer -> (layer + 1) % 6 != 0;
            case "cohere2" -> layer -> (layer + 1) % 4 != 0;
            default -> _ -> true;
        };
        if (IntStream.range(0, windows.length).anyMatch(layer -> implied.test(layer) != windows[layer] > 0)) {
            writer.put(prefix + "attention.sliding_window_pattern", GgufValue.i32s(Arrays.stream(windows).map(positions -> positions > 0 ? 1 : 0).toArray()));
        }
    }

    private void rope() {
        spec.blocks().reversed().stream().map(block -> block.attention().rope()).filter(Rope.Turned.class::isInstance).map(Rope.Turned.class::cast)
                .max(java.util.Comparator.comparingDouble(Rope.Turned::theta)).ifPresent(rope -> {
                    real("rope.freq_base", rope.theta());
                    boolean whole = spec.blocks().getFirst().attention() instanceof Attention.Grouped a && a.headWidth() == rope.width();
                    if (!whole || NAME_ROPE_WIDTH.contains(spec.family())) {
                        size("rope.dimension_count", rope.width());
                    }
                    scaling(rope.scaling());
                });
    }

    /// Factors are tensors, see [GgufExport].
    private void scaling(Rope.Scaling scaling) {
        switch (scaling) {
            case Rope.Unscaled _, Rope.Factors _, Rope.Llama3 _, Rope.Dynamic _ -> { }
            case Rope.Linear(double factor) -> {
                writer.put(prefix + "rope.scaling.type", "linear");
                real("rope.scaling.factor", factor);
            }
            case Rope.LongFactors s -> {
                writer.put(prefix + "rope.scaling.type", "longrope");
                size("rope.scaling.original_context_length", s.original());
                real("rope.scaling.attn_factor", s.magnitude());
            }
            case Rope.Yarn s -> {
                writer.put(prefix + "rope.scaling.type", "yarn");
                real("rope.scaling.factor", s.factor());
                size("rope.scaling.original_context_length", Math.round(s.original()));
                real("rope.scaling.yarn_beta_fast", s.fast());
                real("rope.scaling.yarn_beta_slow", s.slow());
                writer.put(prefix + "rope.scaling.yarn_truncate", GgufValue.of(s.truncate()));
                if (spec.blocks().getFirst().attention() instanceof Attention.Latent a) {
                    double m = Math.sqrt(a.scale() * Math.sqrt(a.plain() + a.turned()));
                    real("rope.scaling.yarn_log_multiplier", (m - 1) / Math.log(s.factor()));
                    real("rope.scaling.attn_factor", s.magnitude());
                } else if (spec.family().equals("mistral3") && s.factor() > 1) {
                    real("rope.scaling.yarn_log_multiplier", (Rope.Yarn.magnitude(s.factor(), 1) / s.magnitude() - 1) / (0.1 * Math.log(s.factor())));
                } else {
                    real("rope.scaling.attn_factor", s.magnitude() / Rope.Yarn.magnitude(s.factor(), 1));
                }
            }
        }
    }

    private void experts(FeedForward.Experts f) {
        ExpertChoice choice = f.choice();
        size("expert_count", f.count());
        size("expert_used_count", choice.used());
        if (!spec.family().equals("llama")) {
            size("expert_feed_forward_length", f.width());
        }
        if (f.shared() != null) {
            size(spec.family().equals("deepseek2") ? "expert_shared_count" : "expert_shared_feed_forward_length",
                    spec.family().equals("deepseek2") ? f.shared().width() / f.width() : f.shared().width());
        }
        if (spec.family().equals("deepseek2")) {
            int dense = 0;
            while (!(spec.blocks().get(dense).feedForward() instanceof FeedForward.Experts)) {
                dense++;
            }
            size("leading_dense_block_count", dense);
            real("expert_weights_scale", choice.scale());
            size("expert_gating_func", choice.sigmoid() ? 2 : 1);
            size("expert_group_count", choice.groups());
            size("expert_group_used_count", choice.groupsUsed());
        }
        if (!spec.family().equals("llama") && !spec.family().equals("gpt-oss")) {
            writer.put(prefix + "expert_weights_norm", GgufValue.of(choice.renormalise()));
        }
    }

    private void scales(ModelSpec.Block first) {
        boolean granite = spec.family().startsWith("granite");
        if (granite) {
            if (first.attention().rope() instanceof Rope.None) {
                writer.put(prefix + "rope.scaling.finetuned", GgufValue.of(false));       // how Granite says that it knows no positions
            }
            real("embedding_scale", spec.embedding().scale());
            real("residual_scale", first.residualScale());
            real("attention.scale", ((Attention.Grouped) first.attention()).scale());
        }
        if (spec.output() instanceof ModelSpec.Logits head) {
            if (head.scale() != 1) {
                real("logit_scale", granite ? 1 / head.scale() : head.scale());
            }
            if (head.softcap() > 0) {
                real("final_logit_softcapping", head.softcap());
            }
        }
        if (spec.family().equals("gptneox")) {
            writer.put(prefix + "use_parallel_residual", GgufValue.of(first.arrangement() == ModelSpec.Arrangement.PARALLEL));
        }
        int pooling = switch (spec.pooling()) {
            case UNSAID -> 0;
            case MEAN -> 1;
            case FIRST -> 2;
            case LAST -> 3;
        };
        if (spec.output() instanceof ModelSpec.Reward) {
            pooling = 4;                                 // RANK: the head is read, not the row
        }
        if (pooling > 0) {
            size("pooling_type", pooling);
        }
    }
}
