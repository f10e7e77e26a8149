package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.Weights;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.token.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/// What a finetuning moves, and what becomes of it: all weights of a model ([FullTuning]), or something small beside weights that stay.
///
/// Implementations are made with the weights of the base model in place; a checkpoint keeps only [#trained()].
public interface Tuning extends AutoCloseable {
    /// All weights as a training pass sees them; those that stay have no gradient.
    Weights model();

    /// Those that move.
    FlatWeights trained();

    /// The model as it is at this moment, to generate with; the caller closes it.
    Forward forward();

    /// Writes the result into the directory of the run.
    Path write(Path directory, Written written) throws IOException;

    @Override
    void close();

    /// What goes into the files beside the weights.
    record Written(String name, Tokenizer tokenizer, String template, Map<String, GgufValue> facts) {
    }
}
