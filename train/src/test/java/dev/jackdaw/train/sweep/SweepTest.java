package dev.jackdaw.train.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.data.Stories;
import dev.jackdaw.train.loop.Dial;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.report.StepMetrics;
import dev.jackdaw.train.scale.FittedLaw;
import dev.jackdaw.train.scale.Prediction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A whole sweep over models so small that it takes seconds.
class SweepTest {
    private static final RunPlan.Program PROGRAM = new RunPlan.Program("test", "", "", "");

    @TempDir
    private static Path folder;
    private static Path corpus;
    private static Sweep.Outcome whole;

    @BeforeAll
    static void sweepOnce() throws IOException {
        corpus = Stories.write(folder.resolve("text"));
        whole = sweep(folder.resolve("whole"), 2, null, new Sweep.Listener() {
        });
    }

    private static Sweep.Request request(Path out, SweepPlan repeat) {
        Dial.Choices choices = new Dial.Choices(null, null, null, null, null, null, 320, 32, 4, null, null, null, null, null, null, null, null, null, null);
        return new Sweep.Request(List.of(corpus.toString()), out, 1, 1e9, 2, 3, 3, 2, 2000, 30, choices, repeat, 3, "test", PROGRAM);
    }

    private static Sweep.Outcome sweep(Path out, int threads, SweepPlan repeat, Sweep.Listener listener) throws IOException {
        try (Device device = Device.cpu(threads)) {
            return new Sweep(request(out, repeat), device, listener).run();
        }
    }

    @Test
    void everyBudgetHasItsSizesAndTheLargerRunIsLarger() {
        SweepPlan plan = whole.plan();
        assertThat(plan.points()).hasSize(6);
        assertThat(plan.points().stream().map(p -> p.settings().model().parameterCount()).distinct()).hasSize(3);
        for (SweepPlan.Point point : plan.points().subList(0, 6)) {
            double operations = point.settings().flops(), step = operations / point.settings().steps();
            assertThat(Math.abs(operations - point.budget()) <= step / 2 || point.settings().steps() == 8).as(point.name()).isTrue();
        }
        assertThat(plan.largerOperations()).isEqualTo(6e9);
        assertThat(whole.prediction().operations()).isBetween(5e9, 7e9);
        assertThat(whole.check().error()).isEqualTo(whole.check().loss() / whole.check().predicted() - 1);
        assertThat(whole.check().hash()).isEqualTo(whole.prediction().hash());
    }

    @Test
    void theFilesItPromisesAreThere() throws IOException {
        for (String file : List.of("scale.json", "law.json", "law-with-larger.json", "larger/prediction.json", "larger/prediction-check.json", "larger/result.json", "report.html", "report.md",
                "charts/isoflop.svg", "charts/frontier.svg", "charts/sizes.svg")) {
            assertThat(folder.resolve("whole").resolve(file)).isNotEmptyFile();
        }
        String report = Files.readString(folder.resolve("whole/report.md"));
        assertThat(report).contains(whole.prediction().hash(), "without embeddings", "by operations", "Back-test");
        assertThat(Files.readString(folder.resolve("whole/report.html"))).contains("<svg", "Loss by size").doesNotContain("NaN");
        assertThat(Files.exists(folder.resolve("whole/larger/checkpoints"))).isFalse();
    }

    @Test
    void aSweepThatIsKilledAnywhereComesToTheSameEnd() throws IOException {
        Path killed = folder.resolve("killed");
        // in the first model, in the fourth, between two, and in the larger run, each a few steps in
        List<String> at = List.of("0:5", "3:9", "4:8", "6:11");
        for (String place : at) {
            int[] model = {-1};
            assertThatThrownBy(() -> sweep(killed, 1, null, new Sweep.Listener() {
                @Override
                public void begun(int index, SweepPlan.Point point) {
                    model[0] = index;
                }

                @Override
                public void step(StepMetrics metrics, long steps) {
                    if (place.equals(model[0] + ":" + metrics.step())) {
                        throw new IllegalStateException("pulled the plug");
                    }
                }
            })).as(place).hasMessage("pulled the plug");
        }
        Prediction before = Prediction.read(killed.resolve("larger")).orElseThrow();
        Sweep.Outcome again = sweep(killed, 3, null, new Sweep.Listener() {
        });
        assertThat(again.prediction()).isEqualTo(before);
        assertThat(killed.resolve("law.json")).hasSameBinaryContentAs(folder.resolve("whole/law.json"));
        assertThat(killed.resolve("law-with-larger.json")).hasSameBinaryContentAs(folder.resolve("whole/law-with-larger.json"));
        assertThat(again.check().loss()).isEqualTo(whole.check().loss());
    }

