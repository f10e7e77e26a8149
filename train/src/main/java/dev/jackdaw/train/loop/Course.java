package dev.jackdaw.train.loop;

import dev.jackdaw.train.data.BatchReader;
import dev.jackdaw.train.report.Sample;
import java.util.List;
import java.util.Map;

/// What a [Run] learns from, and how what was learned is looked at on the way: text, conversations, or comparisons.
interface Course extends AutoCloseable {
    /// What a step came to.
    ///
    /// @param tokens that were read, padding left out where it is known
    /// @param more   what only this kind of training has, for the metrics
    record Learned(Trainer.Step step, long tokens, Map<String, Double> more) {
    }

    /// Takes the next step.
    Learned learn();

    /// Where the batches are.
    BatchReader.Position position();

    /// Goes back to where they were when a checkpoint was written.
    void resume(BatchReader.Position position);

    /// Useful operations for each token of a step.
    double flopsPerToken();

    /// Bits per byte of what is held out; NaN if nothing is.
    ///
    /// @param isLast more is looked at after the last step
    double examine(boolean isLast);

    /// What else was found when it was last examined, for the metrics.
    default Map<String, Double> examined() {
        return Map.of();
    }

    /// Is it examined before the first step as well? A new model knows nothing, an old one something.
    default boolean examinesFirst() {
        return false;
    }

    /// What the model writes now.
    List<Sample> samples(long step);

    @Override
    void close();
}
