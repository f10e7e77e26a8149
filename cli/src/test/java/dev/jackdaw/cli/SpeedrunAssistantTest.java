package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// From invented Java sources to an assistant that answers badly, in seconds: every file it promises, the same bits again, and after a kill.
class SpeedrunAssistantTest {
    private static final List<String> SIZES = List.of("--steps", "6", "--layers", "1", "--width", "32", "--heads", "2", "--kv-heads", "1", "--ffn", "64",
            "--vocab", "400", "--context", "256", "--batch", "2");
    @TempDir
    private static Path folder;
    private static Path run;
    private static Cli output;

    @BeforeAll
    static void build() throws Exception {
        Path text = Files.createDirectory(folder.resolve("text"));
        String[] first = {"Red", "Blue", "Old", "Fast", "Quiet", "Round", "Long", "Cold"}, second = {"Tower", "River", "Stone", "Bird", "Window", "Garden", "Letter"};
        String[] words = {"jackdaw", "tower", "winter", "kernel", "matrix", "token", "sings", "flies", "between", "under", "the", "old", "stone", "river"};
        for (int i = 0; i < 112; i++) {
            var random = new SplittableRandom(i);
            String name = first[i % 8] + second[i / 8 % 7] + (i < 56 ? "" : "Two");
            var source = new StringBuilder("package org.place" + i % 5 + ";\n\n");
            source.append("/** Keeps ").append(sentence(words, random)).append(".\n * @since ").append(1 + i % 9).append("\n */\npublic class ").append(name).append(" {\n");
            for (int m = 0; m < 4; m++) {
                source.append("    /** Gives ").append(sentence(words, random)).append(". */\n    public ").append(m % 2 == 0 ? "int " : "String ").append(words[random.nextInt(10)]).append(m)
                        .append("() throws java.io.IOException {\n        return ").append(m % 2 == 0 ? "0" : "null").append(";\n    }\n");
            }
            Files.writeString(text.resolve(name + ".java"), source.append("}\n"));
        }
        run = folder.resolve("run");
        output = Cli.run(command("speedrun", text, run).toArray(String[]::new));
        assertThat(output.exitCode()).as(output.err()).isZero();
    }

    private static String sentence(String[] words, SplittableRandom random) {
        return random.ints(12, 0, words.length).mapToObj(i -> words[i]).collect(Collectors.joining(" "));
    }

    private static List<String> command(String name, Path text, Path out) {
        var command = new ArrayList<>(List.of(name, "--data", text.toString(), "--out", out.toString()));
        command.addAll(SIZES);
        return command;
    }

    @Test
    void leavesEveryFileItPromises() throws IOException {
        for (String file : List.of("base.gguf", "params.gguf", "assistant.json", "assistant/finetune.jsonl", "assistant/held-out.jsonl", "charts/assistant.svg")) {
            assertThat(run.resolve(file)).isNotEmptyFile();
        }
        assertThat(run.resolve("params.gguf")).hasSameBinaryContentAs(run.resolve("assistant/params.gguf"));
        assertThat(Files.readString(run.resolve("report.html"))).contains("The assistant", "return type");
        assertThat(Files.readString(run.resolve("report.md"))).contains("## The assistant", "| calculator \\* |");
        assertThat(output.out()).contains("./jackdaw chat", "commonest answer", "of other roles");
    }

    @Test
    void theExaminationSaysHowMuchWasAsked() throws IOException {
        JsonNode result = Json.read(Files.readString(run.resolve("assistant.json")));
        assertThat(result.at("/turns").asInt()).isGreaterThanOrEqualTo(result.at("/inside").asInt());
        assertThat(result.at("/facts/heldOutFacts").asInt()).isPositive();
        List<String> names = new ArrayList<>();
        for (JsonNode group : result.at("/groups")) {
            names.add(group.at("/name").asString());
            assertThat(group.at("/n").asInt()).isPositive();
            assertThat(group.at("/low").asDouble()).isLessThanOrEqualTo(group.at("/accuracy").asDouble());
            assertThat(group.at("/high").asDouble()).isGreaterThanOrEqualTo(group.at("/accuracy").asDouble());
        }
        assertThat(names).contains("package", "kind of type", "return type", "thrown exception", "outside", "calculator");
    }

