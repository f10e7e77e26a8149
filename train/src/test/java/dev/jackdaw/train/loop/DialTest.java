package dev.jackdaw.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.scale.Counting;
import dev.jackdaw.train.report.StepMetrics;
import dev.jackdaw.train.scale.FittedLaw;
import dev.jackdaw.train.scale.Interval;
import dev.jackdaw.train.scale.IsoFlop;
import dev.jackdaw.train.scale.Prediction;
import dev.jackdaw.train.scale.ScalingLaw;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DialTest {
    @TempDir
    private Path folder;

    /// For vocabulary 320, context 32 and steps of 128 tokens; large models are dear by it.
    private static FittedLaw law(List<String> sources, int context) {
        ScalingLaw law = new ScalingLaw(0.5, 40, 0.3, 3000, 0.5);
        return new FittedLaw(law, Counting.WITH_EMBEDDINGS, new FittedLaw.Recipe(320, context, 4 * context), new FittedLaw.Text(sources, "t", "a", "b", 1500, 2.5),
                new FittedLaw.Range(9, 1e4, 1e6, 1e4, 1e6, 1e9, 1e10), null, 0.01, 0.95, Map.of("E", new Interval(0.4, 0.6)), List.of(new double[] {0.5, 40, 0.3, 3000, 0.5, 0.1},
                new double[] {0.5, 40, 0.3, 3000, 0.5, -0.1}), "test", "test");
    }

    private static Dial.Choices choices(Integer layers, Long steps) {
        return new Dial.Choices(null, layers, null, null, null, null, 320, 32, 4, null, steps, null, null, null, null, null, null, null, null);
    }

    @Test
    void theLadderClimbsInStepsOfAboutTwo() {
        List<ModelSpec> ladder = Dial.ladder(4096, 512, Dial.Choices.NONE);
        for (int i = 1; i < 12; i++) {
            double more = Counting.WITHOUT_EMBEDDINGS.of(ladder.get(i), 512) / Counting.WITHOUT_EMBEDDINGS.of(ladder.get(i - 1), 512);
            assertThat(more).as(ladder.get(i).layers() + " layers of " + ladder.get(i).width()).isBetween(1.15, 5.0);
        }
        assertThat(ladder).extracting(ModelSpec::layers).startsWith(1, 1, 2, 2, 3, 3);
        assertThat(ladder).extracting(ModelSpec::width).startsWith(64, 128, 128, 192, 192, 256);
    }

    @Test
    void moreTimeMeansALargerModel() {
        FittedLaw dear = law(List.of("jdk"), 512);
        FittedLaw law = new FittedLaw(new ScalingLaw(0.5, 40, 0.3, 300, 0.5), dear.counting(), dear.recipe(), dear.text(), dear.range(), null, dear.residual(), dear.confidence(), dear.intervals(), dear.draws(),
                dear.command(), dear.version());
        List<ModelSpec> ladder = Dial.ladder(4096, 512, Dial.Choices.NONE);
        long before = 0;
        for (double operations : new double[] {1e12, 1e14, 1e16}) {
            ModelSpec best = Dial.best(law, ladder, m -> operations / m.trainingFlopsPerToken(512));
            assertThat(best.parameterCount()).isGreaterThan(before);
            before = best.parameterCount();
            for (ModelSpec other : ladder) {
                assertThat(law.loss(other, operations / other.trainingFlopsPerToken(512))).isGreaterThanOrEqualTo(law.loss(best, operations / best.trainingFlopsPerToken(512)));
            }
        }
    }

    @Test
    void beyondTheSweepItsValleysDecide() {
        FittedLaw small = law(List.of("jdk"), 512);
        FittedLaw.Range range = new FittedLaw.Range(20, 3e5, 2e6, 2e5, 1e7, 3e12, 2e13);
        IsoFlop.PowerLaw valleys = new IsoFlop.PowerLaw(6e5 / Math.pow(2e13, 0.6), 0.6);
        FittedLaw law = new FittedLaw(new ScalingLaw(1.1, 37_000, 0.85, 170, 0.31), small.counting(), small.recipe(), small.text(), range, valleys, small.residual(), small.confidence(), small.intervals(),
                small.draws(), small.command(), small.version());
        List<ModelSpec> ladder = Dial.ladder(4096, 512, Dial.Choices.NONE);
        for (double operations : new double[] {1e13, 1e14, 1e15}) {
            ModelSpec byLoss = ladder.stream().min(Comparator.comparingDouble(m -> law.loss(m, operations / m.trainingFlopsPerToken(512)))).orElseThrow();
            ModelSpec best = Dial.best(law, ladder, m -> operations / m.trainingFlopsPerToken(512));
            if (operations == 1e13) {
                assertThat(best).isEqualTo(byLoss);
            } else {
                assertThat(best.parameterCount() / valleys.at(operations)).isBetween(0.7, 1.5);
                assertThat(best.parameterCount()).isGreaterThan(byLoss.parameterCount());
            }
        }
    }

    @Test
    void whatIsCountedAsAParameter() {
        ModelSpec model = ModelSpec.plain("qwen3", 1000, 2, 64, 2, 1, 32, 128, 256, 1e-6f, 10_000, true, true);
        long embedding = 1000 * 64, matrices = 2L * (64 * 64 + 2 * 32 * 64 + 64 * 64 + 3 * 128 * 64), norms = 2L * (64 + 64 + 32 + 32) + 64;
        assertThat(Counting.WITHOUT_EMBEDDINGS.of(model, 256)).isEqualTo(matrices + norms);
        assertThat(Counting.WITH_EMBEDDINGS.of(model, 256)).isEqualTo(embedding + matrices + norms);
        assertThat(Counting.BY_OPERATIONS.of(model, 256)).isEqualTo(embedding + matrices + norms + 2 * 64 * 256);          // a head: 2·T·D for scores and sums, half of it seen
        ModelSpec apart = ModelSpec.plain("qwen3", 1000, 2, 64, 2, 1, 32, 128, 256, 1e-6f, 10_000, true, false);
        assertThat(Counting.WITH_EMBEDDINGS.of(apart, 256)).isEqualTo(2 * embedding + matrices + norms);
        assertThat(Counting.BY_OPERATIONS.of(apart, 256)).isEqualTo(Counting.BY_OPERATIONS.of(model, 256));
    }

    /// A run by a law writes down what to expect before it trains, and compares afterwards.
    @Test
    void aRunByALawIsPredictedAndChecked() throws IOException {
        Path text = text();
        FittedLaw law = law(List.of(text.toString()), 32);
        List<String> told = new ArrayList<>();
        Path out = folder.resolve("run");
        Pretraining.Result result = pretrain(text, out, 0.05, choices(null, null), law, told);
        Prediction prediction = Prediction.read(out).orElseThrow();
        assertThat(prediction.law()).isEqualTo(law.fingerprint());
        assertThat(prediction.model()).isEqualTo(result.plan().settings().model());
        assertThat(prediction.tokens()).isEqualTo(result.plan().settings().tokens());
        assertThat(prediction.loss()).isEqualTo(law.loss(prediction.model(), prediction.tokens()));
        Prediction.Check check = Prediction.Check.read(out).orElseThrow();
        assertThat(check.hash()).isEqualTo(prediction.hash());
        assertThat(check.error()).isEqualTo(check.loss() / prediction.loss() - 1);
        assertThat(told).endsWith("predicted", "first step", "checked");       // a fast machine is told first that it will read the text more than once
    }

    @Test
    void aLawAboutOtherTextDoesNotPredictAndSaysWhy() throws IOException {
        Path text = text();
        List<String> told = new ArrayList<>();
        pretrain(text, folder.resolve("other"), 1, choices(1, 3L), law(List.of("jdk"), 32), told);
        assertThat(told).hasSize(2).first().asString().contains("no prediction: the law is about [jdk] with vocabulary 320, context 32 and steps of 128 tokens");
        assertThat(Prediction.read(folder.resolve("other"))).isEmpty();
    }

    private static Pretraining.Result pretrain(Path text, Path out, double minutes, Dial.Choices choices, FittedLaw law, List<String> told) throws IOException {
        try (Device device = Device.cpu(2)) {
            return new Pretraining(new Pretraining.Request(List.of(text.toString()), out, minutes, choices, null, 3, new RunPlan.Program("test", "", "", ""), law, false), device, new Pretraining.Listener() {
                @Override
                public void predicted(Prediction prediction) {
                    told.add("predicted");
                }

                @Override
                public void checked(Prediction.Check check) {
                    told.add("checked");
                }

                @Override
                public void lawSetAside(String why) {
                    told.add(why);
                }

                @Override
                public void step(StepMetrics metrics, long steps) {
                    if (metrics.step() == 1) {
                        told.add("first step");
                    }
                }
            }).run();
        }
    }

    private Path text() throws IOException {
        Path text = Files.createDirectory(folder.resolve("text"));
        Random random = new Random(5);
        for (int file = 0; file < 60; file++) {
            StringBuilder story = new StringBuilder("Story number " + random.nextInt(100_000) + ".\n");
            for (int i = 0; i < 60; i++) {
                story.append("The bird ").append(random.nextInt(40)).append(" follows the river ").append(random.nextInt(1000)).append(".\n");
            }
            Files.writeString(text.resolve(file + ".txt"), story);
        }
        return text;
    }
}
