package dev.jackdaw.train.sweep;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.train.report.Chart;
import dev.jackdaw.train.report.HtmlPage;
import dev.jackdaw.train.report.Markup;
import dev.jackdaw.train.report.Numbers;
import dev.jackdaw.train.report.Report;
import dev.jackdaw.train.report.Table;
import dev.jackdaw.train.scale.Counting;
import dev.jackdaw.train.scale.FittedLaw;
import dev.jackdaw.train.scale.Interval;
import dev.jackdaw.train.scale.IsoFlop;
import dev.jackdaw.train.scale.LawFit;
import dev.jackdaw.train.scale.Prediction;
import dev.jackdaw.train.scale.ScalingLaw;
import dev.jackdaw.train.sweep.SweepAnalysis.Measured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/// What a sweep found, as `report.html` and `report.md` with pictures in `charts/`.
final class SweepReport {
    private static final int CURVE = 60;

    /// A piece of the report, in the order of reading.
    private sealed interface Piece {
        record Section(String title) implements Piece {
        }

        record Text(String text) implements Piece {
        }

        record Numbers(Table table) implements Piece {
        }

        record Picture(String file, String caption, Chart chart) implements Piece {
        }
    }

    private final Sweep.Outcome outcome;
    private final SweepAnalysis analysis;
    private final List<Piece> pieces = new ArrayList<>();

    private SweepReport(Sweep.Outcome outcome) {
        this.outcome = outcome;
        this.analysis = outcome.analysis();
    }

    static void write(Sweep.Outcome outcome) throws IOException {
        SweepReport report = new SweepReport(outcome);
        report.compose();
        Path out = outcome.directory(), charts = Files.createDirectories(out.resolve(Report.CHARTS));
        HtmlPage page = new HtmlPage("Scaling laws", out.toAbsolutePath().normalize().getFileName().toString());
        StringBuilder markdown = new StringBuilder("# Scaling laws\n\n");
        for (Piece piece : report.pieces) {
            switch (piece) {
                case Piece.Section(var title) -> {
                    page.section(title);
                    markdown.append("## ").append(Markup.markdown(title)).append("\n\n");
                }
                case Piece.Text(var text) -> {
                    page.paragraph(text);
                    markdown.append(Markup.markdown(text)).append("\n\n");
                }
                case Piece.Numbers(var table) -> {
                    page.table(table);
                    markdown.append(table.markdown()).append('\n');
                }
                case Piece.Picture(var file, var caption, var chart) -> {
                    page.figure(chart.inline(), caption);
                    markdown.append("![").append(Markup.markdown(caption)).append("](").append(Report.CHARTS).append('/').append(file).append(".svg)\n\n");
                    AtomicFile.write(charts.resolve(file + ".svg"), chart.svg());
                }
            }
        }
        AtomicFile.write(out.resolve("report.md"), markdown.toString());
        AtomicFile.write(out.resolve("report.html"), page.toString());
    }

    private void compose() {
        prediction();
        profiles();
        law();
        frontier();
        models();
    }

    private void prediction() {
        Prediction p = outcome.prediction();
        Prediction.Check c = outcome.check();
        section("The prediction, and what came of it");
        text("On %s, before the larger run began, the law of %d models said how it would end: a model of %s parameters (%s), %d layers of width %d, after %s tokens, with %s times the operations "
                        + "of the largest budget. SHA-256 of the prediction: %s.", p.made(), analysis.measured().size(), Numbers.compact(p.parameters()), outcome.law().counting().label(), p.model().layers(),
                p.model().width(), Numbers.compact(p.tokens()), Numbers.plain(p.operations() / outcome.plan().largestBudget()), p.hash());
        Table table = Table.of("", "nats per token", "bits per byte");
        table.row("predicted", Numbers.fixed(p.loss(), 4), Numbers.fixed(p.bitsPerByte(), 4));
        if (p.interval() != null) {
            table.row(String.format(Locale.ROOT, "%.0f%% interval, low", 100 * p.confidence()), Numbers.fixed(p.interval().low(), 4), Numbers.fixed(outcome.law().text().bitsPerByte(p.interval().low()), 4));
            table.row(String.format(Locale.ROOT, "%.0f%% interval, high", 100 * p.confidence()), Numbers.fixed(p.interval().high(), 4), Numbers.fixed(outcome.law().text().bitsPerByte(p.interval().high()), 4));
        }
        table.row("measured", Numbers.fixed(c.loss(), 4), Numbers.fixed(c.bitsPerByte(), 4));
        table.row("error", String.format(Locale.ROOT, "%+.2f%%", 100 * c.error()), c.insideInterval() ? "inside the interval" : "outside the interval");
        table(table);
        text("All losses are of the same %s held-out tokens (%s bytes each), read in rows of %d tokens without overlap.", Numbers.grouped(p.heldOutTokens()),
                Numbers.fixed(outcome.law().text().bytesPerToken(), 2), outcome.law().recipe().context());
    }

