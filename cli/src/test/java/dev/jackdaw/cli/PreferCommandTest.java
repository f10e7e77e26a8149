package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// `prefer`, `reward`, `reward score`, `reward best-of` and `data pairs` on a tiny model.
class PreferCommandTest {
    @TempDir
    private static Path folder;
    private static Path model;
    private static Path pairs;

    @BeforeAll
    static void make() throws IOException {
        model = folder.resolve("tiny.gguf");
        TinyModel.write(model);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            lines.append("{\"prompt\":\"Number ").append(i * 7919).append("?\",\"chosen\":\"yes please\",\"rejected\":\"no never\"}\n");
        }
        pairs = Files.writeString(folder.resolve("pairs.jsonl"), lines);
    }

    private static JsonNode last(Cli result) {
        List<String> lines = result.out().strip().lines().toList();
        return Json.read(lines.getLast());
    }

    /// The report says how many held-out pairs are judged rightly, and has the curves of it.
    private static void assertReport(Path run, double right) throws IOException {
        String html = Files.readString(run.resolve("report.html")), share = String.format(Locale.ROOT, "%.1f%%", 100 * right);
        assertThat(html).contains("Of the pairs it never learned from, " + share, "aria-label=\"Judged rightly", "aria-label=\"Margin").doesNotContain("nats per token", "not finished", "NaN", "Infinity");
        assertThat(Files.readString(run.resolve("report.md"))).contains("charts/loss-tokens.svg", "charts/accuracy-tokens.svg", "charts/margin-tokens.svg", share);
        assertThat(run.resolve("charts/accuracy-tokens.svg")).content().contains("held-out");
    }

    @Test
    void learnsPairsAndSaysHowWell() throws IOException {
        for (String loss : List.of("dpo", "ipo", "kto", "orpo", "simpo")) {
            Cli result = Cli.run("prefer", model.toString(), "--data", pairs.toString(), "--out", folder.resolve(loss).toString(), "--loss", loss, "--steps", "6", "--batch", "4", "--held-out", "8",
                    "--learning-rate", "0.003", "--json");
            assertThat(result.exitCode()).as(result.err()).isZero();
            JsonNode json = last(result);
            assertThat(json.at("/heldOut").asInt()).isEqualTo(8);
            assertThat(json.at("/after/rewarded/share").asDouble()).as(loss).isGreaterThan(0.8);
            assertThat(json.at("/after/margin").asDouble()).isPositive();
            assertThat(Files.exists(folder.resolve(loss).resolve("params.gguf"))).isTrue();
            assertReport(folder.resolve(loss), json.at("/after/rewarded/share").asDouble());
        }
    }

    @Test
    void anAdapterLearnsTheSame() throws IOException {
        Cli result = Cli.run("prefer", model.toString(), "--data", pairs.toString(), "--out", folder.resolve("lora").toString(), "--lora", "4", "--steps", "6", "--batch", "4", "--held-out", "8",
                "--learning-rate", "0.01", "--json");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(last(result).at("/after/rewarded/share").asDouble()).isGreaterThan(0.8);
        assertThat(Path.of(last(result).at("/written").asString()).resolve("adapter_model.safetensors")).exists();
    }

    @Test
    void anInterruptedRunEndsWithTheSameBytesAndAChangedOneIsRefused() throws IOException {
        Path whole = folder.resolve("whole"), again = folder.resolve("again");
        for (Path out : List.of(whole, again)) {
            assertThat(Cli.run("prefer", model.toString(), "--data", pairs.toString(), "--out", out.toString(), "--steps", "8", "--batch", "4", "--threads", out == whole ? "1" : "2").exitCode()).isZero();
        }
        assertThat(again.resolve("params.gguf")).hasSameBinaryContentAs(whole.resolve("params.gguf"));
        // as if it had been killed after the last checkpoint, with a torn line of metrics
        Files.delete(again.resolve("params.gguf"));
        Files.writeString(again.resolve("metrics.jsonl"), "{\"step\":9,", StandardOpenOption.APPEND);
        assertThat(Cli.run("prefer", model.toString(), "--data", pairs.toString(), "--out", again.toString(), "--steps", "8", "--batch", "4").exitCode()).isZero();
        assertThat(again.resolve("params.gguf")).hasSameBinaryContentAs(whole.resolve("params.gguf"));
        Cli other = Cli.run("prefer", model.toString(), "--data", pairs.toString(), "--out", again.toString(), "--steps", "8", "--batch", "4", "--beta", "0.5");
        assertThat(other.exitCode()).isEqualTo(1);
        assertThat(other.err()).contains("go on with the same options");
    }

    @Test
    void malformedLinesAreCountedOrStopIt() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.jsonl"), Files.readString(pairs) + "{\"prompt\":\"x\",\"chosen\":\"a\",\"rejected\":\"a\"}\nnonsense\n");
        Cli result = Cli.run("prefer", model.toString(), "--data", broken.toString(), "--out", folder.resolve("broken").toString(), "--steps", "1", "--json");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(last(result).at("/rejected/same answers").asInt()).isEqualTo(1);
        assertThat(last(result).at("/rejected/not json").asInt()).isEqualTo(1);
        assertThat(result.err()).contains("broken.jsonl: line 41: same answers").contains("line 42");
        Cli strict = Cli.run("prefer", model.toString(), "--data", broken.toString(), "--out", folder.resolve("strict").toString(), "--strict");
        assertThat(strict.exitCode()).isEqualTo(1);
        assertThat(strict.err()).contains("line 41").contains("--strict");
        assertThat(Cli.run("prefer", model.toString(), "--data", pairs.toString(), "--loss", "ppo").exitCode()).isEqualTo(2);
        assertThat(Cli.run("prefer", model.toString()).err()).contains("--data");
    }

    @Test
    void aRewardModelScoresAndChooses() throws IOException {
        Path reward = folder.resolve("reward");
        Cli trained = Cli.run("reward", model.toString(), "--data", pairs.toString(), "--out", reward.toString(), "--epochs", "3", "--batch", "4", "--held-out", "8", "--learning-rate", "0.003", "--json");
        assertThat(trained.exitCode()).as(trained.err()).isZero();
        assertThat(last(trained).at("/accuracy/share").asDouble()).isEqualTo(1);
        assertReport(reward, 1);
        for (Path where : List.of(reward, reward.resolve("hf"))) {
            Cli scored = Cli.run("reward", "score", where.toString(), "--prompt", "Number 1?", "yes please", "no never", "--json");
            assertThat(scored.exitCode()).as(scored.err()).isZero();
            assertThat(last(scored).at("/answers/0/score").asDouble()).isGreaterThan(last(scored).at("/answers/1/score").asDouble());
        }
        Cli best = Cli.run("reward", "best-of", reward.toString(), "Number 1?", "--model", model.toString(), "-n", "4", "--max-tokens", "8", "--seed", "1", "--temperature", "1", "--json");
        assertThat(best.exitCode()).as(best.err()).isZero();
        assertThat(last(best).get("score").asDouble()).isGreaterThanOrEqualTo(last(best).get("mean").asDouble());
        assertThat(Cli.run("run", reward.toString(), "x", "--max-tokens", "4").err()).contains("judges texts");
        assertThat(Cli.run("reward", "score", model.toString(), "--prompt", "a", "b").err()).contains("no reward model");
    }

    @Test
    void pairsFromSources() throws IOException {
        Path source = Files.writeString(folder.resolve("A.java"), "class A {\n    void f() {\n        if (a)\n            b();\n        c();\n    }\n}\n");
        Cli result = Cli.run("data", "pairs", source.toString(), "--out", folder.resolve("made.jsonl").toString(), "--prefer", "braces", "--json");
        assertThat(result.exitCode()).as(result.err()).isZero();
        assertThat(last(result).get("written").asInt()).isEqualTo(1);
        assertThat(Json.read(Files.readString(folder.resolve("made.jsonl"))).get("chosen").asString()).isEqualTo(" {\n            b();\n        }\n");
    }
}
