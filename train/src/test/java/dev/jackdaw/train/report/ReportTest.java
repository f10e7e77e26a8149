package dev.jackdaw.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static final String HOSTILE = "</pre><script>alert(1)</script>\u0000\u001b[2J\u202e\ud83d ```` | <img src=http://evil>";

    @TempDir
    Path run;

    @Test
    void writesPageMarkdownAndCharts() throws IOException {
        writeRun(400);
        Report.write(run);
        assertThat(files()).contains("report.html", "report.md", "charts/loss-tokens.svg", "charts/loss-time.svg", "charts/learning-rate.svg",
                "charts/gradient-norm.svg", "charts/throughput.svg", "charts/gflops.svg", "charts/compression.svg");
        assertThat(files()).as("nothing is left aside").noneMatch(name -> name.endsWith(".part"));
        for (String name : files()) {
            if (name.endsWith(".svg")) {
                assertThat(Files.readString(run.resolve(name))).satisfies(ChartTest::parse);
            }
        }
    }

    @Test
    void pageIsSelfContained() throws IOException {
        writeRun(50);
        Report.write(run);
        String html = Files.readString(run.resolve("report.html"));
        assertThat(html).doesNotContain("<script").doesNotContain("<link").doesNotContain("<img").doesNotContain("src=\"").doesNotContain("url(")
                .doesNotContain("href=").contains("default-src 'none'");
        assertThat(html.split("<svg", -1)).hasSize(8);
    }

    @Test
    void bothReportsSayTheSameNumbers() throws IOException {
        writeRun(50);
        Report.write(run);
        for (String file : List.of("report.html", "report.md")) {
            String text = Files.readString(run.resolve(file));
            assertThat(text).contains("1.090", "xz -9", "gzip -9", "1.110", "12.0M", "Test CPU", "480", "learningRate", "0.012", "deep.er")
                    .contains("parameters as Q8", "200,000,000");
        }
    }

    @Test
    void markdownRefersOnlyToChartsThatExist() throws IOException {
        writeRun(50);
        Report.write(run);
        var links = Pattern.compile("]\\((charts/[^)]+)\\)").matcher(Files.readString(run.resolve("report.md"))).results().map(m -> m.group(1)).toList();
        assertThat(links).hasSize(7).allSatisfy(link -> assertThat(run.resolve(link)).exists());
    }

    @Test
    void hostileTextDoesNothing() throws IOException {
        writeRun(10);
        ReportData.appendSample(run, new Sample(10, 99, HOSTILE, HOSTILE));
        Report.write(run);
        String html = Files.readString(run.resolve("report.html"));
        assertThat(html).doesNotContain("<script").doesNotContain("<img").doesNotContain("\u0000").doesNotContain("\u001b").doesNotContain("\u202e");
        assertThat(html).contains("&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;⟨U+0000⟩⟨U+001B⟩[2J⟨U+202E⟩");
        String markdown = Files.readString(run.resolve("report.md"));
        assertThat(markdown).contains("`````text\n</pre>").doesNotContain("\u0000");
    }

    @Test
    void aSampleSurvivesItsFileAsFarAsUnicodeGoes() throws IOException {
        Sample sample = new Sample(3, 5, "\"quoted\"\n", "line\u2028 \u0000 🐦 \\u0041");
        ReportData.appendSample(run, sample);
        assertThat(ReportData.readSamples(run)).containsExactly(sample);
        ReportData.appendSample(run, new Sample(4, 5, "", "half a bird \ud83d."));
        assertThat(ReportData.readSamples(run)).hasSize(2);
    }

    @Test
    void aSampleWrittenAgainAfterResumingReplacesTheFirst() throws IOException {
        ReportData.appendSample(run, new Sample(10, 100, "", "old"));
        ReportData.appendSample(run, new Sample(20, 200, "", "later"));
        Files.writeString(run.resolve("samples.jsonl"), "{\"step\":30,\"te", StandardOpenOption.APPEND);
        ReportData.appendSample(run, new Sample(10, 100, "", "new"));
        assertThat(ReportData.readSamples(run)).extracting(Sample::text).containsExactly("new", "later");
    }

    @Test
    void anUnfinishedRunHasAReportToo() throws IOException {
        Files.writeString(run.resolve("run.json"), "{}");
        Report.write(run);
        assertThat(Files.readString(run.resolve("report.html"))).contains("not been evaluated").contains("nothing was measured yet");
        try (Metrics metrics = Metrics.create(run.resolve("metrics.jsonl"))) {
            metrics.append(new StepMetrics(1, 4096, 0.5, 8.1, Double.NaN, 0.001, 2, 8000, 100));
        }
        Report.write(run);
        assertThat(Files.readString(run.resolve("report.html"))).contains("nats per token");
    }

    @Test
    void readsBackTheEvaluation() throws IOException {
        Evaluation evaluation = evaluation();
        ReportData.writeEvaluation(run, evaluation);
        Files.writeString(run.resolve("run.json"), "{\"name\":\"n\"}");
        ReportData data = ReportData.read(run);
        assertThat(data.evaluation()).isEqualTo(evaluation);
        assertThat(data.bytesPerToken()).isCloseTo(4.0, within(1e-12));
        assertThat(data.name()).isEqualTo("n");
    }

    @Test
    void aDirectoryWithoutARunIsRefused() {
        assertThatThrownBy(() -> Report.write(run)).isInstanceOf(IOException.class).hasMessageContaining("no run.json");
    }

    @Test
    void brokenSettingsAreNamedWithTheirPlace() throws IOException {
        Files.writeString(run.resolve("run.json"), "{\n\"a\": }");
        assertThatThrownBy(() -> Report.write(run)).isInstanceOf(IOException.class).hasMessageContaining("run.json").hasMessageContaining("line 2");
    }

    @Test
    void theRunningMeanFollowsAFallAndIgnoresHoles() {
        double[] values = new double[1000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i == 500 ? Double.NaN : 8.0 / (1 + i * 0.1) + 1 + (i % 2 == 0 ? 0.1 : -0.1);
        }
        double[] smooth = RunCharts.smooth(values);
        for (int i = 30; i < values.length; i++) {
            assertThat(smooth[i]).as("at %d", i).isCloseTo(8.0 / (1 + i * 0.1) + 1, within(0.35));
        }
        assertThat(smooth[999]).isCloseTo(1.08, within(0.02));
    }

    /// A run as the trainer leaves it, with plausible curves.
    private void writeRun(int steps) throws IOException {
        Files.writeString(run.resolve("run.json"), """
                {"name": "test run", "seed": 7,
                 "optimizer": {"learningRate": 0.012, "deep": {"er": [1, 2]}},
                 "machine": {"cpu": "Test CPU", "processors": 4, "threads": 2, "memoryBytes": 8000000000, "jdk": "JDK 25", "system": "Linux", "peakGflops": 480}}
                """);
        Random random = new Random(1);
        try (Metrics metrics = Metrics.create(run.resolve("metrics.jsonl"))) {
            for (int i = 1; i <= steps; i++) {
                double loss = 3 + 6 * Math.pow(i, -0.5) + 0.1 * random.nextGaussian();
                metrics.append(new StepMetrics(i, i * 8192L, i * 0.4, loss, i % 10 == 0 ? loss / 2.9 : Double.NaN, 0.01, 0.5, 20_000, 380));
            }
        }
        ReportData.appendSample(run, new Sample(1, 8192, "", "qq zx"));
        ReportData.appendSample(run, new Sample(10, 81920, "The cat", " sat on a mat"));
        ReportData.writeEvaluation(run, evaluation());
    }

    private static Evaluation evaluation() {
        return new Evaluation(1.09, 400, 4_000_000, 1_100_000, 200_000_000, 50_000_000, 12_000_000,
                List.of(new Evaluation.FileSize("F32", 48_000_000), new Evaluation.FileSize("Q8_0", 12_750_000)),
                List.of(new Baselines.Baseline("byte n-gram, order 3", Baselines.ONE_STREAM, 1_100_000, 2.2),
                        new Baselines.Baseline("gzip -9", Baselines.ONE_STREAM, 735_000, 1.47), new Baselines.Baseline("xz -9", Baselines.ONE_STREAM, 555_000, 1.11)));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> walk = Files.walk(run)) {
            return walk.filter(Files::isRegularFile).map(p -> run.relativize(p).toString()).toList();
        }
    }
}
