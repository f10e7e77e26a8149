package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.train.report.Metrics;
import dev.jackdaw.train.report.StepMetrics;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {
    @TempDir
    private Path run;

    @Test
    void writesTheReportOfARunThatIsStillGoing() throws Exception {
        Files.writeString(run.resolve("run.json"), "{\"name\": \"half way\"}");
        try (Metrics metrics = Metrics.create(run.resolve("metrics.jsonl"))) {
            metrics.append(new StepMetrics(1, 512, 1, 8, Double.NaN, 0.001, 1, 512, 1));
            metrics.append(new StepMetrics(2, 1024, 2, 7, 3.5, 0.001, 1, 512, 1));
        }
        var json = Cli.run("report", run.toString(), "--json").json();
        assertThat(Path.of(json.at("/html").asString())).content().contains("half way", "3.500");
        assertThat(Path.of(json.at("/markdown").asString())).content().contains("half way");
    }

    @Test
    void refusesADirectoryThatIsNoRun() {
        Cli refused = Cli.run("report", run.toString());
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err()).contains("no run.json");
    }
}
