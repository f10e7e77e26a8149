package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// The options of `run`, on a model of random numbers.
class RunCommandTest {
    @TempDir
    private static Path folder;
    private static String model;

    @BeforeAll
    static void write() throws Exception {
        Path file = folder.resolve("tiny.gguf");
        TinyModel.write(file);
        model = file.toString();
    }

    private static JsonNode run(String... more) {
        List<String> all = new ArrayList<>(List.of("run", model, "The cat", "--json"));
        all.addAll(List.of(more));
        if (!all.contains("--seed")) {
            all.add("--seed=5");
        }
        String[] args = all.toArray(String[]::new);
        Cli run = Cli.run(args);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.json();
    }

    @Test
    void everySamplingOptionIsTaken() {
        JsonNode run = run("-n", "6", "--ignore-eos", "--temperature=0.9", "--top-k=40", "--top-p=0.95", "--min-p=0.01", "--typical=0.98", "--xtc-probability=0.5", "--xtc-threshold=0.2",
                "--repetition-penalty=1.1", "--presence-penalty=0.1", "--frequency-penalty=0.1", "--penalty-window=10", "--dry-multiplier=0.8", "--dry-breaker=x", "--logit-bias=65=-1", "--logit-bias= a=2.5");
        assertThat(run.at("/ids").size()).isEqualTo(6);
        assertThat(run("-n", "6", "--mirostat=2", "--mirostat-tau=3", "--mirostat-eta=0.2").at("/finishReason").asString()).isIn("length", "stop");
        for (String wrong : new String[] {"--top-p=0", "--mirostat=3", "--logit-bias=x", "--logit-bias=5=y", "--logprobs=-1", "--overflow=no", "--stop=", "--xtc-threshold=0"}) {
            assertThat(Cli.run("run", model, "a", wrong).exitCode()).as(wrong).isEqualTo(2);
        }
    }

    @Test
    void aForbiddenTokenNeverComes() {
        JsonNode first = run("-n", "1", "--greedy", "--ignore-eos");
        int id = first.at("/ids/0").asInt();
        assertThat(run("-n", "8", "--greedy", "--ignore-eos", "--logit-bias=" + id + "=-inf").at("/ids").toString()).doesNotContain("[" + id + ",");
    }

    @Test
    void logProbabilitiesAddUp() {
        JsonNode run = run("-n", "3", "--ignore-eos", "--logprobs=2");
        assertThat(run.at("/logprobs").size()).isEqualTo(3);
        assertThat(run.at("/logprobs/0/top").size()).isEqualTo(2);
        assertThat(run.at("/logprobs/0/logprob").asDouble()).isNegative();
        assertThat(run.at("/timings/promptMillis").asDouble()).isPositive();
        assertThat(run("-n", "1").has("logprobs")).isFalse();
    }

