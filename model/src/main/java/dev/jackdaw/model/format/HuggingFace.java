package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// A model as the folder that the transformers library reads: `config.json`, `generation_config.json`, `model.safetensors`,
/// `tokenizer.json` and `tokenizer_config.json` (with the chat template).
public final class HuggingFace {
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private static final int MOST_JSON_BYTES = 64 << 20;

    /// A token that means something to programs rather than readers.
    public record Special(int id, String text) { }

    /// What the tokenizer contributes. `json` is the whole of `tokenizer.json`; the others may be null.
    public record Tokenizer(String json, String chatTemplate, Special beginning, Special end, Special padding) { }

    private HuggingFace() {
    }

    /// Writes the folder. A new one appears whole or not at all; in one that exists, each file is replaced whole, `config.json` last.
    ///
    /// @param weights by Hugging Face name
    /// @param type    F32, F16 or BF16, for all weights
    public static void write(Path folder, ModelHeader header, GgufExport.Source weights, DType type, Tokenizer tokenizer) throws IOException {
        if (Files.isDirectory(folder)) {
            fill(folder, header, weights, type, tokenizer);
        } else {
            AtomicFile.writeFolder(folder, inside -> fill(inside, header, weights, type, tokenizer));
        }
    }

    private static void fill(Path folder, ModelHeader header, GgufExport.Source weights, DType type, Tokenizer tokenizer) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter().put("format", "pt");
        for (String name : GgufExport.weightNames(header)) {
            Tensor tensor = weights.tensor(name);
            if (tensor == null) {
                throw new IllegalArgumentException("export to " + folder + ": the model has no weight " + name);
            }
            writer.add(name, tensor, type);
        }
        writer.write(folder.resolve("model.safetensors"));
        AtomicFile.write(folder.resolve("tokenizer.json"), tokenizer.json.getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(folder.resolve("tokenizer_config.json"), JSON.writeValueAsBytes(tokenizerConfig(header, tokenizer)));
        AtomicFile.write(folder.resolve("generation_config.json"), JSON.writeValueAsBytes(specialIds(tokenizer)));
        AtomicFile.write(folder.resolve("config.json"), JSON.writeValueAsBytes(config(header, type, tokenizer)));
    }

