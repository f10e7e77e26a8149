package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Norm;
import dev.jackdaw.model.arch.Rope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/// What a `config.json` says of a [ModelSpec], in the fields that the transformers library reads.
final class HuggingFaceConfig {
    private final ModelSpec spec;
    private final ModelSpec.Block first;
    private final Map<String, Object> config = new LinkedHashMap<>();

    private HuggingFaceConfig(ModelSpec spec) {
        this.spec = spec;
        first = spec.blocks().getFirst();
    }

    static Map<String, Object> of(ModelSpec spec) {
        return new HuggingFaceConfig(spec).write();
    }

    private boolean isThird() {
        return experts().map(f -> f.choice().sigmoid()).orElse(false);
    }

    private Optional<FeedForward.Experts> experts() {
        return spec.blocks().stream().map(ModelSpec.Block::feedForward).filter(FeedForward.Experts.class::isInstance).map(FeedForward.Experts.class::cast).findFirst();
    }

    private boolean hasExperts() {
        return experts().isPresent();
    }

    /// The class in transformers and its `model_type`.
    private String[] names() {
        boolean window = windows().stream().anyMatch(w -> w > 0);
        return switch (spec.family()) {
            case "llama" -> hasExperts() ? names("Mixtral", "mixtral") : window ? names("Mistral", "mistral") : names("Llama", "llama");
            case "smollm3" -> names("SmolLM3", "smollm3");
            case "granite" -> names("Granite", "granite");
            case "granitehybrid" -> names("GraniteMoeHybrid", "granitemoehybrid");
            case "qwen2" -> names("Qwen2", "qwen2");
            case "qwen2moe" -> names("Qwen2Moe", "qwen2_moe");
            case "qwen3" -> names("Qwen3", "qwen3");
            case "qwen3moe" -> names("Qwen3Moe", "qwen3_moe");
            case "gemma" -> names("Gemma", "gemma");
            case "gemma2" -> names("Gemma2", "gemma2");
            case "gemma3" -> names("Gemma3", "gemma3_text");
            case "phi3" -> names("Phi3", "phi3");
            case "gpt2" -> new String[] {"GPT2LMHeadModel", "gpt2"};
            case "gptneox" -> names("GPTNeoX", "gpt_neox");
            case "starcoder2" -> names("Starcoder2", "starcoder2");
            case "olmo2" -> names("Olmo2", "olmo2");
            case "gpt-oss" -> names("GptOss", "gpt_oss");
            case "mistral3" -> names("Ministral3", "ministral3");
            case "deepseek2" -> isThird() ? names("DeepseekV3", "deepseek_v3") : names("DeepseekV2", "deepseek_v2");
            case "command-r" -> names("Cohere", "cohere");
            case "cohere2" -> names("Cohere2", "cohere2");
            case "chatglm" -> names("Glm", "glm");
            case "glm4" -> names("Glm4", "glm4");
            case "bert" -> {
                String stem = spec.embedding().offset() > 0 ? "XLMRoberta" : "Bert";
                yield new String[] {stem + (spec.output() instanceof ModelSpec.Score ? "ForSequenceClassification" : "Model"), stem.equals("Bert") ? "bert" : "xlm-roberta"};
            }
            default -> throw new IllegalArgumentException("export: a " + spec.family() + " model is not written as a Hugging Face folder yet");
        };
    }

    private static String[] names(String stem, String type) {
        return new String[] {stem + "ForCausalLM", type};
    }

    private Map<String, Object> write() {
        String[] names = names();
        config.put("architectures", List.of(spec.output() instanceof ModelSpec.Reward ? names[0].replace("ForCausalLM", "ForSequenceClassification") : names[0]));
        config.put("model_type", names[1]);
        config.put("vocab_size", spec.vocabulary());
        if (first.attention() instanceof Attention.Latent latent) {
            latent(latent);
            return config;
        }
        Attention.Grouped a = (Attention.Grouped) first.attention();
        if (spec.family().equals("gpt2")) {
            config.put("n_embd", spec.width());
            config.put("n_layer", spec.layers());
            config.put("n_head", a.heads());
            config.put("n_positions", spec.context());
            config.put("n_inner", width(first.feedForward()));
            config.put("activation_function", "gelu_new");
            config.put("layer_norm_epsilon", first.norm().epsilon());
            config.put("tie_word_embeddings", spec.tiedHead());
            return config;
        }
        config.put("hidden_size", spec.width());
        config.put("intermediate_size", denseWidth());
        config.put("num_hidden_layers", spec.layers());
        config.put("num_attention_heads", a.heads());
        config.put("num_key_value_heads", a.kvHeads());
        config.put("head_dim", a.headWidth());
        config.put("max_position_embeddings", spec.context() + spec.embedding().offset());
        boolean rms = first.norm() instanceof Norm.Rms;
        config.put(rms ? "rms_norm_eps" : spec.family().equals("starcoder2") ? "norm_epsilon" : "layer_norm_eps", first.norm().epsilon());
        if (spec.output() instanceof ModelSpec.Logits head) {
            config.put("tie_word_embeddings", head.tied());
        }
        rope();
        attention(a);
        feedForward();
        scales(a);
        return config;
    }

