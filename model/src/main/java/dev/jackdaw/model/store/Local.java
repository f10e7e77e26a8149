package dev.jackdaw.model.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Models that are on this machine already.
final class Local {
    private static final Pattern SPLIT = Pattern.compile("(.+)-\\d{5}-of-(\\d{5}\\.gguf)");

    private Local() {
    }

    /// The files of the model at `path`: a GGUF file with its other parts, or all that a Hugging Face folder or a run needs.
    static List<Path> files(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            if (Files.isRegularFile(path.resolve("params.gguf"))) {
                return List.of(path.resolve("params.gguf"));
            }
            if (!Files.isRegularFile(path.resolve("config.json"))) {
                throw new IOException("pull " + path + ": this folder has neither params.gguf nor config.json");
            }
            try (Stream<Path> files = Files.list(path)) {
                return files.filter(Files::isRegularFile).filter(file -> file.getFileName().toString().matches("(?i).*\\.(safetensors|json|jinja|model|txt)|LICENSE.*")).sorted().toList();
            }
        }
        Matcher split = SPLIT.matcher(path.getFileName().toString());
        if (!split.matches()) {
            return List.of(path);
        }
        String others = Pattern.quote(split.group(1)) + "-\\d{5}-of-" + Pattern.quote(split.group(2));
        try (Stream<Path> files = Files.list(path.toAbsolutePath().getParent())) {
            return files.filter(file -> file.getFileName().toString().matches(others)).sorted().toList();
        }
    }

    /// Returns the SHA-256.
    static String copy(Path from, Path to, long before, Download.Progress progress) throws IOException {
        MessageDigest sha256 = Download.digest("SHA-256");
        byte[] buffer = new byte[1 << 20];
        long done = before;
        try (InputStream in = Files.newInputStream(from); OutputStream out = Files.newOutputStream(to)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                sha256.update(buffer, 0, n);
                done += n;
                progress.done(done);
            }
        }
        return HexFormat.of().formatHex(sha256.digest());
    }
}
