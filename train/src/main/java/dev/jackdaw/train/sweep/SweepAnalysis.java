package dev.jackdaw.train.sweep;

import dev.jackdaw.train.scale.Counting;
import dev.jackdaw.train.scale.FittedLaw;
import dev.jackdaw.train.scale.IsoFlop;
import dev.jackdaw.train.scale.LawFit;
import dev.jackdaw.train.scale.Observation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// From the losses of a sweep to its laws, with `N` counted in each of three ways.
///
/// @param measured in the order of the plan
/// @param fits     by counting
/// @param profiles by counting
/// @param chosen   the counting whose law leaves the least residual; it predicts
/// @param backTest how far the law of all but the largest budget is from the models of that budget, by counting; empty with too few models
public record SweepAnalysis(List<Measured> measured, Map<Counting, LawFit> fits, Map<Counting, IsoFlop.Result> profiles, Counting chosen, Map<Counting, BackTest> backTest) {
    /// A point of the plan and its loss.
    public record Measured(SweepPlan.Point point, SweepPlan.Result result) {
        Observation observation(Counting counting) {
            return new Observation(counting.of(point.model(), point.settings().context()), point.settings().tokens(), result.loss());
        }
    }

    /// @param models    that were predicted
    /// @param meanError mean of |measured / predicted − 1|
    /// @param mostError largest of them
    public record BackTest(int models, double meanError, double mostError) {
    }

    public static final double CONFIDENCE = 0.95;

    static SweepAnalysis of(List<Measured> measured, int bootstraps, long seed) {
        Map<Counting, LawFit> fits = new EnumMap<>(Counting.class);
        Map<Counting, IsoFlop.Result> profiles = new EnumMap<>(Counting.class);
        Map<Counting, BackTest> tests = new EnumMap<>(Counting.class);
        for (Counting counting : Counting.values()) {
            List<Observation> models = measured.stream().map(m -> m.observation(counting)).toList();
            fits.put(counting, LawFit.of(models, bootstraps, seed));
            Map<Double, List<Observation>> byBudget = new TreeMap<>();
            measured.forEach(m -> byBudget.computeIfAbsent(m.point().budget(), _ -> new ArrayList<>()).add(m.observation(counting)));
            profiles.put(counting, IsoFlop.of(byBudget.entrySet().stream().map(e -> new IsoFlop.Profile(e.getKey(), e.getValue())).toList(), bootstraps, CONFIDENCE, seed));
            backTest(measured, counting, seed, tests);
        }
        Counting chosen = fits.entrySet().stream().min(Comparator.comparingDouble(e -> e.getValue().residual())).orElseThrow().getKey();
        return new SweepAnalysis(measured, fits, profiles, chosen, tests);
    }

    private static void backTest(List<Measured> measured, Counting counting, long seed, Map<Counting, BackTest> tests) {
        double largest = measured.stream().mapToDouble(m -> m.point().budget()).max().orElseThrow();
        List<Observation> before = measured.stream().filter(m -> m.point().budget() < largest).map(m -> m.observation(counting)).toList();
        List<Observation> last = measured.stream().filter(m -> m.point().budget() == largest).map(m -> m.observation(counting)).toList();
        if (before.size() < LawFit.LEAST_MODELS) {
            return;
        }
        LawFit fit = LawFit.of(before, 0, seed);
        double[] errors = last.stream().mapToDouble(o -> Math.abs(o.loss() / fit.law().loss(o.N(), o.D()) - 1)).toArray();
        tests.put(counting, new BackTest(errors.length, Arrays.stream(errors).average().orElseThrow(), Arrays.stream(errors).max().orElseThrow()));
    }

    /// The law to predict with and to keep.
    FittedLaw law(SweepPlan plan) {
        return law(plan, fits.get(chosen), measured);
    }

    /// The same counting, with one more model.
    FittedLaw with(Measured larger, SweepPlan plan, long seed) {
        List<Measured> all = new ArrayList<>(measured);
        all.add(larger);
        return law(plan, LawFit.of(all.stream().map(m -> m.observation(chosen)).toList(), plan.bootstraps(), seed), all);
    }

    private FittedLaw law(SweepPlan plan, LawFit fit, List<Measured> from) {
        var settings = from.getFirst().point().settings();
        var n = from.stream().mapToDouble(m -> m.observation(chosen).N()).summaryStatistics();
        var d = from.stream().mapToDouble(m -> m.point().settings().tokens()).summaryStatistics();
        var c = from.stream().mapToDouble(m -> m.point().settings().flops()).summaryStatistics();
        return FittedLaw.of(fit, chosen, new FittedLaw.Recipe(settings.model().vocabulary(), settings.context(), Math.toIntExact(settings.tokensPerStep())),
                new FittedLaw.Text(plan.data().sources(), plan.data().tokenizer(), plan.data().trainFingerprint(), plan.data().heldOutFingerprint(), plan.heldOutTokens(), plan.bytesPerToken()),
                new FittedLaw.Range(from.size(), n.getMin(), n.getMax(), d.getMin(), d.getMax(), c.getMin(), c.getMax()), profiles.get(chosen).parameters(), CONFIDENCE, plan.command(), plan.program().version());
    }
}
