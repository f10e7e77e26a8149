package dev.jackdaw.model.token;

import dev.jackdaw.model.format.Gguf;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;

/// Opens tokenizers.
public final class Tokenizers {
    private Tokenizers() {
    }

    /// Reads the tokenizer of a `.gguf` file, a `tokenizer.json`, or the folder that holds one. A `tokenizer_config.json` beside it says
    /// which tokens begin and end a text.
    public static BytePairTokenizer read(Path fileOrFolder) throws IOException {
        if (fileOrFolder.toString().endsWith(".gguf")) {
            try (Arena arena = Arena.ofConfined()) {
                return read(Gguf.open(fileOrFolder, arena));
            }
        }
        Path file = Files.isDirectory(fileOrFolder) ? fileOrFolder.resolve("tokenizer.json") : fileOrFolder;
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + ": there is no such file; expected a tokenizer.json, or a folder with one");
        }
        BytePairSpec spec = TokenizerJson.read(file);
        Path config = file.resolveSibling("tokenizer_config.json");
        if (Files.isRegularFile(config)) {
            spec = TokenizerConfig.read(config).applyTo(spec);
        }
        try {
            return new BytePairTokenizer(spec);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    /// The tokenizer in this file.
    public static BytePairTokenizer read(Gguf file) {
        GgufTokenizer arrays = GgufTokenizer.read(file);
        try {
            return new BytePairTokenizer(arrays.spec());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file.path() + ": " + e.getMessage(), e);
        }
    }
}
