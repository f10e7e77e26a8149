package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.model.family.Families;
import dev.jackdaw.model.family.Names;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// A whole model as one GGUF file that llama.cpp runs unchanged.
///
/// The keys, in this order (checked against what llama.cpp reads for qwen3):
/// - `general.architecture`, `.type` = `model`, `.name`, `.file_type` (0 F32, 1 F16, 7 Q8_0, 32 BF16), `.quantization_version` = 2
/// - what [GgufHeader] says of the model, each key behind the architecture's name
/// - `tokenizer.ggml.*` and `tokenizer.chat_template` as given. A split called `llama-bpe` makes llama.cpp add a beginning-of-text token
///   unless `tokenizer.ggml.add_bos_token` says no, so it must be written out.
/// - `jackdaw.*`: how the model came to be. Nothing that changes from run to run (clock, machine, paths) belongs here: the same training
///   gives the same bytes.
///
/// **Types.** Weights with one dimension stay F32, as everywhere. For Q8_0, a weight whose rows do not fill blocks of 32 becomes F16. Where
/// no type is asked for, each keeps its own, so that nothing is lost and nothing grows.
public final class GgufExport {
    private static final int QUANTIZATION_VERSION = 2;

    /// Hands out weights by the names of [ModelSpec#parameters()]; null where there is none.
    @FunctionalInterface
    public interface Source {
        Tensor tensor(String name);
    }

    private GgufExport() {
    }

    /// @param name      what `general.name` says
    /// @param weights   by our names, in any number format
    /// @param type      F32, F16, BF16 or Q8_0; null: each weight as it is
    /// @param tokenizer keys that begin with `tokenizer.`
    /// @param facts     keys that begin with `jackdaw.`
    public static void write(Path path, String name, ModelSpec spec, Source weights, DType type,
                             Map<String, GgufValue> tokenizer, Map<String, GgufValue> facts) throws IOException {
        GgufWriter writer = new GgufWriter();
        try (Arena arena = Arena.ofShared()) {                       // holds the reordered rows of llama files until they are written
            Map<DType, Long> elements = new EnumMap<>(DType.class);
            List<Runnable> tensors = new ArrayList<>();
            for (Names.Link link : Families.names(spec, true).links(spec)) {
                List<Tensor> ours = new ArrayList<>();
                for (String weight : link.ours()) {
                    Tensor tensor = weights.tensor(weight);
                    if (tensor == null) {
                        throw new IllegalArgumentException("export to " + path + ": the model has no weight " + weight);
                    }
                    ours.add(tensor);
                }
                List<Tensor> files = link.form().write(arena, ours);
                for (int i = 0; i < files.size(); i++) {
                    String file = link.files().get(i);
                    Tensor tensor = files.get(i);
                    DType chosen = typeFor(file, tensor, type);
                    elements.merge(chosen, tensor.elements(), Long::sum);
                    tensors.add(() -> writer.add(file, tensor, chosen));
                }
            }
            putGeneral(writer, name, spec, type == null ? Collections.max(elements.entrySet(), Map.Entry.comparingByValue()).getKey() : type);
            putAll(writer, tokenizer, "tokenizer.");
            putAll(writer, facts, "jackdaw.");
            tensors.forEach(Runnable::run);
            addFactors(writer, arena, spec);
            writer.write(path);
        }
    }

    /// The number format a weight of this shape gets in a file of this type.
    public static DType typeFor(Shape shape, DType type) {
        if (shape.rank() < 2) {
            return DType.F32;
        }
        return type == DType.Q8_0 && shape.width() % DType.Q8_0.blockElements() != 0 ? DType.F16 : type;
    }

    /// Biases, tables of positions and routers stay F32, as llama.cpp has them.
    private static DType typeFor(String name, Tensor tensor, DType type) {
        boolean wide = name.endsWith(".bias") || name.startsWith("position_embd") || name.startsWith("token_types") || name.contains("ffn_gate_inp") || name.contains("_norm.");
        DType own = tensor.type() == DType.F64 ? DType.F32 : tensor.type();
        return wide ? DType.F32 : typeFor(tensor.shape(), type == null ? own : type);
    }

    private static void putGeneral(GgufWriter writer, String name, ModelSpec spec, DType type) {
        writer.put("general.architecture", spec.family())
            .put("general.type", "model")
            .put("general.name", name)
            .put("general.file_type", GgufValue.u32(FileType.of(type).code()))
            .put("general.quantization_version", GgufValue.u32(QUANTIZATION_VERSION));
        GgufHeader.put(writer, spec);
    }

    /// Divisors of rotary angles, which GGUF keeps as tensors.
    private static void addFactors(GgufWriter writer, Arena arena, ModelSpec spec) {
        spec.blocks().stream().map(block -> block.attention().rope()).filter(Rope.Turned.class::isInstance).map(Rope.Turned.class::cast).findFirst().ifPresent(rope -> {
            switch (rope.scaling()) {
                case Rope.Factors(List<Float> factors) -> addFactors(writer, arena, "rope_freqs.weight", factors);
                case Rope.Llama3 _ -> {
                    double[] scaled = rope.angles(false), plain = new Rope.Turned(rope.width(), rope.neighbours(), rope.theta(), Rope.UNSCALED).angles(false);
                    List<Float> factors = new ArrayList<>();
                    for (int i = 0; i < plain.length; i++) {
                        factors.add((float) (plain[i] / scaled[i]));
                    }
                    addFactors(writer, arena, "rope_freqs.weight", factors);
                }
                case Rope.LongFactors f -> {
                    addFactors(writer, arena, "rope_factors_long.weight", f.longFactors());
                    addFactors(writer, arena, "rope_factors_short.weight", f.shortFactors());
                }
                case Rope.Unscaled _, Rope.Linear _, Rope.Yarn _, Rope.Dynamic _ -> { }
            }
        });
    }

    private static void addFactors(GgufWriter writer, Arena arena, String name, List<Float> factors) {
        Tensor tensor = Tensor.zeros(arena, factors.size());
        for (int i = 0; i < factors.size(); i++) {
            tensor.set(i, factors.get(i));
        }
        writer.add(name, tensor, DType.F32);
    }

    private static void putAll(GgufWriter writer, Map<String, GgufValue> values, String prefix) {
        values.forEach((key, value) -> {
            if (!key.startsWith(prefix)) {
                throw new IllegalArgumentException("export: key " + key + " should begin with " + prefix);
            }
            writer.put(key, value);
        });
    }
}
