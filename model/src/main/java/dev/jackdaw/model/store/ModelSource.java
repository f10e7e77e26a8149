package dev.jackdaw.model.store;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What `pull` is asked for.
public sealed interface ModelSource {
    Pattern HUB = Pattern.compile("(?:https?://)?(?:hf\\.co|huggingface\\.co)/([A-Za-z0-9][\\w.-]*)/([A-Za-z0-9][\\w.-]*)(?::([\\w./-]+))?");

    /// `hf.co/ORG/REPO`, and behind a colon the file or the quantisation wanted, or null.
    record Repository(String organization, String name, String wanted) implements ModelSource {
        @Override
        public String toString() {
            return "hf.co/" + organization + "/" + name + (wanted == null ? "" : ":" + wanted);
        }
    }

    /// One file behind an address.
    record Address(URI uri) implements ModelSource {
        @Override
        public String toString() {
            return uri.toString();
        }
    }

    /// A file or folder of this machine.
    record Local(Path path) implements ModelSource {
        @Override
        public String toString() {
            return path.toAbsolutePath().normalize().toString();
        }
    }

    static ModelSource of(String text) {
        Matcher hub = HUB.matcher(text);
        if (hub.matches()) {
            return new Repository(hub.group(1), hub.group(2), hub.group(3));
        }
        if (text.matches("(?i)https?://.+")) {
            URI uri = URI.create(text.replace(" ", "%20"));
            if (uri.getHost() == null || uri.getPath() == null || !fileName(uri).toLowerCase(Locale.ROOT).endsWith(".gguf")) {
                throw new IllegalArgumentException("pull " + text + ": an address must name a .gguf file; for a repository give hf.co/ORG/REPO");
            }
            return new Address(uri);
        }
        if (text.startsWith("hf.co/") || text.startsWith("huggingface.co/")) {
            throw new IllegalArgumentException("pull " + text + ": expected hf.co/ORG/REPO, or hf.co/ORG/REPO:FILE or :QUANT, for instance hf.co/Qwen/Qwen3-0.6B-GGUF:Q8_0");
        }
        Path path = Path.of(text);
        if (!Files.exists(path)) {
            throw new IllegalArgumentException("pull " + text + ": there is no such file; give hf.co/ORG/REPO[:FILE or :QUANT], an http address, or a path");
        }
        return new Local(path);
    }

    static String fileName(URI uri) {
        return uri.getPath().substring(uri.getPath().lastIndexOf('/') + 1);
    }
}
