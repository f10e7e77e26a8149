package dev.jackdaw.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.loss.BradleyTerry;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A reward model against the fixture: scores, loss, and the gradient of every weight.
class RewardTrainerTest {
    private static final JsonNode FIXTURE = JsonMapper.shared().readTree(Path.of("src/test/resources/reference/preference/preference.json").toFile());
    private static final ModelSpec SPEC = PreferenceTrainerTest.SPEC.withOutput(new ModelSpec.Reward(1));

    private final Arena arena = Arena.ofShared();
    private final Device device = Device.cpu(2);

    @AfterEach
    void close() {
        device.close();
        arena.close();
    }

    private Trainer trainer(int rows, int pass, int T) throws IOException {
        Trainer trainer = new Trainer(new TrainSettings(SPEC, 0, 10, rows, T, pass, OptimizerSettings.adamW(1e-3, 0), 0, 0, 1, false, 1, 1, 1), device);
        Safetensors trunk = Safetensors.open(Path.of("src/test/resources/reference/training/model.safetensors"), arena);
        JsonNode head = FIXTURE.at("/reward_model/head_weight");
        Tensor score = Tensor.zeros(arena, 1, head.size());
        for (int i = 0; i < head.size(); i++) {
            score.set(i, (float) head.get(i).asDouble());
        }
        trainer.weights().load(name -> name.equals("score.weight") ? score : trunk.tensor(name));
        return trainer;
    }

    @Test
    void scoresLossAndGradientsAreTheFixtures() throws IOException {
        List<Encoded> pairs = PreferenceTrainerTest.pairs(FIXTURE);
        for (int[] shape : new int[][] {{8, 8, 24}, {8, 2, 24}, {2, 2, 100}}) {
            try (Trainer trainer = trainer(shape[0], shape[1], shape[2])) {
                RewardTrainer reward = new RewardTrainer(trainer, new BradleyTerry(0));
                List<Sequence> texts = pairs.stream().flatMap(pair -> pair.answers().stream()).toList();
                double[] scores = reward.scores(texts, _ -> { });
                for (int i = 0; i < 4; i++) {
                    assertThat(scores[2 * i]).isCloseTo(FIXTURE.at("/reward_model/chosen_scores").get(i).asDouble(), within(1e-4));
                    assertThat(scores[2 * i + 1]).isCloseTo(FIXTURE.at("/reward_model/rejected_scores").get(i).asDouble(), within(1e-4));
                }
                double[] sums = reward.gradients(pairs);
                assertThat(sums[0] / 4).isCloseTo(FIXTURE.at("/reward_model/loss").asDouble(), within(1e-5));
                assertThat(sums[1]).isEqualTo(3);
                double square = 0;
                for (FlatWeights.Entry entry : trainer.weights().entries()) {
                    if (entry.parameter().name().equals("score.weight")) {
                        for (int i = 0; i < entry.gradient().elements(); i++) {
                            assertThat(entry.gradient().get(i)).isCloseTo((float) FIXTURE.at("/reward_model/head_grad").get(i).asDouble(), within(2e-5f));
                        }
                        continue;
                    }
                    double wanted = FIXTURE.at("/reward_model/grad_l2").get(entry.parameter().name()).asDouble(), sum = device.sumOfSquares(entry.gradient());
                    assertThat(Math.sqrt(sum)).as(entry.parameter().name()).isCloseTo(wanted, within(1e-4 * wanted));
                    square += sum;
                }
                assertThat(Math.sqrt(square)).isCloseTo(FIXTURE.at("/reward_model/grad_global_l2_backbone").asDouble(), within(5e-3));
            }
        }
    }

    @Test
    void learnsToPreferAndToBeCentred() throws IOException {
        List<Encoded> pairs = PreferenceTrainerTest.pairs(FIXTURE);
        try (Trainer trainer = trainer(8, 8, 24)) {
            RewardTrainer reward = new RewardTrainer(trainer, new BradleyTerry(0.01));
            RewardTrainer.Step first = reward.step(pairs), last = first;
            for (int i = 0; i < 8; i++) {
                last = reward.step(pairs);
            }
            assertThat(first.accuracy()).isEqualTo(0.75);
            assertThat(last.accuracy()).isEqualTo(1);
            assertThat(last.step().loss()).isLessThan(first.step().loss());
        }
    }

    @Test
    void refusesALanguageModel() throws IOException {
        TrainSettings settings = new TrainSettings(PreferenceTrainerTest.SPEC, 0, 1, 2, 24, 2, OptimizerSettings.adamW(1e-3, 0), 0, 0, 1, false, 1, 1, 1);
        try (Trainer trainer = new Trainer(settings, device)) {
            assertThatThrownBy(() -> new RewardTrainer(trainer, new BradleyTerry(0))).hasMessageContaining("expected one score");
        }
    }
}
