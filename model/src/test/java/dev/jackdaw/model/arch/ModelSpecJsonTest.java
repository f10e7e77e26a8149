package dev.jackdaw.model.arch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.family.SharedFixtures;
import dev.jackdaw.model.format.ModelFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/// The file of a training run describes its model, whatever family it is of.
class ModelSpecJsonTest {
    static List<Path> models() throws IOException {
        List<Path> models = new ArrayList<>(SharedFixtures.models());
        for (String folder : List.of("families", "transformers")) {
            try (Stream<Path> folders = Files.list(Path.of("src/test/resources/reference", folder))) {
                models.addAll(folders.filter(Files::isDirectory).toList());
            }
        }
        return models;
    }

    @ParameterizedTest
    @MethodSource("models")
    void isTheSameAfterWritingAndReading(Path folder) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            ModelSpec spec = ModelFile.open(folder, arena).spec();
            String json = JsonMapper.shared().writeValueAsString(spec);
            assertThat(JsonMapper.shared().readValue(json, ModelSpec.class)).isEqualTo(spec);
            assertThat(json.contains("\"blocks\"")).isEqualTo(spec.plain().isEmpty());
        }
    }
}
