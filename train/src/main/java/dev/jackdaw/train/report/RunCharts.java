package dev.jackdaw.train.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// The pictures of a run: which curves are drawn, over what, and what to compare them with.
final class RunCharts {
    private static final double LN2 = Math.log(2);

    private RunCharts() {
    }

    /// @param file    name of the SVG file, without its ending
    /// @param inline  the picture for inside an HTML page
    /// @param svg     the picture as a file of its own
    record Figure(String file, String caption, String inline, String svg) {
        static Figure of(String file, String caption, Chart chart) {
            return new Figure(file, caption, chart.inline(), chart.svg());
        }
    }

    static List<Figure> learning(ReportData data) {
        List<Figure> figures = new ArrayList<>();
        double[] tokens = column(data, StepMetrics::tokens);
        TimeAxis time = TimeAxis.of(data);
        if (data.isComparing()) {
            return comparing(data, tokens);
        }
        if (Double.isNaN(data.bytesPerToken())) {
            figures.add(Figure.of("loss-tokens", "Training loss over tokens seen.", trainLoss(data, tokens, "training tokens")));
            figures.add(Figure.of("loss-time", "Training loss over training time.", trainLoss(data, time.values, time.name)));
            return figures;
        }
        String note = "Lower is better; the pale line is single batches, the blue one their running mean. " + (data.isFinetuning()
                ? "Only answers count. Points on the way are measured on some of the held-out conversations, the figure above on all."
                : "Points on the way are measured on some of the held-out documents, the figure above on all. Dashed: compressors on the same documents.");
        figures.add(Figure.of("loss-tokens", "Loss over tokens seen. " + note, bitsPerByte(data, tokens, "training tokens")));
        figures.add(Figure.of("loss-time", "The same over training time, without evaluation.", bitsPerByte(data, time.values, time.name)));
        return figures;
    }

    private static List<Figure> comparing(ReportData data, double[] tokens) {
        double[] loss = column(data, StepMetrics::trainLoss), right = more(data, "accuracy"), margin = more(data, "margin");
        return List.of(
                Figure.of("loss-tokens", "Loss of the comparisons over tokens seen. Lower is better; the pale line is single steps, the blue one their running mean.",
                        Chart.of("Loss", "training tokens", "loss").faint("train, one step", tokens, loss).line("train", tokens, smooth(loss))),
                Figure.of("accuracy-tokens", "Share of the comparisons that are judged rightly, in single steps and on the held-out pairs.",
                        Chart.of("Judged rightly", "training tokens", "share").fromZero().faint("train, one step", tokens, right).line("train", tokens, smooth(right))
                                .dotted("held-out", tokens, more(data, "heldOutAccuracy"))),
                Figure.of("margin-tokens", "By how much the reward of the chosen answer is the larger one.",
                        Chart.of("Margin", "training tokens", "margin of the rewards").faint("train, one step", tokens, margin).line("train", tokens, smooth(margin))
                                .dotted("held-out", tokens, more(data, "heldOutMargin"))));
    }

    static List<Figure> optimizer(ReportData data) {
        double[] tokens = column(data, StepMetrics::tokens);
        double[] norms = column(data, StepMetrics::gradientNorm);
        Chart rate = Chart.of("Learning rate", "training tokens", "learning rate").narrow().fromZero()
                .line("learning rate", tokens, column(data, StepMetrics::learningRate));
        Chart norm = Chart.logarithmic("Gradient norm", "training tokens", "gradient norm").narrow()
                .faint("one step", tokens, norms).line("running mean", tokens, smooth(norms));
        return List.of(Figure.of("learning-rate", "Learning rate of each step.", rate),
                Figure.of("gradient-norm", "Norm of the whole gradient, before clipping.", norm));
    }

