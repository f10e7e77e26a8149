package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.family.Form;
import dev.jackdaw.model.family.Names;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;

/// Writes a GGUF model anew with changes worked into its weights, adapters (`W + s·B·A`, and the magnitudes of DoRA) or a share of the way to other
/// weights: in F32, then in the number format that is asked for. Everything else, tokenizer and template included, stays as it is in the file. One
/// tensor at a time is in memory.
///
/// Rounding to blocks of few bits can be larger than what was changed; [Result] sets the two side by side.
public final class WeightMerge {
    private static final Set<String> REPLACED = Set.of(Gguf.SPLIT_NUMBER, Gguf.SPLIT_COUNT, Gguf.SPLIT_TENSORS, Gguf.ALIGNMENT_KEY);
    private static final String FILE_TYPE = "general.file_type";
    /// In one piece of the work.
    private static final int ROWS = 16;

    /// What is worked into weights.
    public sealed interface Change {
        /// Our names of the weights that it changes.
        Set<String> weights();

        /// Adds it to `sum`, F32: the weight `w` with the changes before this one.
        void addTo(Device device, Arena temporary, String weight, Tensor sum, Tensor w);
    }

    /// An adapter, `strength` times as strongly as it was trained.
    public record Adapter(Lora lora, float strength) implements Change {
        @Override
        public Set<String> weights() {
            return lora.pairs().stream().map(Lora.Pair::weight).collect(Collectors.toSet());
        }

        @Override
        public void addTo(Device device, Arena temporary, String weight, Tensor sum, Tensor w) {
            lora.pairs().stream().filter(pair -> pair.weight().equals(weight)).forEach(pair -> pair.addTo(device, sum, w, strength));
        }
    }

    /// A share of the way to the weights of another model of the same shape: 0 changes nothing, 1 arrives there.
    public record Towards(ModelFile other, float share) implements Change {
        @Override
        public Set<String> weights() {
            return other.spec().parameters().stream().map(ModelSpec.Parameter::name).collect(Collectors.toSet());
        }

        @Override
        public void addTo(Device device, Arena temporary, String weight, Tensor sum, Tensor w) {
            Tensor there = Conversion.to(temporary, other.tensor(temporary, weight), DType.F32);
            if (!there.shape().equals(w.shape())) {
                throw new IllegalArgumentException("merge: " + weight + " is " + there.shape() + " in " + other.path() + " and " + w.shape() + " here; both models must have the same shape");
            }
            device.axpby(sum, share, there, 1);
            device.axpby(sum, -share, w, 1);
        }
    }

    /// @param changed  how many tensors were changed
    /// @param tensors  how many tensors have each type now
    /// @param change   root mean square of what was added to the numbers of those tensors
    /// @param rounding root mean square of what was lost when they were stored
    public record Result(int changed, Map<String, Integer> tensors, double change, double rounding) {
    }

    private final ModelFile model;
    private final Gguf file;
    private final Device device;
    private final List<Change> changes;
    private final Set<String> changed = new HashSet<>();            // our names
    private final Map<String, Names.Link> links = new HashMap<>();  // by the names in the file
    private double squaresOfChange;
    private double squaresOfRounding;
    private long numbers;

    private WeightMerge(ModelFile model, List<Change> changes, Device device) {
        this.model = model;
        this.changes = changes;
        this.device = device;
        file = model.gguf().orElseThrow(() -> new IllegalArgumentException("merge: " + model.path() + " is not a GGUF file; write it as one first (jackdaw import)"));
        changes.forEach(change -> changed.addAll(change.weights()));
        for (Names.Link link : model.names().links(model.spec())) {
            link.files().forEach(name -> links.put(name, link));
        }
        if (changed.contains("lm_head.weight") && model.spec().tiedHead()) {
            throw new IllegalArgumentException("merge: the adapter changes lm_head, and the head of this model is its embedding, which would change too; "
                    + "use the adapter at run time instead (run --lora)");
        }
    }

    /// @param type     null: each tensor keeps its type
    /// @param progress is told the number of weights done
    public static Result write(ModelFile model, List<Change> changes, Path target, FileType type, Device device, LongConsumer progress) throws IOException {
        return new WeightMerge(model, changes, device).write(target, type, progress);
    }

