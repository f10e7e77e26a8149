package dev.jackdaw.lab.probe;

import dev.jackdaw.model.format.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// A folder of finished parts of an experiment, one JSON file each, so that what was done is not done again: `experiment.json` says with which
/// settings, and a folder of other settings is refused.
final class Results {
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /// How a part is found that is not there.
    @FunctionalInterface
    interface Work<T> {
        T get() throws IOException;
    }

    /// What the folder was made for.
    private record Experiment(String name, Object settings) {
    }

    private final Path folder;          // null: nothing is kept

    private Results(Path folder) {
        this.folder = folder;
    }

    /// @param folder or null, to keep nothing
    static Results open(Path folder, String name, Object settings) throws IOException {
        if (folder == null) {
            return new Results(null);
        }
        Path file = folder.resolve("experiment.json");
        JsonNode wanted = JSON.readTree(JSON.writeValueAsString(new Experiment(name, settings)));
        if (Files.exists(file)) {
            JsonNode found = read(file, JsonNode.class);
            if (!found.equals(wanted)) {
                throw new IOException("probe: " + folder + " holds results of other settings, see " + file + "; give another --out, or delete it");
            }
        } else {
            Files.createDirectories(folder.resolve("results"));
            AtomicFile.write(file, JSON.writeValueAsString(wanted) + "\n");
        }
        return new Results(folder);
    }

    <T> T get(String part, Class<T> type, Work<T> work) throws IOException {
        if (folder == null) {
            return work.get();
        }
        Path file = folder.resolve("results").resolve(part + ".json");
        if (Files.exists(file)) {
            return read(file, type);
        }
        T result = work.get();
        Files.createDirectories(file.getParent());
        AtomicFile.write(file, JSON.writeValueAsString(result) + "\n");
        return result;
    }

    private static <T> T read(Path file, Class<T> type) throws IOException {
        try {
            return JSON.readValue(Files.readAllBytes(file), type);
        } catch (JacksonException e) {
            throw new IOException("probe: " + file + ": " + e.getOriginalMessage() + "; delete it to find its result again");
        }
    }
}
