package dev.jackdaw.train.report;

import dev.jackdaw.train.assistant.AssistantResult;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The report as one [HtmlPage]: no scripts.
final class HtmlReport {
    private static final int SAMPLE_LIMIT = 4000;

    private HtmlReport() {
    }

    static String of(ReportData data) {
        StringBuilder out = new StringBuilder();
        out.append("<p class=\"lead\">").append(Markup.html(RunFacts.verdict(data))).append("</p>\n");
        headline(out, data);
        section(out, "Learning");
        figures(out, RunCharts.learning(data), false);
        Table evaluations = RunFacts.evaluations(data);
        if (!evaluations.rows().isEmpty()) {
            details(out, "All evaluations (" + evaluations.rows().size() + ")", evaluations.html(), false);
        }
        samples(out, data);
        if (data.assistant() != null) {
            assistant(out, data.assistant());
        }
        if (data.evaluation() != null && !data.isFinetuning()) {
            compression(out, data.evaluation());
        }
        section(out, "Optimizer");
        figures(out, RunCharts.optimizer(data), true);
        section(out, "Speed");
        figures(out, RunCharts.speed(data), true);
        section(out, "Machine");
        out.append(data.machine() == null ? "<p>Not recorded.</p>\n" : RunFacts.machine(data.machine()).html());
        section(out, "Settings");
        out.append("<div class=\"columns\">\n");
        for (Map.Entry<String, Table> table : RunFacts.settings(data.settings()).entrySet()) {
            details(out, table.getKey(), table.getValue().html(), true);
        }
        out.append("</div>\n");
        out.append("""
                <footer>Made from <code>run.json</code>, <code>metrics.jsonl</code>, <code>samples.jsonl</code> and <code>evaluation.json</code>
                in the run's directory.</footer>
                """);
        return new HtmlPage("Training report", data.name()).html(out).toString();
    }

    private static void headline(StringBuilder out, ReportData data) {
        out.append("<dl class=\"facts\">\n");
        for (RunFacts.Fact fact : RunFacts.headline(data)) {
            out.append("<div><dd>").append(Markup.html(fact.value())).append("</dd><dt>").append(Markup.html(fact.label())).append("</dt></div>\n");
        }
        out.append("</dl>\n");
    }

    private static void samples(StringBuilder out, ReportData data) {
        if (data.samples().isEmpty()) {
            return;
        }
        section(out, data.isFinetuning() ? "Answers" : "Dreams");
        out.append("<p>What the model wrote as it learned, exactly as it came. Prompts are <b>bold</b>; without one it began from nothing.</p>\n");
        Map<Long, List<Sample>> moments = data.samples().stream().collect(Collectors.groupingBy(Sample::step, TreeMap::new, Collectors.toList()));
        moments.forEach((step, samples) -> {
            out.append("<h3>Step ").append(Numbers.grouped(step)).append(" <small>after ").append(Numbers.compact(samples.getFirst().tokens()))
                    .append(" tokens</small></h3>\n<div class=\"dreams\">\n");
            for (Sample sample : samples) {
                out.append("<pre>");
                if (!sample.prompt().isEmpty()) {
                    out.append("<b>").append(Markup.html(Markup.shortened(sample.prompt(), SAMPLE_LIMIT))).append("</b>");
                }
                out.append(Markup.html(Markup.shortened(sample.text(), SAMPLE_LIMIT))).append("</pre>\n");
            }
            out.append("</div>\n");
        });
    }

    private static void compression(StringBuilder out, Evaluation evaluation) {
        section(out, "Compression");
        out.append("<p>").append(Markup.html(MarkdownReport.COMPRESSION)).append("</p>\n");
        figures(out, List.of(RunCharts.compression(evaluation)), false);
        out.append(RunFacts.compression(evaluation).html());
        out.append("<p>").append(Markup.html(MarkdownReport.PARAMETERS)).append("</p>\n");
        out.append(RunFacts.parameters(evaluation).html());
    }

    private static void assistant(StringBuilder out, AssistantResult result) {
        section(out, "The assistant");
        out.append("<p>").append(Markup.html(AssistantFacts.verdict(result))).append("</p>\n<p>").append(Markup.html(AssistantFacts.introduction(result))).append("</p>\n");
        figures(out, AssistantFacts.figures(result), false);
        out.append(AssistantFacts.table(result).html()).append("<p>").append(Markup.html(AssistantFacts.NOTE)).append("</p>\n");
        details(out, "Questions and answers", AssistantFacts.examples(result).html(), false);
    }

    private static void section(StringBuilder out, String title) {
        out.append("<h2>").append(Markup.html(title)).append("</h2>\n");
    }

    private static void figures(StringBuilder out, List<RunCharts.Figure> figures, boolean besideEachOther) {
        out.append(besideEachOther ? "<div class=\"pair\">\n" : "");
        for (RunCharts.Figure figure : figures) {
            out.append("<figure>\n").append(figure.inline()).append("<figcaption>").append(Markup.html(figure.caption()))
                    .append("</figcaption>\n</figure>\n");
        }
        out.append(besideEachOther ? "</div>\n" : "");
    }

    private static void details(StringBuilder out, String title, String content, boolean isOpen) {
        out.append(isOpen ? "<details open>" : "<details>").append("<summary>").append(Markup.html(title)).append("</summary>\n").append(content).append("</details>\n");
    }
}