    private void profiles() {
        section("One budget, many sizes");
        Chart chart = Chart.of("Loss by size", "parameters, with embeddings", "nats per token").logarithmicX();
        IsoFlop.Result result = analysis.profiles().get(Counting.WITH_EMBEDDINGS);
        byBudget().forEach((budget, models) -> {
            double[] n = models.stream().mapToDouble(m -> m.observation(Counting.WITH_EMBEDDINGS).N()).toArray();
            chart.dotted(scientific(budget), n, models.stream().mapToDouble(m -> m.result().loss()).toArray());
        });
        picture("isoflop", "Each line: models that were trained with the same number of operations. Small ones see more text than they can hold, large ones too little to learn from.", chart);
        Table table = Table.of("operations", "best parameters", "tokens", "tokens per parameter", "loss", "");
        for (IsoFlop.Minimum m : result.minima()) {
            table.row(scientific(m.operations()), Numbers.compact(m.parameters()), Numbers.compact(m.tokens()), Numbers.fixed(m.tokens() / m.parameters(), 1), Numbers.fixed(m.loss(), 4),
                    m.bracketed() ? "" : "beyond the sizes that were tried");
        }
        if (!result.minima().isEmpty()) {
            text("The lowest places of parabolas through each of them:");
            table(table);
        }
    }

    private void law() {
        section("The law");
        text("L(N,D) = E + A/N^α + B/D^β, fitted by Huber's loss to log L, with N counted in three ways: without embeddings, with them (a table that is embedding and head counts once), and "
                + "by operations (a sixth of those for a token, attention included). In brackets: %.0f%% intervals. The law with the least residual makes the prediction: %s.",
                100 * SweepAnalysis.CONFIDENCE, analysis.chosen().label());
        Table table = Table.of(cells("", Counting::label));
        row(table, "E", fit -> number(fit, ScalingLaw::E, 3));
        row(table, "A", fit -> number(fit, ScalingLaw::A, 0));
        row(table, "α", fit -> number(fit, ScalingLaw::alpha, 3));
        row(table, "B", fit -> number(fit, ScalingLaw::B, 0));
        row(table, "β", fit -> number(fit, ScalingLaw::beta, 3));
        row(table, "a of N ~ C^a by the law, β/(α+β)", fit -> number(fit, ScalingLaw::optimalExponent, 3));
        table.row(cells("a by the parabolas", counting -> exponent(analysis.profiles().get(counting).parameters(), analysis.profiles().get(counting).parameterExponent())));
        table.row(cells("b of D ~ C^b by the parabolas", counting -> exponent(analysis.profiles().get(counting).tokens(), analysis.profiles().get(counting).tokenExponent())));
        row(table, "residual of a model", fit -> percent(fit.residual()));
        table.row(cells("back-test: mean error", counting -> analysis.backTest().containsKey(counting) ? percent(analysis.backTest().get(counting).meanError()) : "–"));
        table(table);
        text("Back-test: the law of all but the largest budget against the models of the largest.");
    }

