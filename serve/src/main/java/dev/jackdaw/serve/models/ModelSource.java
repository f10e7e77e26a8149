package dev.jackdaw.serve.models;

import java.nio.file.Path;

/// Something that answers under a name.
public sealed interface ModelSource {
    String name();

    /// A GGUF file, a Hugging Face folder, or the directory of a run.
    record File(String name, Path path) implements ModelSource {
    }

    /// Another model with a LoRA adapter.
    ///
    /// @param scale how strongly it works; 1: as it was trained
    record Adapted(String name, String base, Path adapter, float scale) implements ModelSource {
    }

    /// A deployment, whose versions change while its name stays. `NAME@vN` is one of its versions.
    record Deployed(String name) implements ModelSource {
    }

    /// The name of a model that has none: its file's, without what says that it is a model, or its folder's.
    static String nameOf(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        String file = absolute.getFileName() == null ? "model" : absolute.getFileName().toString();
        if (file.equals("params.gguf") && absolute.getParent() != null && absolute.getParent().getFileName() != null) {
            file = absolute.getParent().getFileName().toString();
        }
        return file.replaceFirst("(?i)(-\\d{5}-of-\\d{5})?\\.gguf$", "");
    }
}
