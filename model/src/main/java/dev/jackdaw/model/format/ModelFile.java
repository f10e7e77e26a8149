package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.WeightSource;
import dev.jackdaw.model.family.Facts;
import dev.jackdaw.model.family.Families;
import dev.jackdaw.model.family.Form;
import dev.jackdaw.model.family.Names;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A model on disk, whatever it is kept in: a GGUF file or a Hugging Face folder. One description, and weights by one set of names
/// (those of [ModelSpec#parameters()]) in one order of rows.
///
/// ```java
/// try (Arena arena = Arena.ofShared()) {
///     ModelFile file = ModelFile.open(path, arena);
///     Tensor q = file.tensor("model.layers.0.self_attn.q_proj.weight");     // [H·D,C] in the file's number format
/// }
/// ```
public final class ModelFile implements GgufExport.Source, WeightSource {
    private final Path path;
    private final Arena arena;
    private final Gguf gguf;                        // one of these is null
    private final Safetensors safetensors;
    private final ModelSpec spec;
    private final Facts facts;
    private final Names names;
    private final Map<String, Shape> shapes = new HashMap<>();

    private ModelFile(Path path, Arena arena, Gguf gguf, Safetensors safetensors, Families.Described described) {
        this.path = path;
        this.arena = arena;
        this.gguf = gguf;
        this.safetensors = safetensors;
        spec = described.spec();
        facts = described.facts();
        names = described.names();
        spec.parameters().forEach(parameter -> shapes.put(parameter.name(), Shape.of(parameter.sizes())));
    }

    /// Opens it and compares the shape of every weight with the header, so that nothing later reads past one.
    public static ModelFile open(Path path, Arena arena) throws IOException {
        ModelFile file;
        if (Files.isDirectory(path)) {
            Safetensors safetensors = Safetensors.open(path, arena);
            file = new ModelFile(path, arena, null, safetensors, Families.of(path.resolve("config.json"), HuggingFace.config(path), safetensors));
        } else {
            Gguf gguf = Gguf.open(path, arena);
            file = new ModelFile(path, arena, gguf, null, Families.of(gguf));
        }
        file.compareShapes();
        return file;
    }

    private void compareShapes() {
        for (Names.Link link : names.links(spec)) {
            List<Shape> expected = link.form().shapes(shapes(link));
            for (int i = 0; i < link.files().size(); i++) {
                Shape found = facts.shape(link.files().get(i)), wanted = expected.get(i);
                boolean fits = found.equals(wanted) || link.form() instanceof Form.Same && found.elements() == wanted.elements() && found.width() == wanted.width();
                if (!fits) {
                    throw new FormatException(path, -1, "tensor " + link.files().get(i) + " has shape " + found + "; the header asks for " + wanted);
                }
            }
        }
    }

    private List<Shape> shapes(Names.Link link) {
        return link.ours().stream().map(name -> {
            Shape shape = shapes.get(name);
            if (shape == null) {
                throw new FormatException(path, -1, "tensor " + link.files().getFirst() + " holds weight " + name + ", which this model does not have");
            }
            return shape;
        }).toList();
    }

    public Path path() {
        return path;
    }

    public ModelSpec spec() {
        return spec;
    }

    /// Where the file keeps which weight.
    Names names() {
        return names;
    }

    /// The GGUF file behind it, for the tokenizer and the template in its metadata; empty for a folder, which keeps them in files.
    public Optional<Gguf> gguf() {
        return Optional.ofNullable(gguf);
    }

    /// A weight in the number format of the file, as long as the arena of the file lives. Most are the mapped file itself; those whose
    /// numbers lie otherwise in the file are copies.
    @Override
    public Tensor tensor(String name) {
        return tensor(arena, name);
    }

    @Override
    public Tensor tensor(Arena scratch, String name) {
        Names.Link link = link(name);
        return link.form().read(scratch, link.files().stream().map(facts::tensor).toList(), link.ours().indexOf(name), shapes(link));
    }

    @Override
    public Tensor tensor(Arena scratch, String name, int expert) {
        Names.Link link = link(name);
        return link.form().expert(scratch, link.files().stream().map(facts::tensor).toList(), link.ours().indexOf(name), shapes(link), expert);
    }

    @Override
    public Stored stored(String name, int expert) {
        Names.Link link = link(name);
        return switch (link.form()) {
            case Form.Same _, Form.Stacked _ -> new Stored(expert < 0 ? tensor(arena, name) : tensor(arena, name, expert), 0);
            case Form.EachExpert _ -> new Stored(tensor(arena, name, expert), 0);
            case Form.Neighbours(int heads) -> new Stored(facts.tensor(link.files().getFirst()), heads);
            case Form.ByHead _, Form.LessOne _, Form.Trimmed _, Form.Transposed _, Form.Own _ -> null;
        };
    }

    @Override
    public DType type(String name) {
        Names.Link link = link(name);
        DType stored = facts.tensor(link.files().getFirst()).type();
        return switch (link.form()) {
            case Form.Same _, Form.Stacked _, Form.EachExpert _, Form.Neighbours _, Form.ByHead _, Form.Trimmed _ -> stored;
            case Form.LessOne _ -> DType.F32;
            case Form.Transposed _, Form.Own _ -> switch (stored) {
                case I8 -> DType.MXFP4;                      // gpt-oss, whose blocks and exponents are two tensors
                case F16, BF16 -> stored;
                default -> DType.F32;
            };
        };
    }

    /// In a thread of its own, so that the disk works while weights are packed; it does no harm if the file is closed meanwhile.
    @Override
    public void prefetch() {
        Thread.ofPlatform().daemon().name("jackdaw-prefetch").start(() -> {
            if (gguf != null) {
                gguf.prefetch();
            } else {
                safetensors.prefetch();
            }
        });
    }

    @Override
    public void release() {
        if (gguf != null) {
            gguf.release();
        } else {
            safetensors.release();
        }
    }

    private Names.Link link(String name) {
        Names.Link link = shapes.containsKey(name) ? names.find(name) : null;
        if (link == null) {
            throw new FormatException(path, -1, "there is no weight " + name + " in a " + spec.family() + " model of this shape");
        }
        return link;
    }
}
