package dev.jackdaw.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.loss.PreferenceLoss;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// DPO through a model against the fixture's losses, log-probabilities and gradients; all losses against finite differences of the weights.
class PreferenceTrainerTest {
    private static final Path TRAINING = Path.of("src/test/resources/reference/training");
    static final ModelSpec SPEC = ModelSpec.plain("llama", 512, 2, 64, 4, 2, 16, 128, 128, 1e-5f, 10000, false, false);

    private final Arena arena = Arena.ofShared();
    private final Device device = Device.cpu(2);
    private JsonNode fixture;

    @BeforeEach
    void read() {
        fixture = JsonMapper.shared().readTree(Path.of("src/test/resources/reference/preference/preference.json").toFile());
    }

    @AfterEach
    void close() {
        device.close();
        arena.close();
    }

    static Sequence sequence(JsonNode prompt, JsonNode answer) {
        int[] ids = new int[prompt.size() + answer.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i < prompt.size() ? prompt.get(i).asInt() : answer.get(i - prompt.size()).asInt();
        }
        BitSet trained = new BitSet();
        trained.set(prompt.size(), ids.length);
        return new Sequence(ids, trained);
    }

    static List<Encoded> pairs(JsonNode fixture) {
        List<Encoded> pairs = new ArrayList<>();
        for (JsonNode pair : fixture.at("/dpo/pairs")) {
            pairs.add(new Encoded(List.of(sequence(pair.get("prompt"), pair.get("chosen")), sequence(pair.get("prompt"), pair.get("rejected"))), true, 0, "" + pairs.size()));
        }
        return pairs;
    }

    private List<PreferenceTrainer.Item> items() {
        List<PreferenceTrainer.Item> items = new ArrayList<>();
        for (Encoded pair : pairs(fixture)) {
            int i = items.size();
            items.add(new PreferenceTrainer.Item(pair, new double[] {fixture.at("/dpo/ref_chosen_logps").get(i).asDouble(), fixture.at("/dpo/ref_rejected_logps").get(i).asDouble()}, null, 0));
        }
        return items;
    }

    private Trainer trainer(int rows, int pass, int T) throws IOException {
        Trainer trainer = new Trainer(new TrainSettings(SPEC, 0, 10, rows, T, pass, OptimizerSettings.adamW(1e-3, 0), 0, 0, 1, false, 1, 1, 1), device);
        trainer.weights().load(Safetensors.open(TRAINING.resolve("model.safetensors"), arena)::tensor);
        return trainer;
    }

    /// However the answers are laid out: all in one pass, a pair in a pass, several in one row.
    @Test
    void dpoThroughTheModelGivesTheFixturesNumbers() throws IOException {
        for (int[] shape : new int[][] {{8, 8, 24}, {8, 2, 24}, {2, 2, 100}, {4, 1, 64}}) {
            try (Trainer trainer = trainer(shape[0], shape[1], shape[2])) {
                PreferenceTrainer preference = new PreferenceTrainer(trainer, new PreferenceLoss.Dpo(0.1, 0), 0);
                List<PreferenceTrainer.Item> items = items();
                List<Sequence> texts = items.stream().flatMap(item -> item.comparison().answers().stream()).toList();
                double[] found = preference.logProbabilities(texts, _ -> { });
                for (int i = 0; i < 4; i++) {
                    assertThat(found[2 * i]).isCloseTo(fixture.at("/dpo/policy_chosen_logps").get(i).asDouble(), within(1e-4));
                    assertThat(found[2 * i + 1]).isCloseTo(fixture.at("/dpo/policy_rejected_logps").get(i).asDouble(), within(1e-4));
                }
                assertThat(preference.gradients(items).loss() / 4).isCloseTo(fixture.at("/dpo/loss").asDouble(), within(1e-5));
                double norm = Math.sqrt(device.sumOfSquares(trainer.weights().gradients()));
                assertThat(norm).isCloseTo(fixture.at("/dpo/grad_global_l2").asDouble(), within(1e-4 * norm));
                for (FlatWeights.Entry entry : trainer.weights().entries()) {
                    double wanted = fixture.at("/dpo/grad_l2").get(entry.parameter().name()).asDouble();
                    assertThat(Math.sqrt(device.sumOfSquares(entry.gradient()))).as(entry.parameter().name()).isCloseTo(wanted, within(1e-4 * wanted + 1e-6));
                }
            }
        }
    }

    /// A reference of other weights, computed by us.
    @Test
    void theReferenceIsTheSameSumUnderOtherWeights() throws IOException {
        try (Trainer trainer = trainer(8, 8, 24)) {
            trainer.weights().load(Safetensors.open(TRAINING.resolve("model_step10.safetensors"), arena)::tensor);
            double[] found = new PreferenceTrainer(trainer, new PreferenceLoss.Dpo(0.1, 0), 0).logProbabilities(items().stream().map(item -> item.comparison().answers().getFirst()).toList(), _ -> { });
            for (int i = 0; i < 4; i++) {
                assertThat(found[i]).isCloseTo(fixture.at("/dpo/ref_chosen_logps").get(i).asDouble(), within(1e-4));
            }
        }
    }

