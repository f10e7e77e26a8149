package dev.jackdaw.model.format;

import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// A model on disk, whatever it is kept in: a GGUF file or a Hugging Face folder. One header, and weights by one set of names (those of
/// Hugging Face) in one order of rows.
///
/// ```java
/// try (Arena arena = Arena.ofShared()) {
///     ModelFile file = ModelFile.open(path, arena);
///     Tensor q = file.tensor("model.layers.0.self_attn.q_proj.weight");     // [H·D,C] in the file's number format
/// }
/// ```
public final class ModelFile implements GgufExport.Source {
    private final Path path;
    private final Arena arena;
    private final ModelHeader header;
    private final Gguf gguf;
    private final Safetensors safetensors;

    private ModelFile(Path path, Arena arena, ModelHeader header, Gguf gguf, Safetensors safetensors) {
        this.path = path;
        this.arena = arena;
        this.header = header;
        this.gguf = gguf;
        this.safetensors = safetensors;
    }

    /// Opens it and compares the shape of every weight with the header, so that nothing later reads past one.
    public static ModelFile open(Path path, Arena arena) throws IOException {
        ModelFile file;
        if (Files.isDirectory(path)) {
            file = new ModelFile(path, arena, HuggingFace.header(path), null, Safetensors.open(path, arena));
        } else {
            Gguf gguf = Gguf.open(path, arena);
            file = new ModelFile(path, arena, GgufExport.header(gguf), gguf, null);
        }
        int tensors = file.gguf != null ? file.gguf.tensors().size() : file.safetensors.entries().size();
        if (file.header.layers() > tensors) {
            throw new FormatException(path, -1, "the header asks for " + file.header.layers() + " layers, but the file has only " + tensors + " tensors");
        }
        for (String name : GgufExport.weightNames(file.header)) {
            Shape expected = file.header.shape(name);
            Shape found = file.gguf != null ? file.gguf.tensorInfo(GgufNames.toGguf(name).orElseThrow()).shape() : file.safetensors.entry(name).shape();
            if (!found.equals(expected)) {
                throw new FormatException(path, -1, "weight " + name + " has shape " + found + "; the header asks for " + expected);
            }
        }
        return file;
    }

    public Path path() {
        return path;
    }

    public ModelHeader header() {
        return header;
    }

    /// The GGUF file behind it, for the tokenizer and the template in its metadata; empty for a folder, which keeps them in files.
    public Optional<Gguf> gguf() {
        return Optional.ofNullable(gguf);
    }

    /// A weight by its Hugging Face name, in the number format of the file. Lives as long as the arena. The queries and keys of a llama
    /// GGUF file are copied, with their rows put back in order; all others are the mapped file itself.
    @Override
    public Tensor tensor(String name) {
        if (gguf == null) {
            return safetensors.tensor(name);
        }
        Tensor tensor = gguf.tensor(GgufNames.toGguf(name).orElseThrow(() -> new FormatException(path, -1, "there is no GGUF name for weight " + name)));
        int heads = GgufNames.interleavedHeads(header, name);
        return heads == 0 ? tensor : GgufNames.separateRows(arena, tensor, heads);
    }
}
