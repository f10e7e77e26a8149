package dev.jackdaw.model.family;

import dev.jackdaw.model.format.FormatException;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `config.json` of a Hugging Face folder and the names of its tensors. The language part of a model for several senses is found under
/// `text_config`, its tensors behind another prefix.
record ConfigFacts(Path path, JsonNode config, Safetensors weights) implements Facts {
    private static final List<String> PREFIXES = List.of("language_model.model.", "model.language_model.", "language_model.", "model.", "");

    static ConfigFacts of(Path path, JsonNode config, Safetensors weights) {
        JsonNode text = config.path("text_config").path("model_type").isString() ? config.path("text_config") : config;
        ObjectNode whole = (ObjectNode) text.deepCopy();
        DEFAULTS.getOrDefault(text.path("model_type").asString(""), Map.of()).forEach((field, value) -> {
            if (!(field.equals("rope_theta") && text.path("rope_parameters").isObject())) {
                whole.putIfAbsent(field, value == Math.rint(value) ? whole.numberNode(value.intValue()) : whole.numberNode(value));
            }
        });
        if (text != config && config.has("jackdaw_pooling")) {
            whole.set("jackdaw_pooling", config.get("jackdaw_pooling"));
        }
        return new ConfigFacts(path, whole, weights);
    }

    /// What transformers assumes where a published file leaves a field out, if it is not what [Draft] assumes.
    private static final Map<String, Map<String, Double>> DEFAULTS = Map.of(
            "gemma3_text", Map.of("vocab_size", 262_208.0, "num_attention_heads", 8.0, "num_key_value_heads", 4.0, "head_dim", 256.0, "max_position_embeddings", 131_072.0,
                    "rope_theta", 1e6, "sliding_window", 4096.0),
            "gpt_oss", Map.of("rope_theta", 150_000.0),
            "smollm3", Map.of("rope_theta", 2e6));

    /// The first of the spellings that is there and not null.
    private JsonNode find(String fields) {
        if (fields != null) {
            for (String field : fields.split("\\|")) {
                JsonNode value = config.path(field);
                if (!value.isMissingNode() && !value.isNull()) {
                    return value;
                }
            }
        }
        return JsonNodeFactory.instance.missingNode();
    }

    private static String first(String fields) {
        return fields.split("\\|")[0];
    }

    @Override
    public boolean isGguf() {
        return false;
    }

    @Override
    public String architecture() {
        return config.path("model_type").asString("(absent)");
    }

    @Override
    public int size(String gguf, String fields) {
        JsonNode value = find(fields);
        if (!value.canConvertToInt() || !value.isIntegralNumber() || value.intValue() < 1) {
            throw wrong(first(fields) + " is " + (value.isMissingNode() ? "missing" : value) + "; expected a size of at least 1");
        }
        return value.intValue();
    }

    @Override
    public int size(String gguf, String fields, int otherwise) {
        JsonNode value = find(fields);
        return value.isMissingNode() || value.isIntegralNumber() && value.canConvertToInt() && value.intValue() == 0 ? otherwise : size(gguf, fields);
    }

    @Override
    public double real(String gguf, String fields) {
        JsonNode value = find(fields);
        if (!value.isNumber()) {
            throw wrong(first(fields) + " is " + (value.isMissingNode() ? "missing" : value) + "; expected a number");
        }
        return value.doubleValue();
    }

    @Override
    public double real(String gguf, String fields, double otherwise) {
        return find(fields).isMissingNode() ? otherwise : real(gguf, fields);
    }

    @Override
    public boolean flag(String gguf, String fields, boolean otherwise) {
        JsonNode value = find(fields);
        if (!value.isMissingNode() && !value.isBoolean()) {
            throw wrong(first(fields) + " is " + value + "; expected true or false");
        }
        return value.isMissingNode() ? otherwise : value.booleanValue();
    }

    @Override
    public String text(String gguf, String fields, String otherwise) {
        JsonNode value = find(fields);
        return value.isString() ? value.stringValue() : otherwise;
    }

    @Override
    public List<String> list(String gguf, String fields) {
        JsonNode value = find(fields);
        return value.isArray() ? value.valueStream().map(JsonNode::asString).toList() : List.of();
    }

    @Override
    public Facts inside(String fields) {
        JsonNode value = find(fields);
        return new ConfigFacts(path, value.isObject() ? value : JsonNodeFactory.instance.objectNode(), weights);
    }

    @Override
    public boolean hasTensor(String gguf, String config) {
        return config != null && weights != null && weights.has(name(config));
    }

    /// The name as it is in this file: with `model.` as written, or behind one of the other prefixes.
    private String name(String tensor) {
        if (!weights.has(tensor)) {
            for (String usual : List.of("model.", "transformer.", "bert.", "roberta.", "gpt_neox.")) {
                if (tensor.startsWith(usual)) {
                    for (String prefix : PREFIXES) {
                        if (weights.has(prefix + tensor.substring(usual.length()))) {
                            return prefix + tensor.substring(usual.length());
                        }
                    }
                }
            }
            if (weights.has("language_model." + tensor)) {
                return "language_model." + tensor;
            }
        }
        return tensor;
    }

    @Override
    public Shape shape(String tensor) {
        return weights.entry(name(tensor)).shape();
    }

    @Override
    public Tensor tensor(String tensor) {
        return weights.tensor(name(tensor));
    }

    @Override
    public int tensors() {
        return weights.entries().size();
    }

    @Override
    public RuntimeException wrong(String message) {
        return new FormatException(path, -1, message);
    }
}
