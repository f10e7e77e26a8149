package dev.jackdaw.model;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.GgufExport;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.format.HuggingFace;
import dev.jackdaw.model.token.GgufTokenizer;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.TokenizerJson;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/// Writes a model with its tokenizer and chat template, for other programs and for us: one GGUF file, or a Hugging Face folder.
public final class ModelExport {
    private ModelExport() {
    }

    /// @param weights by the names of [ModelSpec#parameters()], in any number format
    /// @param facts   how the model came to be: keys `jackdaw.…`; no clock values, so that the same training gives the same bytes
    public static void gguf(Path path, String name, ModelSpec spec, GgufExport.Source weights, Tokenizer tokenizer, String template,
                            Map<String, GgufValue> facts, DType type) throws IOException {
        GgufExport.write(path, name, spec, weights, type, GgufTokenizer.metadata(tokenizer, template), facts);
    }

    public static void huggingFace(Path folder, ModelSpec spec, GgufExport.Source weights, Tokenizer tokenizer, String template, DType type) throws IOException {
        HuggingFace.Special end = special(tokenizer, tokenizer.eos().isPresent() ? tokenizer.piece(tokenizer.eos().getAsInt()) : SpecialTokens.END_OF_TEXT);
        HuggingFace.write(folder, spec, weights, type, new HuggingFace.Tokenizer(new String(TokenizerJson.write(tokenizer), StandardCharsets.UTF_8),
                template, end, end, end));
    }

    private static HuggingFace.Special special(Tokenizer tokenizer, String name) {
        return tokenizer.id(name).isPresent() ? new HuggingFace.Special(tokenizer.id(name).getAsInt(), name) : null;
    }

    /// What the weights of a model take in a number format; the file adds a header.
    public static long bytes(ModelSpec spec, DType type) {
        return spec.parameters().stream().mapToLong(parameter -> {
            Shape shape = Shape.of(parameter.sizes());
            return GgufExport.typeFor(shape, type).bytes(shape.elements());
        }).sum();
    }
}
