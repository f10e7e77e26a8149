package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.TinyModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandTest {
    @Test
    void timesTrainingSteps() {
        var json = Cli.run("bench", "train", "--json", "--layers", "1", "--width", "32", "--heads", "2", "--ffn", "64", "--vocab", "64",
                "--batch", "2", "--context", "16", "--steps", "3", "--threads", "1").json();
        assertThat(json.at("/tokensPerSecond").asDouble()).isPositive();
        assertThat(json.at("/gflops").asDouble()).isPositive();
        assertThat(json.at("/stepMillis").asDouble()).isPositive();
        assertThat(json.at("/parameters").asLong()).isEqualTo(64 * 32 + 4 * 32 * 32 + 3 * 32 * 64 + 3 * 32);
        assertThat(json.at("/peakBytes").asLong()).isNotZero();
        assertThat(json.at("/loss").asDouble()).as("random tokens cost about log 64").isBetween(3.5, 5.0);
        assertThat(json.at("/threads").asInt()).isEqualTo(1);
    }

    @Test
    void timesFinetuningBesidePretraining() {
        var json = Cli.run("bench", "train", "--json", "--finetune", "--layers", "1", "--width", "32", "--heads", "2", "--ffn", "64", "--vocab", "64",
                "--batch", "2", "--context", "32", "--steps", "3", "--threads", "1").json();
        double part = json.at("/finetuning/tokensPerSecond").asDouble() / json.at("/pretraining/tokensPerSecond").asDouble();
        assertThat(json.at("/ofPretraining").asDouble()).isCloseTo(part, Offset.offset(1e-9)).isPositive();
        assertThat(json.at("/finetuning/loss").asDouble()).isBetween(3.5, 5.0);
    }

    @Test
    void timesMatrixProductsBesideThePeak() {
        Cli run = Cli.run("bench", "matmul", "--shape", "64x96x32,48x48x48", "--threads", "1", "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        var lines = run.out().lines().map(Json::read).toList();
        assertThat(lines).hasSize(2);
        assertThat(lines.getFirst().at("/shape").asString()).isEqualTo("64x96x32");
        assertThat(lines.getFirst().at("/gflops").asDouble()).isPositive();
        assertThat(lines.getFirst().at("/ofPeak").asDouble()).isBetween(0.0, 2.0);
        assertThat(lines.getFirst().at("/threads").asInt()).isEqualTo(1);
        assertThat(Cli.run("bench", "matmul", "--shape", "64x96").exitCode()).isEqualTo(2);
    }

    @Test
    void timesModels(@TempDir Path folder) throws IOException {
        Path model = folder.resolve("tiny.gguf");
        TinyModel.write(model);
        Cli run = Cli.run("bench", "run", model.toString(), model.toString(), "--prompt", "16", "--generate", "4", "--depth", "0,20", "--repetitions", "3", "--threads", "1", "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        var lines = run.out().lines().map(Json::read).toList();
        assertThat(lines).hasSize(4);
        for (int i = 0; i < 4; i++) {
            var line = lines.get(i);
            assertThat(line.at("/depth").asInt()).isEqualTo(i % 2 == 0 ? 0 : 20);
            assertThat(line.at("/threads").asInt()).isEqualTo(1);
            assertThat(line.at("/prefillRuns")).hasSize(3);
            List<Double> runs = new ArrayList<>();
            line.at("/decodeRuns").forEach(rate -> runs.add(rate.asDouble()));
            assertThat(line.at("/decodeTokensPerSecond").asDouble()).as("the middle one").isEqualTo(runs.stream().sorted().toList().get(1)).isPositive();
            assertThat(line.at("/timeToFirstTokenMillis").asDouble()).isCloseTo(16e3 / line.at("/prefillTokensPerSecond").asDouble(), Offset.offset(1e-6));
            assertThat(line.at("/residentBytes").asLong()).isNotZero();
        }
        Cli table = Cli.run("bench", "run", model.toString(), "--prompt", "0", "--generate", "2", "--repetitions", "1");
        assertThat(table.out()).contains("tokens/s", "generate 2").doesNotContain("prompt 0");
    }

    @Test
    void timesManyClients(@TempDir Path folder) throws IOException {
        Path model = folder.resolve("tiny.gguf");
        TinyModel.write(model);
        Cli run = Cli.run("bench", "serve", model.toString(), "--clients", "1,5", "--prompt", "20", "--generate", "6", "--requests", "2", "--repetitions", "3", "--threads", "1", "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        var lines = run.out().lines().map(Json::read).toList();
        assertThat(lines).hasSize(2);
        for (int i = 0; i < 2; i++) {
            var line = lines.get(i);
            assertThat(line.at("/clients").asInt()).isEqualTo(i == 0 ? 1 : 5);
            assertThat(line.at("/runs")).hasSize(3);
            assertThat(line.at("/tokensPerSecond").asDouble()).isPositive();
            assertThat(line.at("/promptTokensPerSecond").asDouble()).isCloseTo(line.at("/tokensPerSecond").asDouble() * 20 / 6, Offset.offset(1e-6));
            assertThat(line.at("/timeToFirstTokenMillis").asDouble()).isPositive();
            assertThat(line.at("/activations").asString()).isEqualTo(dev.jackdaw.tensor.Activations.fast().toString());
        }
        assertThat(lines.get(0).at("/passes").asLong()).as("one client: a pass for each token of each answer").isEqualTo(12);
        assertThat(lines.get(1).at("/passes").asLong()).as("five clients share passes").isLessThan(40);
        Cli table = Cli.run("bench", "serve", model.toString(), "--clients", "2", "--prompt", "3", "--generate", "2", "--repetitions", "1", "--activations", "f32");
        assertThat(table.out()).contains("first token ms", "f32 activations");
        assertThat(Cli.run("bench", "serve", model.toString(), "--clients", "0").exitCode()).isEqualTo(2);
        assertThat(Cli.run("bench", "serve", model.toString(), "--activations", "q3").err()).contains("give f32 or q8");
        assertThat(Cli.run("bench", "serve", model.toString(), "--prompt", "100").err()).contains("100 prompt tokens and 64 new ones");
    }

    @Test
    void refusesMoreThanTheContextHolds(@TempDir Path folder) throws IOException {
        Path model = folder.resolve("tiny.gguf");
        TinyModel.write(model);
        Cli run = Cli.run("bench", "run", model.toString(), "--prompt", "16", "--depth", "50");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("50 tokens in the cache and 64 more", "context is " + TinyModel.CONTEXT);
        assertThat(Cli.run("bench", "run", model.toString(), "--prompt", "0", "--generate", "0").exitCode()).isEqualTo(2);
    }

    @Test
    void refusesShapesThatDoNotFit() {
        Cli run = Cli.run("bench", "train", "--width", "100", "--heads", "3");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("--width 100 is not a multiple of --heads 3");
    }

    @Test
    void asksWhatToMeasure() {
        Cli run = Cli.run("bench");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("say what to measure", "train");
    }
}
