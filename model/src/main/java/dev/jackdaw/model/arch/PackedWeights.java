package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.model.format.Conversion;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/// Weights for inference: each matrix is read once from wherever `source` finds it, widened to F32 and packed for the device. The
/// original is not needed afterwards.
final class PackedWeights implements Weights {
    private final Arena arena;
    private final Device device;
    private final Map<String, long[]> sizes = new HashMap<>();
    private final Function<String, Tensor> source;
    private long bytes;

    PackedWeights(Arena arena, Device device, ModelSpec spec, Function<String, Tensor> source) {
        this.arena = arena;
        this.device = device;
        this.source = source;
        for (ModelSpec.Parameter parameter : spec.parameters()) {
            sizes.put(parameter.name(), parameter.sizes());
        }
    }

    @Override
    public Value value(String... names) {
        long[] first = sizes.get(names[0]);
        long rows = 0;
        for (String name : names) {
            rows += sizes.get(name)[0];
        }
        if (first.length == 1) {
            Tensor data = Tensor.zeros(arena, rows);
            copy(names[0], data);
            return Value.of(names[0], data, null);
        }
        long C = first[1];
        try (Arena temporary = Arena.ofShared()) {
            Tensor wide = Tensor.zeros(temporary, rows, C);
            long row = 0;
            for (String name : names) {
                long next = row + sizes.get(name)[0];
                copy(name, wide.slice(row, next));
                row = next;
            }
            long size = device.packedBytes(rows, C);
            Tensor packed = Tensor.over(arena.allocate(size, Memory.ALIGNMENT), DType.F32, Shape.of(size / 4));
            device.pack(packed, wide);
            bytes += size;
            return Value.packed(names[0], Shape.of(rows, C), packed);
        }
    }

    private void copy(String name, Tensor to) {
        Tensor found = source.apply(name);
        if (found.elements() != to.elements() || found.shape().width() != to.shape().width()) {
            throw new IllegalArgumentException("weights: " + name + " has shape " + found.shape() + "; the model needs " + to.shape());
        }
        try (Arena temporary = Arena.ofShared()) {
            to.copyFrom(found.type() == DType.F32 ? found : Conversion.to(temporary, found, DType.F32));
        }
    }

    long bytes() {
        return bytes;
    }
}