    private void frontier() {
        section("The compute-optimal frontier");
        FittedLaw law = outcome.law();
        double[] c = analysis.measured().stream().mapToDouble(m -> m.point().settings().flops()).toArray();
        double low = DoubleStream.of(c).min().orElseThrow(), high = Math.max(outcome.prediction().operations(), DoubleStream.of(c).max().orElseThrow());
        Frontier frontier = new Frontier(law, outcome.plan());
        double[] operations = new double[CURVE], losses = new double[CURVE], sizes = new double[CURVE];
        for (int i = 0; i < CURVE; i++) {
            operations[i] = low * Math.pow(high / low, i / (CURVE - 1.0));
            Frontier.Best best = frontier.best(operations[i]);
            losses[i] = best.loss();
            sizes[i] = best.parameters();
        }
        Prediction p = outcome.prediction();
        Chart loss = Chart.logarithmic("Loss by operations", "operations", "nats per token").logarithmicX().line("best by the law", operations, losses);
        double[] lowest = byBudget().values().stream().mapToDouble(models -> models.stream().mapToDouble(m -> m.result().loss()).min().orElseThrow()).toArray();
        loss.dotted("best of a budget", byBudget().keySet().stream().mapToDouble(b -> b).toArray(), lowest);
        if (p.interval() != null) {
            loss.dotted("predicted", new double[] {p.operations()}, new double[] {p.loss()}, new double[] {p.interval().low()}, new double[] {p.interval().high()});
        }
        loss.dotted("measured", new double[] {p.operations()}, new double[] {outcome.check().loss()});
        picture("frontier", "The lowest loss that the law holds for possible, the best model of each budget, and the larger run.", loss);
        Chart size = Chart.logarithmic("Best size by operations", "operations", "parameters").logarithmicX().line("by the law, " + law.counting().label(), operations, sizes);
        IsoFlop.Result result = analysis.profiles().get(law.counting());
        if (!result.minima().isEmpty()) {
            size.dotted("by parabolas", result.minima().stream().mapToDouble(IsoFlop.Minimum::operations).toArray(), result.minima().stream().mapToDouble(IsoFlop.Minimum::parameters).toArray());
        }
        picture("sizes", "Which size is best.", size);
    }

    private void models() {
        section("All models");
        Table table = Table.of("model", "operations", "parameters", "without embeddings", "tokens", "nats per token", "bits per byte", "law", "off by");
        for (Measured m : analysis.measured()) {
            double says = outcome.law().loss(m.point().model(), m.point().settings().tokens());
            table.row(m.point().model().layers() + " × " + m.point().model().width(), scientific(m.point().settings().flops()), Numbers.compact(m.observation(Counting.WITH_EMBEDDINGS).N()),
                    Numbers.compact(m.observation(Counting.WITHOUT_EMBEDDINGS).N()), Numbers.compact(m.point().settings().tokens()), Numbers.fixed(m.result().loss(), 4),
                    Numbers.fixed(m.result().bitsPerByte(), 4), Numbers.fixed(says, 4), String.format(Locale.ROOT, "%+.2f%%", 100 * (m.result().loss() / says - 1)));
        }
        table(table);
        text("Command: %s. Text: %s; %s tokens to learn from.", outcome.plan().command(), String.join(", ", outcome.plan().data().sources()), Numbers.grouped(outcome.plan().data().trainTokens()));
    }

    private Map<Double, List<Measured>> byBudget() {
        Map<Double, List<Measured>> budgets = new LinkedHashMap<>();
        analysis.measured().forEach(m -> budgets.computeIfAbsent(m.point().budget(), _ -> new ArrayList<>()).add(m));
        return budgets;
    }

    private void row(Table table, String name, Function<LawFit, String> cell) {
        table.row(cells(name, counting -> cell.apply(analysis.fits().get(counting))));
    }

    private static String[] cells(String name, Function<Counting, String> cell) {
        List<String> cells = new ArrayList<>(List.of(name));
        for (Counting counting : Counting.values()) {
            cells.add(cell.apply(counting));
        }
        return cells.toArray(String[]::new);
    }

    private static String number(LawFit fit, ToDoubleFunction<ScalingLaw> number, int decimals) {
        return Numbers.fixed(number.applyAsDouble(fit.law()), decimals) + bracket(fit.interval(number, SweepAnalysis.CONFIDENCE), decimals);
    }

    private static String exponent(IsoFlop.PowerLaw law, Interval interval) {
        return law == null ? "–" : Numbers.fixed(law.exponent(), 3) + (interval == null ? "" : bracket(interval, 3));
    }

    private static String bracket(Interval interval, int decimals) {
        return " (" + Numbers.fixed(interval.low(), decimals) + " to " + Numbers.fixed(interval.high(), decimals) + ")";
    }

    private static String scientific(double operations) {
        return String.format(Locale.ROOT, "%.1e", operations).replace("e+", "e");
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f%%", 100 * share);
    }

    private void section(String title) {
        pieces.add(new Piece.Section(title));
    }

    private void text(String format, Object... arguments) {
        pieces.add(new Piece.Text(String.format(Locale.ROOT, format, arguments)));
    }

    private void table(Table table) {
        pieces.add(new Piece.Numbers(table));
    }

    private void picture(String file, String caption, Chart chart) {
        pieces.add(new Piece.Picture(file, caption, chart));
    }
}
