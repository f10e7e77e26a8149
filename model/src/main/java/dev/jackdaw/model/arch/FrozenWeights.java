package dev.jackdaw.model.arch;

import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Value;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/// Weights that stay as they are while something beside them is trained: values without gradients.
///
/// A matrix that the source keeps in blocks is packed as for inference, so that a model of four bits is trained over in four bits, without a
/// second copy of any kind; others become plain F32, which trains fastest. Another number format than that of the file is a matter of the
/// source: [#as].
public final class FrozenWeights implements Weights {
    private final Map<String, ModelSpec.Parameter> parameters = new HashMap<>();
    private final WeightSource source;
    private final InferenceWeights weights;

    /// @param arena owns the numbers
    public FrozenWeights(Arena arena, Device device, ModelSpec spec, WeightSource source) {
        this.source = source;
        spec.parameters().forEach(parameter -> parameters.put(parameter.name(), parameter));
        weights = InferenceWeights.forTraining(arena, device, spec, source);
    }

    /// The same weights with matrices in another number format, where their rows fill its blocks; null: as they are.
    public static WeightSource as(ModelSpec spec, WeightSource source, DType type) {
        if (type == null) {
            return source;
        }
        Map<String, ModelSpec.Parameter> parameters = new HashMap<>();
        spec.parameters().forEach(parameter -> parameters.put(parameter.name(), parameter));
        return new WeightSource() {
            @Override
            public Tensor tensor(Arena scratch, String name) {
                return converted(scratch, name, source.tensor(scratch, name));
            }

            @Override
            public Tensor tensor(Arena scratch, String name, int expert) {
                return converted(scratch, name, source.tensor(scratch, name, expert));
            }

            private Tensor converted(Arena scratch, String name, Tensor found) {
                return type(name) == found.type() ? found : Conversion.to(scratch, found, type(name));
            }

            @Override
            public DType type(String name) {
                long[] sizes = parameters.get(name).sizes();
                return sizes.length < 2 || sizes[sizes.length - 1] % type.blockElements() != 0 ? source.type(name) : type;
            }

            @Override
            public void prefetch() {
                source.prefetch();
            }

            @Override
            public void release() {
                source.release();
            }
        };
    }

    /// Bytes that the weights of a model will take.
    public static long bytes(ModelSpec spec, WeightSource source) {
        long total = 0;
        for (ModelSpec.Parameter parameter : spec.parameters()) {
            long[] sizes = parameter.sizes();
            DType type = source.type(parameter.name());
            if (sizes.length < 2 || !type.isBlocks()) {
                total += 4 * parameter.elements();
            } else {
                int columns = Math.toIntExact(sizes[sizes.length - 1]);
                total += (sizes.length == 3 ? sizes[0] : 1) * PackedWeight.bytes(type, Math.toIntExact(sizes[sizes.length - 2]), columns);
            }
        }
        return total;
    }

    @Override
    public Value value(String... names) {
        boolean plain = Stream.of(names).noneMatch(name -> source.type(name).isBlocks());
        return parameters.get(names[0]).sizes().length == 2 && plain ? weights.plain(names) : weights.value(names);
    }

    @Override
    public Value expert(int expert, String... names) {
        return weights.expert(expert, names);
    }

    @Override
    public Value table(String name) {
        return weights.table(name);
    }

    /// All weights were asked for: pages of the source need not stay in memory.
    public void loaded() {
        weights.loaded();
    }
}
