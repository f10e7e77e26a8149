package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The main job on a text so small that it takes seconds: every file it promises, and every command on what came out.
class SpeedrunCommandTest {
    private static final List<String> SIZES = List.of("--steps", "6", "--layers", "1", "--width", "32", "--heads", "2", "--kv-heads", "1", "--ffn", "64",
            "--vocab", "320", "--context", "32", "--batch", "4");
    @TempDir
    private static Path folder;
    private static Path run;
    private static Cli output;

    @BeforeAll
    static void build() throws Exception {
        Path text = Files.createDirectory(folder.resolve("text"));
        String[] words = {"jackdaw", "tower", "winter", "kernel", "matrix", "token", "sings", "flies", "between", "under", "the", "old", "stone", "river"};
        for (int i = 0; i < 60; i++) {
            var random = new SplittableRandom(i);
            var document = new StringBuilder("# Note ").append(i).append("\n\n");
            for (int w = 0; w < 120; w++) {
                document.append(words[random.nextInt(words.length)]).append(w % 9 == 8 ? ".\n" : " ");
            }
            Files.writeString(text.resolve("note" + i + ".md"), document);
        }
        run = folder.resolve("run");
        var command = new ArrayList<>(List.of("speedrun", "--data", text.toString(), "--out", run.toString()));
        command.addAll(SIZES);
        output = Cli.run(command.toArray(String[]::new));
        assertThat(output.exitCode()).as(output.err()).isZero();
    }

    @Test
    void leavesEveryFileItPromises() {
        for (String file : List.of("run.json", "metrics.jsonl", "params.gguf", "tokenizer.json", "report.html", "report.md")) {
            assertThat(run.resolve(file)).isNotEmptyFile();
        }
    }

    @Test
    void endsBySayingHowToUseTheTwoFiles() {
        assertThat(output.out()).contains(run.resolve("params.gguf").toString(), "run/Run.java", "./jackdaw dream", "report.html");
    }

    @Test
    void saysWhyNotesMakeNoAssistant() {
        assertThat(output.err()).contains("no assistant will be made: its questions come from public types of Java sources, of which this text has 0");
        assertThat(output.out()).doesNotContain("./jackdaw chat");
        assertThat(run.resolve("base.gguf")).doesNotExist();
    }

    @Test
    void whatCameOutCanBeUsed() {
        String model = run.toString();
        assertThat(Cli.run("next", model, "the old", "--json").json().at("/next").size()).isEqualTo(10);
        assertThat(Cli.run("run", model, "the old", "--greedy", "-n", "4", "--json").json().at("/promptIds").size()).isPositive();
        assertThat(Cli.run("tokenizer", "encode", model, " jackdaw", "--json").json().at("/ids").size()).isPositive();
        assertThat(Cli.run("eval", model, "--json").json().at("/tasks/bpb/bitsPerByte").asDouble()).isBetween(0.5, 9.0);
        assertThat(Cli.run("show", run.resolve("params.gguf").toString(), "--json").json().at("/metadata/general.architecture").asString()).isEqualTo("qwen3");
    }

    @Test
    void theSamePlanGivesTheSameBytesAtAnyNumberOfThreads() throws Exception {
        Path again = folder.resolve("again");
        Cli repeated = Cli.run("pretrain", "--plan", run.resolve("run.json").toString(), "--out", again.toString(), "--threads", "3");
        assertThat(repeated.exitCode()).as(repeated.err()).isZero();
        assertThat(again.resolve("params.gguf")).hasSameBinaryContentAs(run.resolve("params.gguf"));
    }

    @Test
    void aProcessThatIsKilledGoesOnToTheSameBytes() throws Exception {
        Path whole = folder.resolve("whole");
        var command = new ArrayList<>(List.of("pretrain", "--data", folder.resolve("text").toString(), "--out", whole.toString()));
        command.addAll(SIZES);
        command.set(command.indexOf("6"), "600");
        assertThat(Cli.run(command.toArray(String[]::new)).exitCode()).isZero();
        Path killed = folder.resolve("killed");
        command.set(command.indexOf(whole.toString()), killed.toString());
        for (int kills = 0, steps = 30; kills < 3; kills++, steps += 170) {
            Process process = start(command);
            while (process.isAlive() && steps(killed) < steps) {
                Thread.sleep(5);
            }
            assertThat(process.isAlive()).as("still training at step %d", steps).isTrue();
            process.destroyForcibly().waitFor();
            assertThat(killed.resolve("params.gguf")).doesNotExist();
        }
        assertThat(start(command).waitFor()).isZero();
        assertThat(killed.resolve("params.gguf")).hasSameBinaryContentAs(whole.resolve("params.gguf"));
    }

    private static Process start(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(option -> option.startsWith("--")).toList());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), JackdawCommand.class.getName()));
        command.addAll(arguments);
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    }

    /// Steps that its metrics tell of.
    private static long steps(Path run) throws IOException {
        Path metrics = run.resolve("metrics.jsonl");
        return Files.exists(metrics) ? Files.readString(metrics).lines().count() : 0;
    }

    @Test
    void dataThatIsNotThereIsNamed() {
        Cli none = Cli.run("speedrun", "--data", folder.resolve("none").toString(), "--out", folder.resolve("x").toString());
        assertThat(none.exitCode()).isEqualTo(1);
        assertThat(none.err()).contains("none does not exist");
        assertThat(none.err().lines().filter(line -> line.startsWith("jackdaw: "))).hasSize(1);
    }
}
