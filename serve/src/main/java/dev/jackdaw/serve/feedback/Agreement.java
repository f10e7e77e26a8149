package dev.jackdaw.serve.feedback;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How far labellers agree beyond chance: 1 always, 0 as if they had thrown dice, below 0 less than that.
///
/// - **Cohen's kappa** (Cohen 1960) of two labellers over the items that both labelled: `(po - pe) / (1 - pe)`, the share of agreement `po` and
///   what two labellers with these habits would agree on by chance, `pe = Σ_c p_a(c) · p_b(c)`.
/// - **Krippendorff's alpha** (Krippendorff 2011, nominal) of any number of labellers who may each have missed items: `1 - Do / De`, the
///   disagreement within items and the disagreement of values drawn from all items together.
///
/// Both are undefined, here null, if all values are the same: then there is nothing by which chance and insight differ.
public final class Agreement {
    /// @param value null if undefined
    /// @param n     items that both labelled
    public record Kappa(String first, String second, Double value, int n) {
    }

    /// @param value null if undefined
    /// @param n     items with two labels at least
    /// @param labels of these items
    public record Alpha(Double value, int n, int labels) {
    }

    /// @param items  with a label
    /// @param agreed share of the pairs of labels of one item that are equal; null if there is no pair
    /// @param kappas of each two labellers with a common item
    /// @param alpha  of all of them
    public record Report(int labellers, int items, int labels, Double agreed, List<Kappa> kappas, Alpha alpha) {
    }

    private Agreement() {
    }

    /// From choices; what was skipped does not count.
    public static Report of(List<Label> labels) {
        Map<String, Map<String, String>> byItem = new TreeMap<>(), byLabeller = new TreeMap<>();
        int count = 0;
        for (Label label : labels) {
            if (label.value() instanceof Label.Value.Choice(int candidate)) {
                byItem.computeIfAbsent(label.itemId(), _ -> new TreeMap<>()).put(label.labeller(), Integer.toString(candidate));
                byLabeller.computeIfAbsent(label.labeller(), _ -> new TreeMap<>()).put(label.itemId(), Integer.toString(candidate));
                count++;
            }
        }
        List<Kappa> kappas = new ArrayList<>();
        List<String> names = List.copyOf(byLabeller.keySet());
        for (int i = 0; i < names.size(); i++) {
            for (int j = i + 1; j < names.size(); j++) {
                List<String> first = new ArrayList<>(), second = new ArrayList<>();
                Map<String, String> other = byLabeller.get(names.get(j));
                byLabeller.get(names.get(i)).forEach((item, value) -> {
                    if (other.containsKey(item)) {
                        first.add(value);
                        second.add(other.get(item));
                    }
                });
                if (!first.isEmpty()) {
                    kappas.add(new Kappa(names.get(i), names.get(j), kappa(first, second), first.size()));
                }
            }
        }
        List<List<String>> units = byItem.values().stream().map(values -> List.copyOf(values.values())).filter(values -> values.size() > 1).toList();
        long equal = 0, pairs = 0;
        for (List<String> unit : units) {
            for (int i = 0; i < unit.size(); i++) {
                for (int j = i + 1; j < unit.size(); j++) {
                    equal += unit.get(i).equals(unit.get(j)) ? 1 : 0;
                    pairs++;
                }
            }
        }
        return new Report(names.size(), byItem.size(), count, pairs == 0 ? null : (double) equal / pairs, kappas,
                new Alpha(alpha(units), units.size(), units.stream().mapToInt(List::size).sum()));
    }

    /// Of two labellers: their values of the same items. Null if undefined.
    public static Double kappa(List<String> first, List<String> second) {
        if (first.size() != second.size()) {
            throw new IllegalArgumentException("kappa: " + first.size() + " and " + second.size() + " values; both labellers must have one for each item");
        }
        int n = first.size(), same = 0;
        for (int i = 0; i < n; i++) {
            same += first.get(i).equals(second.get(i)) ? 1 : 0;
        }
        Map<String, Integer> a = counts(first), b = counts(second);
        double chance = 0;
        for (Map.Entry<String, Integer> each : a.entrySet()) {
            chance += (double) each.getValue() * b.getOrDefault(each.getKey(), 0) / ((double) n * n);
        }
        return n == 0 || a.size() == 1 && a.keySet().equals(b.keySet()) ? null : (Double) (((double) same / n - chance) / (1 - chance));
    }

    /// Of any number of labellers: the values of each item, whoever gave them. Items with one value count for nothing. Null if undefined.
    public static Double alpha(List<List<String>> units) {
        Map<String, Integer> all = new HashMap<>();
        double observed = 0;
        long n = 0;
        for (List<String> unit : units) {
            if (unit.size() > 1) {
                Map<String, Integer> counts = counts(unit);
                long equal = counts.values().stream().mapToLong(c -> (long) c * (c - 1)).sum();
                observed += (double) ((long) unit.size() * (unit.size() - 1) - equal) / (unit.size() - 1);
                counts.forEach((value, c) -> all.merge(value, c, Integer::sum));
                n += unit.size();
            }
        }
        double total = n;
        double expected = total * total - all.values().stream().mapToDouble(c -> (double) c * c).sum();
        return expected == 0 ? null : (Double) (1 - (total - 1) * observed / expected);
    }

    private static Map<String, Integer> counts(List<String> values) {
        Map<String, Integer> counts = new HashMap<>();
        values.forEach(value -> counts.merge(value, 1, Integer::sum));
        return counts;
    }
}
