package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.grad.Value;

/// Where a [Transformer] finds its weights, by the names of [ModelSpec#parameters()].
public interface Weights {
    /// The weight of that name, or several stacked row under row as one: q, k and v, or gate and up, are multiplied together.
    Value value(String... names);

    /// The same for expert number `expert` of weights `[E,F,C]` or `[E,F]`.
    default Value expert(int expert, String... names) {
        throw new UnsupportedOperationException("weights: " + names[0] + " of single experts cannot be had from " + getClass().getSimpleName());
    }

    /// A weight in plain row-major order, for tables and for products that are not a linear layer.
    default Value table(String name) {
        return value(name);
    }
}
