package dev.jackdaw.model.arch;

import dev.jackdaw.model.format.Lora;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.SystemMemory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Value;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// A low-rank change of some weights, ready for one model: `y += s · (x·Aᵀ)·Bᵀ` beside `y = x·Wᵀ` (Hu et al., "LoRA", 2021). The weights
/// themselves stay as they are, so one model serves many adapters at once; which of them a text uses is a property of its [KvCache].
///
/// With magnitudes (Liu et al., "DoRA", 2024) row f of W + s·B·A is multiplied by g = m/‖W + s·B·A‖, so `y += (g − 1)·(x·Wᵀ) + g·s·(x·Aᵀ)·Bᵀ`.
/// Weaker or stronger than it was trained means so much of what is added; adapters before it count as part of W where W is scaled, as in PEFT.
///
/// Made by [Forward#adapter], whose lifetime it shares. Packed like any weight; s and g are multiplied into B.
public final class Adapter {
    /// Changes columns `column` to `column + width(B) - 1` of the product.
    ///
    /// @param growth `[F]`: g − 1, or null without magnitudes
    private record Part(PackedWeight a, int rank, PackedWeight b, long column, long columns, Tensor growth) {
    }

    private final String name;
    private final Forward owner;
    private final Map<Value, List<Part>> parts = new IdentityHashMap<>();

    Adapter(Forward owner, Arena arena, Device device, Lora lora, float scale, WeightSource weights, Function<String, NamedWeights.Place> places) {
        this.owner = owner;
        name = lora.name();
        for (Lora.Pair pair : lora.pairs()) {
            NamedWeights.Place place = places.apply(pair.weight());
            if (place == null) {
                throw new IllegalArgumentException("adapter " + lora.name() + ": it changes " + pair.weight()
                        + ", which is not the weight of a linear layer that can be adapted at run time (embeddings, norms, experts and latent keys cannot); merge the adapter into the model first");
            }
            try (Arena temporary = Arena.ofShared()) {
                Tensor b = Tensor.zeros(temporary, pair.b().shape().toArray()), growth = null, factors = null;
                if (pair.magnitude() != null) {
                    factors = pair.factors(device, temporary, weights.tensor(temporary, place.weight()));
                    growth = Tensor.zeros(arena, factors.elements());
                    for (long f = 0; f < factors.elements(); f++) {
                        growth.set(f, scale * (factors.get(f) - 1));
                    }
                }
                float factor = scale * pair.scale();
                long rank = pair.rank();
                for (long i = 0; i < b.elements(); i++) {
                    b.set(i, (factors == null ? factor : factor * factors.get(i / rank)) * pair.b().get(i));
                }
                parts.computeIfAbsent(place.value(), _ -> new ArrayList<>()).add(new Part(packed(arena, device, pair.a()), Math.toIntExact(rank),
                        packed(arena, device, b), place.row(), place.rows(), growth));
            }
        }
    }

    private static PackedWeight packed(Arena arena, Device device, Tensor w) {
        return device.pack(bytes -> SystemMemory.allocate(arena, bytes), List.of(PackedWeight.Source.of(w)));
    }

    /// The file or folder it came from.
    public String name() {
        return name;
    }

    void requireOwner(Forward forward) {
        if (owner != forward) {
            throw new IllegalArgumentException("adapter " + name + ": it was prepared for another model; prepare it for this one");
        }
    }

    /// Adds to rows `from` to `to - 1` of y = x·wᵀ what this adapter changes in w.
    void apply(Eager eager, Device device, Tensor y, Tensor x, Value w, long from, long to) {
        List<Part> changed = parts.get(w);
        if (changed == null) {
            return;
        }
        long n = to - from;
        Tensor rows = x.slice(from, to), result = y.slice(from, to);
        for (Part part : changed) {
            if (part.growth != null) {
                device.families().growColumns(result, part.growth, part.column);
            }
            Tensor inner = eager.scratch("adapter inner", n, part.rank);
            device.packedLinear(inner, rows, part.a);
            Tensor outer = eager.scratch("adapter outer", n, part.columns);
            device.packedLinear(outer, inner, part.b);
            device.families().addColumns(result, outer, part.column);
        }
    }

    @Override
    public String toString() {
        return "adapter " + name;
    }
}
