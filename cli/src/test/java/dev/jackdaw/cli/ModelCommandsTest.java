package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.TinyModel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// `next`, `run`, `logits`, `embed`, `rerank`, `dream`, `export`, `eval` on a model of random numbers.
class ModelCommandsTest {
    @TempDir
    private static Path folder;
    private static String model;

    @BeforeAll
    static void write() throws Exception {
        Path file = folder.resolve("tiny.gguf");
        TinyModel.write(file);
        model = file.toString();
    }

    private static JsonNode json(String... args) {
        Cli run = Cli.run(args);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.json();
    }

    @Test
    void nextGivesADistribution() {
        JsonNode all = json("next", model, "The jackdaw sat on a", "--top", "1000", "--json");
        double sum = 0;
        double last = 1;
        for (JsonNode candidate : all.at("/next")) {
            double probability = candidate.at("/probability").asDouble();
            assertThat(probability).isLessThanOrEqualTo(last);
            last = probability;
            sum += probability;
        }
        assertThat(sum).isCloseTo(1, within(1e-4));
        assertThat(json("next", model, "The", "--top", "3", "--json").at("/next").size()).isEqualTo(3);
    }

    @Test
    void nextPrintsALineForEachToken() {
        assertThat(Cli.run("next", model, "The", "--top", "4").out().lines()).hasSize(4).allMatch(line -> line.contains("%"));
        assertThat(Cli.run("next", model, "The", "--top", "0").exitCode()).isEqualTo(2);
    }

    @Test
    void greedyChoosesWhatNextRanksFirst() {
        JsonNode next = json("next", model, "The cat", "--json");
        JsonNode run = json("run", model, "The cat", "--greedy", "--max-tokens", "5", "--ignore-eos", "--json");
        assertThat(run.at("/ids/0").asInt()).isEqualTo(next.at("/next/0/id").asInt());
        assertThat(run.at("/promptIds").toString()).isEqualTo(next.at("/ids").toString());
        assertThat(run.at("/ids").size()).isEqualTo(5);
        assertThat(run.at("/finishReason").asString()).isEqualTo("length");
    }

    @Test
    void theSameSeedWritesTheSameAtAnyNumberOfThreads() {
        String one = json("run", model, "The cat", "--seed", "7", "--max-tokens", "20", "--threads", "1", "--json").at("/ids").toString();
        assertThat(json("run", model, "The cat", "--seed", "7", "--max-tokens", "20", "--threads", "3", "--json").at("/ids").toString()).isEqualTo(one);
        assertThat(json("run", model, "The cat", "--seed", "8", "--max-tokens", "20", "--json").at("/ids").toString()).isNotEqualTo(one);
    }

