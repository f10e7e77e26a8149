package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.family.Families;
import dev.jackdaw.model.family.Form;
import dev.jackdaw.model.family.Names;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A LoRA adapter as it was trained: for some weights W `[F,C]` a pair A `[r,C]`, B `[F,r]` and a scale, which stand for W + s·B·A
/// (Hu et al., "LoRA", 2021); with a magnitude m `[F]` as well, the rows of that sum are scaled to it: m·(W + s·B·A)/‖W + s·B·A‖
/// (Liu et al., "DoRA", 2024).
/// Read from the folder that PEFT writes, or from a GGUF file (`general.type` = `adapter`), by the names of the model it is for.
///
/// Where a file keeps several of our weights as one (q, k and v), its pair becomes one for each, with the same A and the rows of B in our
/// order. The order of rows of B is that of W in the same kind of file: GGUF of Llama has the rotary pairs of q and k as neighbours.
///
/// @param name  where it is from
/// @param pairs by the names of [ModelSpec#parameters()]
public record Lora(String name, List<Pair> pairs) {
    /// @param weight    one of our names
    /// @param a         `[r,C]` F32
    /// @param b         `[F,r]` F32
    /// @param magnitude `[F]` F32, or null without DoRA
    public record Pair(String weight, Tensor a, Tensor b, float scale, Tensor magnitude) {
        public Pair(String weight, Tensor a, Tensor b, float scale) {
            this(weight, a, b, scale, null);
        }

        public long rank() {
            return a.size(0);
        }

        /// Works the change into `sum`, F32: the weight `w` it was trained over, with the changes of other adapters or without.
        ///
        /// @param strength 1: as it was trained
        public void addTo(Device device, Tensor sum, Tensor w, float strength) {
            try (Arena temporary = Arena.ofShared()) {
                Tensor factors = magnitude == null ? null : factors(device, temporary, w), change = change(device, temporary);
                int C = Math.toIntExact(change.size(1));
                device.families().forEach(Math.toIntExact(change.size(0)), f -> {
                    float g = factors == null ? 1 : factors.get(f), keep = 1 + strength * (g - 1), add = strength * g * scale;
                    for (long i = (long) f * C; i < (f + 1L) * C; i++) {
                        long at = sum.address() + 4 * i;
                        Memory.putFloat(at, keep * Memory.getFloat(at) + add * Memory.getFloat(change.address() + 4 * i));
                    }
                });
            }
        }

        /// What DoRA multiplies the rows of W + s·B·A by, `[F]`: m / ‖W + s·B·A‖.
        public Tensor factors(Device device, Arena arena, Tensor w) {
            Tensor factors = Tensor.zeros(arena, b.size(0));
            try (Arena temporary = Arena.ofShared()) {
                Tensor change = change(device, temporary);
                if (!w.shape().equals(change.shape())) {
                    throw new IllegalArgumentException("adapter: its " + weight + " is for a weight " + change.shape() + ", found " + w.shape());
                }
                Tensor wide = Lora.wide(temporary, w);
                int C = Math.toIntExact(change.size(1));
                device.families().forEach(Math.toIntExact(change.size(0)), f -> {
                    double squares = 0;
                    for (long i = (long) f * C; i < (f + 1L) * C; i++) {
                        double x = Memory.getFloat(wide.address() + 4 * i) + scale * Memory.getFloat(change.address() + 4 * i);
                        squares += x * x;
                    }
                    factors.set(f, squares == 0 ? 0 : (float) (magnitude.get(f) / Math.sqrt(squares)));
                });
            }
            return factors;
        }

        /// B·A
        private Tensor change(Device device, Arena arena) {
            Tensor change = Tensor.zeros(arena, b.size(0), a.size(1));
            device.matmul(change, b, false, a, false);
            return change;
        }
    }

    /// A pair as it stands in a file, for the tensor `weight` of a model in the same kind of file.
    record Stored(String weight, Tensor a, Tensor b, float scale, Tensor magnitude) {
    }

    /// @param madeFor what the file says about its model, to be told when it does not fit; may be null
    /// @param gguf    names are those of GGUF
    record Contents(List<Stored> pairs, String madeFor, boolean gguf) {
    }

