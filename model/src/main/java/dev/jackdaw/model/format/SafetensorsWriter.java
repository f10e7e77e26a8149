package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// Writes one safetensors file; the layout is drawn at [Safetensors].
///
/// Arrays are laid out by falling size of their numbers, otherwise in the order given, behind a header padded to 8 bytes: so each begins
/// at a multiple of its number's size. The same calls give the same bytes.
public final class SafetensorsWriter {
    private static final int HEADER_ALIGNMENT = 8;

    private record Part(String name, Safetensors.Type type, Shape shape, long bytes, AtomicFile.Body body) { }

    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<String, Part> parts = new LinkedHashMap<>();

    /// A free text in the header. Other readers expect `format` to be `pt`.
    public SafetensorsWriter put(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /// A tensor as it is. Its numbers are read when [#write] runs.
    public SafetensorsWriter add(String name, Tensor tensor) {
        return add(name, tensor, tensor.type());
    }

    /// A tensor, converted to `type` on the way: F32, F16 or BF16.
    public SafetensorsWriter add(String name, Tensor tensor, DType type) {
        Safetensors.Type target = Safetensors.Type.find(type.name());
        if (target == null) {
            throw new IllegalArgumentException("safetensors has no dtype for tensor " + name + " as " + type + "; convert it to F32, F16 or BF16, or export to GGUF");
        }
        return add(new Part(name, target, tensor.shape(), type.bytes(tensor.elements()), out -> Conversion.write(out, tensor, type)));
    }

    /// Bytes that already have the layout of `type`, for those that have no [DType] of their own.
    public SafetensorsWriter add(String name, Safetensors.Type type, Shape shape, MemorySegment bytes) {
        if (bytes.byteSize() != shape.elements() * type.bytes) {
            throw new IllegalArgumentException("safetensors " + name + ": " + bytes.byteSize() + " bytes do not make " + type + shape);
        }
        return add(new Part(name, type, shape, bytes.byteSize(), out -> out.put(bytes)));
    }

    private SafetensorsWriter add(Part part) {
        if (part.name.equals("__metadata__") || parts.putIfAbsent(part.name, part) != null) {
            throw new IllegalArgumentException("safetensors: tensor name " + part.name + " is taken");
        }
        return this;
    }

    /// Writes the file, or leaves the old one as it was; see [AtomicFile].
    public void write(Path path) throws IOException {
        List<Part> ordered = new ArrayList<>(parts.values());
        ordered.sort(Comparator.comparingInt(part -> -part.type.bytes));
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            header.put("__metadata__", metadata);
        }
        long offset = 0;
        for (Part part : ordered) {
            header.put(part.name, entry(part, offset));
            offset += part.bytes;
        }
        byte[] json = JsonMapper.shared().writeValueAsBytes(header);
        int length = Math.ceilDiv(json.length, HEADER_ALIGNMENT) * HEADER_ALIGNMENT;
        if (length > Safetensors.MOST_HEADER_BYTES) {
            throw new IllegalArgumentException("safetensors: a header of " + length + " bytes; readers take at most " + Safetensors.MOST_HEADER_BYTES);
        }
        AtomicFile.write(path, out -> {
            out.putLong(length).put(json).put(" ".repeat(length - json.length).getBytes(StandardCharsets.US_ASCII));
            for (Part part : ordered) {
                part.body.writeTo(out);
            }
        });
    }

    private static Map<String, Object> entry(Part part, long offset) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("dtype", part.type.name());
        entry.put("shape", part.shape.toArray());
        entry.put("data_offsets", new long[] {offset, offset + part.bytes});
        return entry;
    }
}
