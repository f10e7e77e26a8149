package dev.jackdaw.model.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.ModelExport;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.format.GgufWriter;
import dev.jackdaw.model.format.SafetensorsWriter;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampler;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// LoRA adapters against PEFT, alone, together, and several in one batch.
class AdapterTest {
    private static final Path LORA = Path.of("src/test/resources/reference/lora");
    private static final Path LLAMA = Path.of("src/test/resources/reference/models/llama-gqa");
    private static final int[] PROMPT = {5, 17, 300, 42, 9, 5, 17, 11};

    private static float[] logits(Forward forward, int[] ids, Adapter... adapters) {
        try (PagePool pool = new PagePool(forward.spec()); KvCache cache = forward.newCache(pool, ids.length, List.of(adapters))) {
            return forward.logits(cache, ids);
        }
    }

    private static void assertMatches(JsonNode one, Forward forward, Adapter... adapters) {
        for (int p = 0; p < one.get("prompts").size(); p++) {
            int[] ids = one.get("prompts").get(p).valueStream().mapToInt(JsonNode::asInt).toArray();
            float[] found = logits(forward, ids, adapters), bare = logits(forward, ids);
            JsonNode expected = one.get("logits_last").get(p);
            double changed = 0;
            for (int i = 0; i < expected.size(); i++) {
                assertThat(found[5 * i]).as("%s, prompt %d, logit %d", one.get("adapters"), p, 5 * i).isCloseTo((float) expected.get(i).asDouble(), within(2e-3f));
                changed = Math.max(changed, Math.abs(bare[5 * i] - found[5 * i]));
            }
            assertThat(changed).as("what the adapter changes").isGreaterThan(0.05);
        }
    }

    /// By PEFT 0.21; see `lora.py` beside the adapters.
    @Test
    void matchesPeft(@TempDir Path folder) throws IOException {
        JsonNode all = JsonMapper.shared().readTree(LORA.resolve("expected.json").toFile());
        try (Device device = Device.cpu(2)) {
            for (JsonNode one : all.get("cases")) {
                Path base = LORA.resolve(one.get("model").asString()).normalize();
                try (Model model = Model.open(base, device)) {
                    assertMatches(one, model.forward(), adapters(model, one));
                    if (base.equals(LLAMA)) {                          // and over the same model as GGUF, whose rows of q and k lie otherwise
                        Path gguf = folder.resolve("llama.gguf");
                        ModelExport.gguf(gguf, "llama", model.spec(), model.file(), model.tokenizer(), null, Map.of(), DType.F32);
                        try (Model same = Model.open(gguf, device)) {
                            assertMatches(one, same.forward(), adapters(same, one));
                        }
                    }
                }
            }
        }
    }

    private static Adapter[] adapters(Model model, JsonNode one) throws IOException {
        List<Adapter> adapters = new ArrayList<>();
        for (JsonNode adapter : one.get("adapters")) {
            String name = adapter.get("name").asString();
            adapters.add(model.adapter(LORA.resolve(name.equals("llama-c") ? "llama-c.gguf" : name), (float) adapter.get("scale").asDouble()));
        }
        return adapters.toArray(Adapter[]::new);
    }

    @Test
    void severalInOneBatchHaveTheBitsOfEachAlone() throws IOException {
        try (Device device = Device.cpu(2); Model model = Model.open(LLAMA, device)) {
            Forward forward = model.forward();
            Adapter a = model.adapter(LORA.resolve("llama-a"), 1), b = model.adapter(LORA.resolve("llama-b"), 0.7f), c = model.adapter(LORA.resolve("llama-c.gguf"), -1);
            List<List<Adapter>> uses = List.of(List.of(a), List.of(), List.of(b), List.of(b), List.of(a, b), List.of(c), List.of(), List.of(b, a));
            try (PagePool pool = new PagePool(forward.spec())) {
                List<Segment> segments = new ArrayList<>();
                int[][] texts = new int[uses.size()][];
                for (int i = 0; i < uses.size(); i++) {
                    texts[i] = new int[3 + 41 * i];                    // the last ones are cut by the size of a pass
                    for (int t = 0; t < texts[i].length; t++) {
                        texts[i][t] = (7 * i + 13 * t) % 640;
                    }
                    segments.add(new Segment(forward.newCache(pool, 400, uses.get(i)), texts[i], 0, texts[i].length, i == 3 ? 3 : 1));
                }
                float[][] last = new float[uses.size()][];
                forward.logits(segments, (segment, _, logits) -> last[segment] = logits.toFloats());
                for (int i = 0; i < uses.size(); i++) {
                    assertThat(last[i]).as("text %d with %s", i, uses.get(i)).containsExactly(logits(forward, texts[i], uses.get(i).toArray(Adapter[]::new)));
                }
                segments.forEach(segment -> segment.cache().close());
            }
            assertThat(logits(forward, PROMPT, a, b)).isNotEqualTo(logits(forward, PROMPT, a));
        }
    }

