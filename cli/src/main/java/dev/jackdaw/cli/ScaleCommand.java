package dev.jackdaw.cli;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.loop.Dial;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.scale.Counting;
import dev.jackdaw.train.scale.FittedLaw;
import dev.jackdaw.train.scale.Interval;
import dev.jackdaw.train.scale.LawFit;
import dev.jackdaw.train.scale.Prediction;
import dev.jackdaw.train.scale.ScalingLaw;
import dev.jackdaw.train.sweep.Sweep;
import dev.jackdaw.train.sweep.SweepAnalysis;
import dev.jackdaw.train.sweep.SweepPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw scale`: how loss falls with size and text, found by training many small models, and checked by predicting a larger one.
@Command(name = "scale", description = {"Train many small models, fit the law of their losses, predict a larger one, train that, and compare.",
        "An unfinished sweep in --out goes on where it stopped."})
final class ScaleCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(names = "--data", order = 1, paramLabel = "SOURCE", defaultValue = "jdk", split = ",",
            description = "What to learn from: folders, text and source files, .zip, .jar, .jsonl, .gz, .zst; or jdk, the sources every JDK carries.")
    private List<String> data;

    @Option(names = "--hours", order = 2, paramLabel = "H", defaultValue = "1", description = "How long everything may take, the larger run included; decides the budgets.")
    private double hours;

    @Option(names = "--out", order = 3, paramLabel = "DIR", showDefaultValue = Visibility.NEVER, description = "Directory of the sweep. Default: sweeps/ and the date.")
    private Path out;

    @Option(names = "--plan", order = 4, paramLabel = "FILE", showDefaultValue = Visibility.NEVER, description = "Repeat the sweep that this scale.json describes.")
    private Path plan;

    @Option(names = "--flops", order = 10, paramLabel = "X", showDefaultValue = Visibility.NEVER,
            description = "Floating-point operations of each model of the smallest budget, instead of as many as fit in the time; then nothing depends on this machine's speed.")
    private Double flops;

    @Option(names = "--budgets", order = 11, paramLabel = "N", defaultValue = "4", description = "Budgets.")
    private int budgets;

    @Option(names = "--sizes", order = 12, paramLabel = "N", defaultValue = "5", description = "Sizes of models for each budget.")
    private int sizes;

    @Option(names = "--growth", order = 13, paramLabel = "X", defaultValue = "2", description = "Each budget over the one before.")
    private double growth;

    @Option(names = "--larger", order = 14, paramLabel = "X", defaultValue = "4", description = "The larger run's operations over the largest budget.")
    private double larger;

    @Option(names = "--held-out-tokens", order = 15, paramLabel = "N", defaultValue = "131072", description = "Held-out tokens that each model is measured on.")
    private long heldOutTokens;

    @Option(names = "--bootstraps", order = 16, paramLabel = "N", defaultValue = "400", description = "How often residuals are drawn for the intervals.")
    private int bootstraps;

    @Option(names = "--vocab", order = 20, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Tokens in the vocabulary, special ones included.")
    private Integer vocabulary;

    @Option(names = "--context", order = 21, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Tokens in a sequence. Default: the dial's for the larger run.")
    private Integer context;

    @Option(names = "--batch", order = 22, paramLabel = "N", showDefaultValue = Visibility.NEVER, description = "Sequences in a step. Default: 4,096 tokens of them.")
    private Integer batch;

    @Option(names = "--learning-rate", order = 23, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Of the matrices.")
    private Double learningRate;

    /// What `--json` prints at the end.
    ///
    /// @param laws by counting
    record Result(String directory, String chosen, Map<Counting, Law> laws, FittedLaw.Recipe recipe, Prediction prediction, Prediction.Check check) {
        record Law(ScalingLaw law, Map<String, Interval> intervals, double residual, Double exponentByParabolas, Interval exponentInterval, Double backTestError) {
        }
    }

    @Override
    public Integer call() throws IOException {
        Output output = common.output();
        Path directory = out != null ? out : Path.of("sweeps", LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss")));
        RunPlan.Program program = new RunPlan.Program(JackdawCommand.version(), JackdawCommand.commit(), Runtime.version().toString(), "");
        Dial.Choices choices = new Dial.Choices(null, null, null, null, null, null, vocabulary, context, batch, null, null, null, learningRate, null, null, null, null, null, null);
        Sweep.Request request;
        try {
            request = new Sweep.Request(data, directory, hours, flops, budgets, sizes, growth, larger, heldOutTokens, bootstraps, choices, plan == null ? null : SweepPlan.read(plan), common.seed(0),
                    "jackdaw scale " + String.join(" ", withoutPlaces(common.arguments())), program);
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
        try (Device device = Device.cpu(common.threads()); SweepProgress progress = new SweepProgress(output)) {
            Sweep.Outcome outcome = new Sweep(request, device, progress).run();
            progress.close();
            output.json(result(outcome));
            print(output, outcome);
        }
        return 0;
    }

    /// The arguments without those that say nothing about the result: `--out` and `--threads` with their values, and `--json`.
    private static List<String> withoutPlaces(List<String> arguments) {
        List<String> kept = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (argument.equals("--out") || argument.equals("--threads")) {
                i++;
            } else if (!argument.startsWith("--out=") && !argument.startsWith("--threads=") && !argument.equals("--json")) {
                kept.add(argument);
            }
        }
        return kept;
    }

    private static Result result(Sweep.Outcome outcome) {
        Map<Counting, Result.Law> laws = new EnumMap<>(Counting.class);
        SweepAnalysis analysis = outcome.analysis();
        for (Counting counting : Counting.values()) {
            LawFit fit = analysis.fits().get(counting);
            var parabolas = analysis.profiles().get(counting);
            var test = analysis.backTest().get(counting);
            laws.put(counting, new Result.Law(fit.law(), FittedLaw.intervals(fit, SweepAnalysis.CONFIDENCE), fit.residual(), parabolas.parameters() == null ? null : parabolas.parameters().exponent(),
                    parabolas.parameterExponent(), test == null ? null : test.meanError()));
        }
        return new Result(outcome.directory().toString(), analysis.chosen().name(), laws, outcome.law().recipe(), outcome.prediction(), outcome.check());
    }

    private static void print(Output output, Sweep.Outcome outcome) {
        SweepAnalysis analysis = outcome.analysis();
        output.line("");
        output.line("%s  L(N,D) = E + A/N^alpha + B/D^beta, nats per token; %.0f%% intervals", output.bold("The law"), 100 * SweepAnalysis.CONFIDENCE);
        List<List<String>> rows = new ArrayList<>();
        for (Counting counting : Counting.values()) {
            LawFit fit = analysis.fits().get(counting);
            var parabolas = analysis.profiles().get(counting);
            rows.add(List.of(counting.label() + (counting == analysis.chosen() ? " *" : ""), cell("%.3f", fit.law().E(), fit.interval(ScalingLaw::E, SweepAnalysis.CONFIDENCE)), String.format(Locale.ROOT, "%.4g", fit.law().A()),
                    cell("%.3f", fit.law().alpha(), fit.interval(ScalingLaw::alpha, SweepAnalysis.CONFIDENCE)), String.format(Locale.ROOT, "%.4g", fit.law().B()),
                    cell("%.3f", fit.law().beta(), fit.interval(ScalingLaw::beta, SweepAnalysis.CONFIDENCE)),
                    cell("%.3f", fit.law().optimalExponent(), fit.interval(ScalingLaw::optimalExponent, SweepAnalysis.CONFIDENCE)),
                    parabolas.parameters() == null ? "–" : cell("%.3f", parabolas.parameters().exponent(), parabolas.parameterExponent()), String.format(Locale.ROOT, "%.2f%%", 100 * fit.residual()),
                    analysis.backTest().containsKey(counting) ? String.format(Locale.ROOT, "%.2f%%", 100 * analysis.backTest().get(counting).meanError()) : "–"));
        }
        output.table(List.of("N counted", "E", "A", "alpha", "B", "beta", "a by the law", "a by parabolas", "residual", "back-test"), rows);
        Prediction.Check check = outcome.check();
        output.line("");
        output.line("%s  predicted %.4f nats per token%s, measured %.4f: %s", output.bold("The larger run"), check.predicted(), interval(outcome.prediction().interval()), check.loss(),
                output.bold(String.format(Locale.ROOT, "%+.2f%%", 100 * check.error())));
        output.line("");
        output.line("The law for the dial: ./jackdaw speedrun --law %s", outcome.directory().resolve("law-with-larger.json"));
        output.line("Look at it: %s", outcome.directory().resolve("report.html"));
    }

    private static String interval(Interval interval) {
        return interval == null ? "" : String.format(Locale.ROOT, " (%.4f to %.4f)", interval.low(), interval.high());
    }

    private static String cell(String format, double value, Interval interval) {
        return String.format(Locale.ROOT, format, value) + (interval == null ? "" : String.format(Locale.ROOT, " (" + format + " to " + format + ")", interval.low(), interval.high()));
    }
}