    /// @param path  a folder with `adapter_config.json`, or a GGUF file
    /// @param spec  of the model it is for
    /// @param arena owns the numbers
    public static Lora open(Path path, ModelSpec spec, Arena arena) throws IOException {
        if (!Files.exists(path)) {
            throw new NoSuchFileException("adapter " + path + ": there is no such file or folder; give a folder that PEFT wrote, or a GGUF adapter");
        }
        Contents contents = Files.isDirectory(path) ? PeftAdapter.read(path, arena) : GgufAdapter.read(path, spec, arena);
        String madeFor = contents.madeFor == null ? "" : "; it was made for " + contents.madeFor;
        Names names = Families.names(spec, contents.gguf);
        Map<String, Names.Link> links = links(names, spec);
        Map<String, Shape> shapes = new HashMap<>();
        spec.parameters().forEach(parameter -> shapes.put(parameter.name(), Shape.of(parameter.sizes())));
        shapes.putIfAbsent("lm_head.weight", Shape.of(spec.vocabulary(), spec.width()));
        List<Pair> pairs = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (Stored stored : contents.pairs) {
            Names.Link link = links.get(stored.weight);
            if (link == null) {
                throw new IllegalArgumentException("adapter " + path + ": it changes " + stored.weight + ", and this " + spec.family() + " model has no such weight" + madeFor);
            }
            List<Shape> ours = link.ours().stream().map(shapes::get).toList();
            requireFits(path, stored, link, ours, madeFor);
            for (int i = 0; i < ours.size(); i++) {
                if (!seen.add(link.ours().get(i))) {
                    throw new IllegalArgumentException("adapter " + path + ": two pairs change " + stored.weight);
                }
                long rank = stored.a.size(0);
                List<Shape> bs = ours.stream().map(shape -> Shape.of(shape.size(0), rank)).toList();
                Form form = link.form() instanceof Form.Transposed ? Form.STACKED : link.form();       // PEFT keeps A and B of a Conv1D as those of a linear layer
                Tensor magnitude = stored.magnitude == null ? null : form.read(arena, List.of(stored.magnitude), i, ours.stream().map(shape -> Shape.of(shape.size(0))).toList());
                pairs.add(new Pair(link.ours().get(i), stored.a, form.read(arena, List.of(stored.b), i, bs), stored.scale, magnitude));
            }
        }
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException("adapter " + path + ": it holds no pairs lora_A and lora_B");
        }
        return new Lora(path.toString(), List.copyOf(pairs));
    }

    /// By the name of the weight in a file.
    private static Map<String, Names.Link> links(Names names, ModelSpec spec) {
        Map<String, Names.Link> links = new HashMap<>();
        for (Names.Link link : names.links(spec)) {
            link.files().forEach(file -> links.put(file, link));
        }
        Names.Link head = names.find("lm_head.weight");            // also where it is the embedding: then only as a head
        if (head != null) {
            head.files().forEach(file -> links.putIfAbsent(file, head));
        }
        return links;
    }

    private static void requireFits(Path path, Stored stored, Names.Link link, List<Shape> ours, String madeFor) {
        boolean known = switch (link.form()) {
            case Form.Same _, Form.Stacked _, Form.Neighbours _, Form.ByHead _, Form.Transposed _ -> ours.getFirst().rank() == 2;
            case Form.EachExpert _, Form.LessOne _, Form.Trimmed _, Form.Own _ -> false;
        };
        if (!known) {
            throw new IllegalArgumentException("adapter " + path + ": it changes " + stored.weight + ", which is not the weight of a plain linear layer; such adapters are not supported, merge it into the model first");
        }
        long C = ours.getFirst().size(1), F = ours.stream().mapToLong(shape -> shape.size(0)).sum();
        Shape a = stored.a.shape(), b = stored.b.shape();
        if (a.rank() != 2 || b.rank() != 2 || a.size(0) != b.size(1)) {
            throw new IllegalArgumentException("adapter " + path + ": " + stored.weight + ": A is " + a + " and B is " + b + "; expected [r,C] and [F,r]");
        }
        if (a.size(1) != C || b.size(0) != F) {
            throw new IllegalArgumentException("adapter " + path + ": its " + stored.weight + " is for a weight [" + b.size(0) + "," + a.size(1) + "], the model's is [" + F + "," + C
                    + "]; it is an adapter of another model" + madeFor);
        }
        if (stored.magnitude != null && stored.magnitude.elements() != F) {
            throw new IllegalArgumentException("adapter " + path + ": the magnitudes of " + stored.weight + " are " + stored.magnitude.shape() + "; expected [" + F + "], one for each row");
        }
    }

    static Tensor wide(Arena arena, Tensor tensor) {
        return tensor.type() == DType.F32 ? tensor : Conversion.to(arena, tensor, DType.F32);
    }
}
