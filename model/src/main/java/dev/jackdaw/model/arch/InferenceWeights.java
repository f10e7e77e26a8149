package dev.jackdaw.model.arch;

import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.SystemMemory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Value;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// Weights for inference. Usually each matrix is read once from its source and packed for the device in its own number format; the original
/// is not needed afterwards, and its pages are given back. Where that would not fit in memory, matrices stay where they are and are packed
/// tile by tile whenever they are multiplied: the same bits come out, but every pass over the model reads and rearranges all of it.
/// An embedding table that is not the head as well is never multiplied: its rows are read from the file when a token asks for them.
final class InferenceWeights implements Weights {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    /// Bytes read until the pages that held them are given back.
    private static final long RELEASE = 64 << 20;
    /// What the system maps around a page that is touched.
    private static final long LOOK_UP = 64 << 10;

    private final Arena arena;
    private final SystemMemory.Pool pool;
    private final Device device;
    private final WeightSource source;
    private final boolean mapped;
    private final String onlyLookedUp;              // or null
    private long read;
    private final Map<String, ModelSpec.Parameter> parameters = new HashMap<>();
    private final Map<Value, List<WeightSource.Stored>> inPlace = new IdentityHashMap<>();

    InferenceWeights(Arena arena, Device device, ModelSpec spec, WeightSource source, boolean mapped) {
        this(arena, device, spec, source, mapped, onlyLooksUp(spec) ? EMBEDDING : null);
    }

    /// Nothing stays in the source.
    static InferenceWeights forTraining(Arena arena, Device device, ModelSpec spec, WeightSource source) {
        return new InferenceWeights(arena, device, spec, source, false, null);
    }

    private InferenceWeights(Arena arena, Device device, ModelSpec spec, WeightSource source, boolean mapped, String onlyLookedUp) {
        this.arena = arena;
        pool = new SystemMemory.Pool(arena);
        this.device = device;
        this.source = source;
        this.mapped = mapped;
        this.onlyLookedUp = onlyLookedUp;
        for (ModelSpec.Parameter parameter : spec.parameters()) {
            parameters.put(parameter.name(), parameter);
        }
    }

    private static boolean onlyLooksUp(ModelSpec spec) {
        return !(spec.output() instanceof ModelSpec.Logits logits) || !logits.tied();
    }

    /// Bytes that the weights of a model will take, in the number formats of the source.
    static long bytes(ModelSpec spec, WeightSource source) {
        long total = 0;
        for (ModelSpec.Parameter parameter : spec.parameters()) {
            long[] sizes = parameter.sizes();
            boolean isExperts = sizes.length == 3;
            if (sizes.length < 2) {
                total += 4 * sizes[0];
            } else if (!parameter.name().equals(EMBEDDING) || !onlyLooksUp(spec)) {
                DType type = source.type(parameter.name());
                int rows = Math.toIntExact(sizes[isExperts ? 1 : 0]), columns = Math.toIntExact(sizes[sizes.length - 1]);
                total += (isExperts ? sizes[0] : 1) * PackedWeight.bytes(type == DType.F64 ? DType.F32 : type, rows, columns);
            }
        }
        return total;
    }

    /// All weights were asked for.
    void loaded() {
        read = 0;
        source.release();
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
        if (matrix && (mapped || names[0].equals(onlyLookedUp))) {
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
        try (Arena temporary = Arena.ofShared()) {
            List<PackedWeight.Source> sources = new ArrayList<>();
            for (String name : names) {
                sources.add(source(temporary, expert, name));
            }
            PackedWeight packed = device.pack(pool::take, sources);
            release(packed.bytes());
            return Value.packed(names[0], packed);
        }
    }

    /// Matrices stacked as plain F32.
    Value plain(String... names) {
        long rows = 0;
        for (String name : names) {
            rows += sizes(name)[0];
        }
        Tensor data = Tensor.zeros(arena, rows, sizes(names[0])[1]);
        stack(data, -1, names);
        release(data.bytes());
        return Value.of(names[0], data, null);
    }

    private PackedWeight.Source source(Arena temporary, int expert, String name) {
        WeightSource.Stored stored = source.stored(name, expert);
        Tensor found = stored != null ? stored.tensor() : read(temporary, expert, name);
        if (found.type() == DType.F64) {
            found = Conversion.to(temporary, found, DType.F32);
        }
        requireShape(found, expert, name);
        if (stored == null || stored.neighbourHeads() == 0) {
            return PackedWeight.Source.of(found);
        }
        long address = found.address(), rowBytes = found.type().bytes(found.shape().width()), rows = found.shape().rows();
        return new PackedWeight.Source(found.type(), Math.toIntExact(rows), Math.toIntExact(found.shape().width()), row -> address + rowBytes * stored.row(row, rows));
    }

    private Tensor read(Arena temporary, int expert, String name) {
        return expert < 0 ? source.tensor(temporary, name) : source.tensor(temporary, name, expert);
    }

    private void requireShape(Tensor found, int expert, String name) {
        long[] sizes = sizes(name).clone();
        sizes[0] = expert < 0 ? sizes[0] : 1;
        if (!found.shape().equals(Shape.of(sizes))) {
            throw new IllegalArgumentException("weights: " + name + " has shape " + found.shape() + "; the model needs " + Shape.of(sizes));
        }
    }

    /// So many bytes more of the source were read.
    private void release(long bytes) {
        read += bytes;
        if (read > RELEASE) {
            read = 0;
            source.release();
        }
    }

    /// Of a table that stayed in its file, so many rows more were read.
    void lookedUp(long rows) {
        if (!mapped) {
            release(rows * LOOK_UP);
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
                Tensor found = read(temporary, expert, name);
                requireShape(found, expert, name);
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
