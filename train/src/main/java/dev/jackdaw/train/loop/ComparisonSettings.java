package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.util.List;

/// What a user may fix of a training on comparisons; null leaves it to the defaults, which follow from the model and the data.
///
/// @param epochs       times each comparison is seen; by default 1
/// @param steps        of the optimizer, instead
/// @param context      places in a row; by default what the longest answer with its prompt needs, at least 256
/// @param batch        comparisons in a step; by default 16
/// @param pass         rows that go through at once
/// @param learningRate of all weights; by default 0.02 / width, between 0.000001 and 0.0002
/// @param weightDecay  by default 0
/// @param warmup       share of the steps; by default 0.1
/// @param cooldown     share of the steps; by default all that is left
public record ComparisonSettings(Double epochs, Long steps, Integer context, Integer batch, Integer pass, Double learningRate, Double weightDecay, Double warmup, Double cooldown) {
    public static final ComparisonSettings DEFAULT = new ComparisonSettings(null, null, null, null, null, null, null, null, null);

    private static final int LEAST_CONTEXT = 256;
    private static final int USUAL_BATCH = 16;
    private static final int EVALUATIONS = 8;
    private static final int CHECKPOINTS = 8;

    public ComparisonSettings {
        if (epochs != null && !(epochs > 0 && epochs < 1e6) || steps != null && steps < 1 || batch != null && batch < 1) {
            throw new IllegalArgumentException("comparisons: " + (steps != null ? steps + " steps" : epochs + " epochs") + " of " + batch + " comparisons a step; give positive numbers");
        }
    }

    int batch(int count) {
        return batch != null ? batch : Math.min(USUAL_BATCH, count);
    }

    /// Everything that decides what comes out, but for the loss.
    ///
    /// @param groups what lies in one pass, for each comparison
    /// @param order  of a run that begins
    TrainSettings train(ModelSpec model, List<List<Sequence>> groups, ComparisonOrder order, long seed) {
        int longest = groups.stream().flatMap(List::stream).mapToInt(Sequence::length).max().orElseThrow();
        int T = context != null ? context : Math.clamp(Math.max(LEAST_CONTEXT, (longest + 63) / 64 * 64), 2, Math.max(2, model.context()));
        if (T > model.context() || T < longest) {
            throw new IllegalArgumentException("comparisons: rows of " + T + " places; the longest text takes " + longest + " and the model's context is " + model.context());
        }
        int rowsInPass = pass != null ? pass : Math.max(2, 2048 / T), perStep = batch(groups.size());
        long n = steps != null ? steps : Math.max(1, (long) Math.ceil((epochs != null ? epochs : 1) * groups.size() / perStep));
        int rows = rowsInPass;
        for (long step = 0; step < n; step++) {
            TextRows some = new TextRows(rowsInPass, T, Integer.MAX_VALUE - rowsInPass);
            for (int i : order.next()) {
                some.add(groups.get(i));
            }
            rows = Math.max(rows, some.rows());
        }
        double rate = learningRate != null ? learningRate : Math.clamp(0.02 / model.width(), 1e-6, 2e-4), rise = warmup != null ? warmup : 0.1;
        return new TrainSettings(model, seed, n, rows, T, rowsInPass, OptimizerSettings.adamW(rate, weightDecay != null ? weightDecay : 0), rise,
                cooldown != null ? cooldown : 1 - rise, 0.02, false, every(n, EVALUATIONS), (int) n, every(n, CHECKPOINTS));
    }

    private static int every(long steps, int times) {
        return (int) Math.max(1, steps / times);
    }
}
