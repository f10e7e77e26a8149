package dev.jackdaw.train.sweep;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.train.loop.Dial;
import dev.jackdaw.train.loop.TrainSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/// Chooses the models of a sweep: `budgets` budgets, each `growth` times the one before, `sizes` sizes for each around the one that the
/// rule of thumb holds for best; and the smallest budget so that everything, the larger run included, fits in the time.
///
/// All of them are trained by one recipe, that of [Dial], with steps of equal length whatever the budget, since a jump in the recipe would be
/// a jump in the law. Each run has a schedule fitted to its own length (Hoffmann et al., 2022, found the loss on the way of a longer run to
/// be too high).
final class SweepPlanner {
    private static final int TOKENS_PER_STEP = 4096;
    private static final int LEAST_STEPS = 8;
    private static final double LEAST_BUDGET = 1e8;          // below, the least number of steps decides
    /// Of the time there is; the rest is for what was not foreseen.
    private static final double SHARE = 0.85;
    private static final double USUAL_RATE = 0.5;
    /// Starting, sampling and checkpoints of a run, in seconds.
    private static final double OVERHEAD = 1.5;

    private final Sweep.Request request;
    private final ToDoubleFunction<TrainSettings> measure;
    private final int vocabulary;
    private final long heldOutTokens;
    private final Map<ModelSpec, Double> secondsPerStep = new HashMap<>();

    /// @param measure seconds that a step takes
    SweepPlanner(Sweep.Request request, int vocabulary, long heldOutTokens, ToDoubleFunction<TrainSettings> measure) {
        this.request = request;
        this.measure = measure;
        this.vocabulary = vocabulary;
        this.heldOutTokens = heldOutTokens;
    }

    /// The context for all: the dial's for the larger run, whose operations are guessed from the machine's peak.
    int context(double seconds, double peakGflops) {
        double operations = request.flops() != null ? request.flops() * largest() * request.larger() : seconds / 3 * USUAL_RATE * peakGflops * 1e9;
        return Dial.model(operations, vocabulary, request.choices()).context();
    }

    /// The smallest budget that was asked for, or that fills `seconds`.
    double smallest(double seconds, double peakGflops, int context) {
        if (request.flops() != null) {
            return request.flops();
        }
        double all = request.larger() * largest();
        for (int i = 0; i < request.budgets(); i++) {
            all += request.sizes() * Math.pow(request.growth(), i);
        }
        double budget = SHARE * seconds * USUAL_RATE * peakGflops * 1e9 / all;
        for (int round = 0; round < 6; round++) {                      // other budgets mean other sizes, which mean other rates
            budget *= Math.clamp(SHARE * seconds / seconds(budget, context), 0.2, 4);
        }
        while (seconds(budget, context) > SHARE * seconds && budget > LEAST_BUDGET) {
            budget *= 0.95;
        }
        return budget;
    }

    /// The largest budget over the smallest.
    private double largest() {
        return Math.pow(request.growth(), request.budgets() - 1);
    }

    double largerOperations(double smallest) {
        return smallest * largest() * request.larger();
    }

    List<SweepPlan.Point> points(double smallest, int context) {
        List<SweepPlan.Point> points = new ArrayList<>();
        List<ModelSpec> ladder = Dial.ladder(vocabulary, context, request.choices());
        for (int b = 0; b < request.budgets(); b++) {
            double budget = smallest * Math.pow(request.growth(), b);
            int first = Math.clamp(rung(budget) - request.sizes() / 2, 0, ladder.size() - request.sizes());
            for (ModelSpec model : ladder.subList(first, first + request.sizes())) {
                TrainSettings settings = settings(model, budget);
                String name = String.format(Locale.ROOT, "%d-%.2e-%dx%d", b + 1, budget, model.layers(), model.width()).replace("+", "");
                points.add(new SweepPlan.Point(name, budget, settings));
            }
        }
        return points;
    }

    private static int rung(double operations) {
        return (int) Math.round(2 * (Dial.depth(operations) - 1));
    }

    /// As many steps as the operations pay for; evaluated once, at the end.
    TrainSettings settings(ModelSpec model, double operations) {
        TrainSettings s = Dial.settings(model, operations, request.seed(), request.choices());
        int batch = request.choices().batch() != null ? request.choices().batch() : Math.max(1, TOKENS_PER_STEP / model.context());
        int pass = request.choices().pass() != null ? request.choices().pass() : TrainSettings.pass(model, batch, model.context());
        long steps = Math.max(LEAST_STEPS, Math.round(operations / model.trainingFlopsPerToken(model.context()) / ((long) batch * model.context())));
        int once = (int) Math.min(Integer.MAX_VALUE, steps);
        return new TrainSettings(model, s.seed(), steps, batch, s.context(), pass, s.optimizer(), s.warmup(), s.cooldown(), s.floor(), s.zeroProjections(),
                once, once, (int) Math.clamp(steps / 4, 1, 1000));
    }

    /// What all of it should take, by the measured rate of each size.
    double seconds(double smallest, int context) {
        double sum = 0;
        for (SweepPlan.Point point : points(smallest, context)) {
            sum += seconds(point.settings());
        }
        double operations = largerOperations(smallest);
        List<ModelSpec> ladder = Dial.ladder(vocabulary, context, request.choices());
        return sum + 1.08 * seconds(settings(ladder.get(Math.clamp(rung(operations), 0, ladder.size() - 1)), operations));      // it is looked at on the way
    }

    private double seconds(TrainSettings settings) {
        double perStep = secondsPerStep.computeIfAbsent(settings.model(), _ -> measure.applyAsDouble(settings));
        return settings.steps() * perStep + heldOutTokens * perStep / settings.tokensPerStep() / 2 + OVERHEAD;
    }
}
