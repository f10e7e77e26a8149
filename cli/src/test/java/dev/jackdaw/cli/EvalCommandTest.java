package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.TinyModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// `eval` with tasks, on models of random numbers.
class EvalCommandTest {
    private static final String CHOICES = """
            name: birds
            metric: multiple_choice
            data: {path: birds.jsonl}
            prompt: "{{q}}"
            choices: ["a cat", "a mat", "a jackdaw"]
            answer: "{{a}}"
            """;
    private static final String WORDS = """
            name: words
            metric: exact_match
            data: {path: birds.jsonl}
            prompt: "{{q}}"
            answer: cat
            generation: {max_tokens: 4, temperature: 1}
            """;

    @TempDir
    private static Path folder;
    private static String model;
    private static String other;
    private static String choices;
    private static String words;

    @BeforeAll
    static void write() throws Exception {
        TinyModel.write(folder.resolve("tiny.gguf"));
        TinyModel.write(folder.resolve("other.gguf"), "llama", dev.jackdaw.tensor.DType.F32, 1, 64, TinyModel.CONTEXT);
        model = folder.resolve("tiny.gguf").toString();
        other = folder.resolve("other.gguf").toString();
        choices = Files.writeString(folder.resolve("birds.yaml"), CHOICES).toString();
        words = Files.writeString(folder.resolve("words.yaml"), WORDS).toString();
        Files.write(folder.resolve("birds.jsonl"), java.util.stream.IntStream.range(0, 12).mapToObj(i -> "{\"q\": \"The number " + i + " sat on\", \"a\": " + i % 3 + "}").toList());
    }

    private static JsonNode json(String... args) {
        Cli run = Cli.run(args);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.json();
    }

    @Test
    void oneModelGivesItsTasksWithIntervalsAndSettings() {
        JsonNode tasks = json("eval", model, "--tasks", choices + "," + words, "--limit", "6", "--shots", "0", "--json").at("/tasks");
        assertThat(tasks.propertyNames()).containsExactly("birds", "words");
        assertThat(tasks.at("/birds/acc").asDouble()).isBetween(0.0, 1.0);
        assertThat(tasks.at("/birds/accInterval").size()).isEqualTo(2);
        assertThat(tasks.at("/birds/n").asInt()).isEqualTo(6);
        assertThat(tasks.at("/birds/chance").asDouble()).isCloseTo(1 / 3.0, within(1e-9));
        assertThat(tasks.at("/birds/settings/format").asString()).isEqualTo("base");
        assertThat(tasks.at("/words/settings/temperature").asDouble()).isEqualTo(1);
        assertThat(tasks.at("/words/exactMatch").isNumber()).isTrue();
    }

    @Test
    void severalModelsAreComparedItemByItem() {
        JsonNode result = json("eval", model, other, "--tasks", choices, "--json");
        assertThat(result.at("/models/0/model").asString()).isEqualTo("tiny");
        assertThat(result.at("/models/1/tasks/birds/n").asInt()).isEqualTo(12);
        assertThat(result.at("/differences/0/metric").asString()).isEqualTo("acc");
        double first = result.at("/models/0/tasks/birds/acc").asDouble(), second = result.at("/models/1/tasks/birds/acc").asDouble();
        assertThat(result.at("/differences/0/difference").asDouble()).isCloseTo(second - first, within(1e-12));
        assertThat(result.at("/differences/0/p").isNumber()).isTrue();
        Cli table = Cli.run("eval", model, other, "--tasks", choices);
        assertThat(table.out()).contains("task", "tiny", "other", "95%", "birds", "accNorm", "difference", "taskHash");
    }

    @Test
    void answersAreKeptAndNotAskedAgain() throws Exception {
        Path out = folder.resolve("out");
        String[] command = {"eval", model, "--tasks", words, "--seed", "3", "--out", out.toString(), "--json"};
        JsonNode first = json(command);
        Path answers = out.resolve("tiny/words.jsonl");
        List<String> lines = Files.readAllLines(answers);
        assertThat(lines).hasSize(13);
        Files.write(answers, lines.subList(0, 7));
        assertThat(json(command)).isEqualTo(first);
        assertThat(Files.readAllLines(answers).stream().sorted()).as("each sample has its own seed").containsExactlyElementsOf(lines.stream().sorted().toList());
        assertThat(out.resolve("results.md")).content().contains("| words | exactMatch |");
        assertThat(Json.read(Files.readString(out.resolve("results.json")))).isEqualTo(first);
        Cli changed = Cli.run("eval", model, "--tasks", words, "--seed", "3", "--out", out.toString(), "--max-tokens", "5");
        assertThat(changed.exitCode()).isEqualTo(1);
        assertThat(changed.err()).contains("maxTokens was 4, now it is 5; give another --out");
    }

    @Test
    void bothFormatsAndBitsPerByte() throws Exception {
        JsonNode chat = json("eval", model, "--tasks", choices, "--format", "chat", "--json").at("/tasks/birds");
        assertThat(chat.at("/settings/template").asString()).hasSize(16);
        Path text = Files.writeString(folder.resolve("text.txt"), "The jackdaw sat on the wall.\n".repeat(9));
        JsonNode bits = json("eval", model, other, "--data", text.toString(), "--context", "32", "--json");
        assertThat(bits.at("/models/0/tasks/bpb/bitsPerByteInterval").size()).isEqualTo(2);
        assertThat(bits.at("/models/0/tasks/bpb/perplexity").asDouble()).isGreaterThan(1);
        double difference = bits.at("/models/1/tasks/bpb/bitsPerByte").asDouble() - bits.at("/models/0/tasks/bpb/bitsPerByte").asDouble();
        assertThat(bits.at("/differences/0/difference").asDouble()).isCloseTo(difference, within(1e-9));
    }

    @Test
    void saysWhatIsWrong() throws Exception {
        assertThat(Cli.run("eval", model, "--tasks", "gsm9k").err()).contains("--tasks gsm9k: there is no such task; known: bpb, gsm8k");
        assertThat(Cli.run("eval", model, "--tasks", "gsm8k", "--data-dir", folder.toString()).err()).contains("gsm8k-test.jsonl", "--data-dir");
        assertThat(Cli.run("eval", model, "--tasks", "gsm8k", "--data-dir", folder.resolve("none").toString()).exitCode()).isEqualTo(2);
        assertThat(Cli.run("eval", model, "--tasks", words, "--samples", "3", "--temperature", "0").exitCode()).isEqualTo(2);
        assertThat(Cli.run("eval", model, "--tasks", words + "," + words).err()).contains("two tasks of the name words");
        Path wrong = Files.writeString(folder.resolve("wrong.yaml"), CHOICES.replace("{{q}}", "{{question}}"));
        assertThat(Cli.run("eval", model, "--tasks", wrong.toString()).err()).contains("birds.jsonl, line 1: 'question' is undefined; the row has the fields a, q");
        Path metric = Files.writeString(folder.resolve("metric.yaml"), CHOICES.replace("multiple_choice", "guess"));
        assertThat(Cli.run("eval", model, "--tasks", metric.toString()).err()).contains("there is no metric guess; known: multiple_choice");
    }
}
