package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A whole model as one GGUF file that llama.cpp runs unchanged, and back from such a file to a [ModelHeader].
///
/// The keys, in this order (checked against what llama.cpp reads for qwen3):
/// - `general.architecture`, `.type` = `model`, `.name`, `.file_type` (0 F32, 1 F16, 7 Q8_0, 32 BF16), `.quantization_version` = 2
/// - the sizes listed at [ModelHeader], each behind the architecture's name. No `rope.dimension_count` for qwen3: its absence means that
///   all of a head is turned; llama has it.
/// - `tokenizer.ggml.*` and `tokenizer.chat_template` as given. A split called `llama-bpe` makes llama.cpp add a beginning-of-text token
///   unless `tokenizer.ggml.add_bos_token` says no, so it must be written out.
/// - `jackdaw.*`: how the model came to be. Nothing that changes from run to run (clock, machine, paths) belongs here: the same training
///   gives the same bytes.
///
/// **Types.** Weights with one dimension stay F32, as everywhere. For Q8_0, a weight whose rows do not fill blocks of 32 becomes F16.
public final class GgufExport {
    private static final int QUANTIZATION_VERSION = 2;

    /// Hands out weights by their Hugging Face name; null where there is none.
    @FunctionalInterface
    public interface Source {
        Tensor tensor(String name);
    }

    private GgufExport() {
    }

    /// @param name      what `general.name` says
    /// @param weights   by Hugging Face name, in any number format
    /// @param type      F32, F16, BF16 or Q8_0
    /// @param tokenizer keys that begin with `tokenizer.`
    /// @param facts     keys that begin with `jackdaw.`
    public static void write(Path path, String name, ModelHeader header, Source weights, DType type,
                             Map<String, GgufValue> tokenizer, Map<String, GgufValue> facts) throws IOException {
        GgufWriter writer = new GgufWriter();
        putGeneral(writer, name, header, type);
        putAll(writer, tokenizer, "tokenizer.");
        putAll(writer, facts, "jackdaw.");
        try (Arena arena = Arena.ofShared()) {                       // holds the reordered rows of llama files until they are written
            for (String weight : weightNames(header)) {
                Tensor tensor = weights.tensor(weight);
                if (tensor == null) {
                    throw new IllegalArgumentException("export to " + path + ": the model has no weight " + weight);
                }
                int heads = GgufNames.interleavedHeads(header, weight);
                writer.add(GgufNames.toGguf(weight).orElseThrow(), heads == 0 ? tensor : GgufNames.interleaveRows(arena, tensor, heads), typeFor(tensor.shape(), type));
            }
            writer.write(path);
        }
    }

    /// The number format a weight of this shape gets in a file of this type.
    public static DType typeFor(Shape shape, DType type) {
        if (shape.rank() < 2) {
            return DType.F32;
        }
        return type == DType.Q8_0 && shape.width() % DType.Q8_0.blockElements() != 0 ? DType.F16 : type;
    }

    /// The Hugging Face names of all weights, in the order of the computation.
    static List<String> weightNames(ModelHeader header) {
        List<String> names = new ArrayList<>();
        names.add("model.embed_tokens.weight");
        for (int i = 0; i < header.layers(); i++) {
            for (String part : GgufNames.blockParts()) {
                if (header.hasQueryKeyNorm() || !part.matches("self_attn\\.[qk]_norm")) {
                    names.add("model.layers." + i + "." + part + ".weight");
                }
            }
        }
        names.add("model.norm.weight");
        if (!header.tiedHead()) {
            names.add("lm_head.weight");
        }
        return names;
    }

