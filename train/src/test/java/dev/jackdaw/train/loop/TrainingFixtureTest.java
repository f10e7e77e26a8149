package dev.jackdaw.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Ten steps of a two-layer llama against PyTorch and transformers: losses, gradients, weights. The numbers and their tolerances are in
/// `reference/training`.
class TrainingFixtureTest {
    private static final Path FOLDER = Path.of("src/test/resources/reference/training");
    private static final int B = 4, T = 32;

    private final Arena arena = Arena.ofShared();
    private final Device device = Device.cpu(2);
    private JsonNode expected;
    private Tensor tokens;                    // [10,B,T+1]

    @BeforeEach
    void read() throws IOException {
        expected = JsonMapper.shared().readTree(FOLDER.resolve("expected.json").toFile());
        tokens = Safetensors.open(FOLDER.resolve("batches.safetensors"), arena).tensor("tokens");
    }

    @AfterEach
    void close() {
        device.close();
        arena.close();
    }

    private Trainer trainer(int batch, int pass) throws IOException {
        ModelSpec spec = ModelSpec.plain("llama", 512, 2, 64, 4, 2, 16, 128, 128, 1e-5f, 10000, false, false);
        Trainer trainer = new Trainer(new TrainSettings(spec, 0, 10, batch, T, pass, OptimizerSettings.adamW(1e-3, 0.1), 0, 0, 1, false, 0, 0, 0), device);
        Safetensors model = Safetensors.open(FOLDER.resolve("model.safetensors"), arena);
        trainer.weights().load(model::tensor);
        return trainer;
    }

    private void fill(Batch batch, int step) {
        Tensor ids = batch.ids(), targets = batch.targets();
        long rows = ids.size(0);
        for (long b = 0; b < rows; b++) {
            for (int t = 0; t < T; t++) {
                long from = tokens.address() + 4 * (((long) step * B + b) * (T + 1) + t);
                Memory.putInt(ids.address() + 4 * (b * T + t), Memory.getInt(from));
                Memory.putInt(targets.address() + 4 * (b * T + t), Memory.getInt(from + 4));
            }
        }
    }

    @Test
    void tenStepsGiveTheLossesNormsAndWeightsOfPyTorch() throws IOException {
        try (Trainer trainer = trainer(B, B)) {
            JsonNode losses = expected.at("/float32/loss"), norms = expected.at("/float32/grad_norm_before_clip");
            for (int i = 0; i < 10; i++) {
                int step = i;
                Trainer.Step result = trainer.step(batch -> fill(batch, step));
                assertThat(result.loss()).as("loss of step %d", i + 1).isCloseTo(losses.get(i).asDouble(), within(i == 0 ? 1e-5 : 1e-4));
                assertThat(result.gradientNorm()).as("gradient norm of step %d", i + 1).isCloseTo(norms.get(i).asDouble(), within(1e-4 * norms.get(i).asDouble()));
            }
            compare(trainer, "model_step10.safetensors", false, 5e-5f);
            for (FlatWeights.Entry entry : trainer.weights().entries()) {
                double norm = Math.sqrt(device.sumOfSquares(entry.data()));
                assertThat(norm).isCloseTo(expected.at("/float32/weight_l2_step10").get(entry.parameter().name()).asDouble(), within(1e-4 * norm));
            }
        }
    }

    @Test
    void gradientsOfTheFirstStepAreThoseOfPyTorchInOnePassOrInFour() throws IOException {
        for (int pass : new int[] {4, 1}) {
            try (Trainer trainer = trainer(B, pass)) {
                trainer.fill(batch -> fill(batch, 0));
                trainer.gradients(1f / (B * T));
                compare(trainer, "grad_step1.safetensors", true, 1e-5f);
            }
        }
    }

    @Test
    void aMaskedTargetDoesNotCount() throws IOException {
        JsonNode masked = expected.get("masked_loss");
        try (Trainer trainer = trainer(B, B)) {
            Batch batch = trainer.fill(filled -> fill(filled, masked.get("batch_index").asInt()));
            for (int b = 0; b < B; b++) {
                for (int t = 0; t < T; t++) {
                    Memory.putInt(batch.targets().address() + 4L * (b * T + t), Math.max(-1, masked.get("targets").get(b).get(t).asInt()));
                }
            }
            assertThat(trainer.gradients(1) / batch.counted()).isCloseTo(masked.get("loss").asDouble(), within(1e-5));
        }
    }

    @Test
    void accumulatedPassesAreOneLargeBatch() throws IOException {
        try (Trainer trainer = trainer(2 * B, B)) {
            trainer.fill(batch -> fill(batch, 0));
            trainer.gradients(1f / (2 * B * T));
            double norm = Math.sqrt(device.sumOfSquares(trainer.weights().gradients()));
            assertThat(norm).isCloseTo(expected.at("/accumulation/grad_global_l2").asDouble(), within(1e-4 * norm));
            for (FlatWeights.Entry entry : trainer.weights().entries()) {
                double of = Math.sqrt(device.sumOfSquares(entry.gradient()));
                assertThat(of).as(entry.parameter().name()).isCloseTo(expected.at("/accumulation/grad_l2").get(entry.parameter().name()).asDouble(), within(1e-4 * of));
            }
        }
    }

    private void compare(Trainer trainer, String file, boolean gradients, float tolerance) throws IOException {
        Safetensors reference = Safetensors.open(FOLDER.resolve(file), arena);
        for (FlatWeights.Entry entry : trainer.weights().entries()) {
            float[] found = (gradients ? entry.gradient() : entry.data()).toFloats();
            float[] wanted = reference.tensor(entry.parameter().name()).toFloats();
            float worst = 0;
            for (int i = 0; i < found.length; i++) {
                worst = Math.max(worst, Math.abs(found[i] - wanted[i]));
            }
            assertThat(worst).as("largest difference of %s", entry.parameter().name()).isLessThan(tolerance);
        }
    }
}
