package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Value;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Weights as F32 in one piece of memory, in the order of their parameters, and their gradients in another: all of a model, or those that move.
/// What training works on: clipping and optimizers see one long row of numbers, operations see matrices.
public final class FlatWeights implements Weights {
    private static final long LINE = Memory.ALIGNMENT / 4;

    /// One weight and its gradient.
    public record Entry(ModelSpec.Parameter parameter, Tensor data, Tensor gradient, long offset) {
    }

    private final Tensor data;
    private final Tensor gradients;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    public FlatWeights(Arena arena, List<ModelSpec.Parameter> parameters) {
        long[] offsets = new long[parameters.size()];
        long total = 0;
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = i > 0 && joins(parameters.get(i - 1).name(), parameters.get(i).name()) ? total : (total + LINE - 1) / LINE * LINE;
            total = offsets[i] + parameters.get(i).elements();
        }
        data = Tensor.zeros(arena, total);
        gradients = Tensor.zeros(arena, total);
        for (int i = 0; i < offsets.length; i++) {
            ModelSpec.Parameter parameter = parameters.get(i);
            entries.put(parameter.name(), new Entry(parameter, view(data, offsets[i], parameter.sizes()), view(gradients, offsets[i], parameter.sizes()), offsets[i]));
        }
    }

    /// Whether an operation reads the two as one, so that they must lie side by side.
    private static boolean joins(String name, String next) {
        return next.equals(name.replace(".q_proj.", ".k_proj.")) || next.equals(name.replace(".q_proj.", ".v_proj.")) || next.equals(name.replace(".k_proj.", ".v_proj.")) || next.equals(name.replace(".gate_proj.", ".up_proj."));
    }

    private static Tensor view(Tensor all, long offset, long... sizes) {
        Shape shape = Shape.of(sizes);
        return Tensor.over(all.segment().asSlice(4 * offset, 4 * shape.elements()), DType.F32, shape);
    }

    public List<Entry> entries() {
        return new ArrayList<>(entries.values());
    }

    public Entry entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("weights: there is none named " + name);
        }
        return entry;
    }

    /// Copies every weight from wherever `source` finds it by name, as F32 of the same shape.
    public void load(java.util.function.Function<String, Tensor> source) {
        for (Entry entry : entries.values()) {
            Tensor found = source.apply(entry.parameter().name());
            if (!found.shape().equals(entry.data().shape())) {
                throw new IllegalArgumentException("weights: " + entry.parameter().name() + " has shape " + found.shape() + "; the model needs " + entry.data().shape());
            }
            entry.data().copyFrom(found);
        }
    }

    /// All weights as one row; gaps between them are zero and stay so.
    public Tensor data() {
        return data;
    }

    public Tensor gradients() {
        return gradients;
    }

    @Override
    public Value value(String... names) {
        Entry first = entry(names[0]);
        long[] sizes = first.parameter().sizes().clone();
        long end = first.offset() + first.parameter().elements();
        for (int i = 1; i < names.length; i++) {
            Entry next = entry(names[i]);
            if (next.offset() != end) {
                throw new IllegalStateException("weights: " + names[i] + " does not follow " + names[i - 1] + " in memory");
            }
            sizes[0] += next.parameter().sizes()[0];
            end += next.parameter().elements();
        }
        return Value.of(names[0], view(data, first.offset(), sizes), view(gradients, first.offset(), sizes));
    }

    /// The gates and the ups of one expert do not lie side by side, since those of all experts are one weight.
    @Override
    public Value expert(int expert, String... names) {
        Value[] parts = new Value[names.length];
        for (int i = 0; i < names.length; i++) {
            Entry entry = entry(names[i]);
            parts[i] = Value.of(names[i], one(entry.data(), expert), one(entry.gradient(), expert));
        }
        return Value.stacked(names[0], parts);
    }

    private static Tensor one(Tensor all, int expert) {
        long[] sizes = all.shape().toArray();
        return all.slice(expert, expert + 1).reshape(java.util.Arrays.copyOfRange(sizes, 1, sizes.length));
    }
}
