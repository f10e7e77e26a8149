package dev.jackdaw.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.model.family.Families;
import dev.jackdaw.model.family.Form;
import dev.jackdaw.model.family.Names;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.optim.OptimizerSettings;
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

/// Loss and gradients of one text for a model of every family against the transformers library; see `reference/gradients/gradients.py`.
/// What is compared is the gradient of each tensor of the file, in the layout of the file: its norm, and a weighted sum that sees places and signs.
class FamilyGradientsTest {
    private static final JsonNode EXPECTED = JsonMapper.shared().readTree(Path.of("src/test/resources/reference/gradients/gradients.json").toFile());

    static Stream<String> models() {
        return EXPECTED.propertyStream().map(java.util.Map.Entry::getKey);
    }

    /// Where a model is: among those of the module `model`, or in the reference models beside the project, where they are present.
    private static Path folder(String name) {
        Path reference = Path.of("../model/src/test/resources/reference");
        List<Path> roots = new ArrayList<>(List.of(reference.resolve("transformers"), reference.resolve("models")));
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            roots.add(at.resolve("shared/fixtures/models"));
        }
        return roots.stream().map(root -> root.resolve(name)).filter(path -> Files.exists(path.resolve("config.json"))).findFirst().orElse(null);
    }

    @ParameterizedTest
    @MethodSource("models")
    void lossAndGradientsAreThoseOfTransformers(String name) throws IOException {
        Path folder = folder(name);
        assumeTrue(folder != null, () -> "shared/fixtures/models/" + name + " is not there");
        JsonNode expected = EXPECTED.get(name);
        int[] ids = expected.get("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(folder, arena);
            int T = ids.length - 1;
            TrainSettings settings = new TrainSettings(file.spec(), 0, 1, 1, T, 1, OptimizerSettings.adamW(1e-3, 0.1), 0, 0, 1, false, 0, 0, 0);
            try (Trainer trainer = new Trainer(settings, device)) {
                trainer.weights().load(weight -> Conversion.to(arena, file.tensor(weight), DType.F32));
                trainer.weights().gradients().fill(7);                       // rubbish of an earlier step
                fill(trainer.fill(_ -> { }), ids);
                double loss = trainer.gradients(1f / T) / T;
                assertThat(loss).isCloseTo(expected.get("loss").asDouble(), within(1e-5 * loss));
                compare(arena, file.spec(), trainer, expected.get("tensors"));
                assertThat(Trainer.bytesNeeded(settings)).isGreaterThan(16 * file.spec().parameterCount());
            }
        }
    }

    static void fill(Batch batch, int[] ids) {
        for (int t = 0; t + 1 < ids.length; t++) {
            Memory.putInt(batch.ids().address() + 4L * t, ids[t]);
            Memory.putInt(batch.targets().address() + 4L * t, ids[t + 1]);
        }
    }

    private static void compare(Arena arena, ModelSpec spec, Trainer trainer, JsonNode expected) {
        int compared = 0;
        for (Names.Link link : Families.names(spec, false).links(spec)) {
            List<Tensor> ours = link.ours().stream().map(name -> trainer.weights().entry(name).gradient()).toList();
            List<Tensor> files = link.form() instanceof Form.LessOne ? ours : link.form().write(arena, ours);       // w and w - 1 have one gradient
            for (int i = 0; i < files.size(); i++) {
                String name = link.files().get(i);
                assertThat(expected.has(name)).as(name).isTrue();
                float[] found = files.get(i).toFloats();
                double squares = 0, sum = 0;
                for (int j = 0; j < found.length; j++) {
                    squares += (double) found[j] * found[j];
                    sum += found[j] * Math.cos(0.7 * j + 0.3);
                }
                double norm = expected.get(name).get(0).asDouble();
                assertThat(Math.sqrt(squares)).as("norm of %s", name).isCloseTo(norm, within(1e-4 * norm + 1e-7));
                assertThat(sum).as("weighted sum of %s", name).isCloseTo(expected.get(name).get(1).asDouble(), within(2e-4 * norm + 1e-7));
                compared++;
            }
        }
        assertThat(compared).isEqualTo(expected.size());
    }
}
