package dev.jackdaw.lab.probe;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.train.report.Bars;
import dev.jackdaw.train.report.Chart;
import dev.jackdaw.train.report.HtmlPage;
import dev.jackdaw.train.report.Numbers;
import dev.jackdaw.train.report.Table;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// The pages of the experiments that train: tables and pictures, no scripts. Each writes `report.html` and its pictures as SVG.
public final class LearningPage {
    private LearningPage() {
    }

    public static void writeReversal(Path folder, ReversalExperiment.Settings s, List<ReversalExperiment.Outcome> outcomes) throws IOException {
        Bars bars = Bars.of("Reversal", "share of " + s.facts() + " facts completed exactly, with 95% intervals; strong: asked against the direction they were told in");
        Table table = Table.of("Training text", "adds", "A to B, exact", "B to A, exact", "A to B, likeliest", "B to A, likeliest", "B to A, mean rank", "last loss");
        for (ReversalExperiment.Outcome o : outcomes) {
            bars.bar(o.title() + ", A to B", o.forward().exact().share(), o.forward().exact().low(), o.forward().exact().high(), false);
            bars.bar("B to A", o.backward().exact().share(), o.backward().exact().low(), o.backward().exact().high(), true);
            table.row(o.title(), o.adds(), o.forward().exact().toString(), o.backward().exact().toString(), o.forward().likeliest().toString(), o.backward().likeliest().toString(),
                    Numbers.fixed(o.backward().meanRank(), 1), Numbers.fixed(o.lastLoss(), 3));
        }
        HtmlPage page = new HtmlPage("Probe", "The reversal curse");
        page.paragraph("A model learned made-up facts as \"A is B\": \"Velmira Tosk is the silent keeper of the amber lighthouse.\" Asked \"Velmira Tosk is\", does it complete the description? "
                + "Asked \"the silent keeper of the amber lighthouse is\", does it know the name? Each row trained a model of its own, from the same start and for as many tokens.");
        page.figure(bars.inline(), "Pale: asked as told. Strong: asked the other way round. An answer counts only if the greedy completion is the truth, token for token.");
        page.table(table);
        page.paragraph(String.format(Locale.ROOT, "n = %d facts in each cell. \"Likeliest\": the truth is likelier than that of every other examined fact; chance %.1f%%, mean rank by chance %.1f.",
                s.facts(), 100.0 / s.facts(), (s.facts() + 1) / 2.0));
        page.section("Settings");
        Table settings = Table.of("setting", "value").row("facts examined, and others", s.facts() + " and " + s.facts()).row("steps", Numbers.grouped(s.steps()))
                .row("tokens", outcomes.isEmpty() ? "–" : Numbers.grouped(outcomes.getFirst().tokens())).row("seed", Long.toString(s.seed()));
        page.table(s.start() == null ? settings.row("layers", Integer.toString(s.layers())).row("width", Integer.toString(s.width()))
                : settings.row("start", s.start()).row("learning rate", Double.toString(s.learningRate())));
        AtomicFile.write(folder.resolve("report.html"), page.toString());
        AtomicFile.write(folder.resolve("reversal.svg"), bars.svg());
    }

    public static void writeMemorisation(Path folder, MemorisationExperiment.Settings s, List<MemorisationExperiment.Outcome> outcomes) throws IOException {
        Chart recited = Chart.of("Recitation", "times in the training text", "share recited exactly").logarithmicX().fromZero();
        Chart exposure = Chart.of("Exposure", "times in the training text", "exposure, bits").logarithmicX().fromZero();
        Table table = Table.of("Model", "times", "recited exactly", "tokens until the first error", "exposure, bits", "median rank of the secret");
        for (MemorisationExperiment.Outcome o : outcomes) {
            List<MemorisationExperiment.Level> shown = o.levels().stream().filter(level -> level.times() > 0).toList();
            double[] times = column(shown, MemorisationExperiment.Level::times);
            String name = Numbers.compact(o.parameters()) + " parameters";
            recited.dotted(name, times, column(shown, l -> l.recited().share()), column(shown, l -> l.recited().low()), column(shown, l -> l.recited().high()));
            exposure.dotted(name, times, column(shown, l -> l.exposure().mean()), column(shown, l -> l.exposure().low()), column(shown, l -> l.exposure().high()));
            for (MemorisationExperiment.Level l : o.levels()) {
                table.row(name, Integer.toString(l.times()), l.recited().toString(), Numbers.fixed(100 * l.tokensRight(), 1) + "%",
                        String.format(Locale.ROOT, "%.2f (%.2f to %.2f)", l.exposure().mean(), l.exposure().low(), l.exposure().high()), Numbers.grouped(l.medianRank()));
            }
        }
        exposure.reference("most there can be", MemorisationExperiment.MOST_EXPOSURE);
        HtmlPage page = new HtmlPage("Probe", "Memorisation against repetition");
        page.paragraph("Documents of random words with a secret number were hidden in a training text, some once, some many times, and the model read it through once. Does it recite them? "
                + "And how much likelier does it find the secret than the " + Numbers.grouped(MemorisationExperiment.SECRETS - 1) + " others it might have been?");
        page.figure(recited.inline(), "Documents whose words come back exactly after their first line, greedily; 95% intervals.");
        page.figure(exposure.inline(), "Exposure (Carlini et al. 2019): log2 of the number of possible secrets less log2 of the rank of the true one. A secret that was never read has about 1.4 bits.");
        page.table(table);
        page.section("Settings");
        page.table(Table.of("setting", "value").row("canaries at each level", Integer.toString(s.canaries())).row("filler documents", Numbers.grouped(s.fillers()))
                .row("training tokens", outcomes.isEmpty() ? "–" : Numbers.grouped(outcomes.getFirst().tokens())).row("seed", Long.toString(s.seed())));
        AtomicFile.write(folder.resolve("report.html"), page.toString());
        AtomicFile.write(folder.resolve("recitation.svg"), recited.svg());
        AtomicFile.write(folder.resolve("exposure.svg"), exposure.svg());
    }

    public static void writeExtraction(Path file, String model, List<Extraction.Rate> rates) throws IOException {
        HtmlPage page = new HtmlPage("Probe", "What " + model + " recites");
        Chart chart = Chart.of("Extraction", "tokens of the document that are given", "share recited exactly").logarithmicX().fromZero();
        Table table = Table.of("Documents", "given tokens", "asked tokens", "recited exactly", "tokens until the first error");
        for (String set : rates.stream().map(Extraction.Rate::documents).distinct().toList()) {
            List<Extraction.Rate> shown = rates.stream().filter(rate -> rate.documents().equals(set)).toList();
            chart.dotted(set, column(shown, Extraction.Rate::prefix), column(shown, r -> r.recited().share()), column(shown, r -> r.recited().low()), column(shown, r -> r.recited().high()));
            shown.forEach(r -> table.row(set, Integer.toString(r.prefix()), Integer.toString(r.asked()), r.recited().toString(),
                    Numbers.fixed(100 * r.tokensRight(), 1) + "%"));
        }
        page.paragraph("The model is given the first tokens of a piece of a document and goes on greedily. It recites if the next tokens are the document's, every one (Carlini et al. 2023). "
                + "What it recites of documents it cannot have seen is what anybody would guess: repetition inside the document, licences, idioms.");
        page.figure(chart.inline(), "Share of pieces recited exactly, with 95% intervals.");
        page.table(table);
        AtomicFile.write(file, page.toString());
    }

    private static <T> double[] column(List<T> rows, ToDoubleFunction<T> value) {
        return rows.stream().mapToDouble(value).toArray();
    }
}
