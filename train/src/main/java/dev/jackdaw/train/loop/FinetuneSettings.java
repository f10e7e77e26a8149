package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.train.chat.AnswerSet;
import dev.jackdaw.train.data.Packer;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.util.Arrays;

/// What a user may fix of a finetuning; null leaves it to the defaults, which follow from the model and the number of conversations.
///
/// @param epochs                times each conversation is seen; by default 3
/// @param steps                 of the optimizer, instead
/// @param context               places in a row; by default 1,024 (fewer where all conversations take fewer) or the longest conversation, as far as the model reaches
/// @param batch                 rows in a step; by default so many that an epoch has 20 steps, at most 8,192 tokens
/// @param pass                  rows that go through at once
/// @param muon                  Muon for matrices; by default AdamW
/// @param learningRate          of the matrices; by default 0.25 / width, between 0.00002 and 0.001
/// @param embeddingLearningRate of everything else; by default the same
/// @param weightDecay           by default 0.01
/// @param warmup                share of the steps; by default 0.05
/// @param cooldown              share of the steps; by default all that is left
public record FinetuneSettings(Double epochs, Long steps, Integer context, Integer batch, Integer pass, Boolean muon, Double learningRate, Double embeddingLearningRate,
                               Double weightDecay, Double warmup, Double cooldown) {
    public static final FinetuneSettings DEFAULT = new FinetuneSettings(null, null, null, null, null, null, null, null, null, null, null);

    private static final int CONTEXT = 1024;
    private static final int MOST_TOKENS = 8192;
    private static final int LEAST_STEPS = 20;
    private static final int EVALUATIONS = 10;
    private static final int SAMPLES = 4;
    private static final int CHECKPOINTS = 10;

    public FinetuneSettings {
        if (epochs != null && !(epochs > 0 && epochs < 1e6) || steps != null && steps < 1) {
            throw new IllegalArgumentException("finetune: " + (steps != null ? steps + " steps" : epochs + " epochs") + "; give a positive number");
        }
        if (epochs != null && steps != null) {
            throw new IllegalArgumentException("finetune: " + epochs + " epochs and " + steps + " steps; give one of them");
        }
    }

    /// The same for so many steps.
    public FinetuneSettings withSteps(long steps) {
        return new FinetuneSettings(null, steps, context, batch, pass, muon, learningRate, embeddingLearningRate, weightDecay, warmup, cooldown);
    }

    /// Everything that decides what comes out.
    ///
    /// @param longest places that the longest conversation takes
    /// @param faster  factor on the default learning rate
    TrainSettings train(ModelSpec model, AnswerSet conversations, int longest, long seed, double faster) {
        long all = Arrays.stream(conversations.places()).asLongStream().sum();
        int usual = Math.clamp(Math.max(Math.min(CONTEXT, (all + 63) / 64 * 64), (longest + 63) / 64 * 64), 2, Math.max(2, model.context()));
        int T = context != null ? context : usual;
        if (T > model.context()) {
            throw new IllegalArgumentException("finetune: --context " + T + " exceeds the model's context of " + model.context());
        }
        int rows = Packer.whole(conversations.places(), T, seed, 0, true).rows();
        int rowsInStep = batch != null ? batch : Math.clamp(rows / LEAST_STEPS, 1, Math.max(1, MOST_TOKENS / T));
        long n = steps != null ? steps : Math.max(1, (long) Math.ceil((epochs != null ? epochs : 3) * rows / rowsInStep));
        double rate = learningRate != null ? learningRate : faster * Math.clamp(0.25 / model.width(), 2e-5, 1e-3);
        double others = embeddingLearningRate != null ? embeddingLearningRate : rate;
        OptimizerSettings optimizer = new OptimizerSettings(muon != null && muon, rate, others, others, 0.9, 0.95, 1e-8, 0.95, weightDecay != null ? weightDecay : 0.01, 1);
        double rise = warmup != null ? warmup : 0.05;
        return new TrainSettings(model, seed, n, rowsInStep, T, pass != null ? pass : TrainSettings.pass(model, rowsInStep, T), optimizer, rise,
                cooldown != null ? cooldown : 1 - rise, 0.02, false, every(n, EVALUATIONS), every(n, SAMPLES), every(n, CHECKPOINTS));
    }

    private static int every(long steps, int times) {
        return (int) Math.max(1, steps / times);
    }
}
