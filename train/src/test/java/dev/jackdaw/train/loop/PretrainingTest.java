package dev.jackdaw.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.data.Stories;
import dev.jackdaw.train.report.Metrics;
import dev.jackdaw.train.report.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whole runs on a small made-up corpus: from text to `params.gguf`.
class PretrainingTest {
    private static final RunPlan.Program PROGRAM = new RunPlan.Program("test", "", "", "");

    @TempDir
    private static Path folder;
    private static Path corpus;

    @BeforeAll
    static void writeCorpus() throws IOException {
        corpus = Stories.write(folder.resolve("text"));
    }

    private static Dial.Choices choices(long steps) {
        return new Dial.Choices(null, 2, 32, 2, 1, 64, 512, 32, 4, 2, steps, null, null, null, null, null, null, null, null);
    }

    private static Pretraining.Result run(Path out, int threads, RunPlan repeat, Pretraining.Listener listener) throws IOException {
        try (Device device = Device.cpu(threads)) {
            return new Pretraining(new Pretraining.Request(List.of(corpus.toString()), out, 1, choices(24), repeat, 3, PROGRAM), device, listener).run();
        }
    }

    private static final Pretraining.Listener SILENT = new Pretraining.Listener() {
    };

    @Test
    void learnsAndLeavesTheFilesItPromises() throws IOException {
        Path out = folder.resolve("learns");
        Pretraining.Result result = run(out, 2, null, SILENT);
        List<StepMetrics> metrics = Metrics.read(out.resolve("metrics.jsonl"));
        assertThat(metrics).hasSize(24);
        assertThat(metrics.getLast().trainLoss()).isLessThan(metrics.getFirst().trainLoss() - 0.5);
        assertThat(result.evaluation().bitsPerByte()).isLessThan(8);
        assertThat(out).isDirectoryContaining("glob:**/params.gguf").isDirectoryContaining("glob:**/run.json").isDirectoryContaining("glob:**/report.html")
                .isDirectoryContaining("glob:**/report.md").isDirectoryContaining("glob:**/tokenizer.json").isDirectoryContaining("glob:**/samples.jsonl");
    }

    @Test
    void thePlanRepeatsTheRunToTheByteAtAnyThreadCount() throws IOException {
        Pretraining.Result first = run(folder.resolve("one"), 1, null, SILENT);
        Pretraining.Result again = run(folder.resolve("again"), 3, RunPlan.read(folder.resolve("one/run.json")), SILENT);
        assertThat(again.parameters()).hasSameBinaryContentAs(first.parameters());
    }

    @Test
    void aRunThatIsKilledGoesOnToTheSameBytes() throws IOException {
        Path whole = folder.resolve("whole"), killed = folder.resolve("killed");
        run(whole, 2, null, SILENT);
        for (int at : new int[] {3, 11, 23}) {
            assertThatThrownBy(() -> run(killed, 2, null, new Pretraining.Listener() {
                @Override
                public void step(StepMetrics metrics, long steps) {
                    if (metrics.step() == at) {
                        throw new IllegalStateException("pulled the plug");
                    }
                }
            })).hasMessage("pulled the plug");
        }
        Files.writeString(killed.resolve("metrics.jsonl"), "{\"step\":24,\"tok", java.nio.file.StandardOpenOption.APPEND);      // a torn line
        run(killed, 2, null, SILENT);
        assertThat(killed.resolve("params.gguf")).hasSameBinaryContentAs(whole.resolve("params.gguf"));
        assertThat(Metrics.read(killed.resolve("metrics.jsonl"))).extracting(StepMetrics::step).doesNotHaveDuplicates().hasSize(24);
    }

