package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Transformer;
import dev.jackdaw.model.arch.Weights;
import dev.jackdaw.model.family.Families;
import dev.jackdaw.model.family.Names;
import dev.jackdaw.model.format.Lora;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.LowRank;
import dev.jackdaw.tensor.grad.Value;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;

/// The weights of a model that stays as it is, with the low-rank pairs that are trained beside them ([LowRank]); for a [Trainer].
///
/// ```java
/// Weights frozen = new FrozenWeights(arena, device, model.spec(), model.file());                // in four bits, if the file is
/// LoraWeights weights = new LoraWeights(arena, device, model.spec(), frozen, LoraSettings.of(16));
/// weights.initialize(seed);
/// try (Trainer trainer = new Trainer(settings, device, weights, weights.trained())) { … }
/// PeftWriter.write(folder, model.spec(), weights.lora(arena, "adapter"), facts);
/// ```
///
/// The numbers of `NAME.weight` are `NAME.lora_A` `[r,C]`, `NAME.lora_B` `[r,F]` (transposed: see [LowRank]) and, for DoRA, `NAME.lora_magnitude` `[F]`.
public final class LoraWeights implements Weights {
    private static final String WEIGHT = ".weight";
    private static final String A = ".lora_A";
    private static final String B = ".lora_B";
    private static final String MAGNITUDE = ".lora_magnitude";
    /// Rows of a packed weight read at a time.
    private static final int ROWS = 256;

    private final Arena arena;
    private final Device device;
    private final ModelSpec spec;
    private final LoraSettings settings;
    private final Weights frozen;
    private final FlatWeights trained;                 // null: only shapes
    private final List<ModelSpec.Parameter> adapted;
    private final Map<List<String>, Value> values = new HashMap<>();

    /// @param arena  owns the pairs and their gradients
    /// @param frozen values without gradients
    public LoraWeights(Arena arena, Device device, ModelSpec spec, Weights frozen, LoraSettings settings) {
        this(arena, device, spec, frozen, settings, new FlatWeights(arena, parameters(spec, settings)));
    }

    private LoraWeights(Arena arena, Device device, ModelSpec spec, Weights frozen, LoraSettings settings, FlatWeights trained) {
        this.arena = arena;
        this.device = device;
        this.spec = spec;
        this.frozen = frozen;
        this.settings = settings;
        this.trained = trained;
        adapted = adapted(spec, settings);
    }

    /// The same without numbers, to find out how much memory a training will take.
    static LoraWeights shapes(ModelSpec spec, Weights frozen, LoraSettings settings) {
        return new LoraWeights(null, null, spec, frozen, settings, null);
    }

    /// The weights of which the settings change the product.
    private static List<ModelSpec.Parameter> adapted(ModelSpec spec, LoraSettings settings) {
        List<ModelSpec.Parameter> linear = spec.parameters().stream().filter(LoraWeights::isLinear).toList();
        if (settings.targets().isEmpty()) {
            return linear;
        }
        Names names = Families.names(spec, false);
        TreeSet<String> known = new TreeSet<>();
        linear.forEach(parameter -> known.addAll(spellings(names, parameter)));
        for (String target : settings.targets()) {
            if (!known.contains(target)) {
                throw new IllegalArgumentException("LoRA: " + target + " is no layer of this " + spec.family() + " model that can be adapted; these are: " + String.join(", ", known)
                        + " (heads, embeddings, routers and experts are not)");
            }
        }
        return linear.stream().filter(parameter -> spellings(names, parameter).stream().anyMatch(settings.targets()::contains)).toList();
    }

    private static List<String> spellings(Names names, ModelSpec.Parameter parameter) {
        Names.Link link = names.find(parameter.name());
        return link == null ? List.of(last(parameter.name())) : List.of(last(parameter.name()), last(link.files().getFirst()));
    }

    private static String last(String name) {
        String stem = stem(name);
        return stem.substring(stem.lastIndexOf('.') + 1);
    }

    private static String stem(String name) {
        return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
    }

    /// Multiplied with rows, by [dev.jackdaw.tensor.grad.Operations#linear]: not experts, routers, nor what latent attention folds.
    private static boolean isLinear(ModelSpec.Parameter parameter) {
        boolean matrix = parameter.role() == ModelSpec.Role.MATRIX || parameter.role() == ModelSpec.Role.RESIDUAL_MATRIX;
        return matrix && parameter.sizes().length == 2 && parameter.name().endsWith("_proj" + WEIGHT) && !parameter.name().contains(".kv_b_proj");
    }

