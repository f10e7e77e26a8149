package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.train.optim.OptimizerSettings;
import dev.jackdaw.train.optim.Schedule;

/// Everything that decides which weights come out of a run, apart from the data. Counted in steps and tokens, never in seconds.
///
/// @param model            what is trained
/// @param seed             of the initial weights, the order of the data, and samples
/// @param steps            of the optimizer
/// @param batch            sequences in one step
/// @param context          `T`, tokens in one sequence
/// @param pass             sequences in one forward and backward; a step accumulates the gradients of `batch / pass` passes. A
///                         smaller pass needs less memory and stays in the caches; the result is the same up to rounding
/// @param optimizer        how weights move
/// @param warmup           fraction of the steps in which the learning rate rises
/// @param cooldown         fraction of the steps in which it falls
/// @param floor            factor on the learning rate at the last step
/// @param zeroProjections  matrices that write to the residual stream start at zero, so each layer starts as the identity
/// @param evaluateEvery    steps between held-out evaluations
/// @param sampleEvery      steps between samples
/// @param checkpointEvery  steps between checkpoints
public record TrainSettings(ModelSpec model, long seed, long steps, int batch, int context, int pass, OptimizerSettings optimizer,
                            double warmup, double cooldown, double floor, boolean zeroProjections,
                            int evaluateEvery, int sampleEvery, int checkpointEvery) {
    public TrainSettings {
        if (steps < 1 || batch < 1 || context < 2 || pass < 1 || batch % pass != 0) {
            throw new IllegalArgumentException("training: " + steps + " steps of " + batch + " sequences of " + context + " tokens in passes of " + pass
                    + "; all must be positive, sequences at least 2 tokens long, and a step must hold whole passes");
        }
        if (context > model.context()) {
            throw new IllegalArgumentException("training: sequences of " + context + " tokens exceed the model's context of " + model.context());
        }
    }

    /// How many sequences to put through at once: about 2,048 tokens, whose activations of one layer a last-level cache can hold, while
    /// the weights are still read often enough to be worth fetching.
    public static int pass(ModelSpec model, int batch, int context) {
        int pass = Math.clamp(2048 / context, 1, batch);
        while (batch % pass != 0) {
            pass--;
        }
        return pass;
    }

    /// The same for another model.
    TrainSettings withModel(ModelSpec other) {
        return new TrainSettings(other, seed, steps, batch, context, pass, optimizer, warmup, cooldown, floor, zeroProjections, evaluateEvery, sampleEvery, checkpointEvery);
    }

    public Schedule schedule() {
        return new Schedule(steps, warmup, cooldown, floor);
    }

    public long tokensPerStep() {
        return (long) batch * context;
    }

    public long tokens() {
        return steps * tokensPerStep();
    }

    public double flops() {
        return tokens() * model.trainingFlopsPerToken(context);
    }
}
