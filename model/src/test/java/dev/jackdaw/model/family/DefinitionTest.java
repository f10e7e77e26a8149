package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Families without a stored reference against their published definitions, computed by `reference/families/families.py`.
class DefinitionTest {
    static final Path ROOT = Path.of("src/test/resources/reference/families");

    static List<Path> decoders() throws IOException {
        try (Stream<Path> folders = Files.list(ROOT)) {
            return folders.filter(path -> Files.isDirectory(path) && !path.getFileName().toString().startsWith("cross")).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("decoders")
    void decodersGiveTheLogitsOfTheirDefinition(Path folder) throws IOException {
        JsonNode expected = JsonMapper.shared().readTree(folder.resolve("expected.json").toFile());
        int[] ids = expected.get("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(folder, arena);
            try (Forward forward = new Forward(file.spec(), device, file); Forward mapped = new Forward(file.spec(), device, file, 0); KvCache cache = forward.newCache(ids.length)) {
                float[][] all = FixtureModelsTest.all(forward, ids);
                for (int i = 0; i < ids.length; i++) {
                    for (int id = 0; id < all[i].length; id++) {
                        assertThat(all[i][id]).as("position %d, logit %d", i, id).isCloseTo((float) expected.get("logits").get(i).get(id).asDouble(), within(2e-4f));
                    }
                    assertThat(forward.logits(cache, ids[i])).as("cached, position %d", i).isEqualTo(all[i]);
                }
                assertThat(FixtureModelsTest.all(mapped, ids)).isDeepEqualTo(all);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cross-bert", "cross-roberta"})
    void crossEncodersGiveTheirScore(String name) throws IOException {
        JsonNode expected = JsonMapper.shared().readTree(ROOT.resolve(name).resolve("expected.json").toFile());
        int[] ids = expected.get("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(ROOT.resolve(name), arena);
            assertThat(file.spec().context()).isEqualTo(64);
            try (Forward forward = new Forward(file.spec(), device, file)) {
                assertThat(forward.score(ids, expected.get("second").asInt())[0]).isCloseTo((float) expected.get("score").get(0).asDouble(), within(1e-4f));
            }
        }
    }
}
