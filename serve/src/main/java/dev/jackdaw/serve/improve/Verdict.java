package dev.jackdaw.serve.improve;

import dev.jackdaw.train.eval.Difference;
import dev.jackdaw.train.eval.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Whether a candidate may take the place of the deployed model.
///
/// It may if the collected cases got better and no fixed evaluation got worse. Both models answered the same items, so each number is compared
/// pair by pair ([Difference]); worse is what lies below zero with its whole 95% interval, but for questions that the deployed model only guesses.
/// Better in the collected cases is: more of them are answered exactly as corrected; or as many, and the corrected answers gained in likelihood over
/// the bad ones with their whole interval, as long answers do, which nobody repeats word for word.
///
/// @param reasons in words: why not, or what got better
public record Verdict(boolean promote, List<String> reasons) {
    /// The evaluation of one number, before and after.
    ///
    /// @param isFixed     part of the fixed evaluation; else of the collected cases
    /// @param lowerBetter as bits per byte
    /// @param n           pairs
    /// @param before      of the deployed model
    /// @param after       of the candidate
    /// @param low         of the 95% interval of the difference
    /// @param allowed     change for the worse that counts as none
    /// @param isGuess     the deployed model answers these questions no better than the commonest answer would: another guess is no loss
    public record Row(String name, boolean isFixed, boolean lowerBetter, int n, double before, double after, double difference, double low, double high, double allowed, boolean isGuess, boolean isWorse) {
    }

    public Verdict {
        reasons = List.copyOf(reasons);
    }

    static Row row(String name, boolean isFixed, Marks.Mark before, Marks.Mark after, double tolerance, long seed) {
        Difference d = Difference.of(before.items(), after.items(), seed);
        Interval interval = d.interval();
        double allowed = before.lowerBetter() ? tolerance * before.value() : 0;
        boolean isWorse = before.lowerBetter() ? interval.low() > allowed : interval.high() < -allowed;
        return new Row(name, isFixed, before.lowerBetter(), d.n(), before.value(), after.value(), d.difference(), interval.low(), interval.high(), allowed, before.isGuess(), isWorse && !before.isGuess());
    }

    /// All numbers that both have.
    static List<Row> rows(Marks before, Marks after, ImproveSettings settings) {
        List<Row> rows = new ArrayList<>();
        for (Map.Entry<String, Marks.Mark> entry : before.fixed().entrySet()) {
            rows.add(row(entry.getKey(), true, entry.getValue(), after.fixed().get(entry.getKey()), settings.tolerance(), settings.seed()));
        }
        for (Map.Entry<String, Marks.Mark> entry : before.collected().entrySet()) {
            rows.add(row(entry.getKey(), false, entry.getValue(), after.collected().get(entry.getKey()), 0, settings.seed()));
        }
        return rows;
    }

    static Verdict of(List<Row> rows) {
        List<String> against = new ArrayList<>(), good = new ArrayList<>();
        Row exact = find(rows, Marks.EXACT), margin = find(rows, Marks.MARGIN);
        if (exact.difference > 0) {
            good.add(String.format(Locale.ROOT, "%s of the %d collected cases are answered as corrected, %s before", count(exact.after, exact.n), exact.n, count(exact.before, exact.n)));
        } else if (exact.difference == 0 && exact.before == 1) {
            against.add("the deployed model answers all " + exact.n + " collected cases as corrected already");
        } else if (exact.difference == 0 && margin.low > 0) {
            good.add(String.format(Locale.ROOT, "the corrected answers gained %.2f nats over the bad ones (95%% interval %.2f to %.2f)", margin.difference, margin.low, margin.high));
        } else {
            against.add(String.format(Locale.ROOT, "the collected cases did not improve: %s of %d are answered as corrected, %s before; the corrected answers gained %.2f nats over the bad ones (%.2f to %.2f)",
                    count(exact.after, exact.n), exact.n, count(exact.before, exact.n), margin.difference, margin.low, margin.high));
        }
        for (Row row : rows) {
            if (row.isWorse) {
                against.add(String.format(Locale.ROOT, "%s got worse: %.4f, %.4f before; the difference is %+.4f (95%% interval %+.4f to %+.4f%s, n %d)", row.name, row.after, row.before, row.difference,
                        row.low, row.high, row.allowed > 0 ? String.format(Locale.ROOT, ", %.4f are allowed", row.allowed) : "", row.n));
            }
        }
        long fixed = rows.stream().filter(row -> row.isFixed && !row.isGuess).count();
        if (fixed == 0) {
            against.add("there is nothing fixed to compare by: the deployment has neither an examination of which it knows something nor held-out text nor earlier conversations; give --tasks");
        } else if (against.isEmpty()) {
            good.add("none of the " + fixed + " fixed evaluations got worse beyond its interval");
        }
        return against.isEmpty() ? new Verdict(true, good) : new Verdict(false, against);
    }

    private static Row find(List<Row> rows, String name) {
        return rows.stream().filter(row -> row.name.equals(name)).findFirst().orElseThrow();
    }

    private static String count(double share, int n) {
        return Long.toString(Math.round(share * n));
    }
}
