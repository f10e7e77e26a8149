package dev.jackdaw.model.family;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// The whole set of reference models, `shared/fixtures` beside the project, where it is present; the project itself carries a few of them.
public final class SharedFixtures {
    private static final Path OWN = Path.of("src/test/resources/reference");

    private SharedFixtures() {
    }

    /// The folder, or null.
    public static Path root() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("shared/fixtures/models"))) {
                return at.resolve("shared/fixtures");
            }
        }
        return null;
    }

    /// GGUF files with their expected results, ours and all others that are there.
    public static List<Path> gguf() {
        Path root = root();
        return files(root == null ? OWN.resolve("gguf") : root.resolve("gguf"), path -> path.toString().endsWith(".gguf")
                && Files.exists(expected(path)));
    }

    static Path expected(Path gguf) {
        return gguf.resolveSibling(gguf.getFileName().toString().replace(".gguf", ".expected.json"));
    }

    /// Hugging Face folders of decoders with their expected results.
    public static List<Path> models() {
        Path root = root();
        return files(root == null ? OWN.resolve("models") : root.resolve("models"), path -> Files.exists(path.resolve("expected.json"))
                && !path.getFileName().toString().equals("bert-embed"));
    }

    private static List<Path> files(Path folder, Predicate<Path> wanted) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(wanted).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
