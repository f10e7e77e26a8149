package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.WeightSource;
import dev.jackdaw.model.family.Families;
import dev.jackdaw.model.family.Names;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

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
    /// @param weights by our names, see [ModelSpec#parameters()]
    /// @param type    F32, F16 or BF16, for all weights; MXFP4: experts of gpt-oss in blocks, all else as it is; null: each weight as it is,
    ///                blocks as F32, but experts of gpt-oss in MXFP4 blocks stay what they are
    public static void write(Path folder, ModelSpec spec, GgufExport.Source weights, DType type, Tokenizer tokenizer) throws IOException {
        if (Files.isDirectory(folder)) {
            fill(folder, spec, weights, type, tokenizer);
        } else {
            AtomicFile.writeFolder(folder, inside -> fill(inside, spec, weights, type, tokenizer));
        }
    }

    private static void fill(Path folder, ModelSpec spec, GgufExport.Source weights, DType type, Tokenizer tokenizer) throws IOException {
        if (type != null && type != DType.MXFP4 && type.isBlocks()) {
            throw new IllegalArgumentException("export: a Hugging Face folder is not written as " + type + "; choose F32, F16, BF16 or, for gpt-oss, MXFP4");
        }
        SafetensorsWriter writer = new SafetensorsWriter().put("format", "pt");
        boolean packed = type == DType.MXFP4 || type == null && spec.family().equals("gpt-oss") && expertsAre(spec, weights, DType.MXFP4);
        Map<DType, Long> elements = new EnumMap<>(DType.class);
        try (Arena arena = Arena.ofShared()) {                       // holds what lies otherwise in the file until it is written
            for (Names.Link link : (packed ? Families.packedNames(spec) : Families.names(spec, false)).links(spec)) {
                List<Tensor> ours = new ArrayList<>();
                for (String name : link.ours()) {
                    Tensor tensor = weights.tensor(name);
                    if (tensor == null) {
                        throw new IllegalArgumentException("export to " + folder + ": the model has no weight " + name);
                    }
                    ours.add(tensor);
                }
                List<Tensor> files = link.form().write(arena, ours);
                for (int i = 0; i < files.size(); i++) {
                    Tensor tensor = files.get(i);
                    if (tensor.type() == DType.I8) {
                        writer.add(link.files().get(i), Safetensors.Type.U8, tensor.shape(), tensor.segment());
                        continue;
                    }
                    boolean keep = type == null || type == DType.MXFP4;
                    DType chosen = !keep ? type : tensor.type().isBlocks() || tensor.type() == DType.F64 ? DType.F32 : tensor.type();
                    elements.merge(chosen, tensor.elements(), Long::sum);
                    writer.add(link.files().get(i), tensor, chosen);
                }
            }
            writer.write(folder.resolve("model.safetensors"));
        }
        AtomicFile.write(folder.resolve("tokenizer.json"), tokenizer.json.getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(folder.resolve("tokenizer_config.json"), JSON.writeValueAsBytes(tokenizerConfig(spec, tokenizer)));
        AtomicFile.write(folder.resolve("generation_config.json"), JSON.writeValueAsBytes(specialIds(tokenizer)));
        AtomicFile.write(folder.resolve("config.json"), JSON.writeValueAsBytes(config(spec, Collections.max(elements.entrySet(), Map.Entry.comparingByValue()).getKey(), packed, tokenizer)));
    }

    private static boolean expertsAre(ModelSpec spec, GgufExport.Source weights, DType type) {
        try (Arena arena = Arena.ofShared()) {
            return spec.parameters().stream().filter(parameter -> parameter.sizes().length == 3).map(ModelSpec.Parameter::name)
                    .allMatch(name -> (weights instanceof WeightSource source ? source.tensor(arena, name, 0) : weights.tensor(name)).type() == type);
        }
    }

    private static Map<String, Object> config(ModelSpec spec, DType type, boolean packed, Tokenizer tokenizer) {
        Map<String, Object> config = HuggingFaceConfig.of(spec);
        config.put("initializer_range", 0.02);
        config.put("use_cache", true);
        config.put("torch_dtype", switch (type) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> throw new AssertionError(type);
        });
        if (packed) {
            config.put("quantization_config", Map.of("quant_method", "mxfp4",
                    "modules_to_not_convert", List.of("model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head")));
        }
        specialIds(tokenizer).forEach((key, id) -> {
            if (config.get(key) == null) {
                config.put(key, id);
            }
        });
        return config;
    }

    private static Map<String, Object> specialIds(Tokenizer tokenizer) {
        Map<String, Object> ids = new LinkedHashMap<>();
        ids.put("bos_token_id", tokenizer.beginning == null ? null : tokenizer.beginning.id);
        ids.put("eos_token_id", tokenizer.end == null ? null : tokenizer.end.id);
        ids.put("pad_token_id", tokenizer.padding == null ? null : tokenizer.padding.id);
        return ids;
    }

    private static Map<String, Object> tokenizerConfig(ModelSpec spec, Tokenizer tokenizer) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("model_max_length", spec.context());
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

    /// `config.json` of a folder, with what `1_Pooling/config.json` of the sentence-transformers library says under `jackdaw_pooling`.
    public static JsonNode config(Path folder) throws IOException {
        ObjectNode config = (ObjectNode) readJson(folder.resolve("config.json"));
        Path pooling = folder.resolve("1_Pooling/config.json");
        if (Files.exists(pooling)) {
            config.set("jackdaw_pooling", readJson(pooling));
        }
        return config;
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
}
