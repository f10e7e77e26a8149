package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.TinyModel;
import dev.jackdaw.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// An adapter's life on a tiny model: trained by `finetune --lora`, used by `--lora`, worked in by `merge`.
class LoraCommandsTest {
    private static final String IDS = "5,17,100,42,9,5,17,11";

    @TempDir
    private static Path folder;
    private static Path model;
    private static Path data;

    @BeforeAll
    static void prepare() throws IOException {
        model = folder.resolve("tiny.gguf");
        TinyModel.write(model, "llama", DType.F32, 2, 64, 256);
        data = Files.write(folder.resolve("data.jsonl"), Stream.of("cat", "mat", "wall", "jackdaw").map(word ->
                "{\"prompt\": \"The " + word + "\", \"completion\": \"sat on a " + word + "\"}").toList());
    }

    private static Cli ok(String... args) {
        Cli run = Cli.run(args);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run;
    }

    private static List<Double> logits(Path model, String... more) {
        List<String> args = new ArrayList<>(List.of("logits", model.toString(), "--ids", IDS, "--json"));
        args.addAll(List.of(more));
        return ok(args.toArray(String[]::new)).json().at("/logits").valueStream().map(JsonNode::asDouble).toList();
    }

    private static void assertClose(List<Double> found, List<Double> expected, double tolerance) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found.get(i)).as("logit %d", i).isCloseTo(expected.get(i), within(tolerance));
        }
    }

    private static double largest(List<Double> a, List<Double> b) {
        double largest = 0;
        for (int i = 0; i < a.size(); i++) {
            largest = Math.max(largest, Math.abs(a.get(i) - b.get(i)));
        }
        return largest;
    }

    @ParameterizedTest
    @CsvSource({"plain,", "dora,--dora", "quantised,--base-type=Q8_0"})
    void anAdapterIsTrainedUsedAndMerged(String name, String option) throws IOException {
        Path out = folder.resolve(name), merged = folder.resolve(name + ".gguf");
        List<String> args = new ArrayList<>(List.of("finetune", model.toString(), "--data", data.toString(), "--out", out.toString(), "--lora", "4", "--steps", "6", "--batch", "2",
                "--context", "64", "--held-out", "0", "--learning-rate", "0.02", "--lora-dropout", "0.05"));
        if (option != null) {
            args.add(option);
        }
        Cli run = ok(args.toArray(String[]::new));
        assertThat(run.err()).contains("memory: at most ").contains("of them are trained");
        Path adapter = out.resolve("adapter");
        assertThat(run.out()).contains("chat " + model + " --lora " + adapter);
        assertThat(Files.readString(adapter.resolve("adapter_config.json"))).contains("\"r\" : 4").contains("\"lora_alpha\" : 8").contains("\"q_proj\"");
        List<Double> bare = logits(model), adapted = logits(model, "--lora", adapter.toString());
        assertThat(largest(bare, adapted)).isGreaterThan(0.05);
        JsonNode result = ok("merge", model.toString(), "--lora", adapter.toString(), "--out", merged.toString(), "--json").json();
        assertThat(result.at("/changed").asInt()).isEqualTo(14);
        assertThat(result.at("/rounding").asDouble()).isZero();
        assertClose(logits(merged), adapted, 1e-4);
        if (name.equals("plain")) {
            ok("merge", model.toString(), "--lora", adapter + "=0.5", "--out", merged.toString());
            assertClose(logits(merged), logits(model, "--lora", adapter + "=0.5"), 1e-4);
            String said = ok("merge", model.toString(), "--lora", adapter.toString(), "--type", "q4_0", "--out", merged.toString()).out();
            assertThat(said).contains("Q4_0").contains("the adapter moved these weights by");
            List<Double> rounded = logits(merged);
            assertThat(largest(rounded, adapted)).isLessThan(3);
            Path hf = folder.resolve("hf");
            ok("export", model.toString(), "--hf", hf.toString());
            ok("merge", hf.toString(), "--lora", adapter.toString(), "--out", merged.toString());
            assertClose(logits(merged), adapted, 1e-4);
            assertThat(folder.toFile().list((_, file) -> file.contains(".import."))).isEmpty();
        }
    }

    @Test
    void theSameSeedGivesTheSameAdapterAlsoWhenItWasInterrupted() throws IOException {
        Path once = folder.resolve("once"), twice = folder.resolve("twice");
        for (Path out : List.of(once, twice)) {
            ok("finetune", model.toString(), "--data", data.toString(), "--out", out.toString(), "--lora", "2", "--steps", "4", "--batch", "2", "--context", "64", "--held-out", "0",
                    "--lora-dropout", "0.2", "--threads", out == once ? "1" : "2");
        }
        assertThat(once.resolve("adapter/adapter_model.safetensors")).hasSameBinaryContentAs(twice.resolve("adapter/adapter_model.safetensors"));
    }

    @Test
    void wrongUseIsTold() {
        assertThat(Cli.run("finetune", model.toString(), "--data", data.toString(), "--dora").err()).contains("give --lora RANK too");
        assertThat(Cli.run("finetune", model.toString(), "--data", data.toString(), "--lora", "0").err()).contains("rank 0");
        Cli head = Cli.run("finetune", model.toString(), "--data", data.toString(), "--out", folder.resolve("head").toString(), "--lora", "4", "--lora-targets", "lm_head", "--held-out", "0");
        assertThat(head.exitCode()).isEqualTo(1);
        assertThat(head.err()).contains("lm_head is no layer of this llama model that can be adapted; these are: down_proj");
        assertThat(Cli.run("merge", model.toString(), "--type", "f16", "--out", folder.resolve("x.gguf").toString()).err()).contains("--type is for --lora");
        assertThat(Cli.run("merge", model.toString(), "--lora", "nowhere", "--out", folder.resolve("x.gguf").toString()).err()).contains("there is no such file or folder");
    }
}
