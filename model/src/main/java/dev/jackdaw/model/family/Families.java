package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.FormatException;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.Safetensors;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Every family we know, and the way from a file to its description.
public final class Families {
    private static final List<Family> ALL = List.of(new LlamaFamily(), new QwenFamily(), new GemmaFamily(), new PhiFamily(), new GptFamily(), new OlmoFamily(),
            new GptOssFamily(), new CohereGlmFamily(), new DeepSeekFamily(), new BertFamily());

    /// Of a model that comes from no file.
    private static final Facts NOTHING = new ConfigFacts(Path.of("(new)"), JsonNodeFactory.instance.objectNode(), null);

    private Families() {
    }

    /// A model's description, what its file says, and where its weights are.
    public record Described(ModelSpec spec, Facts facts, Names names) {
    }

    public static Described of(Gguf file) {
        return describe(GgufFacts.of(file), Family::gguf);
    }

    /// @param config of the folder
    public static Described of(Path path, JsonNode config, Safetensors weights) {
        return describe(ConfigFacts.of(path, config, weights), Family::config);
    }

    private static Described describe(Facts facts, Function<Family, List<String>> spellings) {
        for (Family family : ALL) {
            if (spellings.apply(family).contains(facts.architecture())) {
                try {
                    ModelSpec spec = family.read(facts);
                    return new Described(spec, facts, family.names(spec, facts, facts.isGguf()));
                } catch (FormatException e) {
                    throw e;
                } catch (IllegalArgumentException | ArithmeticException | JacksonException e) {       // the last: a number too large, a text where none can be
                    throw facts.wrong(e.getMessage());
                }
            }
        }
        TreeSet<String> known = new TreeSet<>();
        ALL.forEach(family -> known.addAll(spellings.apply(family)));
        throw facts.wrong((facts.isGguf() ? "architecture " : "model_type ") + facts.architecture() + " is not supported; supported: " + String.join(", ", known));
    }

    /// Those of a new Hugging Face folder with experts in MXFP4 blocks; only gpt-oss has such folders.
    public static Names packedNames(ModelSpec spec) {
        if (!spec.family().equals("gpt-oss")) {
            throw new IllegalArgumentException("a folder of a " + spec.family() + " model holds no MXFP4 experts; only gpt-oss has them");
        }
        return GptOssFamily.experts(names(spec, false), true);
    }

    /// The names in a new GGUF file, or a new Hugging Face folder, for the weights of a described model.
    public static Names names(ModelSpec spec, boolean gguf) {
        for (Family family : ALL) {
            if (family.gguf().contains(spec.family())) {
                return family.names(spec, NOTHING, gguf);
            }
        }
        throw new IllegalArgumentException("family " + spec.family() + " is not known");
    }
}
