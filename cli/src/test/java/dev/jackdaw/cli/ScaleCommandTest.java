package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// A sweep from the command line, over models that take a second.
class ScaleCommandTest {
    @TempDir
    private static Path folder;
    private static Cli whole;

    @BeforeAll
    static void sweepOnce() throws Exception {
        Path text = Files.createDirectory(folder.resolve("text"));
        String[] words = {"jackdaw", "tower", "winter", "kernel", "matrix", "token", "sings", "flies", "between", "under", "the", "old", "stone", "river"};
        for (int i = 0; i < 60; i++) {
            var random = new SplittableRandom(i);
            var document = new StringBuilder("# Note ").append(i).append("\n\n");
            for (int w = 0; w < 200; w++) {
                document.append(words[random.nextInt(words.length)]).append(w % 9 == 8 ? ".\n" : " ");
            }
            Files.writeString(text.resolve("note" + i + ".md"), document);
        }
        whole = Cli.run(arguments(folder.resolve("whole"), "--json").toArray(String[]::new));
        assertThat(whole.exitCode()).as(whole.err()).isZero();
    }

    private static List<String> arguments(Path out, String... more) {
        List<String> arguments = new ArrayList<>(List.of("scale", "--data", folder.resolve("text").toString(), "--out", out.toString(), "--flops", "2e9", "--budgets", "2", "--sizes", "3",
                "--vocab", "320", "--context", "32", "--batch", "4", "--larger", "2", "--held-out-tokens", "1000", "--bootstraps", "30"));
        arguments.addAll(List.of(more));
        return arguments;
    }

    @Test
    void printsALineForEachModelAndTheLawsAtTheEnd() {
        List<String> lines = whole.out().lines().toList();
        assertThat(lines).hasSize(8);
        assertThat(Json.read(lines.getFirst()).at("/loss").asDouble()).isBetween(0.5, 6.0);
        JsonNode result = Json.read(lines.getLast());
        assertThat(result.at("/laws").propertyNames()).containsExactlyInAnyOrder("WITHOUT_EMBEDDINGS", "WITH_EMBEDDINGS", "BY_OPERATIONS");
        assertThat(result.at("/laws/WITH_EMBEDDINGS/intervals/alpha/low").asDouble()).isPositive();
        assertThat(result.at("/prediction/hash").asString()).hasSize(64);
        assertThat(result.at("/check/error").asDouble()).isEqualTo(result.at("/check/loss").asDouble() / result.at("/prediction/loss").asDouble() - 1);
        assertThat(result.at("/prediction/parameters").asDouble()).isPositive();
    }

    @Test
    void aProcessThatIsKilledGoesOnToTheSameLaw() throws Exception {
        Path killed = folder.resolve("killed");
        for (int results : new int[] {1, 3, 6}) {
            Process process = start(arguments(killed));
            while (process.isAlive() && results(killed) < results) {
                Thread.sleep(2);
            }
            process.destroyForcibly().waitFor();
        }
        assertThat(killed.resolve("law-with-larger.json")).doesNotExist();
        Cli last = Cli.run(arguments(killed).toArray(String[]::new));
        assertThat(last.exitCode()).as(last.err()).isZero();
        assertThat(last.err()).contains("(from before)");
        assertThat(last.out()).contains("The larger run", "speedrun --law");
        assertThat(killed.resolve("law-with-larger.json")).hasSameBinaryContentAs(folder.resolve("whole/law-with-larger.json"));
        Cli report = Cli.run("report", killed.toString());
        assertThat(report.exitCode()).as(report.err()).isZero();
    }

    private static Process start(List<String> arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(option -> option.startsWith("--")).toList());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), JackdawCommand.class.getName()));
        command.addAll(arguments);
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    }

    private static long results(Path sweep) throws Exception {
        if (!Files.isDirectory(sweep.resolve("points"))) {
            return 0;
        }
        try (var points = Files.list(sweep.resolve("points"))) {
            return points.filter(point -> Files.exists(point.resolve("result.json"))).count();
        }
    }

    @Test
    void theLawSizesARun() {
        Cli run = Cli.run("pretrain", "--data", folder.resolve("text").toString(), "--out", folder.resolve("run").toString(), "--law", folder.resolve("whole/law-with-larger.json").toString(),
                "--vocab", "320", "--context", "32", "--batch", "4", "--minutes", "0.02");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err()).contains("the law predicts", "bits per byte");
        assertThat(folder.resolve("run/prediction.json")).isNotEmptyFile();
        assertThat(folder.resolve("run/prediction-check.json")).isNotEmptyFile();
    }

    @Test
    void wrongNumbersAndALawThatIsNoneAreRefused() {
        Cli few = Cli.run("scale", "--budgets", "1", "--out", folder.resolve("x").toString());
        assertThat(few.exitCode()).isEqualTo(2);
        assertThat(few.err()).contains("1 budgets of 5 sizes").contains("at least 2 budgets");
        Cli law = Cli.run("pretrain", "--law", folder.resolve("whole/report.md").toString(), "--out", folder.resolve("y").toString());
        assertThat(law.exitCode()).isEqualTo(1);
        assertThat(law.err()).contains("expected the law.json of a sweep");
        Cli none = Cli.run("pretrain", "--law", folder.resolve("none.json").toString(), "--out", folder.resolve("y").toString());
        assertThat(none.exitCode()).isEqualTo(1);
        assertThat(none.err()).contains("none.json");
    }
}