    private static Map<String, Object> config(ModelHeader header, DType type, Tokenizer tokenizer) {
        boolean isQwen = header.architecture().equals(ModelHeader.QWEN3);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of(isQwen ? "Qwen3ForCausalLM" : "LlamaForCausalLM"));
        config.put("model_type", header.architecture());
        config.put("vocab_size", header.vocabulary());
        config.put("hidden_size", header.width());
        config.put("intermediate_size", header.feedForward());
        config.put("num_hidden_layers", header.layers());
        config.put("num_attention_heads", header.heads());
        config.put("num_key_value_heads", header.kvHeads());
        config.put("head_dim", header.headWidth());
        config.put("max_position_embeddings", header.context());
        config.put("rms_norm_eps", header.normEpsilon());
        config.put("rope_theta", header.ropeTheta());
        config.put("rope_scaling", null);
        config.put("tie_word_embeddings", header.tiedHead());
        config.put("hidden_act", "silu");
        config.put("attention_bias", false);
        config.put("attention_dropout", 0.0);
        if (isQwen) {
            config.put("use_sliding_window", false);
            config.put("sliding_window", null);
            config.put("max_window_layers", header.layers());
        } else {
            config.put("mlp_bias", false);
        }
        config.put("initializer_range", 0.02);
        config.put("use_cache", true);
        config.put("torch_dtype", switch (type) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> throw new IllegalArgumentException("export: a Hugging Face folder is not written as " + type + "; choose F32, F16 or BF16");
        });
        config.putAll(specialIds(tokenizer));
        return config;
    }

    private static Map<String, Object> specialIds(Tokenizer tokenizer) {
        Map<String, Object> ids = new LinkedHashMap<>();
        ids.put("bos_token_id", tokenizer.beginning == null ? null : tokenizer.beginning.id);
        ids.put("eos_token_id", tokenizer.end == null ? null : tokenizer.end.id);
        ids.put("pad_token_id", tokenizer.padding == null ? null : tokenizer.padding.id);
        return ids;
    }

    private static Map<String, Object> tokenizerConfig(ModelHeader header, Tokenizer tokenizer) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("model_max_length", header.context());
        config.put("bos_token", tokenizer.beginning == null ? null : tokenizer.beginning.text);
        config.put("eos_token", tokenizer.end == null ? null : tokenizer.end.text);
        config.put("pad_token", tokenizer.padding == null ? null : tokenizer.padding.text);
        config.put("add_bos_token", false);
        config.put("clean_up_tokenization_spaces", false);
        if (tokenizer.chatTemplate != null) {
            config.put("chat_template", tokenizer.chatTemplate);
        }
        return config;
    }

    /// Reads `config.json` of a folder.
    public static ModelHeader header(Path folder) throws IOException {
        Path path = folder.resolve("config.json");
        JsonNode config = readJson(path);
        String type = config.path("model_type").asString("(absent)");
        if (!type.equals(ModelHeader.QWEN3) && !type.equals(ModelHeader.LLAMA)) {
            throw new FormatException(path, -1, "model_type " + type + " is not supported; supported: qwen3, llama");
        }
        refuse(path, config, "hidden_act", !config.path("hidden_act").asString("silu").equals("silu"));
        refuse(path, config, "attention_bias", config.path("attention_bias").asBoolean(false));
        refuse(path, config, "mlp_bias", config.path("mlp_bias").asBoolean(false));
        refuse(path, config, "use_sliding_window", config.path("use_sliding_window").asBoolean(false));
        // Newer files keep everything about rotary positions in one object.
        JsonNode rope = config.path("rope_parameters").isObject() ? config.path("rope_parameters") : config;
        refuse(path, config, "rope_parameters", !rope.path("rope_type").asString("default").equals("default"));
        refuse(path, config, "rope_scaling", !config.path("rope_scaling").path("rope_type").asString(config.path("rope_scaling").path("type").asString("default")).equals("default"));
        int width = size(path, config, "hidden_size", null);
        int heads = size(path, config, "num_attention_heads", null);
        try {
            return new ModelHeader(type, size(path, config, "vocab_size", null), size(path, config, "num_hidden_layers", null), width, heads,
                size(path, config, "num_key_value_heads", heads), size(path, config, "head_dim", width / heads), size(path, config, "intermediate_size", null),
                size(path, config, "max_position_embeddings", 2048), real(path, config, "rms_norm_eps", 1e-6), real(path, rope, "rope_theta", 10_000),
                config.path("tie_word_embeddings").asBoolean(false));
        } catch (IllegalArgumentException e) {
            throw new FormatException(path, -1, e.getMessage());
        }
    }

    /// Any of the folder's small JSON files.
    public static JsonNode readJson(Path path) throws IOException {
        long bytes = Files.size(path);
        if (bytes > MOST_JSON_BYTES) {
            throw new FormatException(path, -1, "the file has " + bytes + " bytes; at most " + MOST_JSON_BYTES + " are read");
        }
        try {
            JsonNode json = JSON.readTree(Files.readAllBytes(path));
            if (!json.isObject()) {
                throw new FormatException(path, 0, "expected a JSON object, found " + json.getNodeType());
            }
            return json;
        } catch (JacksonException e) {
            throw new FormatException(path, e.getLocation() == null ? -1 : e.getLocation().getByteOffset(), "the JSON is broken: " + e.getOriginalMessage());
        }
    }

    private static void refuse(Path path, JsonNode config, String field, boolean condition) {
        if (condition) {
            throw new FormatException(path, -1, field + " " + config.path(field) + " is not supported");
        }
    }

    private static int size(Path path, JsonNode config, String field, Integer otherwise) {
        JsonNode value = config.path(field);
        if (otherwise != null && (value.isMissingNode() || value.isNull())) {
            return otherwise;
        }
        if (!value.canConvertToInt() || !value.isIntegralNumber() || value.intValue() < 1) {
            throw new FormatException(path, -1, field + " is " + (value.isMissingNode() ? "missing" : value) + "; expected a size of at least 1");
        }
        return value.intValue();
    }

    private static float real(Path path, JsonNode config, String field, double otherwise) {
        JsonNode value = config.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return (float) otherwise;
        }
        if (!value.isNumber() || !(value.doubleValue() > 0)) {
            throw new FormatException(path, -1, field + " is " + value + "; expected a positive number");
        }
        return (float) value.doubleValue();
    }
}
