package dev.jackdaw.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.FrozenWeights;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.WeightSource;
import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.format.Lora;
import dev.jackdaw.model.format.PeftWriter;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// LoRA, its rank-stabilised form and DoRA against PEFT, and over quantised weights against the same weights as F32. The numbers of PEFT and the
/// script that made them are in `reference/lora`.
class LoraTrainingTest {
    private static final Path FOLDER = Path.of("src/test/resources/reference/lora"), MODEL = Path.of("src/test/resources/reference/training");
    private static final ModelSpec LLAMA = ModelSpec.plain("llama", 512, 2, 64, 4, 2, 16, 128, 128, 1e-5f, 10000, false, false);
    private static final ModelSpec SMALL = ModelSpec.plain("qwen3", 96, 1, 256, 4, 2, 64, 256, 64, 1e-6f, 10000, true, true);
    private static final int B = 4, T = 32;
    private static final Map<String, LoraSettings> CASES = Map.of(
            "lora", new LoraSettings(2, 4, List.of(), false, false, 0),
            "rslora", new LoraSettings(3, 5, List.of("q_proj", "v_proj"), true, false, 0),
            "dora", new LoraSettings(2, 3, List.of("q_proj", "v_proj", "o_proj", "up_proj", "down_proj"), false, true, 0));

    private final Arena arena = Arena.ofShared();
    private final Device device = Device.cpu(2);

    @AfterEach
    void close() {
        device.close();
        arena.close();
    }

    private static TrainSettings settings(ModelSpec spec, int batch, int context, int pass) {
        return new TrainSettings(spec, 0, 10, batch, context, pass, OptimizerSettings.adamW(1e-3, 0), 0, 0, 1, false, 0, 0, 0);
    }