    @Test
    void aNarrowerCacheChangesLogitsALittle() {
        JsonNode plain = json("logits", model, "--ids", "1,2,3,4,5,6", "--json").at("/logits");
        assertThat(json("logits", model, "--ids", "1,2,3,4,5,6", "--cache-type", "f32", "--json").at("/logits")).isEqualTo(plain);
        for (String type : new String[] {"f16", "q8_0"}) {
            JsonNode other = json("logits", model, "--ids", "1,2,3,4,5,6", "--cache-type", type, "--json").at("/logits");
            assertThat(other).isNotEqualTo(plain);
            for (int i = 0; i < plain.size(); i++) {
                assertThat(other.get(i).asDouble()).isCloseTo(plain.get(i).asDouble(), within(0.05));
            }
        }
        Cli wrong = Cli.run("run", model, "The", "--cache-type", "q4");
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.err()).contains("--cache-type q4: give f32, f16 or q8_0");
    }

    @Test
    void runPrintsPromptAndContinuation() {
        assertThat(Cli.run("run", model, "The cat", "--seed", "1", "--max-tokens", "4").out()).startsWith("The cat");
        assertThat(Cli.runWithInput("The cat", "run", model, "-", "--seed", "1", "--max-tokens", "4").out()).startsWith("The cat");
    }

    @Test
    void runTakesTokenIds() {
        JsonNode run = json("run", model, "--ids", "84, 104,101", "--greedy", "--max-tokens", "3", "--ignore-eos", "--json");
        assertThat(run.at("/promptIds").toString()).isEqualTo("[84,104,101]");
        JsonNode logits = json("logits", model, "--ids", "84,104,101", "--json");
        assertThat(logits.at("/argmax").size()).isEqualTo(3);
        assertThat(logits.at("/argmax/2").asInt()).isEqualTo(run.at("/ids/0").asInt());
        assertThat(Cli.run("run", model, "--ids", "1,x").exitCode()).isEqualTo(2);
    }

    @Test
    void refusesIdsOutsideOfTheVocabulary() {
        Cli run = Cli.run("logits", model, "--ids", "1,999999");
        assertThat(run.exitCode()).isNotZero();
        assertThat(run.err()).contains("999999").hasLineCount(run.exitCode() == 2 ? 2 : 1);
    }

    @Test
    void refusesMoreThanTheContextHoldsWithBothNumbers() {
        Cli run = Cli.run("run", model, "The cat", "--max-tokens", "5000");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("5000", Integer.toString(TinyModel.CONTEXT)).hasLineCount(1);
    }

    @Test
    void dreamsFromNothing() {
        Cli run = Cli.run("dream", model, "--seed", "3", "--max-tokens", "8");
        assertThat(run.exitCode()).as(run.err()).isZero();
    }

    @Test
    void exportsTheSameModelToAFolderAndBack() {
        String hf = folder.resolve("hf").toString();
        String again = folder.resolve("again.gguf").toString();
        assertThat(json("export", model, "--hf", hf, "--json").at("/bytes").asLong()).isPositive();
        assertThat(json("export", hf, "--gguf", again, "--json").at("/bytes").asLong()).isPositive();
        String logits = json("logits", model, "--ids", "84,104,101", "--json").at("/logits").toString();
        assertThat(json("logits", hf, "--ids", "84,104,101", "--json").at("/logits").toString()).isEqualTo(logits);
        assertThat(json("logits", again, "--ids", "84,104,101", "--json").at("/logits").toString()).isEqualTo(logits);
    }

    @Test
    void measuresBitsPerByteOnGivenText() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "The jackdaw sat on the wall and looked at the cat.\n".repeat(20));
        JsonNode eval = json("eval", model, "--data", text.toString(), "--context", "32", "--json");
        assertThat(eval.at("/tasks/bpb/bitsPerByte").asDouble()).as("a random model knows nothing").isBetween(2.0, 12.0);
        assertThat(eval.at("/tasks/bpb/n").asLong()).isPositive();
        JsonNode asRun = json("eval", model, "--data", text.toString(), "--context", "32", "--activations", "f32", "--json");
        assertThat(asRun.at("/tasks/bpb/n").asLong()).isEqualTo(eval.at("/tasks/bpb/n").asLong());
        assertThat(asRun.at("/tasks/bpb/bitsPerByte").asDouble()).as("packed weights and a cache").isCloseTo(eval.at("/tasks/bpb/bitsPerByte").asDouble(), within(1e-5));
    }

    @Test
    void aModelThatIsNotThereIsNamed() {
        for (String command : new String[] {"next", "run", "dream"}) {
            Cli run = Cli.run(command, folder.resolve("none").toString(), command.equals("dream") ? "--max-tokens=1" : "text");
            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.err()).contains(folder.resolve("none").toString()).hasLineCount(1);
        }
    }

    @Test
    void embedGivesAVectorOfLengthOne() {
        JsonNode result = json("embed", model, "The jackdaw", "--json");
        double squares = result.at("/embedding").valueStream().mapToDouble(v -> v.asDouble() * v.asDouble()).sum();
        assertThat(squares).isCloseTo(1, within(1e-4));
        assertThat(result.at("/embedding").size()).isEqualTo(64);
        String ids = result.at("/ids").toString().replaceAll("[\\[\\]]", "");
        assertThat(json("embed", model, "--ids", ids, "--json").at("/embedding")).isEqualTo(result.at("/embedding"));
        assertThat(json("embed", model, "--ids", ids, "--raw", "--json").at("/embedding")).isNotEqualTo(result.at("/embedding"));
        assertThat(Cli.run("embed", model).exitCode()).isEqualTo(2);
        assertThat(Cli.run("embed", model, "The", "--ids", "1").exitCode()).isEqualTo(2);
    }

    @Test
    void rerankPutsTheSameTextFirst() {
        JsonNode results = json("rerank", model, "--query", "The cat sat", "on a wall", "The cat sat", "--json").at("/results");
        assertThat(results.at("/0/index").asInt()).isEqualTo(1);
        assertThat(results.at("/0/relevance").asDouble()).isCloseTo(1, within(1e-4));
        assertThat(results.size()).isEqualTo(2);
        assertThat(Cli.run("rerank", model, "--query", "x").exitCode()).isEqualTo(2);
    }

    @Test
    void adaptersChangeLogitsByTheirScale() {
        String model = "../model/src/test/resources/reference/models/llama-gqa", adapter = "../model/src/test/resources/reference/lora/llama-a";
        String bare = Cli.run("logits", model, "--ids", "1,2,3", "--json").json().at("/logits").toString();
        assertThat(Cli.run("logits", model, "--ids", "1,2,3", "--lora", adapter + "=0", "--json").json().at("/logits").toString()).isEqualTo(bare);
        assertThat(Cli.run("logits", model, "--ids", "1,2,3", "--lora", adapter, "--json").json().at("/logits").toString()).isNotEqualTo(bare);
        String twice = Cli.run("run", model, "--ids", "1,2,3", "--lora", adapter, "--lora", adapter + "=-1", "--greedy", "-n", "5", "--json").json().at("/ids").toString();
        assertThat(twice).isEqualTo(Cli.run("run", model, "--ids", "1,2,3", "--greedy", "-n", "5", "--json").json().at("/ids").toString());
        Cli wrong = Cli.run("run", "../model/src/test/resources/reference/models/qwen3", "x", "--lora", adapter);
        assertThat(wrong.exitCode()).isEqualTo(1);
        assertThat(wrong.err()).contains("adapter of another model; it was made for ../models/llama-gqa");
        assertThat(Cli.run("run", model, "x", "--lora", adapter + "=1.2.3").exitCode()).isEqualTo(2);
    }
}
