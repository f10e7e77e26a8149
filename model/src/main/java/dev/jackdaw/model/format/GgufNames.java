package dev.jackdaw.model.format;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the same weight is called in a GGUF file and in a Hugging Face folder, for the llama and qwen3 families, and how the rows of
/// queries and keys are ordered in each.
///
/// **Rotary layouts.** Rotary positions turn pairs of numbers within a head of width D. Hugging Face pairs number j with number j + D/2
/// ("NEOX", halves). llama.cpp does the same for qwen3; for llama it pairs neighbours, 2j with 2j + 1, and its files hold the rows of
/// `attn_q` and `attn_k` reordered so that the dot products of queries and keys come out equal:
///
/// ```
/// Hugging Face, D = 8:   0 1 2 3 | 4 5 6 7        GGUF llama:   0 4 1 5 2 6 3 7
/// ```
///
/// Everything in this project computes in the Hugging Face order.
public final class GgufNames {
    private static final Map<String, String> OUTSIDE = Map.of(
        "token_embd", "model.embed_tokens",
        "output_norm", "model.norm",
        "output", "lm_head");
    private static final Map<String, String> IN_BLOCK = new LinkedHashMap<>();

    static {
        IN_BLOCK.put("attn_norm", "input_layernorm");
        IN_BLOCK.put("attn_q", "self_attn.q_proj");
        IN_BLOCK.put("attn_k", "self_attn.k_proj");
        IN_BLOCK.put("attn_v", "self_attn.v_proj");
        IN_BLOCK.put("attn_q_norm", "self_attn.q_norm");
        IN_BLOCK.put("attn_k_norm", "self_attn.k_norm");
        IN_BLOCK.put("attn_output", "self_attn.o_proj");
        IN_BLOCK.put("ffn_norm", "post_attention_layernorm");
        IN_BLOCK.put("ffn_gate", "mlp.gate_proj");
        IN_BLOCK.put("ffn_up", "mlp.up_proj");
        IN_BLOCK.put("ffn_down", "mlp.down_proj");
    }

    private static final Pattern GGUF_NAME = Pattern.compile("(?:blk\\.(\\d+)\\.)?([a-z_]+)\\.(weight|bias)");
    private static final Pattern HUGGING_FACE_NAME = Pattern.compile("(?:model\\.layers\\.(\\d+)\\.)?([a-z_.]+)\\.(weight|bias)");

    private GgufNames() {
    }

    /// `blk.3.attn_q.weight` → `model.layers.3.self_attn.q_proj.weight`; empty for a name outside the table.
    public static Optional<String> toHuggingFace(String gguf) {
        Matcher name = GGUF_NAME.matcher(gguf);
        if (!name.matches()) {
            return Optional.empty();
        }
        boolean inBlock = name.group(1) != null;
        String other = (inBlock ? IN_BLOCK : OUTSIDE).get(name.group(2));
        return Optional.ofNullable(other).map(stem -> (inBlock ? "model.layers." + name.group(1) + "." : "") + stem + "." + name.group(3));
    }

    /// The way back.
    public static Optional<String> toGguf(String huggingFace) {
        Matcher name = HUGGING_FACE_NAME.matcher(huggingFace);
        if (!name.matches()) {
            return Optional.empty();
        }
        boolean inBlock = name.group(1) != null;
        return (inBlock ? IN_BLOCK : OUTSIDE).entrySet().stream().filter(entry -> entry.getValue().equals(name.group(2))).findFirst()
            .map(entry -> (inBlock ? "blk." + name.group(1) + "." : "") + entry.getKey() + "." + name.group(3));
    }

    /// The weights of one block by their Hugging Face names, in the order of the computation.
    static Collection<String> blockParts() {
        return IN_BLOCK.values();
    }

    /// How many heads' rows are reordered in a GGUF file of this model for the weight with this Hugging Face name; 0 for none.
    static int interleavedHeads(ModelHeader header, String huggingFace) {
        if (!header.architecture().equals(ModelHeader.LLAMA)) {
            return 0;
        }
        return huggingFace.contains(".self_attn.q_proj.") ? header.heads() : huggingFace.contains(".self_attn.k_proj.") ? header.kvHeads() : 0;
    }

    /// A copy with each head's rows from halves (Hugging Face) to neighbours (GGUF llama).
    public static Tensor interleaveRows(Arena arena, Tensor weight, int heads) {
        return reorder(arena, weight, heads, true);
    }

    /// A copy with each head's rows from neighbours (GGUF llama) to halves (Hugging Face).
    public static Tensor separateRows(Arena arena, Tensor weight, int heads) {
        return reorder(arena, weight, heads, false);
    }

    /// Rows are moved as bytes, so every number format will do.
    private static Tensor reorder(Arena arena, Tensor weight, int heads, boolean toNeighbours) {
        Shape shape = weight.shape();
        long rows = shape.size(0);
        if (heads < 1 || rows % (2L * heads) != 0) {
            throw new IllegalArgumentException("rotary reorder: " + rows + " rows of " + weight + " are not " + heads + " heads of even width");
        }
        Tensor result = Tensor.zeros(arena, weight.type(), shape.toArray());
        long rowBytes = weight.bytes() / rows;
        long half = rows / heads / 2;
        for (long head = 0; head < heads; head++) {
            for (long j = 0; j < half; j++) {
                for (long side = 0; side < 2; side++) {
                    long halves = head * 2 * half + side * half + j;
                    long neighbours = head * 2 * half + 2 * j + side;
                    long from = toNeighbours ? halves : neighbours;
                    long to = toNeighbours ? neighbours : halves;
                    Memory.copy(weight.address() + from * rowBytes, result.address() + to * rowBytes, rowBytes);
                }
            }
        }
        return result;
    }
}
