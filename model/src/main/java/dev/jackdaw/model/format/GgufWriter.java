package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// Writes GGUF files, version 3, little-endian; the layout is drawn at [Gguf].
///
/// Values and tensors keep the order in which they were given, and nothing else goes into the file, so the same calls give the same bytes.
/// Tensors lie one after another, each at the next multiple of 32: other readers insist on that. They are streamed; converting to another
/// number format needs no copy of the tensor.
public final class GgufWriter {
    /// Longer names are refused by llama.cpp, whose names have room for 63 bytes.
    private static final int MOST_NAME_BYTES = 63;

    private record Part(GgmlType type, Shape shape, long bytes, AtomicFile.Body body) { }

    private final SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
    private final SequencedMap<String, Part> tensors = new LinkedHashMap<>();

    public GgufWriter put(String key, GgufValue value) {
        if (metadata.putIfAbsent(key, value) != null) {
            throw new IllegalArgumentException("GGUF metadata key " + key + " was given twice");
        }
        if (key.equals(Gguf.ALIGNMENT_KEY) && !value.equals(GgufValue.u32(Gguf.ALIGNMENT))) {
            throw new IllegalArgumentException("GGUF " + key + " " + value.preview(20) + ": this writer aligns to " + Gguf.ALIGNMENT);
        }
        return this;
    }

    public GgufWriter put(String key, String value) {
        return put(key, GgufValue.of(value));
    }

    /// A tensor as it is. Its numbers are read when [#write] runs.
    public GgufWriter add(String name, Tensor tensor) {
        return add(name, tensor, tensor.type());
    }

    /// A tensor, converted to `type` on the way.
    public GgufWriter add(String name, Tensor tensor, DType type) {
        if (tensor.shape().width() % type.blockElements() != 0) {
            throw new IllegalArgumentException("GGUF tensor " + name + " " + tensor + ": rows do not fill " + type + " blocks of " + type.blockElements());
        }
        return add(name, GgmlType.of(type), tensor.shape(), type.bytes(tensor.elements()), out -> {
            try {
                Conversion.write(out, tensor, type);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("tensor " + name + " as " + type + ": " + e.getMessage(), e);
            }
        });
    }

    /// Bytes that already have the layout of `type`, for formats that have no [DType].
    public GgufWriter add(String name, GgmlType type, Shape shape, MemorySegment bytes) {
        if (!type.isKnown() || shape.width() % type.blockElements() != 0
                || bytes.byteSize() != shape.elements() / type.blockElements() * type.blockBytes()) {
            throw new IllegalArgumentException("GGUF tensor " + name + ": " + bytes.byteSize() + " bytes do not make " + type + shape);
        }
        return add(name, type, shape, bytes.byteSize(), out -> out.put(bytes));
    }