    static List<Figure> speed(ReportData data) {
        double[] tokens = column(data, StepMetrics::tokens);
        double[] rate = column(data, StepMetrics::tokensPerSecond);
        double[] gflops = column(data, StepMetrics::gflops);
        Chart throughput = Chart.of("Throughput", "training tokens", "tokens per second").narrow().fromZero()
                .faint("one step", tokens, rate).line("running mean", tokens, smooth(rate));
        Chart arithmetic = Chart.of("Arithmetic", "training tokens", "GFLOP/s").narrow().fromZero()
                .faint("one step", tokens, gflops).line("running mean", tokens, smooth(gflops));
        double peak = data.machine() == null ? 0 : data.machine().peakGflops();
        if (peak > 0) {
            arithmetic.reference("peak", peak);
        }
        return List.of(
                Figure.of("throughput", "Training tokens per second; median " + Numbers.compact(RunFacts.median(rate)) + ".", throughput),
                Figure.of("gflops", "Useful arithmetic per second; median " + Numbers.compact(RunFacts.median(gflops)) + " GFLOP/s"
                        + RunFacts.ofPeak(data) + ".", arithmetic));
    }

    /// The model among the compressors, longest bar first.
    static Figure compression(Evaluation evaluation) {
        Bars bars = Bars.of("Held-out documents", "bits per byte of held-out text, less is better");
        record Entry(String name, double value, boolean isOurs) {
        }
        List<Entry> entries = new ArrayList<>();
        evaluation.baselines().forEach(b -> entries.add(new Entry(b.name() + (b.isNGram() ? "" : ", " + b.scope()), b.bitsPerByte(), false)));
        entries.add(new Entry("this model, document by document", evaluation.bitsPerByte(), true));
        entries.sort((a, b) -> Double.compare(b.value, a.value));
        entries.forEach(e -> bars.bar(e.name, e.value, e.isOurs));
        return new Figure("compression", "The model as a compressor of text it has not seen.", bars.inline(), bars.svg());
    }

    private static Chart bitsPerByte(ReportData data, double[] x, String xName) {
        double[] train = column(data, m -> m.trainLoss() / LN2 / data.bytesPerToken());
        Chart chart = Chart.logarithmic("Loss", xName, "bits per byte").faint("train, one batch", x, train).line("train", x, smooth(train))
                .dotted("held-out", x, column(data, StepMetrics::heldOutBitsPerByte));
        if (data.evaluation() != null) {
            for (Baselines.Baseline b : data.evaluation().baselines()) {
                if (b.scope().equals(Baselines.ONE_STREAM) && !b.isNGram() || b.name().startsWith("xz")) {
                    chart.reference(b.name() + (b.scope().equals(Baselines.BY_DOCUMENT) ? " by document" : " one stream"), b.bitsPerByte());
                }
            }
        }
        return chart;
    }

    private static Chart trainLoss(ReportData data, double[] x, String xName) {
        double[] loss = column(data, StepMetrics::trainLoss);
        return Chart.logarithmic("Loss", xName, "nats per token").faint("train, one batch", x, loss).line("train", x, smooth(loss));
    }

    /// Training time in the unit that suits its length.
    private record TimeAxis(double[] values, String name) {
        static TimeAxis of(ReportData data) {
            double[] seconds = column(data, StepMetrics::seconds);
            double last = seconds.length == 0 ? 0 : seconds[seconds.length - 1];
            double unit = last < 180 ? 1 : last < 3 * 3600 ? 60 : 3600;
            for (int i = 0; i < seconds.length; i++) {
                seconds[i] /= unit;
            }
            return new TimeAxis(seconds, unit == 1 ? "seconds" : unit == 60 ? "minutes" : "hours");
        }
    }

    /// What only some kinds of training measure; `NaN` where it is missing.
    private static double[] more(ReportData data, String name) {
        return column(data, m -> m.more().getOrDefault(name, Double.NaN));
    }

    static double[] column(ReportData data, ToDoubleFunction<StepMetrics> value) {
        return data.metrics().stream().mapToDouble(value).toArray();
    }

    /// An exponential mean over about a fortieth of the run, at least eight steps. At the start, where values fall fast, the window is a
    /// fifth of what is behind.
    static double[] smooth(double[] values) {
        double window = Math.max(8, values.length / 40.0);
        double[] smooth = new double[values.length];
        double mean = Double.NaN;
        long seen = 0;
        for (int i = 0; i < values.length; i++) {
            if (Double.isFinite(values[i])) {
                double weight = 2 / (1 + Math.min(window, 1 + seen++ / 5.0));
                mean = Double.isNaN(mean) ? values[i] : mean + weight * (values[i] - mean);
            }
            smooth[i] = mean;
        }
        return smooth;
    }
}
