package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Families without a fixture against two witnesses: their published definitions, computed by `reference/families/families.py`, and the
/// transformers library, by `reference/transformers/models.py`.
class DefinitionTest {
    private static final List<Path> ROOTS = List.of(Path.of("src/test/resources/reference/families"), Path.of("src/test/resources/reference/transformers"));

    static List<Path> models() throws IOException {
        List<Path> models = new ArrayList<>();
        for (Path root : ROOTS) {
            try (Stream<Path> folders = Files.list(root)) {
                folders.filter(Files::isDirectory).sorted().forEach(models::add);
            }
        }
        return models;
    }

    private static boolean isCross(Path folder) {
        return folder.getFileName().toString().startsWith("cross");
    }

    static List<Path> decoders() throws IOException {
        return models().stream().filter(path -> !isCross(path) && !isReward(path)).toList();
    }

    private static boolean isReward(Path folder) {
        return folder.getFileName().toString().startsWith("reward");
    }

    static List<Path> rewardModels() throws IOException {
        return models().stream().filter(DefinitionTest::isReward).toList();
    }

    static List<Path> crossEncoders() throws IOException {
        return models().stream().filter(DefinitionTest::isCross).toList();
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
                        assertThat(all[i][id]).as("position %d, logit %d", i, id).isCloseTo((float) expected.get("logits").get(i).get(id).asDouble(), within(1e-4f));
                    }
                    assertThat(forward.logits(cache, ids[i])).as("cached, position %d", i).isEqualTo(all[i]);
                }
                assertThat(FixtureModelsTest.all(mapped, ids)).isDeepEqualTo(all);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("crossEncoders")
    void crossEncodersGiveTheirScore(Path folder) throws IOException {
        JsonNode expected = JsonMapper.shared().readTree(folder.resolve("expected.json").toFile());
        int[] ids = expected.get("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(folder, arena);
            assertThat(file.spec().context()).isEqualTo(64);
            try (Forward forward = new Forward(file.spec(), device, file)) {
                assertThat(forward.score(ids, expected.get("second").asInt())[0]).isCloseTo((float) expected.get("score").get(0).asDouble(), within(1e-4f));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rewardModels")
    void rewardModelsGiveTheScoresOfTheirLastPosition(Path folder) throws IOException {
        JsonNode expected = JsonMapper.shared().readTree(folder.resolve("expected.json").toFile());
        int[] ids = expected.get("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(folder, arena);
            try (Forward forward = new Forward(file.spec(), device, file); KvCache cache = forward.newCache(ids.length)) {
                float[] scores = forward.reward(ids);
                assertThat(scores).hasSize(expected.get("logits").size());
                for (int i = 0; i < scores.length; i++) {
                    assertThat(scores[i]).as("label %d", i).isCloseTo((float) expected.get("logits").get(i).asDouble(), within(1e-4f));
                }
                assertThatThrownBy(() -> forward.logits(cache, ids)).hasMessageContaining("judges texts");
                assertThatThrownBy(() -> forward.reward()).hasMessageContaining("no tokens");
            }
        }
    }
}
