package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class ModelFileTest {
    private static final HuggingFace.Tokenizer TOKENIZER = new HuggingFace.Tokenizer("{\"version\": \"1.0\"}", "{{ messages }}",
        null, new HuggingFace.Special(2, "<|im_end|>"), new HuggingFace.Special(0, "<|endoftext|>"));

    @TempDir
    Path folder;

    /// Width 40 does not fill blocks of 32; the other sizes do.
    private static ModelSpec header(String architecture, boolean tied) {
        return ModelSpec.plain(architecture, 96, 2, 40, 4, 2, 32, 64, 128, 1e-6f, 1e6f, architecture.equals("qwen3"), tied);
    }

    private static Map<String, Tensor> weights(Arena arena, ModelSpec header) {
        Random random = new Random(11);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (ModelSpec.Parameter parameter : header.parameters()) {
            Tensor tensor = Tensor.zeros(arena, parameter.sizes());
            for (long i = 0; i < tensor.elements(); i++) {
                tensor.set(i, (float) random.nextGaussian());
            }
            weights.put(parameter.name(), tensor);
        }
        return weights;
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "F16", "BF16", "Q8_0"})
    void aModelSurvivesGguf(DType type) throws IOException {
        for (String architecture : List.of("qwen3", "llama")) {
            Path path = folder.resolve(architecture + type + ".gguf");
            try (Arena arena = Arena.ofConfined()) {
                ModelSpec header = header(architecture, architecture.equals("qwen3"));
                Map<String, Tensor> weights = weights(arena, header);
                GgufExport.write(path, "test", header, weights::get, type, Map.of("tokenizer.ggml.model", GgufValue.of("gpt2")), Map.of("jackdaw.tokens", GgufValue.u64(5)));
                ModelFile file = ModelFile.open(path, arena);
                assertThat(file.spec()).isEqualTo(header);
                Gguf gguf = file.gguf().orElseThrow();
                assertThat(gguf.integer("jackdaw.tokens")).isEqualTo(5);
                assertThat(gguf.metadata().keySet().iterator().next()).isEqualTo("general.architecture");
                assertThat(gguf.hasTensor("output.weight")).isEqualTo(architecture.equals("llama"));
                float tolerance = switch (type) {
                    case F32 -> 0;
                    case F16 -> 2e-3f;
                    default -> 2e-2f;
                };
                weights.forEach((name, expected) -> {
                    Tensor found = file.tensor(name);
                    assertThat(found.type()).as(name).isEqualTo(expected.shape().rank() == 1 ? DType.F32
                        : type == DType.Q8_0 && expected.shape().width() == 40 ? DType.F16 : type);
                    assertThat(found.shape()).isEqualTo(expected.shape());
                    float[] numbers = Conversion.to(arena, found, DType.F32).toFloats();
                    for (int i = 0; i < numbers.length; i++) {
                        assertThat(numbers[i]).as(name).isCloseTo(expected.get(i), within(tolerance));
                    }
                });
            }
        }
    }

    @Test
    void llamaRowsAreReorderedInTheFile() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            ModelSpec header = header("llama", true);
            Map<String, Tensor> weights = weights(arena, header);
            GgufExport.write(folder.resolve("l.gguf"), "test", header, weights::get, DType.F32, Map.of(), Map.of());
            Tensor stored = Gguf.open(folder.resolve("l.gguf"), arena).tensor("blk.1.attn_k.weight");
            Tensor ours = weights.get("model.layers.1.self_attn.k_proj.weight");
            assertThat(stored.get(40)).isEqualTo(ours.get(16 * 40));             // row 1 of the file is row 16 of a head of width 32
            assertThat(stored.get(2 * 40)).isEqualTo(ours.get(40));
        }
    }

    @Test
    void theSameModelGivesTheSameBytes() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            ModelSpec header = header("qwen3", true);
            for (String name : List.of("a.gguf", "b.gguf")) {
                GgufExport.write(folder.resolve(name), "test", header, weights(arena, header)::get, DType.Q8_0, Map.of(), Map.of());
            }
            assertThat(folder.resolve("a.gguf")).hasSameBinaryContentAs(folder.resolve("b.gguf"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "llama"})
    void aModelSurvivesAHuggingFaceFolder(String architecture) throws IOException {
        Path path = folder.resolve("hf");
        try (Arena arena = Arena.ofConfined()) {
            ModelSpec header = header(architecture, architecture.equals("qwen3"));
            Map<String, Tensor> weights = weights(arena, header);
            for (int again = 0; again < 2; again++) {                            // a new folder, then over an old one
                HuggingFace.write(path, header, weights::get, DType.F32, TOKENIZER);
                ModelFile file = ModelFile.open(path, arena);
                assertThat(file.spec()).isEqualTo(header);
                weights.forEach((name, expected) -> assertThat(file.tensor(name).toFloats()).isEqualTo(expected.toFloats()));
            }
            assertThat(path.resolve("tokenizer.json")).hasContent(TOKENIZER.json());
            JsonNode config = HuggingFace.readJson(path.resolve("config.json"));
            assertThat(config.path("architectures").path(0).asString()).isEqualTo(architecture.equals("qwen3") ? "Qwen3ForCausalLM" : "LlamaForCausalLM");
            assertThat(config.path("rms_norm_eps").doubleValue()).isEqualTo(1e-6);
            assertThat(config.path("eos_token_id").intValue()).isEqualTo(2);
            assertThat(config.path("bos_token_id").isNull()).isTrue();
            assertThat(HuggingFace.readJson(path.resolve("tokenizer_config.json")).path("chat_template").asString()).isEqualTo("{{ messages }}");
            try (var files = Files.list(path)) {
                assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("config.json", "generation_config.json",
                    "model.safetensors", "tokenizer.json", "tokenizer_config.json");
            }
        }
    }

    /// Every key and name of a published configuration that transformers reads is there with the same meaning.
    @Test
    void readsConfigurationsOfOtherWriters() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            assertThat(ModelFile.open(Fixtures.model("qwen3"), arena).spec()).isEqualTo(ModelSpec.plain("qwen3", 640, 3, 64, 4, 2, 32, 128, 1024, 1e-6f, 1e6f, true, true));
            assertThat(ModelFile.open(Fixtures.model("llama-gqa"), arena).spec()).isEqualTo(ModelSpec.plain("llama", 640, 3, 64, 4, 2, 16, 128, 1024, 1e-5f, 1e4f, false, false));
        }
    }

    @Test
    void refusesWhatItWouldComputeWrongly() throws IOException {
        String good = Files.readString(Fixtures.model("llama-gqa").resolve("config.json"));
        Files.copy(Fixtures.model("llama-gqa").resolve("model.safetensors"), folder.resolve("model.safetensors"));
        refuses(good.replace("\"model_type\": \"llama\"", "\"model_type\": \"mamba\""), "model_type mamba is not supported; supported: bert, cohere, cohere2, deepseek_v2");
        refuses(good.replace("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"spiral\", \"factor\": 8}"), "rope_scaling type spiral is not supported");
        refuses(good.replace("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": \"8\"}"), "factor is \"8\"; expected a number");
        refuses(good.replace("\"hidden_size\": 64", "\"hidden_size\": \"64\""), "hidden_size is \"64\"; expected a size of at least 1");
        refuses(good.replace("\"hidden_size\": 64", "\"hidden_size\": 99999999999"), "hidden_size is 99999999999");
        refuses(good.replace("\"hidden_size\": 64", "\"hidden_size\": 72"), "tensor model.embed_tokens.weight has shape [640,64]; the header asks for [640,72]");
        refuses(good.replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 5"), "heads is 5; expected a multiple of kvHeads, 2");
        refuses(good.replace("\"num_hidden_layers\": 3,", ""), "num_hidden_layers is missing");
        refuses(good.substring(0, 100), "the JSON is broken");
        refuses("[]", "expected a JSON object, found ARRAY");
    }

    private void refuses(String config, String message) throws IOException {
        Files.writeString(folder.resolve("config.json"), config);
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> ModelFile.open(folder, arena)).isInstanceOf(FormatException.class).hasMessageContaining(message);
        }
    }

    @Test
    void readsAGgufFileOfAnotherWriter() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            ModelFile file = ModelFile.open(Fixtures.gguf("qwen3-Q8_0.gguf"), arena);
            assertThat(file.spec()).isEqualTo(ModelSpec.plain("qwen3", 640, 2, 64, 4, 2, 32, 128, 1024, 1e-6f, 1e6f, true, true));
            assertThat(file.tensor("model.layers.1.mlp.down_proj.weight")).hasToString("Q8_0[64,128]");
        }
    }

    @Test
    void comparesShapesWithTheHeader() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Gguf good = Gguf.open(Fixtures.gguf("qwen3-F32.gguf"), arena);
            refusesValue(good, "qwen3.feed_forward_length", GgufValue.u32(64), "tensor blk.0.ffn_gate.weight has shape [128,64]; the header asks for [64,64]");
            refusesValue(good, "qwen3.block_count", GgufValue.u32(0xffff_ffffL), "qwen3.block_count is 4294967295");
            refusesValue(good, "qwen3.block_count", GgufValue.u32(1 << 20), "the header asks for 1048576 layers, but the file has only 24 tensors");
            refusesValue(good, "qwen3.block_count", GgufValue.u32(3), "tensor blk.2.attn_norm.weight is missing");
            refusesValue(good, "qwen3.attention.head_count", GgufValue.u32(0), "qwen3.attention.head_count is 0");
            refusesValue(good, "qwen3.attention.layer_norm_rms_epsilon", GgufValue.f32(Float.NaN), "normEpsilon is NaN");
            refusesValue(good, "general.architecture", GgufValue.of("mamba"), "architecture mamba is not supported; supported: bert, chatglm, cohere2, command-r, deepseek2, gemma");
            refusesValue(good, "qwen3.embedding_length", GgufValue.of("64"), "qwen3.embedding_length is STRING 64; expected an integer");
        }
    }

    private void refusesValue(Gguf good, String key, GgufValue value, String message) throws IOException {
        GgufWriter writer = new GgufWriter();
        good.metadata().forEach((name, old) -> writer.put(name, name.equals(key) ? value : old));
        good.tensors().forEach(tensor -> writer.add(tensor.name(), tensor.type(), tensor.shape(), good.bytes(tensor.name())));
        writer.write(folder.resolve("changed.gguf"));
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> ModelFile.open(folder.resolve("changed.gguf"), arena)).isInstanceOf(FormatException.class).hasMessageContaining(message);
        }
    }
}