    /// What is trained, in the order of memory: of weights that are multiplied together first each A, then each B, then each magnitude.
    public static List<ModelSpec.Parameter> parameters(ModelSpec spec, LoraSettings settings) {
        List<ModelSpec.Parameter> all = new ArrayList<>(), bs = new ArrayList<>(), magnitudes = new ArrayList<>();
        for (ModelSpec.Parameter parameter : adapted(spec, settings)) {
            if (!parameter.name().matches(".*\\.(k_proj|v_proj|up_proj)\\.weight")) {
                drain(bs, all);
                drain(magnitudes, all);
            }
            String stem = stem(parameter.name());
            long F = parameter.sizes()[0], C = parameter.sizes()[1];
            all.add(new ModelSpec.Parameter(stem + A, ModelSpec.Role.MATRIX, new long[] {settings.rank(), C}));
            bs.add(new ModelSpec.Parameter(stem + B, ModelSpec.Role.MATRIX, new long[] {settings.rank(), F}));
            if (settings.dora()) {
                magnitudes.add(new ModelSpec.Parameter(stem + MAGNITUDE, ModelSpec.Role.NORM, new long[] {F}));
            }
        }
        drain(bs, all);
        drain(magnitudes, all);
        return all;
    }

    private static void drain(List<ModelSpec.Parameter> from, List<ModelSpec.Parameter> to) {
        to.addAll(from);
        from.clear();
    }

    /// What moves.
    public FlatWeights trained() {
        return trained;
    }

    public LoraSettings settings() {
        return settings;
    }

    @Override
    public Value value(String... names) {
        return values.computeIfAbsent(List.of(names), _ -> adapted(names));
    }

    @Override
    public Value expert(int expert, String... names) {
        List<String> key = new ArrayList<>(List.of(names));
        key.add("expert " + expert);
        return values.computeIfAbsent(key, _ -> frozen.expert(expert, names));
    }

    @Override
    public Value table(String name) {
        return values.computeIfAbsent(List.of(name, "table"), _ -> frozen.table(name));
    }

    private Value adapted(String... names) {
        Value weight = frozen.value(names);
        Map<String, Long> rows = new HashMap<>();                  // of those that are adapted, where they begin
        List<ModelSpec.Parameter> changed = new ArrayList<>();
        long row = 0;
        for (String name : names) {
            for (ModelSpec.Parameter parameter : adapted) {
                if (parameter.name().equals(name)) {
                    changed.add(parameter);
                    rows.put(name, row);
                }
            }
            row += sizes(name)[0];
        }
        if (changed.isEmpty()) {
            return weight;
        }
        List<LowRank.Part> parts = changed.stream().map(parameter -> {
            String stem = stem(parameter.name());
            return new LowRank.Part(number(stem + B, settings.rank(), parameter.sizes()[0]), settings.scale(), rows.get(parameter.name()),
                    settings.dora() ? number(stem + MAGNITUDE, parameter.sizes()[0]) : null);
        }).toList();
        String[] as = changed.stream().map(parameter -> stem(parameter.name()) + A).toArray(String[]::new);
        Value a = trained == null ? Value.planned(as[0], (long) settings.rank() * as.length, weight.width()) : trained.value(as);
        Value squares = !settings.dora() ? null : trained == null ? Value.planned("squares", weight.rows()) : Value.of("squares", squares(weight), null);
        return Value.adapted(weight, new LowRank(a, parts, squares, (float) settings.dropout(), names[0].hashCode()));
    }

    private long[] sizes(String name) {
        return spec.parameters().stream().filter(parameter -> parameter.name().equals(name)).findFirst().orElseThrow().sizes();
    }

    private Value number(String name, long... sizes) {
        return trained == null ? Value.planned(name, sizes) : trained.value(name);
    }

