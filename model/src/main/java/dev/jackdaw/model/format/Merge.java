package dev.jackdaw.model.format;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// Models in several files written as one, byte for byte the same tensors and metadata.
public final class Merge {
    private static final Set<String> OF_PARTS = Set.of(Gguf.SPLIT_NUMBER, Gguf.SPLIT_COUNT, Gguf.SPLIT_TENSORS, Gguf.ALIGNMENT_KEY);

    private Merge() {
    }

    public static void write(Gguf file, Path target) throws IOException {
        requireOther(file.files(), target);
        GgufWriter writer = new GgufWriter();
        file.metadata().forEach((key, value) -> {
            if (!OF_PARTS.contains(key)) {
                writer.put(key, value);
            }
        });
        for (GgufTensor tensor : file.tensors()) {
            writer.add(tensor.name(), tensor.type(), tensor.shape(), file.bytes(tensor.name()));
        }
        writer.write(target);
    }

    public static void write(Safetensors file, Path target) throws IOException {
        requireOther(file.entries().stream().map(Safetensors.Entry::file).distinct().toList(), target);
        SafetensorsWriter writer = new SafetensorsWriter();
        file.metadata().forEach(writer::put);
        for (Safetensors.Entry entry : file.entries()) {
            Safetensors.Type type = Safetensors.Type.find(entry.dtype());
            if (type == null) {
                throw new FormatException(entry.file(), entry.position(), "tensor " + entry.name() + ": dtype " + entry.dtype() + " is not known, so it cannot be written again");
            }
            writer.add(entry.name(), type, entry.shape(), file.bytes(entry.name()));
        }
        writer.write(target);
    }

    static void requireOther(List<Path> sources, Path target) {
        for (Path source : sources) {
            if (source.toAbsolutePath().normalize().equals(target.toAbsolutePath().normalize())) {
                throw new IllegalArgumentException("merge: " + target + " is one of the files that are read; choose another name");
            }
        }
    }
}
