package dev.jackdaw.model.format;

import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Adapters as the PEFT library keeps them: `adapter_config.json`, and `adapter_model.safetensors` with `base_model.model.NAME.lora_A.weight` and
/// `….lora_B.weight` for each changed layer NAME of the model's folder.
///
/// The scale is alpha / r, or alpha / √r with `use_rslora` (Kalajdzievski, 2023); `rank_pattern` and `alpha_pattern` change r and alpha for the
/// layers whose name ends with one of their regular expressions. With `use_dora` each pair has a `….lora_magnitude_vector` `[F]` as well.
/// What is more is refused: trained biases, whole layers. [PeftWriter] is the way back.
final class PeftAdapter {
    static final String CONFIG = "adapter_config.json";
    static final String WEIGHTS = "adapter_model.safetensors";
    static final String PREFIX = "base_model.model.";
    static final String A = ".lora_A.weight";
    static final String B = ".lora_B.weight";
    static final String MAGNITUDE = ".lora_magnitude_vector";
    private static final long MOST_CONFIG_BYTES = 16 << 20;

    private final Path folder;
    private final JsonNode config;

    private PeftAdapter(Path folder) throws IOException {
        this.folder = folder;
        Path file = folder.resolve(CONFIG);
        for (String name : List.of(CONFIG, WEIGHTS)) {
            if (!Files.exists(folder.resolve(name))) {
                throw new NoSuchFileException("adapter " + folder + ": " + name + " is missing; a folder that PEFT wrote has " + CONFIG + " and " + WEIGHTS);
            }
        }
        if (Files.size(file) > MOST_CONFIG_BYTES) {
            throw new FormatException(file, -1, "the file has " + Files.size(file) + " bytes; at most " + MOST_CONFIG_BYTES + " are read");
        }
        try {
            config = JsonMapper.shared().readTree(file.toFile());
        } catch (JacksonException e) {
            throw new FormatException(file, -1, "this is not valid JSON: " + e.getOriginalMessage());
        }
    }

    static Lora.Contents read(Path folder, Arena arena) throws IOException {
        PeftAdapter adapter = new PeftAdapter(folder);
        adapter.requirePlain();
        return new Lora.Contents(adapter.pairs(Safetensors.open(folder.resolve(WEIGHTS), arena), arena), adapter.config.path("base_model_name_or_path").asString(null), false);
    }

    private void requirePlain() {
        String type = config.path("peft_type").asString("LORA");
        if (!type.equals("LORA")) {
            throw refused("peft_type is " + type + "; supported: LORA");
        }
        if (!config.path("bias").asString("none").equals("none") || config.path("lora_bias").asBoolean(false)) {
            throw refused("it trains biases, which are not supported");
        }
        if (!config.path("modules_to_save").isEmpty()) {
            throw refused("modules_to_save " + config.path("modules_to_save") + ": whole layers are not supported, only pairs of matrices");
        }
        for (String key : List.of("layer_replication", "trainable_token_indices", "target_parameters", "use_bdlora")) {
            if (!config.path(key).isEmpty()) {
                throw refused(key + " is not supported");
            }
        }
        if (config.path("use_qalora").asBoolean(false)) {
            throw refused("use_qalora is not supported");
        }
        if (!config.path("alora_invocation_tokens").isEmpty()) {
            throw refused("it is an activated adapter (aLoRA), which begins in the middle of a text; only plain LoRA is supported");
        }
    }

    private IllegalArgumentException refused(String why) {
        return new IllegalArgumentException("adapter " + folder + ": " + why + (why.endsWith(" or") ? " merge" : "; merge") + " the adapter into the model first");
    }

    private List<Lora.Stored> pairs(Safetensors file, Arena arena) {
        List<Lora.Stored> pairs = new ArrayList<>();
        boolean dora = config.path("use_dora").asBoolean(false);
        for (Safetensors.Entry entry : file.entries()) {
            String name = entry.name();
            if (isBeside(file, name, B) || dora && isBeside(file, name, MAGNITUDE)) {
                continue;
            }
            if (!name.endsWith(A) || !file.has(name.substring(0, name.length() - A.length()) + B)) {
                throw refused("tensor " + name + " is not half of a pair NAME" + A + ", NAME" + B + (name.endsWith(".base_layer.weight")
                        ? " but a copy of the model's own; save it again with save_embedding_layers=False, or" : ""));
            }
            String stem = name.substring(0, name.length() - A.length()), layer = stem.startsWith(PREFIX) ? stem.substring(PREFIX.length()) : stem;
            Tensor a = Lora.wide(arena, file.tensor(name)), magnitude = null;
            if (dora) {
                if (!file.has(stem + MAGNITUDE)) {
                    throw new IllegalArgumentException("adapter " + folder + ": " + CONFIG + " says use_dora, but " + layer + " has no " + stem + MAGNITUDE + " in " + WEIGHTS);
                }
                magnitude = Lora.wide(arena, file.tensor(stem + MAGNITUDE));
                magnitude = magnitude.reshape(magnitude.elements());                   // [1,F] by some versions
            }
            pairs.add(new Lora.Stored(layer + ".weight", a, Lora.wide(arena, file.tensor(stem + B)), scale(layer, a), magnitude));
        }
        return pairs;
    }

    /// Whether a tensor is what `end` says, of a pair whose A is there.
    private static boolean isBeside(Safetensors file, String name, String end) {
        return name.endsWith(end) && file.has(name.substring(0, name.length() - end.length()) + A);
    }

    private float scale(String layer, Tensor a) {
        double rank = pattern("rank_pattern", layer, config.path("r").asDouble(8)), alpha = pattern("alpha_pattern", layer, config.path("lora_alpha").asDouble(8));
        if (a.shape().rank() == 2 && rank != a.size(0)) {
            throw new IllegalArgumentException("adapter " + folder + ": " + layer + " has rank " + a.size(0) + ", but " + CONFIG + " says " + rank);
        }
        return (float) (config.path("use_rslora").asBoolean(false) ? alpha / Math.sqrt(rank) : alpha / rank);
    }

    /// The value of the first key that the name of the layer ends with.
    private double pattern(String key, String layer, double otherwise) {
        for (Map.Entry<String, JsonNode> entry : config.path(key).properties()) {
            try {
                if (Pattern.matches("(.*\\.)?(" + entry.getKey() + ")", layer)) {
                    return entry.getValue().asDouble(otherwise);
                }
            } catch (PatternSyntaxException e) {
                throw new FormatException(folder.resolve(CONFIG), -1, key + ": \"" + entry.getKey() + "\" is not a regular expression: " + e.getDescription());
            }
        }
        return otherwise;
    }
}
