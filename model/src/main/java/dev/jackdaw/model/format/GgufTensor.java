package dev.jackdaw.model.format;

import dev.jackdaw.tensor.Shape;

/// One line of a GGUF file's tensor directory.
///
/// `shape` is in our row-major order, the reverse of the file's: a linear layer from C to F numbers reads `[F,C]` here.
/// `position` counts from the start of the file. `bytes` is -1 where the type is unknown.
public record GgufTensor(String name, Shape shape, GgmlType type, long position, long bytes) {
    long end() {
        return position + Math.max(0, bytes);
    }
}
