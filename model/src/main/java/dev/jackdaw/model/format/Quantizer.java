package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.quant.BlockFormat;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/// Writes a GGUF file anew with weights in fewer bits. [Mixture] chooses the types, the block formats do the rounding, rows are shared out
/// among threads. The same input gives the same bytes at any number of threads, and the weights have the bits that `llama-quantize` of
/// llama.cpp gives them.
public final class Quantizer {
    private static final int QUANTIZATION_VERSION = 2;
    /// Numbers in flight at a time.
    private static final long STRIP = 8L << 20;
    private static final Set<String> REPLACED = Set.of(Gguf.SPLIT_NUMBER, Gguf.SPLIT_COUNT, Gguf.SPLIT_TENSORS, Gguf.ALIGNMENT_KEY,
        "general.quantization_version", "general.file_type");

    /// @param importance may be null
    /// @param isPure     one type for all weights instead of a mixture
    /// @param requantize allow weights as input that are in blocks already; this loses more than going from the original
    public record Settings(FileType type, ImportanceMatrix importance, boolean isPure, boolean requantize) { }

    /// @param tensors how many tensors got each type
    public record Result(long bytesBefore, long bytesAfter, long parameters, Map<String, Integer> tensors) {
        public double bitsPerWeight() {
            return 8.0 * bytesAfter / parameters;
        }
    }

    private Quantizer() {
    }

    /// @param progress is told the number of weights done, now and then, on the calling thread
    public static Result quantize(Gguf file, Path target, Settings settings, Workers workers, LongConsumer progress) throws IOException {
        SequencedMap<String, GgmlType> types = Mixture.types(file, settings.type, settings.importance != null, settings.isPure);
        if (settings.type == FileType.Q2_K_S && settings.importance == null) {
            throw new IllegalArgumentException("quantize: Q2_K_S gives garbage without an importance matrix; give one with --imatrix, or choose Q2_K");
        }
        for (Path source : file.files()) {
            if (target.toAbsolutePath().normalize().equals(source.toAbsolutePath().normalize())) {
                throw new IllegalArgumentException("quantize: " + target + " is the file that is read; choose another name");
            }
        }
        GgufWriter writer = new GgufWriter();
        file.metadata().forEach((key, value) -> {
            if (!REPLACED.contains(key)) {
                writer.put(key, value);
            }
        });
        writer.put("general.quantization_version", GgufValue.u32(QUANTIZATION_VERSION)).put("general.file_type", GgufValue.u32(settings.type.code()));
        if (settings.importance != null) {
            settings.importance.describe(writer);
        }
        long before = 0;
        long after = 0;
        long parameters = 0;
        long[] done = {0};
        Map<String, Integer> counts = new TreeMap<>();
        for (var entry : types.entrySet()) {
            GgufTensor info = file.tensorInfo(entry.getKey());
            GgmlType type = entry.getValue();
            before += info.bytes();
            parameters += info.shape().elements();
            counts.merge(type.name(), 1, Integer::sum);
            if (type.equals(info.type())) {
                after += info.bytes();
                writer.add(info.name(), type, info.shape(), file.bytes(info.name()));
                continue;
            }
            if (info.type().blockElements() > 1 && !settings.requantize) {
                throw new IllegalArgumentException("quantize: tensor " + info.name() + " is " + info.type() + " already, and rounding it again to " + type
                    + " loses more than starting from the original; give the F32, F16 or BF16 file, or allow it with --requantize");
            }
            Tensor source = file.tensor(info.name());
            DType narrowType = type.dtype().orElseThrow();
            float[] importance = settings.importance == null ? null : settings.importance.of(info);
            long bytes = narrowType.bytes(info.shape().elements());
            after += bytes;
            writer.add(info.name(), type, info.shape(), bytes, out -> {
                convert(info.name(), source, narrowType, importance, workers, out, weights -> progress.accept(done[0] + weights));
                done[0] += source.elements();
            });
        }
        writer.write(target);
        return new Result(before, after, parameters, counts);
    }

    /// Writes the tensor in strips of whole rows.
    private static void convert(String name, Tensor source, DType type, float[] importance, Workers workers, FileOutput out, LongConsumer progress) throws IOException {
        Shape shape = source.shape();
        long columns = shape.width();
        if (columns == 0 || source.elements() == 0) {
            return;
        }
        long rows = source.elements() / columns;
        long rowsOfExpert = shape.rank() < 3 ? rows : shape.size(shape.rank() - 2);
        int strip = (int) Math.clamp(STRIP / columns, 1, rows);
        try (Arena arena = Arena.ofShared()) {
            long wide = arena.allocate(4 * columns * workers.threads(), Memory.ALIGNMENT).address();
            var narrow = arena.allocate(type.bytes(columns) * strip, Memory.ALIGNMENT);
            long weights = 0;
            if (importance != null) {
                weights = Tensor.of(arena, importance, importance.length).address();
            }
            for (long first = 0; first < rows; first += strip) {
                long start = first;
                long base = weights;
                int count = (int) Math.min(strip, rows - first);
                int parts = Math.min(count, 8 * workers.threads());
                workers.run(parts, (part, worker) -> {
                    long x = wide + 4 * columns * worker;
                    for (long row = (long) count * part / parts; row < (long) count * (part + 1) / parts; row++) {
                        Conversion.widen(x, source.address() + source.type().bytes((start + row) * columns), columns, source.type());
                        try {
                            long y = narrow.address() + row * type.bytes(columns);
                            if (base != 0 && type.isBlocks()) {
                                BlockFormat.of(type).encodeRow(y, x, columns, base + 4 * columns * ((start + row) / rowsOfExpert));
                            } else {
                                Conversion.narrow(y, x, columns, type);
                            }
                        } catch (ArithmeticException e) {
                            throw new IllegalArgumentException("tensor " + name + ", row " + (start + row) + ": " + e.getMessage(), e);
                        }
                    }
                });
                out.put(narrow.asSlice(0, type.bytes(columns) * count));
                progress.accept((first + count) * columns);
            }
        }
    }
}