    @Test
    void gradientsOfEveryLossAreThoseOfSmallDifferences() throws IOException {
        List<PreferenceTrainer.Item> pairs = items(), verdicts = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            PreferenceTrainer.Item pair = pairs.get(i);
            boolean good = i != 1;
            Sequence mismatched = sequence(fixture.at("/dpo/pairs").get(i).get("prompt"), fixture.at("/dpo/pairs").get((i + 1) % 4).get("chosen"));
            verdicts.add(new PreferenceTrainer.Item(new Encoded(List.of(pair.comparison().answers().get(good ? 0 : 1)), good, 0, ""), new double[] {pair.references()[good ? 0 : 1]}, mismatched, -60));
        }
        for (PreferenceLoss loss : List.of(new PreferenceLoss.Dpo(0.3, 0.1), new PreferenceLoss.Ipo(0.2, true), new PreferenceLoss.Orpo(0.5), new PreferenceLoss.Simpo(2, 0.5), new PreferenceLoss.Kto(0.2, 1, 1.5))) {
            List<PreferenceTrainer.Item> items = loss instanceof PreferenceLoss.Kto ? verdicts : pairs;
            try (Trainer trainer = trainer(8, 2, 24)) {
                PreferenceTrainer preference = new PreferenceTrainer(trainer, loss, 0.2);
                preference.gradients(items);
                // along the gradient itself, so that the difference is far above rounding
                float[] gradient = trainer.weights().gradients().toFloats(), weights = trainer.weights().data().toFloats();
                double square = 0;
                for (float g : gradient) {
                    square += (double) g * g;
                }
                // z of KTO is held fixed by the loss but moves with the weights, so its difference is taken along another answer's gradient below
                double step = 2e-3 / Math.sqrt(square);
                double up = moved(trainer, preference, items, weights, gradient, step), down = moved(trainer, preference, items, weights, gradient, -step);
                double slope = (up - down) / (2 * step) / items.size();
                if (loss instanceof PreferenceLoss.Kto) {
                    assertThat(slope).as("%s goes down against its gradient", loss).isPositive();
                } else {
                    assertThat(slope).as("%s", loss).isCloseTo(square, within(0.01 * square));
                }
            }
        }
    }

    private static double moved(Trainer trainer, PreferenceTrainer preference, List<PreferenceTrainer.Item> items, float[] weights, float[] direction, double by) {
        for (int i = 0; i < weights.length; i++) {
            trainer.weights().data().set(i, (float) (weights[i] + by * direction[i]));
        }
        return preference.gradients(items).loss();
    }

    /// With z at 0, which a low reference of the mismatched answers forces, KTO has no other moving part.
    @Test
    void ktoWithoutDivergenceHasTheGradientOfSmallDifferences() throws IOException {
        List<PreferenceTrainer.Item> verdicts = new ArrayList<>();
        for (PreferenceTrainer.Item pair : items()) {
            boolean good = verdicts.size() % 2 == 0;
            verdicts.add(new PreferenceTrainer.Item(new Encoded(List.of(pair.comparison().answers().get(good ? 0 : 1)), good, 0, ""), new double[] {pair.references()[good ? 0 : 1]},
                    pair.comparison().answers().getFirst(), 0));
        }
        try (Trainer trainer = trainer(4, 2, 24)) {
            PreferenceTrainer preference = new PreferenceTrainer(trainer, new PreferenceLoss.Kto(0.3, 1, 1.5), 0);
            preference.gradients(verdicts);
            float[] gradient = trainer.weights().gradients().toFloats(), weights = trainer.weights().data().toFloats();
            double square = device.sumOfSquares(trainer.weights().gradients());
            double step = 2e-3 / Math.sqrt(square);
            double slope = (moved(trainer, preference, verdicts, weights, gradient, step) - moved(trainer, preference, verdicts, weights, gradient, -step)) / (2 * step) / 4;
            assertThat(slope).isCloseTo(square, within(0.01 * square));
        }
    }

    @Test
    void learnsWhatIsPreferred() throws IOException {
        for (PreferenceLoss loss : List.of(new PreferenceLoss.Dpo(0.1, 0), new PreferenceLoss.Simpo(2, 1))) {
            try (Trainer trainer = trainer(8, 2, 24)) {
                PreferenceTrainer preference = new PreferenceTrainer(trainer, loss, 0);
                PreferenceTrainer.Step first = preference.step(items()), last = first;
                for (int i = 0; i < 5; i++) {
                    last = preference.step(items());
                }
                assertThat(last.step().number()).isEqualTo(6);
                assertThat(last.step().loss()).isLessThan(first.step().loss());
                assertThat(last.margin()).isGreaterThan(first.margin() + 0.1);
                assertThat(last.accuracy()).isEqualTo(1);
                assertThat(first.tokens()).isEqualTo(135);
            }
        }
    }

    @Test
    void refusesWhatDoesNotFit() throws IOException {
        try (Trainer trainer = trainer(2, 2, 24)) {
            PreferenceTrainer preference = new PreferenceTrainer(trainer, new PreferenceLoss.Dpo(0.1, 0), 0);
            assertThatThrownBy(() -> preference.step(items())).hasMessageContaining("4 comparisons do not fit into the 2 rows of 24");
            Sequence large = new Sequence(new int[40], new BitSet());
            assertThatThrownBy(() -> preference.logProbabilities(List.of(large), _ -> { })).hasMessageContaining("[39] places");
        }
    }
}