    /// DeepSeek: latent attention, experts in groups.
    private void latent(Attention.Latent a) {
        ModelSpec.Logits head = (ModelSpec.Logits) spec.output();
        config.put("hidden_size", spec.width());
        config.put("intermediate_size", denseWidth());
        config.put("num_hidden_layers", spec.layers());
        config.put("num_attention_heads", a.heads());
        config.put("num_key_value_heads", a.heads());
        config.put("max_position_embeddings", spec.context());
        config.put("rms_norm_eps", first.norm().epsilon());
        config.put("tie_word_embeddings", head.tied());
        config.put("hidden_act", "silu");
        config.put("attention_bias", false);
        config.put("q_lora_rank", a.queryRank() > 0 ? a.queryRank() : null);
        config.put("kv_lora_rank", a.rank());
        config.put("qk_nope_head_dim", a.plain());
        config.put("qk_rope_head_dim", a.turned());
        config.put("v_head_dim", a.value());
        config.put("rope_theta", number(a.rope().theta()));
        Map<String, Object> scaling = scaling(a.rope());
        if (a.rope().scaling() instanceof Rope.Yarn s) {
            double all = (Math.sqrt(a.scale() * Math.sqrt(a.plain() + a.turned())) - 1) / (0.1 * Math.log(s.factor()));
            double rounded = Math.rint(all * 1e5) / 1e5;
            scaling.put("mscale_all_dim", rounded);              // the factor on scores; that on cosines and sines is attention_factor
            scaling.put("mscale", Math.rint(((Rope.Yarn.magnitude(s.factor(), rounded) * s.magnitude() - 1) / (0.1 * Math.log(s.factor()))) * 1e5) / 1e5);
        }
        config.put("rope_scaling", scaling);
        experts().ifPresentOrElse(f -> {
            config.put("n_routed_experts", f.count());
            config.put("n_shared_experts", f.shared() == null ? null : f.shared().width() / f.width());
            config.put("num_experts_per_tok", f.choice().used());
            config.put("moe_intermediate_size", f.width());
            config.put("norm_topk_prob", f.choice().renormalise());
            config.put("routed_scaling_factor", f.choice().scale());
            config.put("scoring_func", f.choice().sigmoid() ? "sigmoid" : "softmax");
            config.put("n_group", f.choice().groups());
            config.put("topk_group", f.choice().groupsUsed());
            config.put("topk_method", f.correction() ? "noaux_tc" : f.choice().groups() > 1 ? "group_limited_greedy" : "greedy");
            config.put("moe_layer_freq", 1);
            config.put("first_k_dense_replace", spec.blocks().stream().takeWhile(block -> !(block.feedForward() instanceof FeedForward.Experts)).count());
        }, () -> {
            config.put("n_routed_experts", null);
            config.put("first_k_dense_replace", spec.layers());
        });
    }

    private long denseWidth() {
        return spec.blocks().stream().map(ModelSpec.Block::feedForward).filter(f -> !(f instanceof FeedForward.Experts)).findFirst().map(HuggingFaceConfig::width)
                .orElseGet(() -> width(first.feedForward()));
    }

    private static long width(FeedForward feedForward) {
        return switch (feedForward) {
            case FeedForward.Gated f -> f.width();
            case FeedForward.Plain f -> f.width();
            case FeedForward.Experts f -> f.width();
        };
    }

    private List<Integer> windows() {
        return spec.blocks().stream().map(block -> block.attention() instanceof Attention.Grouped a && a.reach() instanceof Attention.Window(int positions) ? positions : 0).toList();
    }

