package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.grad.Value;
import java.util.HashMap;
import java.util.Map;

/// Passes weights on and remembers which of them a [Transformer] multiplies by, so that an [Adapter] finds the places it changes.
final class NamedWeights implements Weights {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    /// Weight `weight` inside the one that is multiplied: `rows` rows from `row` on.
    record Place(String weight, Value value, long row, long rows) {
    }

    private final Weights weights;
    private final Map<String, Long> rows = new HashMap<>();
    private final Map<String, Place> places = new HashMap<>();

    NamedWeights(Weights weights, ModelSpec spec) {
        this.weights = weights;
        spec.parameters().forEach(parameter -> rows.put(parameter.name(), parameter.sizes()[0]));
    }

    @Override
    public Value value(String... names) {
        Value value = weights.value(names);
        if (value.shape().rank() == 2) {
            long row = 0;
            for (String name : names) {
                places.put(name, new Place(name, value, row, rows.get(name)));
                row += rows.get(name);
            }
        }
        return value;
    }

    @Override
    public Value expert(int expert, String... names) {
        return weights.expert(expert, names);
    }

    @Override
    public Value table(String name) {
        return weights.table(name);
    }

    /// Null if no linear layer has a weight of that name. A head that is the embedding too is found as the head.
    Place place(String name, Transformer transformer) {
        if (name.equals(HEAD) && !places.containsKey(HEAD) && transformer.head() != null) {
            return places.get(EMBEDDING);
        }
        return name.equals(EMBEDDING) ? null : places.get(name);
    }
}