    @Test
    void aDamagedCheckpointIsPassedOver() throws IOException {
        Path whole = folder.resolve("undamaged"), damaged = folder.resolve("damaged");
        run(whole, 2, null, SILENT);
        run(damaged, 2, null, SILENT);
        Path newest = damaged.resolve("checkpoints/step-22/model.safetensors");
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length / 2] ^= 1;
        Files.write(newest, bytes);
        Files.delete(damaged.resolve("params.gguf"));
        List<String> problems = new ArrayList<>();
        run(damaged, 2, null, new Pretraining.Listener() {
            @Override
            public void damaged(String problem) {
                problems.add(problem);
            }
        });
        assertThat(problems).singleElement().asString().contains("step-22").contains("checksum");
        assertThat(damaged.resolve("params.gguf")).hasSameBinaryContentAs(whole.resolve("params.gguf"));

        for (String step : new String[] {"step-20", "step-22"}) {
            Files.writeString(damaged.resolve("checkpoints").resolve(step).resolve("state.json"), "{");
        }
        assertThatThrownBy(() -> run(damaged, 2, null, SILENT)).isInstanceOf(IOException.class).hasMessageContaining("no checkpoint before it is whole");
    }

    @Test
    void refusesAPlanForOtherText() throws IOException {
        run(folder.resolve("plan"), 2, null, SILENT);
        RunPlan plan = RunPlan.read(folder.resolve("plan/run.json"));
        Path other = Files.createDirectory(folder.resolve("other"));
        for (int i = 0; i < 40; i++) {
            Files.writeString(other.resolve(i + ".txt"), ("Something else entirely, number " + i + ", " + new Random(i).nextLong() + "; ").repeat(20));
        }
        RunPlan.Data data = plan.data();
        RunPlan moved = new RunPlan(plan.name(), plan.settings(), new RunPlan.Data(List.of(other.toString()), data.vocabulary(), data.tokenizer(), data.trainFingerprint(),
                data.heldOutFingerprint(), data.trainTokens(), data.trainBytes(), data.bytesPerToken()), plan.program(), plan.machine());
        assertThatThrownBy(() -> run(folder.resolve("moved"), 2, moved, SILENT)).hasMessageContaining("it was made for training tokens " + data.trainFingerprint());
    }

    @Test
    void refusesTooLittleTextAndTooLargeAModelBeforeStarting() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        try (Device device = Device.cpu(1)) {
            assertThatThrownBy(() -> new Pretraining(new Pretraining.Request(List.of(empty.toString()), folder.resolve("e"), 1, choices(5), null, 0, PROGRAM), device, SILENT).run())
                    .hasMessageContaining("data");
            Path single = Files.createDirectory(folder.resolve("single"));
            Files.copy(corpus.resolve("1.txt"), single.resolve("1.txt"));
            assertThatThrownBy(() -> new Pretraining(new Pretraining.Request(List.of(single.toString()), folder.resolve("s"), 1, choices(5), null, 0, PROGRAM), device, SILENT).run())
                    .hasMessageContaining("1 documents were left after cleaning, 1 to learn from and 0 to examine with");
            Dial.Choices huge = new Dial.Choices(null, 100, 16_384, 128, 128, 65_536, 512, 32, 4, 2, 1L, null, null, null, null, null, null, null, null);
            assertThatThrownBy(() -> new Pretraining(new Pretraining.Request(List.of(corpus.toString()), folder.resolve("h"), 1, huge, null, 0, PROGRAM), device, SILENT).run())
                    .isInstanceOf(IOException.class).hasMessageMatching("memory: training [0-9,]+ parameters .* needs [0-9,]+ MB, but [0-9,]+ MB are available.*");
            Dial.Choices wide = new Dial.Choices(null, 2, 32, 2, 1, 64, 512, 512, 4096, 4, 1L, null, null, null, null, null, null, null, null);
            assertThatThrownBy(() -> new Pretraining(new Pretraining.Request(List.of(corpus.toString()), folder.resolve("w"), 1, wide, null, 0, PROGRAM), device, SILENT).run())
                    .hasMessageContaining("4096 rows");
        }
    }
}
