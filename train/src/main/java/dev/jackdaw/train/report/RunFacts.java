package dev.jackdaw.train.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/// The numbers of a run in words and tables: what [HtmlReport] and [MarkdownReport] both say.
final class RunFacts {
    private RunFacts() {
    }

    /// @param label what is counted
    record Fact(String value, String label) {
    }

    /// The handful of numbers that come first.
    static List<Fact> headline(ReportData data) {
        List<Fact> facts = new ArrayList<>();
        Evaluation evaluation = data.evaluation();
        double heldOut = lastHeldOut(data), right = last(data, "heldOutAccuracy");
        if (Double.isFinite(right)) {
            facts.add(new Fact(percent(right), "of the held-out pairs judged rightly"));
        }
        if (Double.isFinite(heldOut)) {
            facts.add(new Fact(Numbers.fixed(heldOut, 3), data.isComparing() ? "bits per byte, held-out text" : data.isFinetuning() ? "bits per byte, held-out answers" : "bits per byte, held-out"));
        }
        if (evaluation != null && evaluation.parameters() > 0) {
            facts.add(new Fact(Numbers.compact(evaluation.parameters()), "parameters"));
        }
        if (!data.metrics().isEmpty()) {
            StepMetrics last = data.metrics().getLast();
            facts.add(new Fact(Numbers.compact(last.tokens()), "training tokens in " + Numbers.grouped(last.step()) + " steps"));
            facts.add(time(last.seconds()));
            facts.add(new Fact(Numbers.compact(median(RunCharts.column(data, StepMetrics::tokensPerSecond))), "tokens per second"));
            facts.add(new Fact(Numbers.compact(median(RunCharts.column(data, StepMetrics::gflops))), "GFLOP/s" + ofPeak(data)));
        }
        return facts;
    }

    /// The median arithmetic rate as a part of what the machine can do, or nothing if that was not measured.
    static String ofPeak(ReportData data) {
        double peak = data.machine() == null ? 0 : data.machine().peakGflops();
        return peak > 0 ? ", " + Numbers.fixed(100 * median(RunCharts.column(data, StepMetrics::gflops)) / peak, 0) + "% of peak" : "";
    }

    private static Fact time(double seconds) {
        long whole = Math.round(seconds);
        return whole < 60 ? new Fact(Numbers.fixed(seconds, 1), "seconds of training")
                : whole < 3600 ? new Fact("%d:%02d".formatted(whole / 60, whole % 60), "minutes of training")
                : new Fact("%d:%02d".formatted(whole / 3600, whole % 3600 / 60), "hours of training");
    }

    /// One sentence on what the model is worth as a compressor.
    static String verdict(ReportData data) {
        Evaluation evaluation = data.evaluation();
        if (data.isComparing()) {
            double right = last(data, "heldOutAccuracy");
            return Double.isFinite(right) ? "Of the pairs it never learned from, " + percent(right) + " are judged rightly: the chosen answer has the larger reward."
                    : "No pairs were held out; of the comparisons of the last step " + percent(last(data, "accuracy")) + " were judged rightly.";
        }
        if (evaluation == null) {
            double heldOut = lastHeldOut(data);
            return Double.isFinite(heldOut) ? "The run is not finished. Its last evaluation found " + Numbers.fixed(heldOut, 3) + " bits per byte."
                    : "The run has not been evaluated yet.";
        }
        if (data.isFinetuning()) {
            String before = data.metrics().stream().filter(m -> m.step() == 0 && m.isEvaluated()).findFirst().map(m -> "; before it was finetuned it needed "
                    + Numbers.fixed(m.heldOutBitsPerByte(), 3)).orElse("");
            return "For the answers of " + Numbers.grouped(evaluation.documents()) + " conversations it never saw (" + Numbers.bytes(evaluation.bytes()) + ") the model needs "
                    + Numbers.fixed(evaluation.bitsPerByte(), 3) + " bits per byte, each conversation on its own" + before + ".";
        }
        String found = "On " + Numbers.grouped(evaluation.documents()) + " documents it never saw (" + Numbers.bytes(evaluation.bytes()) + ") the model needs "
                + Numbers.fixed(evaluation.bitsPerByte(), 3) + " bits per byte, each document on its own";
        String comparisons = Stream.of(Baselines.BY_DOCUMENT, Baselines.ONE_STREAM).map(scope -> {
            String listed = evaluation.baselines().stream().filter(b -> b.scope().equals(scope) && !b.isNGram())
                    .map(b -> comparison(evaluation.bitsPerByte(), b)).collect(Collectors.joining(" and "));
            return listed.isEmpty() ? "" : listed + (scope.equals(Baselines.ONE_STREAM) ? " over all of them in one stream" : " document by document");
        }).filter(text -> !text.isEmpty()).collect(Collectors.joining(", "));
        return found + (comparisons.isEmpty() ? "." : ": " + comparisons + ".");
    }

    private static String comparison(double bitsPerByte, Baselines.Baseline baseline) {
        double less = 100 * (1 - bitsPerByte / baseline.bitsPerByte());
        return Numbers.fixed(Math.abs(less), 1) + "% " + (less >= 0 ? "less" : "more") + " than " + baseline.name();
    }

