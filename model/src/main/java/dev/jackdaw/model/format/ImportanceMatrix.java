package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// How large the inputs of each weight were while some text ran through the model: the mean square of each column. An error in a weight
/// counts as much as what it is multiplied with. Read from the GGUF files that `llama-imatrix` of llama.cpp writes:
///
/// ```
/// general.type = imatrix, imatrix.datasets, imatrix.chunk_count
/// NAME.in_sum2  F32 [E,C]    sums of squares, for each expert if there are several
/// NAME.counts   F32 [E,1]    how many went into the sums
/// ```
public final class ImportanceMatrix {
    private final Path path;
    private final Map<String, float[]> values;
    private final long chunks;
    private final String dataset;

    private ImportanceMatrix(Path path, Map<String, float[]> values, long chunks, String dataset) {
        this.path = path;
        this.values = values;
        this.chunks = chunks;
        this.dataset = dataset;
    }

    public static ImportanceMatrix read(Path path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(path, arena);
            if (!file.text("general.type", "").equals("imatrix")) {
                throw new FormatException(path, -1, "general.type is \"" + file.text("general.type", "") + "\"; expected \"imatrix\", an importance matrix as llama-imatrix writes it");
            }
            Map<String, float[]> values = new LinkedHashMap<>();
            for (GgufTensor info : file.tensors()) {
                if (info.name().endsWith(".in_sum2")) {
                    String name = info.name().substring(0, info.name().length() - ".in_sum2".length());
                    values.put(name, means(file, info, file.tensor(name + ".counts")));
                }
            }
            boolean named = file.value("imatrix.datasets").isPresent() && !file.texts("imatrix.datasets").isEmpty();
            return new ImportanceMatrix(path, values, file.integer("imatrix.chunk_count", 0), named ? file.texts("imatrix.datasets").getFirst() : "");
        }
    }

    private static float[] means(Gguf file, GgufTensor info, Tensor counts) {
        Shape shape = info.shape();
        long experts = counts.elements();
        if (!info.type().name().equals("F32") || counts.type() != DType.F32) {
            throw new FormatException(file.path(), info.position(), "tensor " + info.name() + " is " + info.type() + " and its counts " + counts.type() + "; expected F32 both");
        }
        if (shape.rank() > 3 || experts < 1 || shape.elements() % experts != 0 || shape.elements() / experts != shape.width()) {
            throw new FormatException(file.path(), info.position(), "tensor " + info.name() + shape + " does not fit its counts " + counts + "; expected [E,C] and [E,1]");
        }
        float[] sums = file.tensor(info.name()).toFloats();
        float[] count = counts.toFloats();
        float[] means = new float[sums.length];
        int columns = (int) shape.width();
        for (int i = 0; i < means.length; i++) {
            // An expert that never ran tells nothing: all its columns are alike.
            means[i] = count[i / columns] > 0 ? sums[i] / count[i / columns] : 1;
            if (!Float.isFinite(means[i]) || means[i] < 0) {
                throw new FormatException(file.path(), info.position(), "tensor " + info.name() + ": value " + i + " is " + sums[i] + " over " + count[i / columns] + "; expected finite numbers from 0 up");
            }
        }
        return means;
    }

    /// One number a column, for each expert in turn; null where nothing is known of that tensor.
    float[] of(GgufTensor tensor) {
        float[] found = values.get(tensor.name());
        if (found == null) {
            return null;
        }
        Shape shape = tensor.shape();
        long expected = shape.width() * (shape.rank() < 3 ? 1 : shape.size(shape.rank() - 3));
        if (found.length != expected) {
            if (tensor.name().equals("token_embd.weight")) {
                return null;                     // known to differ: it is looked up as embedding and multiplied with as a head
            }
            throw new FormatException(path, -1, "importance of " + tensor.name() + shape + ": " + found.length + " numbers, expected " + expected + "; is it of another model?");
        }
        return Arrays.copyOf(found, found.length);
    }

    public int tensors() {
        return values.size();
    }

    /// What a file says that was made with it.
    void describe(GgufWriter writer) {
        writer.put("quantize.imatrix.file", path.getFileName().toString());
        if (!dataset.isEmpty()) {
            writer.put("quantize.imatrix.dataset", dataset);
        }
        writer.put("quantize.imatrix.entries_count", GgufValue.u32(values.size())).put("quantize.imatrix.chunks_count", GgufValue.u32(Math.max(0, chunks)));
    }
}
