package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// How files describe rotary positions that were stretched.
///
/// `config.json` has `rope_scaling`, or in newer files `rope_parameters` with everything in it, sometimes one for each type of layer.
/// GGUF has keys `rope.scaling.*`, and tensors for factors: `rope_freqs`, `rope_factors_short`, `rope_factors_long`.
final class Scalings {
    private Scalings() {
    }

    static double theta(Facts f) {
        if (f.isGguf()) {
            return (float) f.real("rope.freq_base", null, 10_000);
        }
        Facts rope = full(f);
        return rope.real(null, "rope_theta", f.real(null, "rope_theta|rotary_emb_base", 10_000));
    }

    /// The fraction of a head that turns.
    static double partial(Facts f) {
        return full(f).real(null, "partial_rotary_factor", f.real(null, "partial_rotary_factor|rotary_pct", 1));
    }

    /// The object about rotary positions; that of the full layers where there are several.
    private static Facts full(Facts f) {
        Facts all = f.inside("rope_parameters");
        Facts full = all.inside("full_attention");
        return full.real(null, "rope_theta", 0) > 0 || !full.text(null, "rope_type", "").isEmpty() ? full : all;
    }

    static Rope.Scaling read(Facts f, int ropeWidth, int context) {
        return f.isGguf() ? gguf(f, ropeWidth, context) : config(f, context);
    }

    private static Rope.Scaling gguf(Facts f, int ropeWidth, int context) {
        if (f.hasTensor("rope_factors_long.weight", null) && f.hasTensor("rope_factors_short.weight", null)) {
            return new Rope.LongFactors(floats(f, "rope_factors_short.weight"), floats(f, "rope_factors_long.weight"),
                    f.size("rope.scaling.original_context_length", null, context), f.real("rope.scaling.attn_factor", null, 1));
        }
        if (f.hasTensor("rope_freqs.weight", null)) {
            return new Rope.Factors(floats(f, "rope_freqs.weight"));
        }
        double factor = f.real("rope.scaling.factor", null, 1);
        String type = f.text("rope.scaling.type", null, "none");
        return switch (type) {
            case "none", "longrope" -> Rope.UNSCALED;
            case "linear" -> linear(factor);
            case "yarn" -> new Rope.Yarn(factor, f.size("rope.scaling.original_context_length", null, context), f.real("rope.scaling.yarn_beta_fast", null, 32),
                    f.real("rope.scaling.yarn_beta_slow", null, 1), f.flag("rope.scaling.yarn_truncate", null, true), magnitude(f, factor));
            default -> throw f.wrong("rope.scaling.type " + type + " is not supported; supported: none, linear, yarn, longrope");
        };
    }

    /// Files that name a multiplier (`mscale_all_dim`) divide by what it makes of the factor.
    private static double magnitude(Facts f, double factor) {
        return f.real("rope.scaling.attn_factor", null, 1) * Rope.Yarn.magnitude(factor, 1) / Rope.Yarn.magnitude(factor, f.real("rope.scaling.yarn_log_multiplier", null, 0));
    }

    private static Rope.Scaling linear(double factor) {
        return factor == 1 ? Rope.UNSCALED : new Rope.Linear(factor);
    }

    private static List<Float> floats(Facts f, String tensor) {
        Tensor values = f.tensor(tensor);
        List<Float> list = new ArrayList<>();
        for (float value : values.toFloats()) {
            list.add(value);
        }
        return list;
    }

    private static Rope.Scaling config(Facts f, int context) {
        Facts newer = full(f), s = newer.text(null, "rope_type|type", "").isEmpty() ? f.inside("rope_scaling") : newer;
        String type = s.text(null, "rope_type|type", "default");
        int original = s.size(null, "original_max_position_embeddings", f.size(null, "original_max_position_embeddings", context));
        return switch (type) {
            case "default", "none" -> Rope.UNSCALED;
            case "linear" -> linear(s.real(null, "factor"));
            case "dynamic" -> new Rope.Dynamic(s.real(null, "factor", 1));
            case "llama3" -> new Rope.Llama3(s.real(null, "factor"), s.real(null, "low_freq_factor"), s.real(null, "high_freq_factor"), original);
            case "yarn" -> yarn(s, original, context);
            case "longrope", "su" -> longrope(s, f, original, context);
            default -> throw f.wrong("rope_scaling type " + type + " is not supported; supported: default, linear, dynamic, llama3, yarn, longrope");
        };
    }

    private static Rope.Scaling yarn(Facts s, int original, int context) {
        double factor = s.real(null, "factor", (double) context / original);
        double m = s.real(null, "mscale", 0), all = s.real(null, "mscale_all_dim", 0);
        double usual = m != 0 && all != 0 ? Rope.Yarn.magnitude(factor, m) / Rope.Yarn.magnitude(factor, all) : Rope.Yarn.magnitude(factor, 1);
        return new Rope.Yarn(factor, original, s.real(null, "beta_fast", 32), s.real(null, "beta_slow", 1), s.flag(null, "truncate", true),
                s.real(null, "attention_factor", usual));
    }

    private static Rope.Scaling longrope(Facts s, Facts f, int original, int context) {
        double factor = (double) context / original;
        if (f.size(null, "original_max_position_embeddings", 0) == 0) {
            factor = s.real(null, "factor", factor);
        }
        double usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
        return new Rope.LongFactors(numbers(s, "short_factor"), numbers(s, "long_factor"), original, s.real(null, "attention_factor", usual));
    }

    private static List<Float> numbers(Facts s, String field) {
        try {
            return s.list(null, field).stream().map(Float::valueOf).toList();
        } catch (NumberFormatException e) {
            throw s.wrong(field + " holds something that is not a number");
        }
    }
}