    /// Bits per byte of everything that was measured on the held-out documents, worst first.
    static Table compression(Evaluation evaluation) {
        record Row(String name, String scope, long bytes, double bitsPerByte) {
        }
        List<Row> rows = new ArrayList<>();
        rows.add(new Row("the text itself", "", evaluation.bytes(), 8));
        evaluation.baselines().forEach(b -> rows.add(new Row(b.name(), b.scope(), b.bytes(), b.bitsPerByte())));
        Row model = new Row("this model", Baselines.BY_DOCUMENT, (long) Math.ceil(evaluation.bitsPerByte() * evaluation.bytes() / 8), evaluation.bitsPerByte());
        rows.add(model);
        rows.sort((a, b) -> Double.compare(b.bitsPerByte, a.bitsPerByte));
        Table table = Table.of("on the held-out documents", "how", "bytes", "bits per byte", "times the model");
        for (Row row : rows) {
            table.row(row.name, row.scope, Numbers.grouped(row.bytes), Numbers.fixed(row.bitsPerByte, 3), Numbers.fixed(row.bitsPerByte / model.bitsPerByte, 2));
        }
        return table.stress(rows.indexOf(model));
    }

    /// The text that went in and the parameters that came out.
    static Table parameters(Evaluation evaluation) {
        Table table = Table.of("", "bytes", "of the training text");
        table.row("training text (" + Numbers.grouped(evaluation.trainingTokens()) + " tokens)", Numbers.grouped(evaluation.trainingBytes()), "100%");
        for (Evaluation.FileSize file : evaluation.files()) {
            table.row("parameters as " + file.format(), Numbers.grouped(file.bytes()), evaluation.trainingBytes() == 0 ? "–"
                    : Numbers.fixed(100.0 * file.bytes() / evaluation.trainingBytes(), 1) + "%");
        }
        return table;
    }

    static Table evaluations(ReportData data) {
        if (data.isComparing()) {
            Table table = Table.of("step", "tokens", "time", "held-out pairs judged rightly", "train loss");
            data.metrics().stream().filter(m -> m.more().containsKey("heldOutAccuracy")).forEach(m -> table.row(Numbers.grouped(m.step()), Numbers.grouped(m.tokens()),
                    Numbers.duration(m.seconds()), percent(m.more().get("heldOutAccuracy")), Numbers.fixed(m.trainLoss(), 4)));
            return table;
        }
        Table table = Table.of("step", "tokens", "time", "held-out bits per byte", "train loss, nats per token");
        data.metrics().stream().filter(StepMetrics::isEvaluated).forEach(m -> table.row(Numbers.grouped(m.step()), Numbers.grouped(m.tokens()),
                Numbers.duration(m.seconds()), Numbers.fixed(m.heldOutBitsPerByte(), 4), Numbers.fixed(m.trainLoss(), 4)));
        return table;
    }

    static Table machine(Machine machine) {
        Table table = Table.of("machine", "");
        table.row("processor", String.valueOf(machine.cpu()));
        table.row("threads used", machine.threads() + " of " + machine.processors());
        table.row("memory", machine.memoryBytes() > 0 ? Numbers.bytes(machine.memoryBytes()) : "–");
        table.row("measured float32 peak", machine.peakGflops() > 0 ? Numbers.fixed(machine.peakGflops(), 0) + " GFLOP/s" : "–");
        table.row("Java", String.valueOf(machine.jdk()));
        table.row("system", String.valueOf(machine.system()));
        return table;
    }

    /// All of `run.json`, one table for each of its objects; what stands outside of any object comes first.
    static Map<String, Table> settings(JsonNode settings) {
        Map<String, Table> tables = new LinkedHashMap<>();
        tables.put("run", Table.of("setting", "value"));
        settings.properties().forEach(entry -> {
            if (entry.getKey().equals("machine")) {
                return;       // has a table of its own
            }
            Table table = entry.getValue().isObject() ? tables.computeIfAbsent(entry.getKey(), _ -> Table.of("setting", "value")) : tables.get("run");
            if (entry.getValue().isObject()) {
                flatten("", entry.getValue(), table);
            } else {
                table.row(entry.getKey(), valueOf(entry.getValue()));
            }
        });
        tables.values().removeIf(table -> table.rows().isEmpty());
        return tables;
    }

    private static void flatten(String path, JsonNode object, Table table) {
        object.properties().forEach(entry -> {
            String name = path.isEmpty() ? entry.getKey() : path + "." + entry.getKey();
            if (entry.getValue().isObject()) {
                flatten(name, entry.getValue(), table);
            } else {
                table.row(name, valueOf(entry.getValue()));
            }
        });
    }

    private static String valueOf(JsonNode value) {
        return Markup.shortened(value.isString() ? value.asString() : value.toString(), 2000);
    }

    static double lastHeldOut(ReportData data) {
        return data.evaluation() != null ? data.evaluation().bitsPerByte()
                : data.metrics().stream().filter(StepMetrics::isEvaluated).mapToDouble(StepMetrics::heldOutBitsPerByte).reduce(Double.NaN, (_, last) -> last);
    }

    /// The last time that something was measured which only some kinds of training have; `NaN` if it never was.
    private static double last(ReportData data, String name) {
        return data.metrics().stream().mapToDouble(m -> m.more().getOrDefault(name, Double.NaN)).filter(Double::isFinite).reduce(Double.NaN, (_, last) -> last);
    }

    private static String percent(double share) {
        return Numbers.fixed(100 * share, 1) + "%";
    }

    static double median(double[] values) {
        double[] sorted = Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
        return sorted.length == 0 ? Double.NaN : sorted[sorted.length / 2];
    }
}
