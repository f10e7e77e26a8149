package dev.jackdaw.train.report;

import java.util.List;
import java.util.Map;

/// The report as Markdown, for a terminal, an editor or a code host. Pictures are SVG files beside it, in `charts/`.
final class MarkdownReport {
    static final String COMPRESSION = "A language model is a compressor: it gives every next token a probability, and an arithmetic coder "
            + "turns the probability into bits. All rows are sizes of the same held-out documents. “Document by document” starts each one "
            + "from nothing, as the model does; in “one stream” a compressor may copy from the documents before. The n-grams count bytes as "
            + "they go and predict the next from the last 0 to 3.";
    static final String PARAMETERS = "The bits above do not count the model itself: the decoder needs its parameters, which were distilled "
            + "from the training text.";

    private MarkdownReport() {
    }

    static String of(ReportData data) {
        StringBuilder out = new StringBuilder();
        out.append("# ").append(Markup.markdown(data.name())).append(": training report\n\n");
        out.append(Markup.markdown(RunFacts.verdict(data))).append("\n\n");
        Table headline = Table.of("", "value");
        RunFacts.headline(data).forEach(fact -> headline.row(fact.label(), fact.value()));
        out.append(headline.markdown()).append('\n');
        out.append("## Learning\n\n");
        figures(out, RunCharts.learning(data));
        Table evaluations = RunFacts.evaluations(data);
        if (!evaluations.rows().isEmpty()) {
            out.append(evaluations.markdown()).append('\n');
        }
        if (!data.samples().isEmpty()) {
            out.append(data.isFinetuning() ? "## Answers\n\n" : "## Dreams\n\n").append("What the model wrote as it learned, exactly as it came.\n\n");
            for (Sample sample : data.samples()) {
                out.append("### Step ").append(Numbers.grouped(sample.step())).append(", after ").append(Numbers.compact(sample.tokens()))
                        .append(" tokens\n\n");
                if (!sample.prompt().isEmpty()) {
                    out.append("Prompt: ").append(Markup.markdown(Markup.shortened(sample.prompt(), 400))).append("\n\n");
                }
                out.append(Markup.codeBlock(Markup.shortened(sample.text(), 4000))).append('\n');
            }
        }
        if (data.assistant() != null) {
            out.append("## The assistant\n\n").append(AssistantFacts.verdict(data.assistant())).append("\n\n").append(AssistantFacts.introduction(data.assistant())).append("\n\n");
            figures(out, AssistantFacts.figures(data.assistant()));
            out.append(AssistantFacts.table(data.assistant()).markdown()).append('\n').append(AssistantFacts.NOTE.replace("* not", "\\* not")).append("\n\n");
            out.append(AssistantFacts.examples(data.assistant()).markdown()).append('\n');
        }
        if (data.evaluation() != null && !data.isFinetuning()) {
            out.append("## Compression\n\n").append(COMPRESSION).append("\n\n");
            figures(out, List.of(RunCharts.compression(data.evaluation())));
            out.append(RunFacts.compression(data.evaluation()).markdown()).append('\n');
            out.append(PARAMETERS).append("\n\n").append(RunFacts.parameters(data.evaluation()).markdown()).append('\n');
        }
        out.append("## Optimizer\n\n");
        figures(out, RunCharts.optimizer(data));
        out.append("## Speed\n\n");
        figures(out, RunCharts.speed(data));
        out.append("## Machine\n\n").append(data.machine() == null ? "Not recorded.\n" : RunFacts.machine(data.machine()).markdown()).append('\n');
        out.append("## Settings\n\n");
        for (Map.Entry<String, Table> table : RunFacts.settings(data.settings()).entrySet()) {
            out.append("### ").append(Markup.markdown(table.getKey())).append("\n\n").append(table.getValue().markdown()).append('\n');
        }
        return out.toString();
    }

    private static void figures(StringBuilder out, List<RunCharts.Figure> figures) {
        for (RunCharts.Figure figure : figures) {
            out.append("![").append(Markup.markdown(figure.caption())).append("](").append(Report.CHARTS).append('/').append(figure.file()).append(".svg)\n\n");
        }
    }
}
