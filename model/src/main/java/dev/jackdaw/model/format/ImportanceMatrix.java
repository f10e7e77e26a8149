package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
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
///
/// Its older files (`imatrix.dat`) are read too:
///
/// ```
/// entries i32 | entries × { length i32, name, calls i32, count i32, F32 × count }      values are sums over calls
/// ```
public final class ImportanceMatrix {
    private static final int MOST_ENTRIES = 1 << 20;
    private static final int MOST_NAME_BYTES = 1 << 12;

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
            MappedFile mapped = MappedFile.open(path, arena);
            if (mapped.size() < 4 || new ByteCursor(mapped).i32("the magic number") != Gguf.MAGIC) {
                return readOld(path, new ByteCursor(mapped));
            }
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

    private static ImportanceMatrix readOld(Path path, ByteCursor cursor) {
        Map<String, float[]> values = new LinkedHashMap<>();
        int entries = count(cursor, "the number of entries", MOST_ENTRIES, 13);
        for (int entry = 0; entry < entries; entry++) {
            byte[] name = new byte[count(cursor, "the length of a name", MOST_NAME_BYTES, 1)];
            for (int i = 0; i < name.length; i++) {
                name[i] = cursor.i8("a name");
            }
            String tensor = new String(name, StandardCharsets.UTF_8);
            int calls = count(cursor, "the calls of " + tensor, Integer.MAX_VALUE, 0);
            float[] means = new float[count(cursor, "the number of values of " + tensor, Integer.MAX_VALUE, 4)];
            for (int i = 0; i < means.length; i++) {
                float sum = Float.intBitsToFloat(cursor.i32(tensor));
                means[i] = calls > 0 ? sum / calls : sum;
                if (!Float.isFinite(means[i]) || means[i] < 0) {
                    throw cursor.error(cursor.position() - 4, "value " + i + " of " + tensor + " is " + sum + " over " + calls + " calls; expected finite numbers from 0 up");
                }
            }
            values.put(tensor, means);
        }
        if (values.isEmpty()) {
            throw cursor.error(0, "this is no importance matrix: it is not GGUF, and as an older file it has no entries");
        }
        return new ImportanceMatrix(path, values, cursor.left() >= 4 ? Math.max(0, cursor.i32("the number of chunks")) : 0, "");
    }

    private static int count(ByteCursor cursor, String what, int most, int bytesEach) {
        long at = cursor.position();
        int count = cursor.i32(what);
        if (count < 0 || count > most || (long) count * bytesEach > cursor.left()) {
            throw cursor.error(at, what + " is " + count + ", but only " + cursor.left() + " bytes are left; this is no importance matrix, or a damaged one");
        }
        return count;
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
