package dev.jackdaw.train.loop;

/// Where a [Trainer] gets its tokens.
@FunctionalInterface
public interface BatchSource {
    /// Fills the ids and targets of a [Batch#plain()] batch with the next sequences; also starts and weights, where texts share a row or
    /// targets differ in weight.
    void next(Batch batch);
}
