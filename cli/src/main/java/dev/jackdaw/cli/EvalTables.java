package dev.jackdaw.cli;

import dev.jackdaw.train.eval.Difference;
import dev.jackdaw.train.eval.Scores;
import dev.jackdaw.train.eval.Scores.Score;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The results of [EvalCommand] for people: models side by side, each number with its interval, and how sure their differences are.
final class EvalTables {
    private final List<String> models;
    private final List<Map<String, Scores>> scores;        // of each model, by task

    EvalTables(List<String> models, List<Map<String, Scores>> scores) {
        this.models = models;
        this.scores = scores;
    }

    Map<String, Map<String, Object>> maps(int model) {
        Map<String, Map<String, Object>> maps = new LinkedHashMap<>();
        scores.get(model).forEach((task, of) -> maps.put(task, of.toMap()));
        return maps;
    }

    /// The first model with each other one, where both answered the same items.
    List<EvalCommand.Pair> pairs(long seed) {
        List<EvalCommand.Pair> pairs = new ArrayList<>();
        for (String task : scores.getFirst().keySet()) {
            Scores first = scores.getFirst().get(task);
            for (int m = 1; m < models.size(); m++) {
                Scores other = scores.get(m).get(task);
                for (String metric : first.metrics().keySet()) {
                    double[] a = first.metrics().get(metric).items(), b = other.metrics().get(metric).items();
                    boolean sameData = first.settings().get("data").equals(other.settings().get("data")) && !"held-out".equals(first.settings().get("data"));
                    if (sameData && a.length == b.length && a.length > 0 && !metric.equals("perplexity")) {
                        pairs.add(EvalCommand.pair(task, metric, models.getFirst(), models.get(m), Difference.of(a, b, seed)));
                    }
                }
            }
        }
        return pairs;
    }

    private List<String> head() {
        List<String> head = new ArrayList<>(List.of("task", "metric"));
        for (String model : models) {
            head.add(models.size() == 1 ? "value" : model);
            head.add("95%");
        }
        head.add("n");
        return head;
    }

    private List<List<String>> rows() {
        List<List<String>> rows = new ArrayList<>();
        for (String task : scores.getFirst().keySet()) {
            for (String metric : scores.getFirst().get(task).metrics().keySet()) {
                List<String> row = new ArrayList<>(List.of(task, metric));
                for (Map<String, Scores> of : scores) {
                    Score score = of.get(task).metrics().get(metric);
                    row.add(number(score.value()));
                    row.add(number(score.interval().low()) + " to " + number(score.interval().high()));
                }
                row.add(String.join(" ", scores.stream().map(of -> of.get(task).n()).distinct().map(n -> Integer.toString(n)).toList()));
                rows.add(row);
            }
        }
        return rows;
    }

    private static final List<String> PAIR_HEAD = List.of("task", "metric", "model", "less", "difference", "95%", "better", "worse", "n", "p");

    private static List<List<String>> rows(List<EvalCommand.Pair> pairs) {
        return pairs.stream().map(d -> List.of(d.task(), d.metric(), d.to(), d.from(), signed(d.difference()), signed(d.interval()[0]) + " to " + signed(d.interval()[1]),
                Integer.toString(d.gained()), Integer.toString(d.lost()), Integer.toString(d.n()), d.p() == null ? "" : number(d.p()))).toList();
    }

    void print(Output output, List<EvalCommand.Pair> pairs) {
        output.table(head(), rows());
        if (!pairs.isEmpty()) {
            output.line("");
            output.table(PAIR_HEAD, rows(pairs));
        }
        for (String line : settings()) {
            output.line(output.dim(line));
        }
    }

    /// One line for each task, and one more where a model differs.
    private List<String> settings() {
        List<String> lines = new ArrayList<>();
        for (String task : scores.getFirst().keySet()) {
            List<String> own = scores.stream().map(of -> line(of.get(task))).toList();
            boolean same = own.stream().distinct().count() == 1;
            for (int m = 0; m < (same ? 1 : models.size()); m++) {
                lines.add(task + (same ? "" : ", " + models.get(m)) + ": " + own.get(m));
            }
        }
        return lines;
    }

    private static String line(Scores of) {
        List<String> words = new ArrayList<>();
        of.facts().forEach((name, value) -> words.add(name + " " + (value instanceof Double d ? number(d) : value)));
        of.settings().forEach((name, value) -> {
            if (!name.equals("task")) {
                words.add(name + " " + value);
            }
        });
        return String.join(", ", words);
    }

    String markdown(List<EvalCommand.Pair> pairs) {
        StringBuilder text = new StringBuilder("# Evaluation\n\n");
        table(text, head(), rows());
        if (!pairs.isEmpty()) {
            text.append("\nDifferences on the same items: the model less the first one. p is McNemar's exact test.\n\n");
            table(text, PAIR_HEAD, rows(pairs));
        }
        text.append("\nIntervals are 95%: Wilson's for rates, exact ones for differences of rates, the bootstrap's elsewhere. Settings:\n\n");
        settings().forEach(line -> text.append("* ").append(line).append('\n'));
        return text.toString();
    }

    private static void table(StringBuilder text, List<String> head, List<List<String>> rows) {
        text.append("| ").append(String.join(" | ", head)).append(" |\n|").append(" --- |".repeat(head.size())).append('\n');
        rows.forEach(row -> text.append("| ").append(String.join(" | ", row)).append(" |\n"));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    private static String signed(double value) {
        return String.format(Locale.ROOT, "%+.4f", value);
    }
}
