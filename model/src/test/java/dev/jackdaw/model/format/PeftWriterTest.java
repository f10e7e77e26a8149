package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.ModelExport;
import dev.jackdaw.model.arch.Adapter;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.PagePool;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Adapters written for PEFT and worked into GGUF files, against the same adapters at run time, which are compared with PEFT elsewhere.
class PeftWriterTest {
    private static final Path LORA = Path.of("src/test/resources/reference/lora");
    private static final Path LLAMA = Path.of("src/test/resources/reference/models/llama-gqa");
    private static final int[] PROMPT = {5, 17, 300, 42, 9, 5, 17, 11};

    private static float[] logits(Forward forward, Adapter... adapters) {
        int[] ids = java.util.Arrays.stream(PROMPT).map(id -> id % forward.spec().vocabulary()).toArray();
        try (PagePool pool = new PagePool(forward.spec()); KvCache cache = forward.newCache(pool, ids.length, List.of(adapters))) {
            return forward.logits(cache, ids);
        }
    }

    static Stream<List<Object>> adapters() {
        Path neox = LORA.resolve("../families/gptneox").normalize();
        return Stream.of(List.of(LLAMA, "llama-a", false), List.of(LLAMA, "llama-b", true), List.of(LLAMA, "llama-c.gguf", false), List.of(LLAMA, "llama-d", false), List.of(neox, "neox", false));
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void whatIsWrittenReadsTheSame(List<Object> one, @TempDir Path folder) throws IOException {
        Path base = (Path) one.get(0), adapter = LORA.resolve((String) one.get(1)), written = folder.resolve("adapter");
        try (Device device = Device.cpu(1); Model model = Model.open(base, device); Arena arena = Arena.ofShared()) {
            Lora lora = Lora.open(adapter, model.spec(), arena);
            PeftWriter.write(written, model.spec(), lora, new PeftWriter.Facts("the/model", (boolean) one.get(2), 0.1));
            float[] expected = logits(model.forward(), model.adapter(adapter, 1)), bare = logits(model.forward());
            float[] found = logits(model.forward(), model.adapter(written, 1));
            assertThat(found).usingComparatorWithPrecision(2e-5f).containsExactly(expected);
            assertThat(expected).usingComparatorWithPrecision(1e-2f).isNotEqualTo(bare);
            JsonNode config = JsonMapper.shared().readTree(written.resolve("adapter_config.json").toFile());
            assertThat(config.get("base_model_name_or_path").asString()).isEqualTo("the/model");
            if (Files.isDirectory(adapter)) {
                JsonNode original = JsonMapper.shared().readTree(adapter.resolve("adapter_config.json").toFile());
                assertThat(config.get("target_modules").valueStream().map(JsonNode::asString).sorted().toList())
                        .isEqualTo(original.get("target_modules").valueStream().map(JsonNode::asString).sorted().toList());
                try (Arena names = Arena.ofShared()) {
                    assertThat(names(written, names)).isEqualTo(names(adapter, names));
                }
            }
            PeftWriter.write(written, model.spec(), lora, new PeftWriter.Facts("another", (boolean) one.get(2), 0));           // over the old one
            assertThat(logits(model.forward(), model.adapter(written, 1))).containsExactly(found);
        }
    }

    private static List<String> names(Path folder, Arena arena) throws IOException {
        return Safetensors.open(folder.resolve("adapter_model.safetensors"), arena).entries().stream().map(Safetensors.Entry::name).sorted().toList();
    }

    @Test
    void targetsWhoseLayersAreNotAllChangedAreNamedInFull(@TempDir Path folder) throws IOException {
        try (Device device = Device.cpu(1); Model model = Model.open(LLAMA, device); Arena arena = Arena.ofShared()) {
            Lora all = Lora.open(LORA.resolve("llama-d"), model.spec(), arena);
            List<Lora.Pair> some = all.pairs().stream().filter(pair -> pair.weight().contains("layers.1.") || pair.weight().contains("q_proj")).toList();
            PeftWriter.write(folder, model.spec(), new Lora("some", some), new PeftWriter.Facts("m", false, 0));
            assertThat(JsonMapper.shared().readTree(folder.resolve("adapter_config.json").toFile()).get("target_modules").valueStream().map(JsonNode::asString).toList())
                    .contains("q_proj", "model.layers.1.self_attn.v_proj").doesNotContain("v_proj");
            List<Lora.Pair> mixed = new ArrayList<>(some);
            mixed.set(0, new Lora.Pair(some.getFirst().weight(), some.getFirst().a(), some.getFirst().b(), 1));
            assertThatThrownBy(() -> PeftWriter.write(folder, model.spec(), new Lora("mixed", mixed), new PeftWriter.Facts("m", false, 0)))
                    .hasMessageContaining("PEFT keeps all or none");
            Lora foreign = new Lora("foreign", List.of(new Lora.Pair("model.layers.9.self_attn.q_proj.weight", Tensor.zeros(arena, 2, 64), Tensor.zeros(arena, 64, 2), 1)));
            assertThatThrownBy(() -> PeftWriter.write(folder, model.spec(), foreign, new PeftWriter.Facts("m", false, 0))).hasMessageContaining("no layers for");
        }
    }

    @Test
    void mergedIsAsAdapted(@TempDir Path folder) throws IOException {
        Path gguf = folder.resolve("base.gguf"), merged = folder.resolve("merged.gguf");
        try (Device device = Device.cpu(2); Model folderModel = Model.open(LLAMA, device)) {
            ModelExport.gguf(gguf, "llama", folderModel.spec(), folderModel.file(), folderModel.tokenizer(), "{{ messages }}", Map.of(), DType.F32);
        }
        try (Device device = Device.cpu(2); Model base = Model.open(gguf, device); Arena arena = Arena.ofShared()) {
            float[] expected = logits(base.forward(), base.adapter(LORA.resolve("llama-a"), 0.5f), base.adapter(LORA.resolve("llama-d"), 1));
            List<WeightMerge.Change> changes = List.of(new WeightMerge.Adapter(Lora.open(LORA.resolve("llama-a"), base.spec(), arena), 0.5f),
                    new WeightMerge.Adapter(Lora.open(LORA.resolve("llama-d"), base.spec(), arena), 1));
            WeightMerge.Result plain = WeightMerge.write(base.file(), changes, merged, null, device, _ -> { });
            assertThat(plain.changed()).isEqualTo(7 * base.spec().layers());
            assertThat(plain.rounding()).isZero();
            assertThat(plain.change()).isPositive();
            try (Model result = Model.open(merged, device)) {
                assertThat(logits(result.forward())).usingComparatorWithPrecision(1e-4f).containsExactly(expected);
                assertThat(logits(base.forward())).usingComparatorWithPrecision(1e-1f).isNotEqualTo(expected);
                assertThat(result.template()).contains("{{ messages }}");
            }
            WeightMerge.Result small = WeightMerge.write(base.file(), changes, merged, FileType.Q8_0, device, _ -> { });
            assertThat(small.tensors()).containsKey("Q8_0").containsKey("F32");
            assertThat(small.rounding()).isBetween(1e-6, small.change());
            try (Model result = Model.open(merged, device)) {
                float[] found = logits(result.forward());
                for (int i = 0; i < found.length; i++) {
                    assertThat(found[i]).isCloseTo(expected[i], within(0.5f));
                }
            }
            List<WeightMerge.Change> head = List.of(new WeightMerge.Adapter(Lora.open(LORA.resolve("llama-b"), base.spec(), arena), 1));
            float[] withHead = logits(base.forward(), base.adapter(LORA.resolve("llama-b"), 1));
            WeightMerge.write(base.file(), head, merged, null, device, _ -> { });
            try (Model result = Model.open(merged, device)) {
                assertThat(logits(result.forward())).usingComparatorWithPrecision(1e-4f).containsExactly(withHead);
            }
            assertThatThrownBy(() -> WeightMerge.write(base.file(), changes, gguf, null, device, _ -> { })).hasMessageContaining("one of the files that are read");
        }
    }

    /// An adapter is linear in its strength, so half of it is half of the way to the model that it was worked into.
    @Test
    void halfOfTheWayIsHalfOfTheAdapter(@TempDir Path folder) throws IOException {
        Path gguf = folder.resolve("base.gguf"), merged = folder.resolve("merged.gguf"), between = folder.resolve("between.gguf");
        try (Device device = Device.cpu(2); Model folderModel = Model.open(LLAMA, device)) {
            ModelExport.gguf(gguf, "llama", folderModel.spec(), folderModel.file(), folderModel.tokenizer(), "{{ messages }}", Map.of(), DType.F32);
        }
        try (Device device = Device.cpu(2); Model base = Model.open(gguf, device); Arena arena = Arena.ofShared()) {
            WeightMerge.write(base.file(), List.of(new WeightMerge.Adapter(Lora.open(LORA.resolve("llama-a"), base.spec(), arena), 1)), merged, null, device, _ -> { });
            ModelFile there = ModelFile.open(merged, arena);
            for (float share : new float[] {0, 0.5f, 1}) {
                float[] expected = logits(base.forward(), base.adapter(LORA.resolve("llama-a"), share));
                WeightMerge.Result result = WeightMerge.write(base.file(), List.of(new WeightMerge.Towards(there, share)), between, null, device, _ -> { });
                try (Model model = Model.open(between, device)) {
                    assertThat(logits(model.forward())).usingComparatorWithPrecision(1e-4f).containsExactly(expected);
                }
                assertThat(result.change() > 0).isEqualTo(share > 0);
            }
            WeightMerge.write(base.file(), List.of(new WeightMerge.Towards(there, 1)), between, FileType.Q8_0, device, _ -> { });
            try (Model small = Model.open(between, device)) {
                WeightMerge.Result result = WeightMerge.write(small.file(), List.of(new WeightMerge.Towards(there, 0.5f)), merged.resolveSibling("types.gguf"), null, device, _ -> { });
                assertThat(result.tensors()).as("each tensor keeps its number format").containsKey("Q8_0").containsKey("F32");
            }
            Path other = Path.of("src/test/resources/reference/models/qwen3");
            try (Model foreign = Model.open(other, device)) {
                assertThatThrownBy(() -> WeightMerge.write(base.file(), List.of(new WeightMerge.Towards(foreign.file(), 1)), between, null, device, _ -> { })).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }
}