    private void rope() {
        List<Rope.Turned> turned = spec.blocks().stream().map(block -> block.attention().rope()).filter(Rope.Turned.class::isInstance).map(Rope.Turned.class::cast).toList();
        if (turned.isEmpty()) {
            return;
        }
        Rope.Turned rope = turned.stream().max(java.util.Comparator.comparingDouble(Rope.Turned::theta)).orElseThrow();
        config.put("rope_theta", number(rope.theta()));
        config.put("rope_scaling", scaling(rope));
        if (spec.family().equals("gemma3")) {
            config.put("rope_local_base_freq", turned.stream().mapToDouble(Rope.Turned::theta).min().orElseThrow());
        }
        Attention.Grouped a = (Attention.Grouped) first.attention();
        if (rope.width() != a.headWidth()) {
            config.put(spec.family().equals("gptneox") ? "rotary_pct" : "partial_rotary_factor", (double) rope.width() / a.headWidth());
        }
        if (spec.family().equals("smollm3")) {
            config.put("no_rope_layers", spec.blocks().stream().map(block -> block.attention().rope() instanceof Rope.None ? 0 : 1).toList());
        }
        if (rope.scaling() instanceof Rope.LongFactors s) {
            config.put("original_max_position_embeddings", s.original());
        }
        if (a.growth().beta() > 0) {                                 // transformers looks for it beside the scaling of positions
            Map<String, Object> parameters = new LinkedHashMap<>(Map.of("rope_type", "default"));
            if (scaling(rope) != null) {
                parameters.putAll(scaling(rope));
            }
            parameters.put("rope_theta", number(rope.theta()));
            parameters.put("llama_4_scaling_beta", number(a.growth().beta()));
            parameters.put("original_max_position_embeddings", a.growth().each());
            config.put("rope_parameters", parameters);
            config.remove("rope_scaling");
            config.remove("rope_theta");
        }
    }

    /// A float read from a file as the decimal it was, 10000.0 and not 9999.999….
    private static double number(double value) {
        return (float) value == value ? Double.parseDouble(Float.toString((float) value)) : value;
    }

    private static Map<String, Object> scaling(Rope.Turned rope) {
        Map<String, Object> map = new LinkedHashMap<>();
        switch (rope.scaling()) {
            case Rope.Unscaled _ -> {
                return null;
            }
            case Rope.Linear(double factor) -> {
                map.put("rope_type", "linear");
                map.put("factor", factor);
            }
            case Rope.Dynamic(double factor) -> {
                map.put("rope_type", "dynamic");
                map.put("factor", factor);
            }
            case Rope.Llama3 s -> llama3(map, s);
            case Rope.Factors(List<Float> factors) -> llama3(map, Llama3Fit.of(rope, factors));
            case Rope.Yarn s -> {
                map.put("rope_type", "yarn");
                map.put("factor", s.factor());
                map.put("original_max_position_embeddings", Math.round(s.original()));
                map.put("beta_fast", s.fast());
                map.put("beta_slow", s.slow());
                map.put("truncate", s.truncate());
                map.put("attention_factor", s.magnitude());
            }
            case Rope.LongFactors s -> {
                map.put("type", "longrope");
                map.put("short_factor", s.shortFactors());
                map.put("long_factor", s.longFactors());
                map.put("attention_factor", s.magnitude());
            }
        }
        return map;
    }

    private static void llama3(Map<String, Object> map, Rope.Llama3 s) {
        map.put("rope_type", "llama3");
        map.put("factor", s.factor());
        map.put("low_freq_factor", s.low());
        map.put("high_freq_factor", s.high());
        map.put("original_max_position_embeddings", Math.round(s.original()));
    }

