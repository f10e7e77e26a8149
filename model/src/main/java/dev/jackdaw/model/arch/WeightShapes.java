package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.grad.Value;
import java.util.HashMap;
import java.util.Map;

/// The weights of a model without their numbers: enough to record a pass and see what memory it will take.
public final class WeightShapes implements Weights {
    private final Map<String, long[]> sizes = new HashMap<>();

    public WeightShapes(ModelSpec spec) {
        spec.parameters().forEach(parameter -> sizes.put(parameter.name(), parameter.sizes()));
    }

    @Override
    public Value value(String... names) {
        return joined(0, names);
    }

    @Override
    public Value expert(int expert, String... names) {
        return joined(1, names);
    }

    private Value joined(int leave, String... names) {
        long[] joined = java.util.Arrays.copyOfRange(sizes.get(names[0]), leave, sizes.get(names[0]).length);
        for (int i = 1; i < names.length; i++) {
            joined[0] += sizes.get(names[i])[leave];
        }
        return Value.planned(names[0], joined);
    }
}
