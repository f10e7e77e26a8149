package dev.jackdaw.model.format;

import java.nio.file.Path;

/// Where the reference files are: small random models with the numbers an independent implementation computed for them.
final class Fixtures {
    private static final Path ROOT = Path.of("src/test/resources/reference");

    private Fixtures() {
    }

    static Path gguf(String name) {
        return ROOT.resolve("gguf").resolve(name);
    }

    static Path model(String name) {
        return ROOT.resolve("models").resolve(name);
    }
}