    /// `body` writes `bytes` bytes that have the layout of `type`.
    GgufWriter add(String name, GgmlType type, Shape shape, long bytes, AtomicFile.Body body) {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length > MOST_NAME_BYTES) {
            throw new IllegalArgumentException("GGUF tensor name \"" + name + "\" has " + length + " bytes; expected 1 to " + MOST_NAME_BYTES);
        }
        if (shape.rank() < 1 || shape.rank() > 4) {
            throw new IllegalArgumentException("GGUF tensor " + name + shape + ": the format has 1 to 4 dimensions");
        }
        if (tensors.putIfAbsent(name, new Part(type, shape, bytes, body)) != null) {
            throw new IllegalArgumentException("GGUF tensor " + name + " was given twice");
        }
        return this;
    }

    /// Writes the file, or leaves the old one as it was; see [AtomicFile].
    public void write(Path path) throws IOException {
        AtomicFile.write(path, out -> writeTo(out, metadata, tensors));
    }

    /// Writes `NAME-00001-of-0000N.gguf` and so on into `folder`, each with at most `mostBytes` of tensors (but with one at least). The first has
    /// the metadata.
    public List<Path> writeSplit(Path folder, String name, long mostBytes) throws IOException {
        List<SequencedMap<String, Part>> files = new ArrayList<>();
        long bytes = 0;
        for (var entry : tensors.entrySet()) {
            if (files.isEmpty() || bytes + entry.getValue().bytes > mostBytes) {
                files.add(new LinkedHashMap<>());
                bytes = 0;
            }
            files.getLast().put(entry.getKey(), entry.getValue());
            bytes += entry.getValue().bytes;
        }
        List<Path> paths = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            SequencedMap<String, GgufValue> values = new LinkedHashMap<>(i == 0 ? metadata : Map.of());
            values.put(Gguf.SPLIT_NUMBER, new GgufValue.Int(GgufValue.Kind.U16, i));
            values.put(Gguf.SPLIT_COUNT, new GgufValue.Int(GgufValue.Kind.U16, files.size()));
            values.put(Gguf.SPLIT_TENSORS, new GgufValue.Int(GgufValue.Kind.I32, tensors.size()));
            SequencedMap<String, Part> parts = files.get(i);
            paths.add(folder.resolve(Gguf.splitName(name, i, files.size())));
            AtomicFile.write(paths.getLast(), out -> writeTo(out, values, parts));
        }
        return paths;
    }

    private static void writeTo(FileOutput out, SequencedMap<String, GgufValue> metadata, SequencedMap<String, Part> tensors) throws IOException {
        out.putInt(Gguf.MAGIC).putInt(Gguf.VERSION).putLong(tensors.size()).putLong(metadata.size());
        for (var entry : metadata.entrySet()) {
            putText(out, entry.getKey());
            out.putInt(entry.getValue().kind().ordinal());
            putValue(out, entry.getValue());
        }
        long offset = 0;
        for (var entry : tensors.entrySet()) {
            Part part = entry.getValue();
            putText(out, entry.getKey());
            out.putInt(part.shape.rank());
            for (int i = part.shape.rank() - 1; i >= 0; i--) {
                out.putLong(part.shape.size(i));
            }
            out.putInt(part.type.code()).putLong(offset);
            offset = Math.ceilDiv(offset + part.bytes, Gguf.ALIGNMENT) * Gguf.ALIGNMENT;
        }
        out.align(Gguf.ALIGNMENT);
        for (Part part : tensors.values()) {
            part.body.writeTo(out);
            out.align(Gguf.ALIGNMENT);
        }
    }

    private static void putText(FileOutput out, String text) throws IOException {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.putLong(utf8.length).put(utf8);
    }

    private static void putValue(FileOutput out, GgufValue value) throws IOException {
        switch (value) {
            case GgufValue.Text(String text) -> putText(out, text);
            case GgufValue.Bool(boolean bool) -> out.putByte(bool ? 1 : 0);
            case GgufValue.Int(GgufValue.Kind kind, long number) -> putInteger(out, kind, number);
            case GgufValue.Real(GgufValue.Kind kind, double number) -> putReal(out, kind, number);
            case GgufValue.Texts(var texts) -> {
                out.putInt(GgufValue.Kind.STRING.ordinal()).putLong(texts.size());
                for (String text : texts) {
                    putText(out, text);
                }
            }
            case GgufValue.Ints(GgufValue.Kind kind, long[] numbers) -> {
                out.putInt(kind.ordinal()).putLong(numbers.length);
                for (long number : numbers) {
                    putInteger(out, kind, number);
                }
            }
            case GgufValue.Reals(GgufValue.Kind kind, double[] numbers) -> {
                out.putInt(kind.ordinal()).putLong(numbers.length);
                for (double number : numbers) {
                    putReal(out, kind, number);
                }
            }
        }
    }

    private static void putInteger(FileOutput out, GgufValue.Kind kind, long value) throws IOException {
        switch (kind.minimumBytes) {
            case 1 -> out.putByte((int) value);
            case 2 -> out.putShort((int) value);
            case 4 -> out.putInt((int) value);
            default -> out.putLong(value);
        }
    }

    private static void putReal(FileOutput out, GgufValue.Kind kind, double value) throws IOException {
        if (kind == GgufValue.Kind.F32) {
            out.putFloat((float) value);
        } else {
            out.putDouble(value);
        }
    }
}
