package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.grad.Value;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.stream.Stream;

/// Weights that stay as they are while something beside them is trained: values without gradients.
///
/// A matrix that the source keeps in blocks is packed as for inference, so that a model of four bits is trained over in four bits, without a
/// second copy of any kind; others become plain F32, which trains fastest. Or all are made what is asked for.
public final class FrozenWeights implements Weights {
    private final ModelSpec spec;
    private final WeightSource source;
    private final InferenceWeights weights;
    private final DType as;

    /// @param arena owns the numbers
    /// @param as    F32: all matrices plain; another: all matrices in that number format and packed (those whose rows do not fill its blocks
    ///              as the source has them); null: as the class says
    public FrozenWeights(Arena arena, Device device, ModelSpec spec, WeightSource source, DType as) {
        this.spec = spec;
        this.source = source;
        this.as = as;
        weights = InferenceWeights.forTraining(arena, device, spec, source);
    }

    /// Bytes that the weights of a model will take.
    public static long bytes(ModelSpec spec, WeightSource source, DType as) {
        long total = 0;
        for (ModelSpec.Parameter parameter : spec.parameters()) {
            long[] sizes = parameter.sizes();
            if (sizes.length < 2) {
                total += 4 * parameter.elements();
                continue;
            }
            DType type = type(source.type(parameter.name()), sizes[sizes.length - 1], as);
            int experts = Math.toIntExact(sizes.length == 3 ? sizes[0] : 1), rows = Math.toIntExact(sizes[sizes.length - 2]);
            total += type == DType.F32 ? 4 * parameter.elements() : experts * PackedWeight.bytes(type, rows, Math.toIntExact(sizes[sizes.length - 1]));
        }
        return total;
    }

    /// The number format in which a matrix is kept; F32 is plain unless its neighbours are packed.
    private static DType type(DType stored, long columns, DType as) {
        return as == null ? stored.isBlocks() ? stored : DType.F32 : columns % as.blockElements() == 0 ? as : stored.isBlocks() ? stored : DType.F32;
    }

    @Override
    public Value value(String... names) {
        ModelSpec.Parameter first = spec.parameters().stream().filter(p -> p.name().equals(names[0])).findFirst().orElseThrow();
        if (first.sizes().length < 2) {
            return weights.value(names);
        }
        DType[] types = types(names);
        return Arrays.stream(types).allMatch(type -> type == DType.F32) ? weights.plain(names) : weights.packed(types, -1, names);
    }

    @Override
    public Value expert(int expert, String... names) {
        ModelSpec.Parameter first = spec.parameters().stream().filter(p -> p.name().equals(names[0])).findFirst().orElseThrow();
        return first.sizes().length < 3 ? weights.expert(expert, names) : weights.packed(types(names), expert, names);
    }

    private DType[] types(String... names) {
        return Stream.of(names).map(name -> {
            ModelSpec.Parameter parameter = spec.parameters().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow();
            return type(source.type(name), parameter.sizes()[parameter.sizes().length - 1], as);
        }).toArray(DType[]::new);
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