    /// ‖W[f]‖² of each row.
    private Tensor squares(Value weight) {
        long F = weight.rows(), C = weight.width();
        Tensor squares = Tensor.zeros(arena, F);
        try (Arena temporary = Arena.ofShared()) {
            Tensor all = weight.packed() == null ? null : Tensor.zeros(temporary, ROWS, C), ids = Tensor.zeros(temporary, DType.I32, ROWS);
            for (long from = 0; from < F; from += ROWS) {
                int count = (int) Math.min(ROWS, F - from);
                for (int i = 0; i < count; i++) {
                    Memory.putInt(ids.address() + 4L * i, (int) from + i);
                }
                Tensor rows;
                if (all == null) {
                    rows = weight.data().slice(from, from + count);
                } else {
                    rows = all.slice(0, count);
                    device.packedEmbedding(rows, weight.packed(), ids.slice(0, count));
                }
                for (int i = 0; i < count; i++) {
                    double sum = 0;
                    for (long c = 0; c < C; c++) {
                        double x = Memory.getFloat(rows.address() + 4 * (i * C + c));
                        sum += x * x;
                    }
                    squares.set(from + i, (float) sum);
                }
            }
        }
        return squares;
    }

    /// Where training begins: A uniform within ±1/√C (what PEFT takes from Kaiming), B zero, so that the model is what it was; each magnitude the
    /// norm of its row. Asks for every weight.
    public void initialize(long seed) {
        SplittableRandom seeds = new SplittableRandom(seed);
        for (FlatWeights.Entry entry : trained.entries()) {
            SplittableRandom random = seeds.split();
            Tensor data = entry.data();
            if (entry.parameter().name().endsWith(A)) {
                double bound = 1 / Math.sqrt(data.size(1));
                for (long i = 0; i < data.elements(); i++) {
                    data.set(i, (float) (bound * (2 * random.nextDouble() - 1)));
                }
            } else {
                data.zero();
            }
        }
        if (settings.dora()) {
            new Transformer(spec, this);    // asks for each weight, with its neighbours
            for (Value value : values.values()) {
                if (value.change() != null) {
                    for (LowRank.Part part : value.change().parts()) {
                        Tensor magnitude = part.magnitude().data();
                        for (long f = 0; f < magnitude.elements(); f++) {
                            magnitude.set(f, (float) Math.sqrt(value.change().squares().data().get(part.row() + f)));
                        }
                    }
                }
            }
        }
    }

    /// Goes on from an adapter of the same shape.
    public void load(Lora lora) {
        Map<String, Lora.Pair> pairs = new HashMap<>();
        lora.pairs().forEach(pair -> pairs.put(pair.weight(), pair));
        for (ModelSpec.Parameter parameter : adapted) {
            Lora.Pair pair = pairs.remove(parameter.name());
            if (pair == null || pair.rank() != settings.rank() || settings.dora() != (pair.magnitude() != null) || Math.abs(pair.scale() - settings.scale()) > 1e-6 * settings.scale()) {
                throw new IllegalArgumentException("adapter " + lora.name() + ": " + (pair == null ? "it does not change " + parameter.name()
                        : parameter.name() + " has rank " + pair.rank() + " and scale " + pair.scale() + (pair.magnitude() == null ? "" : " and magnitudes")) + "; the settings ask for rank "
                        + settings.rank() + " and scale " + settings.scale() + (settings.dora() ? " and magnitudes" : ""));
            }
            String stem = stem(parameter.name());
            trained.entry(stem + A).data().copyFrom(pair.a());
            transpose(pair.b(), trained.entry(stem + B).data());
            if (settings.dora()) {
                trained.entry(stem + MAGNITUDE).data().copyFrom(pair.magnitude());
            }
        }
        if (!pairs.isEmpty()) {
            throw new IllegalArgumentException("adapter " + lora.name() + ": it changes " + new TreeSet<>(pairs.keySet()) + ", which the settings do not train");
        }
    }

    /// A copy of the pairs as they are now.
    public Lora lora(Arena arena, String name) {
        return new Lora(name, adapted.stream().map(parameter -> {
            String stem = stem(parameter.name());
            Tensor a = copy(arena, trained.entry(stem + A).data()), b = Tensor.zeros(arena, parameter.sizes()[0], settings.rank());
            transpose(trained.entry(stem + B).data(), b);
            return new Lora.Pair(parameter.name(), a, b, settings.scale(), settings.dora() ? copy(arena, trained.entry(stem + MAGNITUDE).data()) : null);
        }).toList());
    }

    private static Tensor copy(Arena arena, Tensor from) {
        Tensor to = Tensor.zeros(arena, from.shape().toArray());
        to.copyFrom(from);
        return to;
    }

    private static void transpose(Tensor from, Tensor to) {
        long rows = from.size(0), columns = from.size(1);
        for (long i = 0; i < rows; i++) {
            for (long j = 0; j < columns; j++) {
                to.set(j * rows + i, from.get(i * columns + j));
            }
        }
    }
}