    private static void putGeneral(GgufWriter writer, String name, ModelHeader header, DType type) {
        int fileType = switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q8_0 -> 7;
            case BF16 -> 32;
            default -> throw new IllegalArgumentException("export: a model is not written as " + type + "; choose F32, F16, BF16 or Q8_0");
        };
        String prefix = header.architecture() + ".";
        writer.put("general.architecture", header.architecture())
            .put("general.type", "model")
            .put("general.name", name)
            .put("general.file_type", GgufValue.u32(fileType))
            .put("general.quantization_version", GgufValue.u32(QUANTIZATION_VERSION))
            .put(prefix + "vocab_size", GgufValue.u32(header.vocabulary()))
            .put(prefix + "context_length", GgufValue.u32(header.context()))
            .put(prefix + "embedding_length", GgufValue.u32(header.width()))
            .put(prefix + "block_count", GgufValue.u32(header.layers()))
            .put(prefix + "feed_forward_length", GgufValue.u32(header.feedForward()))
            .put(prefix + "attention.head_count", GgufValue.u32(header.heads()))
            .put(prefix + "attention.head_count_kv", GgufValue.u32(header.kvHeads()))
            .put(prefix + "attention.key_length", GgufValue.u32(header.headWidth()))
            .put(prefix + "attention.value_length", GgufValue.u32(header.headWidth()))
            .put(prefix + "attention.layer_norm_rms_epsilon", GgufValue.f32(header.normEpsilon()))
            .put(prefix + "rope.freq_base", GgufValue.f32(header.ropeTheta()));
        if (header.architecture().equals(ModelHeader.LLAMA)) {
            writer.put(prefix + "rope.dimension_count", GgufValue.u32(header.headWidth()));
        }
    }

    private static void putAll(GgufWriter writer, Map<String, GgufValue> values, String prefix) {
        values.forEach((key, value) -> {
            if (!key.startsWith(prefix)) {
                throw new IllegalArgumentException("export: key " + key + " should begin with " + prefix);
            }
            writer.put(key, value);
        });
    }

    /// What the file says about the shape of its model.
    public static ModelHeader header(Gguf file) {
        String architecture = file.text("general.architecture");
        if (!architecture.equals(ModelHeader.QWEN3) && !architecture.equals(ModelHeader.LLAMA)) {
            throw new FormatException(file.path(), -1, "architecture " + architecture + " is not supported; supported: qwen3, llama");
        }
        String prefix = architecture + ".";
        refuse(file, file.integer(prefix + "expert_count", 0) > 0, prefix + "expert_count", "experts are");
        refuse(file, file.integer(prefix + "attention.sliding_window", 0) > 0, prefix + "attention.sliding_window", "a sliding window is");
        refuse(file, !file.text(prefix + "rope.scaling.type", "none").equals("none") && file.real(prefix + "rope.scaling.factor", 1) != 1, prefix + "rope.scaling.type", "scaled rotary positions are");
        refuse(file, file.hasTensor("rope_freqs.weight"), "tensor rope_freqs.weight", "scaled rotary positions are");
        refuse(file, file.hasTensor("blk.0.attn_q.bias"), "tensor blk.0.attn_q.bias", "biases are");
        int width = size(file, prefix + "embedding_length", file.integer(prefix + "embedding_length"));
        int heads = size(file, prefix + "attention.head_count", file.integer(prefix + "attention.head_count"));
        int headWidth = size(file, prefix + "attention.key_length", file.integer(prefix + "attention.key_length", width / heads));
        GgufTensor embedding = file.tensorInfo("token_embd.weight");
        int vocabulary = size(file, "the number of rows of token_embd.weight", embedding.shape().rank() == 2 ? embedding.shape().size(0) : 0);
        refuse(file, file.integer(prefix + "attention.value_length", headWidth) != headWidth, prefix + "attention.value_length", "values narrower or wider than keys are");
        refuse(file, file.integer(prefix + "rope.dimension_count", headWidth) != headWidth, prefix + "rope.dimension_count", "partly turned heads are");
        int kvHeads = size(file, prefix + "attention.head_count_kv", file.integer(prefix + "attention.head_count_kv", heads));
        int layers = size(file, prefix + "block_count", file.integer(prefix + "block_count"));
        int feedForward = size(file, prefix + "feed_forward_length", file.integer(prefix + "feed_forward_length"));
        int context = size(file, prefix + "context_length", file.integer(prefix + "context_length"));
        float epsilon = (float) file.real(prefix + "attention.layer_norm_rms_epsilon");
        float theta = (float) file.real(prefix + "rope.freq_base", 10_000);
        try {
            return new ModelHeader(architecture, vocabulary, layers, width, heads, kvHeads, headWidth, feedForward, context, epsilon, theta, !file.hasTensor("output.weight"));
        } catch (IllegalArgumentException e) {
            throw new FormatException(file.path(), -1, e.getMessage());
        }
    }

    private static void refuse(Gguf file, boolean condition, String what, String feature) {
        if (condition) {
            throw new FormatException(file.path(), -1, what + ": " + feature + " not supported");
        }
    }

    private static int size(Gguf file, String key, long value) {
        if (value < 1 || value > Integer.MAX_VALUE) {
            throw new FormatException(file.path(), -1, key + " is " + value + "; expected a size of at least 1");
        }
        return (int) value;
    }
}