    @Test
    void aFinishedSweepTrainsNothingAgain() throws IOException {
        List<Integer> trained = new ArrayList<>();
        Sweep.Outcome again = sweep(folder.resolve("whole"), 2, null, new Sweep.Listener() {
            @Override
            public void step(StepMetrics metrics, long steps) {
                trained.add(1);
            }
        });
        assertThat(trained).isEmpty();
        assertThat(again.check()).isEqualTo(whole.check());
        String report = Files.readString(folder.resolve("whole/report.md"));
        Files.delete(folder.resolve("whole/report.md"));
        Sweep.report(folder.resolve("whole"));
        assertThat(folder.resolve("whole/report.md")).hasContent(report);
    }

    @Test
    void thePlanRepeatsTheSweep() throws IOException {
        Path repeated = folder.resolve("repeated");
        sweep(repeated, 2, SweepPlan.read(folder.resolve("whole/scale.json")), new Sweep.Listener() {
        });
        assertThat(repeated.resolve("law-with-larger.json")).hasSameBinaryContentAs(folder.resolve("whole/law-with-larger.json"));
    }

    @Test
    void aPredictionThatWasTouchedIsRefused() throws IOException {
        Path touched = Files.createDirectory(folder.resolve("touched"));
        String json = Files.readString(folder.resolve("whole/larger/prediction.json"));
        Files.writeString(touched.resolve("prediction.json"), json.replaceFirst("\"loss\" : \\d", "\"loss\" : 9"));
        assertThatThrownBy(() -> Prediction.read(touched)).isInstanceOf(IOException.class).hasMessageContaining("changed after it was made");
        Files.writeString(touched.resolve("prediction.json"), json);
        assertThat(Prediction.read(touched)).contains(whole.prediction());
    }

    @Test
    void theTimeDecidesTheBudgetsAndLeavesRoomForTheLargerRun() {
        Sweep.Request r = request(folder.resolve("planned"), null);
        Sweep.Request timed = new Sweep.Request(r.sources(), r.out(), 0.01, null, r.budgets(), r.sizes(), r.growth(), r.larger(), r.heldOutTokens(), r.bootstraps(), r.choices(), null, r.seed(), "test", PROGRAM);
        // a machine of 100 GFLOP/s that needs 2 ms more for each step
        SweepPlanner planner = new SweepPlanner(timed, 320, 2000, settings -> settings.flops() / settings.steps() / 1e11 + 2e-3);
        double before = 0;
        for (double seconds : new double[] {30, 300, 3000, 30_000}) {
            double smallest = planner.smallest(seconds, 150, 32);
            assertThat(smallest).isGreaterThan(2 * before);
            assertThat(planner.seconds(smallest, 32)).as("of %s s", seconds).isBetween(0.6 * seconds, 0.86 * seconds);
            assertThat(planner.largerOperations(smallest)).isEqualTo(smallest * 3 * 2);
            before = smallest;
        }
    }

    @Test
    void theLawIsReadAsItWasWritten() throws IOException {
        FittedLaw law = FittedLaw.read(folder.resolve("whole/law.json"));
        assertThat(law.fingerprint()).isEqualTo(whole.law().fingerprint()).isEqualTo(whole.prediction().law());
        assertThat(law.loss(whole.prediction().model(), whole.prediction().tokens())).isEqualTo(whole.prediction().loss());
        Path broken = folder.resolve("broken.json");
        Files.writeString(broken, "{\"law\":{\"E\":1,\"A\":-2,\"alpha\":0.3,\"B\":1,\"beta\":0.3}}");
        assertThatThrownBy(() -> FittedLaw.read(broken)).isInstanceOf(IOException.class).hasMessageContaining("broken.json").hasMessageContaining("above 0");
        Files.writeString(broken, "{}");
        assertThatThrownBy(() -> FittedLaw.read(broken)).isInstanceOf(IOException.class).hasMessageContaining("expected the law.json of a sweep");
    }

    @Test
    void wrongRequestsAreRefusedWithTheNumbers() {
        Sweep.Request r = request(folder.resolve("x"), null);
        assertThatThrownBy(() -> new Sweep.Request(r.sources(), r.out(), 1, null, 1, 2, 1, 0.5, 10, 30, r.choices(), null, 0, "", PROGRAM)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 budgets of 2 sizes");
    }
}
