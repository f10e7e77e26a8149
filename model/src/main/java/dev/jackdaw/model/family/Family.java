package dev.jackdaw.model.family;

import dev.jackdaw.model.arch.ModelSpec;
import java.util.List;

/// Reads what a group of related architectures says about itself. To add one, write such a class, list it in [Families], and add its
/// test; nothing else changes.
interface Family {
    /// Spellings in GGUF: `general.architecture`.
    List<String> gguf();

    /// Spellings in `config.json`: `model_type`.
    List<String> config();

    /// The description, from either kind of file.
    ModelSpec read(Facts facts);

    /// The tensors of a file of that kind.
    ///
    /// @param gguf names of GGUF rather than of a Hugging Face folder
    Names names(ModelSpec spec, Facts facts, boolean gguf);
}
