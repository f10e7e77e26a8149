package dev.jackdaw.model.format;

import dev.jackdaw.tensor.Shape;

/// What a file says about the shape of its model, in one vocabulary for GGUF metadata and `config.json`.
///
/// | here         | GGUF, behind `qwen3.` or `llama.`         | config.json               |
/// |--------------|-------------------------------------------|---------------------------|
/// | architecture | `general.architecture` (without prefix)   | `model_type`              |
/// | vocabulary   | `vocab_size`, rows of `token_embd.weight` | `vocab_size`              |
/// | layers       | `block_count`                             | `num_hidden_layers`       |
/// | width        | `embedding_length`                        | `hidden_size`             |
/// | heads        | `attention.head_count`                    | `num_attention_heads`     |
/// | kvHeads      | `attention.head_count_kv`                 | `num_key_value_heads`     |
/// | headWidth    | `attention.key_length`, `.value_length`   | `head_dim`                |
/// | feedForward  | `feed_forward_length`                     | `intermediate_size`       |
/// | context      | `context_length`                          | `max_position_embeddings` |
/// | normEpsilon  | `attention.layer_norm_rms_epsilon`        | `rms_norm_eps`            |
/// | ropeTheta    | `rope.freq_base`                          | `rope_theta`              |
/// | tiedHead     | no tensor `output.weight`                 | `tie_word_embeddings`     |
///
/// Two families so far, both RMSNorm, rotary positions, grouped queries and SwiGLU without biases: `qwen3` (with norms on queries and
/// keys) and `llama`. A file that asks for anything beyond that (scaled positions, a sliding window, experts, biases) is refused, since
/// leaving it out would give wrong numbers without a word.
public record ModelHeader(String architecture, int vocabulary, int layers, int width, int heads, int kvHeads, int headWidth, int feedForward,
                          int context, float normEpsilon, float ropeTheta, boolean tiedHead) {
    /// Far above every model; products of three stay below 2^63.
    private static final int MOST = 1 << 20;
    private static final int MOST_ROWS = 1 << 28;

    public static final String QWEN3 = "qwen3";
    public static final String LLAMA = "llama";

    public ModelHeader {
        if (!architecture.equals(QWEN3) && !architecture.equals(LLAMA)) {
            throw new IllegalArgumentException("architecture " + architecture + " is not supported; supported: qwen3, llama");
        }
        check("vocabulary", vocabulary, MOST_ROWS);
        check("layers", layers, MOST);
        check("width", width, MOST);
        check("heads", heads, MOST);
        check("kvHeads", kvHeads, MOST);
        check("headWidth", headWidth, MOST);
        check("feedForward", feedForward, MOST_ROWS);
        check("context", context, Integer.MAX_VALUE);
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException("heads is " + heads + "; expected a multiple of kvHeads, " + kvHeads);
        }
        if (headWidth % 2 != 0) {
            throw new IllegalArgumentException("headWidth is " + headWidth + "; rotary positions need an even number");
        }
        if (!(normEpsilon > 0 && normEpsilon < 1) || !(ropeTheta > 0 && ropeTheta < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("normEpsilon is " + normEpsilon + " and ropeTheta is " + ropeTheta + "; expected positive numbers, the first below 1");
        }
    }

    private static void check(String name, int value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(name + " is " + value + "; expected 1 to " + most);
        }
    }

    /// Queries and keys are normalised per head.
    public boolean hasQueryKeyNorm() {
        return architecture.equals(QWEN3);
    }

    /// The shape a weight must have, by its Hugging Face name: `[out,in]`, or `[width]` for a norm.
    Shape shape(String weight) {
        String part = weight.replaceFirst("^model\\.(layers\\.\\d+\\.)?", "").replaceFirst("\\.weight$", "");
        long queries = (long) heads * headWidth;
        long keys = (long) kvHeads * headWidth;
        return switch (part) {
            case "embed_tokens", "lm_head" -> Shape.of(vocabulary, width);
            case "norm", "input_layernorm", "post_attention_layernorm" -> Shape.of(width);
            case "self_attn.q_norm", "self_attn.k_norm" -> Shape.of(headWidth);
            case "self_attn.q_proj" -> Shape.of(queries, width);
            case "self_attn.k_proj", "self_attn.v_proj" -> Shape.of(keys, width);
            case "self_attn.o_proj" -> Shape.of(width, queries);
            case "mlp.gate_proj", "mlp.up_proj" -> Shape.of(feedForward, width);
            case "mlp.down_proj" -> Shape.of(width, feedForward);
            default -> throw new IllegalArgumentException("there is no weight " + weight + " in a " + architecture + " model");
        };
    }
}