    private void fill(Tensor tokens, Batch batch, int step) {
        for (long b = 0; b < B; b++) {
            for (int t = 0; t < T; t++) {
                long from = tokens.address() + 4 * ((step * B + b) * (T + 1) + t);
                Memory.putInt(batch.ids().address() + 4 * (b * T + t), Memory.getInt(from));
                Memory.putInt(batch.targets().address() + 4 * (b * T + t), Memory.getInt(from + 4));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"lora,4", "lora,1", "rslora,4", "dora,4", "dora,2"})
    void gradientsAndFiveStepsAreThoseOfPeft(String name, int pass, @TempDir Path written) throws IOException {
        Safetensors model = Safetensors.open(MODEL.resolve("model.safetensors"), arena);
        Tensor tokens = Safetensors.open(MODEL.resolve("batches.safetensors"), arena).tensor("tokens");
        JsonNode expected = JsonMapper.shared().readTree(FOLDER.resolve("expected.json").toFile()).get(name);
        LoraWeights weights = new LoraWeights(arena, device, LLAMA, new FrozenWeights(arena, device, LLAMA, (_, weight) -> model.tensor(weight)), CASES.get(name));
        weights.load(Lora.open(FOLDER.resolve(name), LLAMA, arena));
        try (Trainer trainer = new Trainer(settings(LLAMA, B, T, pass), device, weights, weights.trained())) {
            trainer.fill(batch -> fill(tokens, batch, 0));
            double loss = trainer.gradients(1f / (B * T)) / (B * T);
            assertThat(loss).isCloseTo(expected.get("loss").get(0).asDouble(), within(1e-5));
            compareGradients(weights, Safetensors.open(FOLDER.resolve(name + ".safetensors"), arena));
            for (int i = 0; i < 5; i++) {
                int step = i;
                Trainer.Step result = trainer.step(batch -> fill(tokens, batch, step));
                assertThat(result.loss()).as("loss of step %d", i + 1).isCloseTo(expected.get("loss").get(i).asDouble(), within(1e-5));
                double norm = expected.get("gradient_norm").get(i).asDouble();
                assertThat(result.gradientNorm()).as("gradient norm of step %d", i + 1).isCloseTo(norm, within(1e-4 * norm));
            }
        }
        // what was trained, through a folder in the form of PEFT and the adapters of the running model
        PeftWriter.write(written.resolve("adapter"), LLAMA, weights.lora(arena, "trained"), new PeftWriter.Facts("the/model", CASES.get(name).rankStabilised(), 0));
        Lora lora = Lora.open(written.resolve("adapter"), LLAMA, arena);
        try (Forward forward = new Forward(LLAMA, device, (_, weight) -> model.tensor(weight))) {
            float[] adapted = nextLosses(forward, lora, tokens);
            try (Trainer trainer = new Trainer(settings(LLAMA, B, T, pass), device, weights, weights.trained())) {
                trainer.fill(batch -> fill(tokens, batch, 6));
                float[] trained = trainer.losses().toFloats();
                for (int t = 0; t < T; t++) {
                    assertThat(adapted[t]).as("loss of position %d", t).isCloseTo(trained[t], within(1e-4f));
                }
            }
        }
    }

    /// Of the first row of batch 6.
    private static float[] nextLosses(Forward forward, Lora lora, Tensor tokens) {
        forward.adapters(List.of(forward.adapter(lora, 1)));
        int[] ids = new int[T + 1];
        for (int t = 0; t <= T; t++) {
            ids[t] = Memory.getInt(tokens.address() + 4L * (6 * B * (T + 1) + t));
        }
        float[] losses = new float[T];
        try (KvCache cache = forward.newCache(T)) {
            forward.allLogits(cache, java.util.Arrays.copyOf(ids, T), (t, logits) -> {
                double sum = 0;
                for (float logit : logits.toFloats()) {
                    sum += Math.exp(logit);
                }
                losses[t] = (float) (Math.log(sum) - logits.get(ids[t + 1]));
            });
        }
        return losses;
    }

    private static void compareGradients(LoraWeights weights, Safetensors reference) {
        assertThat(weights.trained().entries()).hasSameSizeAs(reference.entries());
        for (FlatWeights.Entry entry : weights.trained().entries()) {
            String name = entry.parameter().name();
            boolean b = name.endsWith(".lora_B");
            float[] wanted = reference.tensor("base_model.model." + name.replace("lora_magnitude", "lora_magnitude_vector") + (name.endsWith("magnitude") ? "" : ".weight")).toFloats();
            float[] found = entry.gradient().toFloats();
            int rows = b ? Math.toIntExact(entry.gradient().size(0)) : 1, columns = found.length / rows;
            for (int i = 0; i < found.length; i++) {
                float same = b ? wanted[i % columns * rows + i / columns] : wanted[i];
                assertThat(found[i]).as("gradient of %s, element %d", name, i).isCloseTo(same, within(1e-5f));
            }
        }
    }

    /// Random weights, each time the same.
    private WeightSource random(ModelSpec spec) {
        Map<String, Tensor> all = new HashMap<>();
        SplittableRandom random = new SplittableRandom(3);
        for (ModelSpec.Parameter parameter : spec.parameters()) {
            Tensor data = Tensor.zeros(arena, parameter.sizes());
            for (long i = 0; i < data.elements(); i++) {
                data.set(i, (float) (parameter.role() == ModelSpec.Role.NORM ? 1 + 0.1 * random.nextGaussian() : random.nextGaussian() / 12));
            }
            all.put(parameter.name(), data);
        }
        return (_, name) -> all.get(name);
    }

    private static void randomTokens(Batch batch) {
        SplittableRandom random = new SplittableRandom(8);
        for (long i = 0; i < batch.ids().elements(); i++) {
            Memory.putInt(batch.ids().address() + 4 * i, random.nextInt(96));
            Memory.putInt(batch.targets().address() + 4 * i, random.nextInt(96));
        }
    }

    private record Gradients(double loss, Map<String, float[]> all) {
    }

    private Gradients gradients(ModelSpec spec, WeightSource source, DType as, LoraSettings lora, Device device) {
        LoraWeights weights = new LoraWeights(arena, device, spec, new FrozenWeights(arena, device, spec, FrozenWeights.as(spec, source, as)), lora);
        weights.initialize(1);
        SplittableRandom random = new SplittableRandom(2);
        for (FlatWeights.Entry entry : weights.trained().entries()) {
            if (entry.parameter().name().endsWith("lora_B")) {
                for (long i = 0; i < entry.data().elements(); i++) {
                    entry.data().set(i, (float) (0.1 * random.nextGaussian()));
                }
            }
        }
        try (Trainer trainer = new Trainer(settings(spec, 2, 16, 1), device, weights, weights.trained())) {
            trainer.fill(LoraTrainingTest::randomTokens);
            double loss = trainer.gradients(1f / 32);
            Map<String, float[]> all = new HashMap<>();
            weights.trained().entries().forEach(entry -> all.put(entry.parameter().name(), entry.gradient().toFloats()));
            return new Gradients(loss, all);
        }
    }

    @ParameterizedTest
    @CsvSource({"Q4_0,false", "Q8_0,true", "Q4_K,false", "Q6_K,true", "BF16,false"})
    void overQuantisedWeightsAsOverTheSameWeightsInFull(DType type, boolean dora) {
        WeightSource source = random(SMALL);
        WeightSource rounded = (scratch, name) -> {
            Tensor w = source.tensor(scratch, name);
            return w.shape().rank() < 2 ? w : Conversion.to(scratch, w, type);
        };
        WeightSource wide = (scratch, name) -> {
            Tensor w = rounded.tensor(scratch, name);
            return w.type() == DType.F32 ? w : Conversion.to(scratch, w, DType.F32);
        };
        LoraSettings lora = new LoraSettings(4, 8, List.of(), false, dora, 0);
        WeightSource stored = new WeightSource() {
            @Override
            public Tensor tensor(Arena scratch, String name) {
                return rounded.tensor(scratch, name);
            }

            @Override
            public DType type(String name) {
                return source.tensor(arena, name).shape().rank() < 2 ? DType.F32 : type;
            }
        };
        Gradients expected = gradients(SMALL, wide, DType.F32, lora, device);
        for (Gradients found : List.of(gradients(SMALL, stored, null, lora, device), gradients(SMALL, source, type, lora, device))) {
            assertThat(found.loss).isCloseTo(expected.loss, within(1e-4 * expected.loss));
            expected.all.forEach((name, gradient) -> assertThat(found.all.get(name)).as(name).usingComparatorWithPrecision(1e-4f).containsExactly(gradient));
        }
        double largest = expected.all.values().stream().mapToDouble(g -> Math.abs(g[0])).max().orElseThrow();
        assertThat(largest).isGreaterThan(1e-3);
    }

    @Test
    void theMemoryIsKnownBeforehand() {
        LoraSettings lora = LoraSettings.of(4);
        TrainSettings settings = settings(SMALL, 2, 16, 1);
        WeightSource source = random(SMALL);
        long plain = FrozenWeights.bytes(SMALL, source), packed = FrozenWeights.bytes(SMALL, FrozenWeights.as(SMALL, source, DType.Q4_0));
        assertThat(plain).isEqualTo(4 * SMALL.parameterCount());
        assertThat(packed).isBetween(plain / 8, plain / 6);
        assertThat(Trainer.bytesNeeded(settings, lora, packed)).isLessThan(Trainer.bytesNeeded(settings, lora, plain));
        assertThat(Trainer.bytesNeeded(settings, lora, packed)).isLessThan(Trainer.bytesNeeded(settings));
        assertThat(Trainer.bytesNeeded(settings, new LoraSettings(4, 8, List.of(), false, true, 0), packed)).as("DoRA keeps the product of each layer")
                .isGreaterThan(Trainer.bytesNeeded(settings, lora, packed));
    }

    @Test
    void theSameBitsAtAnyThreadCountAndFromASeed() {
        WeightSource source = random(SMALL);
        LoraSettings lora = new LoraSettings(3, 6, List.of("k_proj", "down_proj", "up_proj"), false, true, 0.1);
        try (Device one = Device.cpu(1)) {
            Gradients found = gradients(SMALL, source, DType.Q4_0, lora, device);
            gradients(SMALL, source, DType.Q4_0, lora, one).all.forEach((name, gradient) -> assertThat(found.all.get(name)).as(name).isEqualTo(gradient));
        }
    }

    @Test
    void beginsAsTheModelAndPairsBeginAsPeftBegins() {
        WeightSource source = random(SMALL);
        for (boolean dora : new boolean[] {false, true}) {
            LoraWeights weights = new LoraWeights(arena, device, SMALL, new FrozenWeights(arena, device, SMALL, source), new LoraSettings(4, 8, List.of(), false, dora, 0));
            weights.initialize(5);
            FlatWeights bare = new FlatWeights(arena, SMALL.parameters());
            bare.load(name -> source.tensor(arena, name));
            try (Trainer adapted = new Trainer(settings(SMALL, 2, 16, 1), device, weights, weights.trained()); Trainer plain = new Trainer(settings(SMALL, 2, 16, 1), device, bare, bare)) {
                adapted.fill(LoraTrainingTest::randomTokens);
                plain.fill(LoraTrainingTest::randomTokens);
                assertThat(adapted.losses().toFloats()).usingComparatorWithPrecision(1e-4f).containsExactly(plain.losses().toFloats());
            }
            float[] a = weights.trained().entry("model.layers.0.mlp.down_proj.lora_A").data().toFloats();
            double most = 0, squares = 0;
            for (float x : a) {
                most = Math.max(most, Math.abs(x));
                squares += x * x;
            }
            assertThat(most).isBetween(0.98 / Math.sqrt(256), 1 / Math.sqrt(256));
            assertThat(squares / a.length).as("variance of a uniform number").isCloseTo(1 / 3.0 / 256, within(0.15 / 3 / 256));
        }
    }

    @Test
    void aModelWhoseWidthFillsNoLineHasItsPairsSideBySide() {
        ModelSpec odd = ModelSpec.plain("llama", 96, 1, 36, 3, 1, 12, 44, 64, 1e-6f, 10000, false, true);
        Gradients all = gradients(odd, random(odd), null, new LoraSettings(1, 1, List.of(), false, false, 0), device);
        assertThat(all.all).hasSize(14);
    }

    @Test
    void layersThatCannotBeAdaptedAreNamed() {
        assertThatThrownBy(() -> LoraWeights.parameters(SMALL, new LoraSettings(4, 8, List.of("q_proj", "lm_head"), false, false, 0)))
                .hasMessageContaining("lm_head is no layer of this qwen3 model that can be adapted; these are: down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj");
        assertThatThrownBy(() -> new LoraSettings(0, 8, List.of(), false, false, 0)).hasMessageContaining("rank 0");
        LoraWeights weights = new LoraWeights(arena, device, LLAMA, new FrozenWeights(arena, device, LLAMA, random(LLAMA)), LoraSettings.of(4));
        assertThatThrownBy(() -> weights.load(Lora.open(FOLDER.resolve("lora"), LLAMA, arena))).hasMessageContaining("has rank 2 and scale 2.0; the settings ask for rank 4");
        LoraWeights more = new LoraWeights(arena, device, LLAMA, new FrozenWeights(arena, device, LLAMA, random(LLAMA)), new LoraSettings(3, 5, List.of(), true, false, 0));
        assertThatThrownBy(() -> more.load(Lora.open(FOLDER.resolve("rslora"), LLAMA, arena))).hasMessageContaining("it does not change model.layers.0.self_attn.k_proj.weight");
    }
}
