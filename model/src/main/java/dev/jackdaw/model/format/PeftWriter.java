package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.family.Families;
import dev.jackdaw.model.family.Form;
import dev.jackdaw.model.family.Names;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Writes adapters as the PEFT library keeps them, for the model's Hugging Face folder whatever file it came from; [PeftAdapter] tells the
/// layout and is the way back.
///
/// Where the folder keeps several of our weights as one (q, k and v), their pairs become one of the sum of their ranks: the A's one under the
/// other, each B in columns of its own.
///
/// ```
///   A  =  A_q        B  =  B_q  0   0            B·A  =  B_q·A_q
///         A_k              0   B_k  0                    B_k·A_k
///         A_v              0    0  B_v                   B_v·A_v
/// ```
public final class PeftWriter {
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /// What the configuration says besides the pairs; loading needs none of it.
    ///
    /// @param base           where the model is, `base_model_name_or_path`
    /// @param rankStabilised the scale is alpha / √r rather than alpha / r
    /// @param dropout        it was trained with
    public record Facts(String base, boolean rankStabilised, double dropout) {
    }

    /// A pair of the folder's layer.
    private record Module(String name, Tensor a, Tensor b, Tensor magnitude, double alpha) {
        int rank() {
            return Math.toIntExact(a.size(0));
        }
    }

    private final ModelSpec spec;
    private final Facts facts;
    private final Map<String, Lora.Pair> pairs = new LinkedHashMap<>();
    private final boolean dora;

    private PeftWriter(ModelSpec spec, Lora lora, Facts facts) {
        this.spec = spec;
        this.facts = facts;
        lora.pairs().forEach(pair -> pairs.put(pair.weight(), pair));
        long scaled = lora.pairs().stream().filter(pair -> pair.magnitude() != null).count();
        if (pairs.isEmpty() || scaled != 0 && scaled != pairs.size()) {
            throw new IllegalArgumentException("adapter " + lora.name() + ": " + scaled + " of " + pairs.size() + " pairs have magnitudes; PEFT keeps all or none, and at least one pair");
        }
        dora = scaled > 0;
    }

    /// Writes the folder. A new one appears whole or not at all; in one that exists, each file is replaced whole, the configuration last.
    ///
    /// @param lora by our names and in our order of rows, as [Lora#open] gives it
    public static void write(Path folder, ModelSpec spec, Lora lora, Facts facts) throws IOException {
        PeftWriter writer = new PeftWriter(spec, lora, facts);
        if (Files.isDirectory(folder)) {
            writer.fill(folder);
        } else {
            AtomicFile.writeFolder(folder, writer::fill);
        }
    }