    @Test
    void textsUseTheUsualOnesAndScaleZeroIsNone() throws IOException {
        try (Device device = Device.cpu(1); Model model = Model.open(LLAMA, device)) {
            Forward forward = model.forward();
            float[] bare = logits(forward, PROMPT);
            assertThat(logits(forward, PROMPT, model.adapter(LORA.resolve("llama-a"), 0))).containsExactly(bare);
            int[] plain = new Generator(forward).generate(PROMPT, 20, Sampling.greedy(), _ -> false, _ -> { }).ids();
            Adapter a = model.adapter(LORA.resolve("llama-a"), 1);
            forward.adapters(List.of(a));
            int[] adapted = new Generator(forward).generate(PROMPT, 20, Sampling.greedy(), _ -> false, _ -> { }).ids();
            assertThat(adapted).isNotEqualTo(plain);
            assertThat(adapted[0]).isEqualTo(Sampler.argmax(logits(forward, PROMPT, a)));
            forward.adapters(List.of());
            assertThat(new Generator(forward).generate(PROMPT, 20, Sampling.greedy(), _ -> false, _ -> { }).ids()).isEqualTo(plain);
        }
    }


    @Test
    void textsWithDifferentAdaptersShareNoPages() throws IOException {
        try (Device device = Device.cpu(1); Model model = Model.open(LLAMA, device)) {
            Forward forward = model.forward();
            Adapter a = model.adapter(LORA.resolve("llama-a"), 1);
            int[] text = new int[200];
            Arrays.setAll(text, i -> i * 3 % 640);
            try (PagePool pool = new PagePool(forward.spec()); PrefixTree tree = new PrefixTree(pool, 1 << 30)) {
                try (KvCache first = forward.newCache(pool, 200, List.of(a))) {
                    forward.logits(first, text);
                    tree.add(first, true, null);
                }
                try (KvCache bare = forward.newCache(pool, 200, List.of()); KvCache same = forward.newCache(pool, 200, List.of(a))) {
                    assertThat(tree.begin(bare, text, 199, null)).isZero();
                    assertThat(tree.begin(same, text, 199, null)).isEqualTo(199);
                    assertThatThrownBy(() -> CacheFile.save(Path.of("never"), same, forward.fingerprint())).hasMessageContaining("only texts of the bare model are saved");
                }
            }
        }
    }

    @Test
    void refusesTheAdapterOfAnotherModel(@TempDir Path folder) throws IOException {
        try (Device device = Device.cpu(1); Model llama = Model.open(LLAMA, device); Model qwen = Model.open(LLAMA.resolveSibling("qwen3"), device);
                Model same = Model.open(LLAMA, device)) {
            assertThatThrownBy(() -> llama.adapter(LORA.resolve("neox"), 1)).hasMessageContaining("changes gpt_neox.layers.").hasMessageContaining("this llama model has no such weight")
                    .hasMessageContaining("it was made for ../families/gptneox");
            assertThatThrownBy(() -> qwen.adapter(LORA.resolve("llama-a"), 1)).hasMessageContaining("another model; it was made for ../models/llama-gqa");
            assertThatThrownBy(() -> qwen.adapter(LORA.resolve("llama-c.gguf"), 1)).hasMessageContaining("for a model of architecture llama, this one is qwen3");
            assertThatThrownBy(() -> llama.adapter(LORA.resolve("nothing"), 1)).hasMessageContaining("no such file or folder");
            assertThatThrownBy(() -> llama.adapter(LLAMA, 1)).hasMessageContaining("adapter_config.json is missing");
            Path gguf = folder.resolve("model.gguf");
            ModelExport.gguf(gguf, "llama", llama.spec(), llama.file(), llama.tokenizer(), null, Map.of(), DType.F32);
            assertThatThrownBy(() -> llama.adapter(gguf, 1)).hasMessageContaining("expected a LoRA adapter");
            Adapter a = llama.adapter(LORA.resolve("llama-a"), 1);
            assertThatThrownBy(() -> same.forward().adapters(List.of(a))).hasMessageContaining("prepared for another model");
        }
    }

