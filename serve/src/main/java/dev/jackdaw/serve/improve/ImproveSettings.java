package dev.jackdaw.serve.improve;

import dev.jackdaw.train.eval.Format;
import java.util.List;

/// Everything that decides what an improvement makes of its corrections.
///
/// @param steps        of the optimizer; null: one pass over the mixture
/// @param learningRate of the matrices; null: a fifth of a finetuning's default, since a little is to change
/// @param sightings    how often each correction is in the mixture
/// @param replay       share of the mixture that reminds the model of earlier finetuning data, 0 to below 1
/// @param leastReplay  conversations of it, however few corrections there are
/// @param heldOut      share of the corrections that is examined and not learned, where there are at least [#ENOUGH]
/// @param questions    of each group of the examination; 0: all
/// @param textTokens   of the held-out text at most; 0: all
/// @param tolerance    by which share the bits per byte of text may rise: an assistant is no model of documents any more, its windows are so alike for
///                     both models that any training is beyond their interval, and what is looked for is collapse
/// @param tasks        further fixed evaluations, see [dev.jackdaw.train.eval.TaskFiles]
/// @param dataFolders  with the data of tasks
/// @param format       in which tasks are asked
/// @param limit        items of a task; 0: all
/// @param maxTokens    of an answer to a collected case
/// @param canary       share of the keys that get a better model first; null: it is served to everybody
/// @param dryRun       only say what would be learned
/// @param seed         of everything that is drawn
public record ImproveSettings(Long steps, Double learningRate, int sightings, double replay, int leastReplay, double heldOut, int questions, long textTokens, double tolerance,
                              List<String> tasks, List<String> dataFolders, Format format, int limit, int maxTokens, Double canary, boolean dryRun, long seed) {
    /// Corrections from which on some are held out: with fewer, a held-out fifth would say nothing.
    public static final int ENOUGH = 20;

    public static final ImproveSettings DEFAULT = new ImproveSettings(null, null, 64, 0.9, 6000, 0.2, 0, 32_768, 0.05, List.of(), List.of(), Format.BASE, 0, 256, null, false, 0);

    public ImproveSettings {
        tasks = List.copyOf(tasks);
        dataFolders = List.copyOf(dataFolders);
        require(steps == null || steps >= 1, "--steps " + steps + ": give at least 1");
        require(learningRate == null || learningRate > 0 && learningRate < 1, "--learning-rate " + learningRate + ": give a number between 0 and 1, 0.0003 for instance");
        require(sightings >= 1, "--sightings " + sightings + ": give at least 1");
        require(replay >= 0 && replay < 1, "--replay " + replay + ": give a share of at least 0 and less than 1");
        require(heldOut >= 0 && heldOut < 1, "--held-out " + heldOut + ": give a share of at least 0 and less than 1");
        require(questions >= 0 && limit >= 0 && textTokens >= 0 && leastReplay >= 0 && maxTokens >= 1, "improve: numbers of questions, items, tokens and conversations must not be negative");
        require(tolerance >= 0 && tolerance < 1, "--tolerance " + tolerance + ": give a share of at least 0 and less than 1");
        require(canary == null || canary > 0 && canary <= 1, "--canary " + canary + ": give a share of more than 0 and at most 1, 0.1 for a tenth");
    }

    private static void require(boolean holds, String problem) {
        if (!holds) {
            throw new IllegalArgumentException(problem);
        }
    }

    // one dial at a time, for callers that leave the others alone

    public ImproveSettings withSteps(Long other) {
        return new ImproveSettings(other, learningRate, sightings, replay, leastReplay, heldOut, questions, textTokens, tolerance, tasks, dataFolders, format, limit, maxTokens, canary, dryRun, seed);
    }

    public ImproveSettings withLearningRate(Double other) {
        return new ImproveSettings(steps, other, sightings, replay, leastReplay, heldOut, questions, textTokens, tolerance, tasks, dataFolders, format, limit, maxTokens, canary, dryRun, seed);
    }

    public ImproveSettings withMixture(int otherSightings, double otherReplay, int otherLeast) {
        return new ImproveSettings(steps, learningRate, otherSightings, otherReplay, otherLeast, heldOut, questions, textTokens, tolerance, tasks, dataFolders, format, limit, maxTokens, canary, dryRun, seed);
    }

    public ImproveSettings withCanary(Double other) {
        return new ImproveSettings(steps, learningRate, sightings, replay, leastReplay, heldOut, questions, textTokens, tolerance, tasks, dataFolders, format, limit, maxTokens, other, dryRun, seed);
    }

    public ImproveSettings withDryRun() {
        return new ImproveSettings(steps, learningRate, sightings, replay, leastReplay, heldOut, questions, textTokens, tolerance, tasks, dataFolders, format, limit, maxTokens, canary, true, seed);
    }
}