    private void fill(Path folder) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            List<Module> modules = modules(arena);
            SafetensorsWriter weights = new SafetensorsWriter().put("format", "pt");
            for (Module module : modules) {
                String stem = PeftAdapter.PREFIX + module.name;
                weights.add(stem + PeftAdapter.A, module.a).add(stem + PeftAdapter.B, module.b);
                if (dora) {
                    weights.add(stem + PeftAdapter.MAGNITUDE, module.magnitude);
                }
            }
            weights.write(folder.resolve(PeftAdapter.WEIGHTS));
            AtomicFile.write(folder.resolve(PeftAdapter.CONFIG), JSON.writeValueAsBytes(config(modules)));
        }
    }

    private List<Module> modules(Arena arena) {
        List<Module> modules = new ArrayList<>();
        Set<String> left = new TreeSet<>(pairs.keySet());
        Names names = Families.names(spec, false);
        for (Names.Link link : links(names)) {
            if (link.ours().stream().noneMatch(pairs::containsKey)) {
                continue;
            }
            switch (link.form()) {
                case Form.Same _, Form.Stacked _, Form.Neighbours _, Form.ByHead _, Form.Transposed _ -> { }
                case Form.EachExpert _, Form.LessOne _, Form.Trimmed _, Form.Own _ -> throw new IllegalArgumentException(
                        "adapter: " + link.ours() + " of a " + spec.family() + " model is not the weight of a plain linear layer, which is all that PEFT's pairs are for");
            }
            link.ours().forEach(left::remove);
            modules.add(module(arena, link));
        }
        if (!left.isEmpty()) {
            throw new IllegalArgumentException("adapter: a " + spec.family() + " folder has no layers for " + left);
        }
        return modules;
    }

    private List<Names.Link> links(Names names) {
        List<Names.Link> links = new ArrayList<>(names.links(spec));
        if (pairs.containsKey("lm_head.weight") && links.stream().noneMatch(link -> link.ours().contains("lm_head.weight"))) {
            links.add(names.find("lm_head.weight"));               // a head that is the embedding too
        }
        return links;
    }

    private Module module(Arena arena, Names.Link link) {
        String name = link.files().getFirst().replaceAll("\\.weight$", "");
        List<Lora.Pair> parts = link.ours().stream().map(pairs::get).toList();
        Form form = link.form() instanceof Form.Transposed ? Form.STACKED : link.form();       // PEFT keeps A and B of a Conv1D as those of a linear layer
        Map<String, Shape> shapes = new HashMap<>();
        spec.parameters().forEach(parameter -> shapes.put(parameter.name(), Shape.of(parameter.sizes())));
        shapes.putIfAbsent("lm_head.weight", Shape.of(spec.vocabulary(), spec.width()));
        long C = shapes.get(link.ours().getFirst()).size(1), R = parts.stream().mapToLong(pair -> pair == null ? 0 : pair.rank()).sum();
        Lora.Pair first = parts.stream().filter(pair -> pair != null).findFirst().orElseThrow();
        if (dora && parts.contains(null)) {
            throw new IllegalArgumentException("adapter: " + name + " of a " + spec.family() + " folder holds " + link.ours() + ", and magnitudes must be there for all of them or none; "
                    + "choose all of them as targets");
        }
        Tensor a = Tensor.zeros(arena, R, C);
        List<Tensor> bs = new ArrayList<>(), magnitudes = new ArrayList<>();
        long from = 0;
        for (int i = 0; i < parts.size(); i++) {
            Lora.Pair pair = parts.get(i);
            long F = shapes.get(link.ours().get(i)).size(0);
            Tensor b = Tensor.zeros(arena, F, R);
            bs.add(b);
            if (pair == null) {
                continue;
            }
            if (pair.a().size(1) != C || pair.b().size(0) != F || pair.b().size(1) != pair.rank()) {
                throw new IllegalArgumentException("adapter: the pair of " + pair.weight() + " is " + pair.a().shape() + " and " + pair.b().shape() + "; the weight is [" + F + "," + C + "]");
            }
            a.slice(from, from + pair.rank()).copyFrom(pair.a());
            float relative = pair.scale() / first.scale();              // one scale for all parts; 1 where they agree
            for (long f = 0; f < F; f++) {
                for (long r = 0; r < pair.rank(); r++) {
                    b.set(f * R + from + r, relative * pair.b().get(f * pair.rank() + r));
                }
            }
            magnitudes.add(pair.magnitude());
            from += pair.rank();
        }
        double alpha = first.scale() * (facts.rankStabilised ? Math.sqrt(R) : R);
        return new Module(name, a, form.write(arena, bs).getFirst(), dora ? form.write(arena, magnitudes).getFirst() : null, tidy(alpha));
    }

    /// A scale is kept as float32; an alpha of 15.999999 was 16.
    private static double tidy(double alpha) {
        double near = Math.rint(alpha * 1024) / 1024;
        return Math.abs(near - alpha) < 1e-6 * Math.abs(alpha) ? near : alpha;
    }

    private Map<String, Object> config(List<Module> modules) {
        int rank = commonest(modules, Module::rank);
        double alpha = commonest(modules, Module::alpha);
        Map<String, Object> ranks = new TreeMap<>(), alphas = new TreeMap<>();
        for (Module module : modules) {
            if (module.rank() != rank) {
                ranks.put(Pattern.compile("\\.").matcher(module.name).replaceAll("\\\\."), module.rank());
            }
            if (module.alpha != alpha) {
                alphas.put(Pattern.compile("\\.").matcher(module.name).replaceAll("\\\\."), whole(module.alpha));
            }
        }
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("peft_type", "LORA");
        config.put("task_type", "CAUSAL_LM");
        config.put("base_model_name_or_path", facts.base);
        config.put("r", rank);
        config.put("lora_alpha", whole(alpha));
        config.put("rank_pattern", ranks);
        config.put("alpha_pattern", alphas);
        config.put("target_modules", targets(modules));
        config.put("use_rslora", facts.rankStabilised);
        config.put("use_dora", dora);
        config.put("lora_dropout", facts.dropout);
        config.put("bias", "none");
        config.put("fan_in_fan_out", Families.names(spec, false).links(spec).stream().anyMatch(link -> link.form() instanceof Form.Transposed));
        config.put("inference_mode", true);
        config.put("modules_to_save", null);
        return config;
    }

    private static <T> T commonest(List<Module> modules, Function<Module, T> value) {
        Map<T, Long> counts = modules.stream().map(value).collect(Collectors.groupingBy(v -> v, LinkedHashMap::new, Collectors.counting()));
        return Collections.max(counts.entrySet(), Map.Entry.comparingByValue()).getKey();
    }

    private static Object whole(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1 << 30 ? (Object) (int) value : (Object) value;
    }

    /// The last part of the name, `q_proj`, where all layers of that name are changed; else the whole name.
    private Collection<String> targets(List<Module> modules) {
        Map<String, Long> all = new HashMap<>();
        for (Names.Link link : Families.names(spec, false).links(spec)) {
            for (String file : link.files()) {
                all.merge(last(file.replaceAll("\\.weight$", "")), 1L, Long::sum);
            }
        }
        Map<String, Long> changed = modules.stream().collect(Collectors.groupingBy(module -> last(module.name), Collectors.counting()));
        return modules.stream().map(module -> all.getOrDefault(last(module.name), 1L).equals(changed.get(last(module.name))) ? last(module.name) : module.name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