    @Test
    void refusesWhatIsMoreThanPairs(@TempDir Path folder) throws IOException {
        String config = Files.readString(LORA.resolve("llama-a/adapter_config.json"));
        try (Device device = Device.cpu(1); Model llama = Model.open(LLAMA, device); Arena arena = Arena.ofShared()) {
            Map<String, String> broken = Map.of(
                    config.replace("\"use_dora\": false", "\"use_dora\": true"), "says use_dora, but model.layers.0.mlp.down_proj has no",
                    config.replace("\"bias\": \"none\"", "\"bias\": \"all\""), "trains biases",
                    config.replace("\"modules_to_save\": null", "\"modules_to_save\": [\"lm_head\"]"), "whole layers are not supported",
                    config.replace("\"peft_type\": \"LORA\"", "\"peft_type\": \"IA3\""), "peft_type is IA3",
                    config.replace("\"o_proj\": 3", "\"o_proj\": 7"), "has rank 3, but adapter_config.json says 7",
                    config.replace("\"o_proj\": 3", "\"o_proj(\": 3"), "is not a regular expression",
                    config.substring(0, 100), "not valid JSON");
            Path weights = folder.resolve("adapter_model.safetensors"), file = folder.resolve("adapter_config.json");
            Files.copy(LORA.resolve("llama-a/adapter_model.safetensors"), weights);
            for (var entry : broken.entrySet()) {
                assertThat(entry.getKey()).isNotEqualTo(config);
                Files.writeString(file, entry.getKey());
                assertThatThrownBy(() -> llama.adapter(folder, 1)).as(entry.getValue()).hasMessageContaining(entry.getValue());
            }
            Files.writeString(file, config);
            String q = "base_model.model.model.layers.0.self_attn.q_proj.";
            new SafetensorsWriter().add(q + "lora_A.weight", Tensor.zeros(arena, 4, 64)).write(weights);
            assertThatThrownBy(() -> llama.adapter(folder, 1)).hasMessageContaining("not half of a pair");
            new SafetensorsWriter().add(q + "lora_A.weight", Tensor.zeros(arena, 4, 64)).add(q + "lora_B.weight", Tensor.zeros(arena, 64, 5)).write(weights);
            assertThatThrownBy(() -> llama.adapter(folder, 1)).hasMessageContaining("expected [r,C] and [F,r]");
            String norm = "base_model.model.model.norm.";
            new SafetensorsWriter().add(norm + "lora_A.weight", Tensor.zeros(arena, 4, 64)).add(norm + "lora_B.weight", Tensor.zeros(arena, 64, 4)).write(weights);
            assertThatThrownBy(() -> llama.adapter(folder, 1)).hasMessageContaining("not the weight of a plain linear layer");
            String table = "base_model.model.model.embed_tokens.";
            new SafetensorsWriter().add(table + "lora_A.weight", Tensor.zeros(arena, 4, 64)).add(table + "lora_B.weight", Tensor.zeros(arena, 640, 4)).write(weights);
            assertThatThrownBy(() -> llama.adapter(folder, 1)).hasMessageContaining("not the weight of a linear layer that can be adapted at run time");
            new SafetensorsWriter().put("nothing", "here").write(weights);
            assertThatThrownBy(() -> llama.adapter(folder, 1)).hasMessageContaining("holds no pairs");
            Path gguf = folder.resolve("half.gguf");
            new GgufWriter().put("general.type", "adapter").put("adapter.type", "lora").put("general.architecture", "llama")
                    .put("adapter.lora.alpha", new GgufValue.Real(GgufValue.Kind.F32, 4)).add("blk.0.attn_q.weight.lora_b", Tensor.zeros(arena, 64, 4)).write(gguf);
            assertThatThrownBy(() -> llama.adapter(gguf, 1)).hasMessageContaining("not half of a pair NAME.lora_a");
        }
    }
}
