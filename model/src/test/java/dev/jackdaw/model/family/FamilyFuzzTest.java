package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.format.FormatException;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.format.GgufWriter;
import dev.jackdaw.model.format.HuggingFace;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Headers that say something else than they should: a clear refusal, or a model that runs without harm.
class FamilyFuzzTest {
    private static final int ROUNDS = 25;
    private static final String[] VALUES = {"0", "-1", "1", "2", "3", "7", "64", "2147483647", "4294967296", "1e30", "-0.5", "1e-30", "null", "true", "\"x\"", "\"yarn\"", "[]", "[1,2]",
        "{\"rope_type\":\"yarn\",\"factor\":0}", "{\"type\":\"longrope\",\"short_factor\":[1],\"long_factor\":[\"a\"]}", "{\"rope_type\":\"llama3\",\"factor\":-1,\"low_freq_factor\":1,\"high_freq_factor\":1}"};

    @TempDir
    Path folder;

    private int opened;

    @Test
    void configurations() throws IOException {
        Random random = new Random(5);
        List<Path> folders = DefinitionTest.models();
        folders.add(Path.of("src/test/resources/reference/models/qwen3"));
        for (Path original : folders) {
            Path copy = Files.createDirectory(folder.resolve(original.getParent().getFileName() + "-" + original.getFileName()));
            Files.copy(original.resolve("model.safetensors"), copy.resolve("model.safetensors"));
            for (int round = 0; round < ROUNDS; round++) {
                ObjectNode config = (ObjectNode) HuggingFace.readJson(original.resolve("config.json"));
                List<String> fields = new ArrayList<>(config.propertyNames());
                fields.addAll(List.of("rope_scaling", "rope_parameters", "head_dim", "sliding_window", "layer_types", "partial_rotary_factor", "no_rope_layers"));
                for (int i = 0; i <= random.nextInt(2); i++) {
                    String field = fields.get(random.nextInt(fields.size()));
                    JsonNode value = JsonMapper.shared().readTree(VALUES[random.nextInt(VALUES.length)]);
                    config.set(field, value);
                }
                Files.writeString(copy.resolve("config.json"), config.toString());
                tryOut(copy, original.getFileName() + " round " + round + ": " + config);
            }
        }
        assertThat(opened).as("some changes do no harm").isGreaterThan(20);
    }

    @Test
    void metadata() throws IOException {
        Random random = new Random(6);
        for (Path original : SharedFixtures.gguf().stream().filter(path -> path.toString().endsWith("Q8_0.gguf")).toList()) {
            try (Arena arena = Arena.ofShared()) {
                Gguf good = Gguf.open(original, arena);
                List<String> keys = good.metadata().keySet().stream().filter(key -> !key.startsWith("tokenizer.") && !key.startsWith("general.q")).toList();
                for (int round = 0; round < ROUNDS; round++) {
                    String key = keys.get(random.nextInt(keys.size()));
                    GgufValue value = switch (random.nextInt(6)) {
                        case 0 -> GgufValue.u32(random.nextInt(1000));
                        case 1 -> GgufValue.u32(0xffff_ffffL);
                        case 2 -> GgufValue.f32((float) Math.exp(40 * random.nextGaussian()));
                        case 3 -> GgufValue.f32(random.nextBoolean() ? Double.NaN : -1);
                        case 4 -> GgufValue.of("yarn");
                        default -> GgufValue.i32s(1, 2, -3);
                    };
                    GgufWriter writer = new GgufWriter();
                    good.metadata().forEach((name, old) -> writer.put(name, name.equals(key) ? value : old));
                    good.tensors().forEach(tensor -> writer.add(tensor.name(), tensor.type(), tensor.shape(), good.bytes(tensor.name())));
                    writer.write(folder.resolve("changed.gguf"));
                    tryOut(folder.resolve("changed.gguf"), original.getFileName() + ", " + key + " = " + value);
                }
            }
        }
    }

    private void tryOut(Path path, String what) {
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(1)) {
            ModelFile file = ModelFile.open(path, arena);
            try (Forward forward = new Forward(file.spec(), device, file); KvCache cache = forward.newCache(12)) {
                forward.allHidden(cache, new int[] {1, 2, 3, 4, 5, 6, 7}, (_, _) -> { });
                opened++;
            }
        } catch (FormatException | IllegalArgumentException | IOException e) {
            assertThat(e).as(what).hasMessageMatching("(?s).{10,}");
        } catch (RuntimeException | Error e) {
            fail(what, e);
        }
    }
}
