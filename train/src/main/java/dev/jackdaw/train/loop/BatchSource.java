package dev.jackdaw.train.loop;

import dev.jackdaw.tensor.Tensor;

/// Where a [Trainer] gets its tokens.
@FunctionalInterface
public interface BatchSource {
    /// Fills `ids` and `targets` `[B,T]` I32 with the next sequences; a target of −1 does not count.
    void next(Tensor ids, Tensor targets);
}
