package dev.jackdaw.model.arch;

import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Value;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// Weights for inference. Usually each matrix is read once from its source, widened to F32 and packed for the device; the original is not
/// needed afterwards. Where that would not fit in memory, matrices stay where they are and are unpacked tile by tile whenever they are
/// multiplied: the same bits come out, but every pass over the model reads and converts all of it.
final class InferenceWeights implements Weights {
    private final Arena arena;
    private final Device device;
    private final WeightSource source;
    private final boolean mapped;
    private final Map<String, ModelSpec.Parameter> parameters = new HashMap<>();
    private final Map<Value, List<WeightSource.Stored>> inPlace = new IdentityHashMap<>();

    InferenceWeights(Arena arena, Device device, ModelSpec spec, WeightSource source, boolean mapped) {
        this.arena = arena;
        this.device = device;
        this.source = source;
        this.mapped = mapped;
        for (ModelSpec.Parameter parameter : spec.parameters()) {
            parameters.put(parameter.name(), parameter);
        }
    }

    @Override
    public Value value(String... names) {
        return value(-1, names);
    }

    @Override
    public Value expert(int expert, String... names) {
        return value(expert, names);
    }

    /// The stored parts of a weight that was left in place; null for a packed one.
    List<WeightSource.Stored> parts(Value weight) {
        return inPlace.get(weight);
    }

    private Value value(int expert, String... names) {
        int first = expert < 0 ? 0 : 1;
        long[] sizes = sizes(names[0]);
        boolean matrix = sizes.length == first + 2;
        long rows = 0;
        for (String name : names) {
            rows += sizes(name)[first];
        }
        if (mapped && matrix) {
            Value value = inPlace(expert, rows, sizes[first + 1], names);
            if (value != null) {
                return value;
            }
        }
        if (!matrix) {
            Tensor data = Tensor.zeros(arena, rows);
            stack(data, expert, names);
            return Value.of(names[0], data, null);
        }
        long C = sizes[first + 1];
        try (Arena temporary = Arena.ofShared()) {
            Tensor wide = Tensor.zeros(temporary, rows, C);
            stack(wide, expert, names);
            long bytes = device.packedBytes(rows, C);
            Tensor packed = Tensor.over(arena.allocate(bytes, Memory.ALIGNMENT), DType.F32, Shape.of(bytes / 4));
            device.pack(packed, wide);
            return Value.packed(names[0], Shape.of(rows, C), packed);
        }
    }

    private Value inPlace(int expert, long rows, long C, String... names) {
        List<WeightSource.Stored> parts = new ArrayList<>();
        for (String name : names) {
            WeightSource.Stored stored = source.stored(name, expert);
            if (stored == null) {
                return null;
            }
            parts.add(stored);
        }
        Value value = Value.planned(names[0], rows, C);
        inPlace.put(value, parts);
        return value;
    }

    /// Row under row, as F32.
    private void stack(Tensor to, int expert, String... names) {
        long row = 0;
        for (String name : names) {
            long[] sizes = sizes(name);
            long next = row + sizes[expert < 0 ? 0 : 1];
            try (Arena temporary = Arena.ofShared()) {
                Tensor found = expert < 0 ? source.tensor(temporary, name) : source.tensor(temporary, name, expert);
                if (expert >= 0) {
                    sizes = sizes.clone();
                    sizes[0] = 1;
                }
                if (!found.shape().equals(Shape.of(sizes))) {
                    throw new IllegalArgumentException("weights: " + name + " has shape " + found.shape() + "; the model needs " + Shape.of(sizes));
                }
                to.slice(row, next).copyFrom(found.type() == DType.F32 ? found : Conversion.to(temporary, found, DType.F32));
            }
            row = next;
        }
    }

    @Override
    public Value table(String name) {
        Tensor data = Tensor.zeros(arena, sizes(name));
        stack(data, -1, name);
        return Value.of(name, data, null);
    }

    private long[] sizes(String name) {
        ModelSpec.Parameter parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("weights: the model has none named " + name);
        }
        return parameter.sizes();
    }
}