    private Result write(Path target, FileType type, LongConsumer progress) throws IOException {
        Merge.requireOther(file.files(), target);
        GgufWriter writer = new GgufWriter();
        file.metadata().forEach((key, value) -> {
            if (!REPLACED.contains(key) && !(type != null && key.equals(FILE_TYPE))) {
                writer.put(key, value);
            }
        });
        if (type != null) {
            writer.put(FILE_TYPE, GgufValue.u32(type.code()));
        }
        SequencedMap<String, GgmlType> types = new LinkedHashMap<>();
        if (type == null) {
            file.tensors().forEach(tensor -> types.put(tensor.name(), tensor.type()));
        } else {
            types.putAll(Mixture.types(file, type, false, false));
        }
        Map<String, Integer> counts = new TreeMap<>();
        int count = 0;
        long[] done = {0};
        for (var entry : types.entrySet()) {
            GgufTensor info = file.tensorInfo(entry.getKey());
            GgmlType stored = entry.getValue();
            counts.merge(stored.name(), 1, Integer::sum);
            Names.Link link = links.get(info.name());
            boolean merges = link != null && link.ours().stream().anyMatch(changed::contains);
            count += merges ? 1 : 0;
            if (!merges && stored.equals(info.type())) {
                writer.add(info.name(), stored, info.shape(), file.bytes(info.name()));
                continue;
            }
            DType wanted = stored.dtype().orElseThrow(() -> new IllegalArgumentException("merge: tensor " + info.name() + " is " + stored + ", which is not written; choose another --type"));
            long bytes = wanted.bytes(info.shape().elements());
            writer.add(info.name(), stored, info.shape(), bytes, out -> {
                try (Arena arena = Arena.ofShared()) {
                    convert(out, info, merges ? merged(arena, link) : file.tensor(info.name()), wanted, merges);
                }
                done[0] += info.shape().elements();
                progress.accept(done[0]);
            });
        }
        writer.write(target);
        return new Result(count, counts, rms(squaresOfChange), rms(squaresOfRounding));
    }

    private double rms(double squares) {
        return numbers == 0 ? 0 : Math.sqrt(squares / numbers);
    }

    /// The tensor of the file, as F32, from our weights with their changes.
    private Tensor merged(Arena arena, Names.Link link) {
        List<Tensor> ours = new ArrayList<>();
        for (String name : link.ours()) {
            Tensor w = Conversion.to(arena, model.tensor(arena, name), DType.F32), sum = Tensor.zeros(arena, w.shape().toArray());
            sum.copyFrom(w);
            for (Change change : changes) {
                change.addTo(device, arena, name, sum, w);
            }
            device.axpby(w, 1, sum, -1);
            squaresOfChange += device.sumOfSquares(w);
            numbers += w.elements();
            ours.add(sum);
        }
        Form form = link.form();
        return form.write(arena, ours).getFirst();
    }

    /// Row by row, on all threads.
    private void convert(FileOutput out, GgufTensor info, Tensor source, DType type, boolean counts) throws IOException {
        long columns = source.shape().width(), rows = source.elements() / columns, rowBytes = type.bytes(columns);
        if (type == source.type()) {
            out.put(source.segment());
            return;
        }
        try (Arena arena = Arena.ofShared()) {
            Tensor narrow = Tensor.zeros(arena, DType.I8, rows * rowBytes), lost = Tensor.zeros(arena, rows);
            device.families().forEach(Math.toIntExact((rows + ROWS - 1) / ROWS), part -> {
                try (Arena own = Arena.ofConfined()) {
                    long wide = own.allocate(4 * columns, Memory.ALIGNMENT).address(), back = own.allocate(4 * columns, Memory.ALIGNMENT).address();
                    for (long row = (long) part * ROWS; row < Math.min(rows, (part + 1L) * ROWS); row++) {
                        Conversion.widen(wide, source.address() + source.type().bytes(row * columns), columns, source.type());
                        lost.set(row, store(info.name(), row, narrow.address() + row * rowBytes, wide, back, columns, type));
                    }
                }
            });
            for (long row = 0; counts && row < rows; row++) {
                squaresOfRounding += lost.get(row);
            }
            out.put(narrow.segment());
        }
    }

    /// Stores a row and reads it again; returns the sum of the squares of what was lost.
    private static float store(String name, long row, long y, long wide, long back, long columns, DType type) {
        try {
            Conversion.narrow(y, wide, columns, type);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("merge: tensor " + name + ", row " + row + " as " + type + ": " + e.getMessage(), e);
        }
        Conversion.widen(back, y, columns, type);
        double squares = 0;
        for (long c = 0; c < columns; c++) {
            double error = Memory.getFloat(back + 4 * c) - Memory.getFloat(wide + 4 * c);
            squares += error * error;
        }
        return (float) squares;
    }
}