    @Test
    void noHeldOutQuestionIsInTheFinetuningFile() throws IOException {
        List<String> learned = questions("finetune.jsonl");
        assertThat(learned).hasSizeGreaterThan(50);
        assertThat(questions("held-out.jsonl")).isNotEmpty().doesNotContainAnyElementsOf(learned);
    }

    private static List<String> questions(String file) throws IOException {
        return Files.readString(run.resolve("assistant").resolve(file)).lines().map(line -> Json.read(line).at("/messages/0/content").asString()).toList();
    }

    @Test
    void theAssistantAndTheBaseCanBeUsed() {
        assertThat(Cli.run("chat", run.toString(), "--message", "Hello.", "--greedy", "-n", "4", "--json").json().at("/promptIds").size()).isPositive();
        assertThat(Cli.run("next", run.resolve("base.gguf").toString(), "public ", "--json").json().at("/next").size()).isEqualTo(10);
    }

    /// What the model says is dictated; what happens then is not. The mark of a call may also be spelled, which is no call: a few seeds are tried.
    @Test
    void chatRunsTheCalculatorAndGoesOn() {
        List<String> command = List.of("chat", run.toString(), "--message", "6*7?", "--regex", "<tool_call>\\{\"name\":\"calculator\",\"arguments\":\\{\"expression\":\"6\\*7\"\\}\\}</tool_call>");
        assertThat(IntStream.range(0, 20).mapToObj(seed -> with(command, "--seed", "" + seed).out())).anySatisfy(out -> assertThat(out).contains("→ calculator {\"expression\":\"6*7\"}", "← 42"));
        JsonNode turn = IntStream.range(0, 20).mapToObj(seed -> with(command, "--seed", "" + seed, "--json").json()).filter(each -> !each.path("called").isEmpty()).findFirst().orElseThrow();
        assertThat(turn.at("/called/0/name").asString()).isEqualTo("calculator");
        assertThat(turn.at("/called/0/result").asString()).isEqualTo("42");
    }

    private static Cli with(List<String> command, String... more) {
        return Cli.run(Stream.concat(command.stream(), Stream.of(more)).toArray(String[]::new));
    }

    @Test
    void theSamePlanGivesTheSameBytesAtAnyNumberOfThreads() {
        Path again = folder.resolve("again");
        Cli repeated = Cli.run("speedrun", "--plan", run.resolve("run.json").toString(), "--out", again.toString(), "--threads", "3");
        assertThat(repeated.exitCode()).as(repeated.err()).isZero();
        assertThat(again.resolve("params.gguf")).hasSameBinaryContentAs(run.resolve("params.gguf"));
        assertThat(again.resolve("assistant.json")).hasSameBinaryContentAs(run.resolve("assistant.json"));
    }

    @Test
    void aStoppedRunGoesOnInTheStageItWasIn() throws IOException {
        Path stopped = folder.resolve("stopped");
        assertThat(Cli.run(command("speedrun", folder.resolve("text"), stopped).toArray(String[]::new)).exitCode()).isZero();
        byte[] finished = Files.readAllBytes(stopped.resolve("params.gguf")), base = Files.readAllBytes(stopped.resolve("base.gguf"));
        for (String file : List.of("params.gguf", "assistant.json", "assistant/params.gguf")) {
            Files.delete(stopped.resolve(file));
        }
        assertThat(Cli.run(command("speedrun", folder.resolve("text"), stopped).toArray(String[]::new)).exitCode()).isZero();
        assertThat(stopped.resolve("params.gguf")).hasBinaryContent(finished);
        assertThat(stopped.resolve("base.gguf")).hasBinaryContent(base);
        assertThat(finished).isEqualTo(readRun());
    }

    private static byte[] readRun() throws IOException {
        return Files.readAllBytes(run.resolve("params.gguf"));
    }
}
