package dev.jackdaw.model.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// How much memory a model wants, told from its header alone.
///
/// `weightBytes` are the weights as they are in the file; packed they take as much, but for formats of fewer than four bits, which are kept in
/// four. A model larger than memory still runs, reading from disk again and again. For each token of a conversation comes the key/value cache: F32 keys and values `[L,K,D]`, or where attention is latent (DeepSeek)
/// the latent and the rotated part. Sliding windows can make it smaller, activations add a little.
///
/// @param context tokens the model was made for, 0 if the file does not say
public record MemoryNeed(long weightBytes, long cacheBytesPerToken, long context) {
    private static final int FLOAT = 4;
    private static final long MOST = 1L << 40;

    /// Weights, and the cache for so many tokens.
    public long bytes(long tokens) {
        return weightBytes + tokens * cacheBytesPerToken;
    }

    public static MemoryNeed of(Gguf file) {
        long weights = file.tensors().stream().mapToLong(tensor -> Math.max(0, tensor.bytes())).sum();
        String prefix = file.text("general.architecture", "") + ".";
        long layers = number(file, prefix + "block_count", 0);
        long heads = number(file, prefix + "attention.head_count", 0);
        long width = number(file, prefix + "embedding_length", 0);
        long headWidth = heads == 0 ? 0 : width / heads;
        long latent = number(file, prefix + "attention.kv_lora_rank", 0);
        long context = number(file, prefix + "context_length", 0);
        if (latent > 0) {
            return new MemoryNeed(weights, FLOAT * layers * (latent + number(file, prefix + "rope.dimension_count", 0)), context);
        }
        long keyWidth = number(file, prefix + "attention.key_length", headWidth) + number(file, prefix + "attention.value_length", headWidth);
        long kvHeads = switch (file.value(prefix + "attention.head_count_kv").orElse(null)) {
            case GgufValue.Ints(_, long[] each) -> Arrays.stream(each).map(n -> Math.clamp(n, 0, MOST >> 20)).sum();     // one number a layer
            case GgufValue.Int(_, long all) -> layers * Math.clamp(all, 0, MOST >> 20);
            case null, default -> layers * heads;
        };
        return new MemoryNeed(weights, FLOAT * Math.clamp(kvHeads, 0, MOST) * keyWidth, context);
    }

    private static long number(Gguf file, String key, long otherwise) {
        return switch (file.value(key).orElse(null)) {
            case GgufValue.Int(_, long value) -> Math.clamp(value, 0, 1 << 20);
            case GgufValue.Ints(_, long[] values) when values.length > 0 -> Math.clamp(values[0], 0, 1 << 20);
            case null, default -> otherwise;
        };
    }

    /// Of a Hugging Face folder, by its `config.json`; empty where there is none that can be read.
    public static Optional<MemoryNeed> of(Safetensors file, Path folder) throws IOException {
        Path config = folder.resolve("config.json");
        long weights = file.entries().stream().mapToLong(Safetensors.Entry::bytes).sum();
        if (!Files.isRegularFile(config) || Files.size(config) > 1 << 20) {
            return Optional.empty();
        }
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readString(config));
            json = json.has("text_config") ? json.path("text_config") : json;
            long layers = number(json, "num_hidden_layers", number(json, "n_layer", 0));
            long heads = number(json, "num_attention_heads", number(json, "n_head", 0));
            long width = number(json, "hidden_size", number(json, "n_embd", 0));
            long context = number(json, "max_position_embeddings", number(json, "n_positions", 0));
            long latent = number(json, "kv_lora_rank", 0);
            long perLayer = latent > 0 ? latent + number(json, "qk_rope_head_dim", 0)
                : 2 * number(json, "num_key_value_heads", heads) * number(json, "head_dim", heads == 0 ? 0 : width / heads);
            return Optional.of(new MemoryNeed(weights, FLOAT * layers * perLayer, context));
        } catch (JacksonException e) {
            return Optional.empty();
        }
    }

    private static long number(JsonNode json, String field, long otherwise) {
        return json.path(field).isIntegralNumber() ? Math.clamp(json.path(field).asLong(0), 0, 1 << 20) : otherwise;
    }
}