    private void attention(Attention.Grouped a) {
        config.put("attention_bias", a.bias());
        config.put("attention_dropout", 0.0);
        List<Integer> windows = windows();
        int window = windows.stream().mapToInt(w -> w).max().orElse(0);
        boolean mixed = window > 0 && windows.contains(0);
        config.put("sliding_window", window > 0 ? window : null);
        if (spec.family().startsWith("qwen") || spec.family().equals("smollm3")) {
            config.put("use_sliding_window", window > 0);
            config.put("max_window_layers", window > 0 ? Math.max(0, (int) windows.stream().takeWhile(w -> w == 0).count()) : spec.layers());
        }
        if (mixed || spec.family().startsWith("gemma") && window > 0) {
            config.put("layer_types", windows.stream().map(w -> w > 0 ? "sliding_attention" : "full_attention").toList());
        }
        if (spec.family().equals("gemma2") || spec.family().equals("gemma3")) {
            config.put("query_pre_attn_scalar", Math.round(1 / ((double) a.scale() * a.scale())));      // a whole number there
            config.put("attn_logit_softcapping", a.softcap() > 0 ? a.softcap() : null);
        }
        if (spec.family().equals("starcoder2")) {
            config.put("use_bias", a.bias());
        }
        if (spec.family().equals("gptneox")) {
            config.put("use_parallel_residual", first.arrangement() == ModelSpec.Arrangement.PARALLEL);
        }
        if (spec.family().equals("command-r")) {
            config.put("use_qk_norm", a.headNorm() == Attention.HeadNorm.OWN_LAYER_NORM);
        }
        if (spec.embedding().offset() > 0) {
            config.put("pad_token_id", spec.embedding().offset() - 1);
        }
        int labels = switch (spec.output()) {
            case ModelSpec.Score(int n) -> n;
            case ModelSpec.Reward(int n) -> n;
            case ModelSpec.Logits _, ModelSpec.Hidden _ -> 0;
        };
        if (labels > 0) {
            Map<String, String> names = new LinkedHashMap<>();
            for (int i = 0; i < labels; i++) {
                names.put(Integer.toString(i), "LABEL_" + i);
            }
            config.put("id2label", names);
        }
        if (spec.family().equals("bert")) {
            config.put("type_vocab_size", spec.embedding().types());
            config.put("position_embedding_type", "absolute");
        }
    }

    private void feedForward() {
        String bend = switch (first.feedForward()) {
            case FeedForward.Gated f -> bend(f.bend());
            case FeedForward.Plain f -> bend(f.bend());
            case FeedForward.Experts _ -> "silu";
        };
        config.put("hidden_act", bend);
        if (spec.family().startsWith("gemma")) {
            config.put("hidden_activation", bend);
        }
        if (first.feedForward() instanceof FeedForward.Gated f && (spec.family().equals("llama") || spec.family().equals("smollm3") || spec.family().equals("granite"))) {
            config.put("mlp_bias", f.bias());
        }
        List<Integer> dense = IntStream.range(0, spec.layers()).filter(i -> !(spec.blocks().get(i).feedForward() instanceof FeedForward.Experts)).boxed().toList();
        spec.blocks().stream().map(ModelSpec.Block::feedForward).filter(FeedForward.Experts.class::isInstance).findFirst().map(FeedForward.Experts.class::cast).ifPresent(f -> {
            boolean qwen = spec.family().startsWith("qwen");
            config.put(qwen ? "num_experts" : "num_local_experts", f.count());
            config.put("num_experts_per_tok", f.choice().used());
            if (qwen) {
                config.put("moe_intermediate_size", f.width());
                config.put("norm_topk_prob", f.choice().renormalise());
                config.put("decoder_sparse_step", 1);
                config.put("mlp_only_layers", dense);
                if (f.shared() != null) {
                    config.put("shared_expert_intermediate_size", f.shared().width());
                }
            }
            if (f.gate() instanceof FeedForward.Clamped(float limit)) {
                config.put("swiglu_limit", limit);
            }
        });
    }

    private static String bend(dev.jackdaw.tensor.kernel.Bend bend) {
        return switch (bend) {
            case SILU -> "silu";
            case GELU -> "gelu_pytorch_tanh";
            case GELU_ERF -> "gelu";
            case RELU -> "relu";
            case RELU_SQUARED -> "relu2";
        };
    }

    private void scales(Attention.Grouped a) {
        if (spec.family().startsWith("granite")) {
            config.put("embedding_multiplier", spec.embedding().scale());
            config.put("residual_multiplier", first.residualScale());
            config.put("attention_multiplier", a.scale());
        }
        if (spec.output() instanceof ModelSpec.Logits head) {
            if (spec.family().startsWith("granite")) {
                config.put("logits_scaling", 1 / head.scale());
            } else if (head.scale() != 1) {
                config.put("logit_scale", head.scale());
            }
            if (spec.family().equals("gemma2") || spec.family().equals("gemma3")) {
                config.put("final_logit_softcapping", head.softcap() > 0 ? head.softcap() : null);
            }
        }
        if (spec.family().equals("granitehybrid")) {
            config.put("shared_intermediate_size", denseWidth());
            config.put("num_local_experts", 0);
            config.put("num_experts_per_tok", 0);
            config.put("mamba_expand", 2);                           // no layer uses them, but they are checked
            config.put("mamba_n_heads", a.heads());
            config.put("mamba_d_head", 2 * spec.width() / a.heads());
            config.put("layer_types", new ArrayList<>(java.util.Collections.nCopies(spec.layers(), "attention")));
            config.put("position_embedding_type", a.rope() instanceof Rope.None ? "nope" : "rope");
        }
    }
}
