package dev.jackdaw.model.family;

import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;

/// What a file says about its model, asked for in both vocabularies at once: a GGUF key (without the architecture's name before it) and
/// a field of `config.json`. `|` separates several spellings of a field; null means that this vocabulary has no word for it.
public interface Facts {
    Path path();

    boolean isGguf();

    /// `general.architecture`, or `model_type`.
    String architecture();

    /// Refused if it is missing or not a size of at least 1.
    int size(String gguf, String config);

    /// `otherwise` where it is missing or 0.
    int size(String gguf, String config, int otherwise);

    double real(String gguf, String config);

    double real(String gguf, String config, double otherwise);

    boolean flag(String gguf, String config, boolean otherwise);

    String text(String gguf, String config, String otherwise);

    /// A list of texts or numbers, as texts; empty where it is missing.
    List<String> list(String gguf, String config);

    /// The same of one object inside `config.json`, first of those that are there; empty facts where none is. Meaningless for GGUF.
    Facts inside(String field);

    boolean hasTensor(String gguf, String config);

    /// The shape of a tensor by its name in this file; refused where it is missing.
    Shape shape(String tensor);

    /// A tensor by its name in this file, in the file's own memory.
    Tensor tensor(String tensor);

    /// How many tensors there are.
    int tensors();

    /// The exception that names the file.
    RuntimeException wrong(String message);
}
