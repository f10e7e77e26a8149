package dev.jackdaw.train.report;

import dev.jackdaw.model.format.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Writes what a run was into its directory: `report.html`, `report.md` and `charts/*.svg`.
///
/// A report can be made at any moment of a run, and again at any time later, from the plain files that [ReportData] reads.
public final class Report {
    /// Folder of the pictures that the Markdown report shows.
    public static final String CHARTS = "charts";

    private Report() {
    }

    /// Reads the run and writes its report beside it.
    public static void write(Path run) throws IOException {
        write(ReportData.read(run), run);
    }

    public static void write(ReportData data, Path directory) throws IOException {
        List<RunCharts.Figure> figures = new ArrayList<>();
        figures.addAll(RunCharts.learning(data));
        figures.addAll(RunCharts.optimizer(data));
        figures.addAll(RunCharts.speed(data));
        if (data.evaluation() != null && !data.isFinetuning()) {
            figures.add(RunCharts.compression(data.evaluation()));
        }
        if (data.assistant() != null) {
            figures.addAll(AssistantFacts.figures(data.assistant()));
        }
        Path charts = Files.createDirectories(directory.resolve(CHARTS));
        for (RunCharts.Figure figure : figures) {
            AtomicFile.write(charts.resolve(figure.file() + ".svg"), figure.svg());
        }
        AtomicFile.write(directory.resolve("report.md"), MarkdownReport.of(data));
        AtomicFile.write(directory.resolve("report.html"), HtmlReport.of(data));
    }
}