    @Test
    void aStopStringEndsTheText() {
        String whole = run("-n", "20", "--ignore-eos").at("/text").asString();
        String stop = whole.substring(whole.offsetByCodePoints(0, 4), whole.offsetByCodePoints(0, 6));
        JsonNode run = run("-n", "20", "--ignore-eos", "--stop", stop);
        assertThat(run.at("/text").asString()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
        assertThat(run.at("/finishReason").asString()).isEqualTo("stop");
    }

    @Test
    void theTextFollowsARegularExpressionAGrammarOrASchema() throws Exception {
        for (int seed = 1; seed < 4; seed++) {
            JsonNode regex = run("-n", "40", "--seed", "" + seed, "--regex", "[a-f]{3}-\\d\\d");
            assertThat(regex.at("/text").asString()).matches("[a-f]{3}-\\d\\d");
            assertThat(regex.at("/finishReason").asString()).isEqualTo("stop");
        }
        Path grammar = Files.writeString(folder.resolve("g.gbnf"), "root ::= \"yes\" | \"no\"\n");
        assertThat(run("-n", "10", "--ignore-eos", "--grammar", grammar.toString()).at("/text").asString()).isIn("yes", "no");
        Path schema = Files.writeString(folder.resolve("s.json"), "{\"type\": \"object\", \"properties\": {\"ok\": {\"type\": \"boolean\"}, \"n\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 9}}, \"required\": [\"ok\", \"n\"]}");
        int complete = 0;
        for (int seed = 1; seed < 12; seed++) {                     // a random model likes blanks, so some texts are cut
            JsonNode answer = run("-n", "60", "--seed", "" + seed, "--json-schema", schema.toString());
            if (answer.at("/finishReason").asString().equals("stop")) {
                JsonNode value = Json.read(answer.at("/text").asString());
                assertThat(value.at("/ok").isBoolean()).isTrue();
                assertThat(value.at("/n").asInt()).isBetween(1, 9);
                complete++;
            }
        }
        assertThat(complete).isPositive();
    }

    @Test
    void badGrammarsAreOneSentence() throws Exception {
        Path grammar = Files.writeString(folder.resolve("bad.gbnf"), "root ::= \"a\"\n\nb ::= (\"x\"");
        Cli run = Cli.run("run", model, "a", "--grammar", grammar.toString());
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("line 3").hasLineCount(1);
        assertThat(Cli.run("run", model, "a", "--regex", "(?=x)").err()).contains("position").hasLineCount(1);
        assertThat(Cli.run("run", model, "a", "--regex", "x", "--grammar", grammar.toString()).exitCode()).isEqualTo(2);
    }

    @Test
    void aCutTextIsSaidToBeIncomplete() {
        Cli run = Cli.run("run", model, "The", "-n", "2", "--regex", "[a-z]{50}");
        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).contains("not complete").contains("2 tokens");
    }

    @Test
    void overflowIsRefusedOrReported() {
        String longPrompt = "word ".repeat(TinyModel.CONTEXT * 2);
        Cli refused = Cli.run("run", model, longPrompt, "-n", "8");
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err()).contains(Integer.toString(TinyModel.CONTEXT)).contains("--overflow").hasLineCount(1);
        Cli trimmed = Cli.run("run", model, longPrompt, "-n", "8", "--overflow", "trim-middle", "--json");
        assertThat(trimmed.json().at("/promptIds").size()).isEqualTo(TinyModel.CONTEXT - 8);
        assertThat(trimmed.json().at("/trimmed/dropped").asInt()).isPositive();
        assertThat(trimmed.err()).contains("prompt tokens were dropped");
    }

    @Test
    void fillInTheMiddleNeedsItsTokens() {
        Cli run = Cli.run("run", model, "def f(", "--suffix", "return 1");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("cannot fill in the middle").hasLineCount(1);
    }

    @Test
    void guessingAheadChangesNoToken(@TempDir Path folder) throws IOException {
        Path tiny = folder.resolve("tiny.gguf");
        TinyModel.write(tiny);
        var plain = Cli.run("run", tiny.toString(), "The jackdaw sat", "--greedy", "-n", "40", "--ignore-eos", "--json").json();
        assertThat(plain.at("/speculation").isNull() || plain.at("/speculation").isMissingNode()).isTrue();
        for (String draft : new String[] {"lookup", tiny.toString()}) {
            var guessed = Cli.run("run", tiny.toString(), "The jackdaw sat", "--greedy", "-n", "40", "--ignore-eos", "--speculate", draft, "--json").json();
            assertThat(guessed.at("/ids")).as(draft).isEqualTo(plain.at("/ids"));
            assertThat(guessed.at("/speculation/accepted").asInt()).isBetween(draft.equals("lookup") ? 0 : 30, guessed.at("/speculation/drafted").asInt());
        }
        Cli wrong = Cli.run("run", tiny.toString(), "x", "--speculate", "../model/src/test/resources/reference/models/qwen3");
        assertThat(wrong.exitCode()).isEqualTo(1);
        assertThat(wrong.err()).contains("speculate: the tokenizer of the draft", "--speculate lookup");
        assertThat(Cli.run("run", tiny.toString(), "x", "--speculate", "lookup", "--draft-tokens", "0").exitCode()).isEqualTo(2);
    }
}
