package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.scale.FittedLaw;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/// The dial with a law: which size ends lowest in the time there is, at the speed this machine has for each size.
///
/// A size is first judged by its operations; then the best one and its neighbours on the ladder are timed, and whichever is best by what
/// was measured, until it is no longer a neighbour.
final class DialByLaw {
    /// Of the peak, until a size was timed.
    private static final double USUAL_SHARE = 0.6;
    /// More passes over the same text teach less than the law says (Muennighoff et al., 2023).
    private static final int MOST_EPOCHS = 4;
    private static final int MOST_MOVES = 3;

    private final Device device;
    private final double left;
    private final double peak;
    private final DoubleUnaryOperator secondsToTrain;
    private final Map<ModelSpec, Double> perToken = new HashMap<>();

    /// @param left           seconds
    /// @param peak           GFLOP/s
    /// @param secondsToTrain from seconds a token takes to seconds there are for steps
    DialByLaw(Device device, double left, double peak, DoubleUnaryOperator secondsToTrain) {
        this.device = device;
        this.left = left;
        this.peak = peak;
        this.secondsToTrain = secondsToTrain;
    }

    /// `usual` with the size that `law` chooses; `usual` itself where there is no law, or none that fits, or the size was chosen already.
    TrainSettings settings(FittedLaw law, TrainSettings usual, Dial.Choices choices, long trainTokens, Pretraining.Listener listener) {
        if (law == null || !Dial.choosesSize(choices)) {
            return usual;
        }
        if (law.recipe().vocabulary() != usual.model().vocabulary()) {
            listener.lawSetAside(String.format(Locale.ROOT, "the size follows the rule of thumb: the law is about a vocabulary of %,d, this is %,d", law.recipe().vocabulary(), usual.model().vocabulary()));
            return usual;
        }
        List<ModelSpec> ladder = Dial.ladder(usual.model().vocabulary(), usual.context(), choices);
        ModelSpec best = Dial.best(law, ladder, this::tokens);
        TrainSettings settings = settings(law, usual, best, choices);
        Dial.secondsPerStep(settings, device, Math.clamp(0.02 * left, 0.3, 3));            // until the kernels are compiled
        for (int moves = 0; moves < MOST_MOVES; moves++) {
            int at = ladder.indexOf(best);
            for (ModelSpec near : ladder.subList(Math.max(0, at - 1), Math.min(ladder.size(), at + 2))) {
                TrainSettings there = settings(law, usual, near, choices);
                perToken.computeIfAbsent(near, _ -> Dial.secondsPerStep(there, device, Math.clamp(0.01 * left, 0.2, 2)) / there.tokensPerStep());
            }
            ModelSpec better = Dial.best(law, ladder, this::tokens);
            if (better.equals(best)) {
                break;
            }
            best = better;
        }
        if (tokens(best) > (double) MOST_EPOCHS * trainTokens) {
            listener.lawSetAside(String.format(Locale.ROOT, "the size follows the rule of thumb: the law holds for text seen once, and there are %,d tokens for about %,.0f", trainTokens, tokens(best)));
            return usual;
        }
        return settings(law, usual, best, choices);
    }

    /// In steps as long as those the law is about, unless the context is another one.
    private static TrainSettings settings(FittedLaw law, TrainSettings usual, ModelSpec model, Dial.Choices choices) {
        FittedLaw.Recipe recipe = law.recipe();
        int batch = choices.batch() == null && recipe.context() == usual.context() ? Math.max(1, recipe.tokensPerStep() / recipe.context()) : usual.batch();
        int pass = choices.pass() == null ? TrainSettings.pass(model, batch, usual.context()) : choices.pass();
        return new TrainSettings(model, usual.seed(), usual.steps(), batch, usual.context(), pass, usual.optimizer(), usual.warmup(), usual.cooldown(), usual.floor(),
                usual.zeroProjections(), usual.evaluateEvery(), usual.sampleEvery(), usual.checkpointEvery());
    }

    private double tokens(ModelSpec model) {
        double seconds = perToken.getOrDefault(model, model.trainingFlopsPerToken(model.context()) / (USUAL_SHARE * peak * 1e9));
        return secondsToTrain.applyAsDouble(seconds) / seconds;
    }
}
