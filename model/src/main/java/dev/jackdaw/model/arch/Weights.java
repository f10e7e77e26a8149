package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.grad.Value;

/// Where a [Transformer] finds its weights.
public interface Weights {
    /// The weight of that name, or several stacked row under row as one: q, k and v, or gate and up, are multiplied together.
    Value value(String... names);
}
