package dev.jackdaw.model.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.FormatException;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Logits and greedy tokens against transformers and llama.cpp, on small random models.
class ForwardTest {
    private static final Path REFERENCE = Path.of("src/test/resources/reference");

    private static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    @Test
    void aModelWithATokenizerWeCannotReadStillTakesIds(@TempDir Path folder) throws IOException {
        Path original = REFERENCE.resolve("models/qwen3");
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(original.resolve(name), folder.resolve(name));
        }
        Files.writeString(folder.resolve("tokenizer.json"), Files.readString(original.resolve("tokenizer.json")).replace("\"BPE\"", "\"WordLevel\""));
        try (Device device = Device.cpu(1); Model strange = Model.open(folder, device); Model ours = Model.open(original, device)) {
            assertThat(ours.hasTokenizer()).isTrue();
            assertThat(strange.hasTokenizer()).isFalse();
            assertThatThrownBy(strange::tokenizer).isInstanceOf(FormatException.class).hasMessageContaining("WordLevel").hasMessageContaining("--ids");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "llama-gqa"})
    void matchesTransformers(String name) throws IOException {
        Path folder = REFERENCE.resolve("models").resolve(name);
        JsonNode expected = JsonMapper.shared().readTree(folder.resolve("expected.json").toFile());
        try (Device device = Device.cpu(2); Model model = Model.open(folder, device)) {
            for (JsonNode prompt : expected.get("prompts")) {
                int[] ids = ints(prompt.get("input_ids"));
                if (model.hasTokenizer()) {
                    assertThat(model.tokenizer().encode(prompt.get("text").asString(), true, true)).isEqualTo(ids);
                }
                try (KvCache cache = model.forward().newCache(ids.length)) {
                    float[][] all = new float[ids.length][];
                    model.forward().allLogits(cache, ids, (i, logits) -> all[i] = logits.toFloats());
                    JsonNode last = prompt.get("logits_last");
                    for (int i = 0; i < last.size(); i++) {
                        assertThat(all[ids.length - 1][i]).as("logit %d", i).isCloseTo((float) last.get(i).asDouble(), within(2e-3f));
                    }
                    double nats = 0;
                    for (int i = 0; i + 1 < ids.length; i++) {
                        double sum = 0;
                        for (float logit : all[i]) {
                            sum += Math.exp(logit);
                        }
                        nats += Math.log(sum) - all[i][ids[i + 1]];
                    }
                    assertThat(nats / (ids.length - 1)).isCloseTo(prompt.get("nll_mean").asDouble(), within(1e-3));
                }
                int[] greedy = new Generator(model.forward()).generate(ids, 32, Sampling.greedy(), _ -> false, _ -> { }).ids();
                assertThat(greedy).isEqualTo(ints(prompt.get("greedy_32")));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3-F32", "qwen3-F16", "qwen3-Q8_0"})
    void matchesTheWidenedWeightsOfAGgufFile(String name) throws IOException {
        Path file = REFERENCE.resolve("gguf").resolve(name + ".gguf");
        JsonNode expected = JsonMapper.shared().readTree(REFERENCE.resolve("gguf").resolve(name + ".expected.json").toFile());
        try (Device device = Device.cpu(2); Model model = Model.open(file, device)) {
            for (JsonNode prompt : expected.get("prompts")) {
                int[] ids = ints(prompt.get("input_ids"));
                JsonNode reference = prompt.get("dequantized_float32");
                try (KvCache cache = model.forward().newCache(ids.length)) {
                    float[] logits = model.forward().logits(cache, ids);
                    JsonNode last = reference.get("logits_last");
                    for (int i = 0; i < last.size(); i++) {
                        assertThat(logits[i]).as("logit %d", i).isCloseTo((float) last.get(i).asDouble(), within(2e-3f));
                    }
                }
                int[] wanted = ints(reference.get("greedy_32"));
                int sure = 0;
                while (sure < wanted.length && reference.get("greedy_margins").get(sure).asDouble() > 2e-3) {
                    sure++;
                }
                int[] greedy = new Generator(model.forward()).generate(ids, 32, Sampling.greedy(), _ -> false, _ -> { }).ids();
                assertThat(Arrays.copyOf(greedy, sure)).isEqualTo(Arrays.copyOf(wanted, sure));
            }
        }
    }

    @Test
    void theBitsOfAPositionDoNotDependOnHowThePromptIsCutOrOnThreads() throws IOException {
        int[] ids = new int[300];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i * 37 + 11) % 600;
        }
        Path folder = REFERENCE.resolve("models/qwen3");
        try (Device one = Device.cpu(1); Device three = Device.cpu(3); Model a = Model.open(folder, one); Model b = Model.open(folder, three);
             KvCache whole = a.forward().newCache(300); KvCache pieces = b.forward().newCache(300)) {
            float[] expected = a.forward().logits(whole, ids);
            b.forward().logits(pieces, Arrays.copyOfRange(ids, 0, 7));
            b.forward().logits(pieces, Arrays.copyOfRange(ids, 7, 207));
            for (int i = 207; i < 299; i++) {
                b.forward().logits(pieces, ids[i]);
            }
            assertThat(b.forward().logits(pieces, ids[299])).isEqualTo(expected);
            pieces.truncate(150);
            assertThat(b.forward().logits(pieces, Arrays.copyOfRange(ids, 150, 300))).isEqualTo(expected);
        }
    }

    @Test
    void refusesWhatDoesNotFitWithBothNumbers() throws IOException {
        try (Device device = Device.cpu(1); Model model = Model.open(REFERENCE.resolve("models/qwen3"), device)) {
            assertThatThrownBy(() -> new Generator(model.forward()).generate(new int[1000], 100, Sampling.greedy(), _ -> false, _ -> { }))
                    .hasMessageContaining("1000 prompt tokens and 100 new ones").hasMessageContaining("1024");
            try (KvCache cache = model.forward().newCache(10)) {
                assertThatThrownBy(() -> model.forward().logits(cache, new int[11])).hasMessageContaining("11 new ones exceed the 10");
                assertThatThrownBy(() -> model.forward().logits(cache, 640)).hasMessageContaining("token id 640").hasMessageContaining("640");
            }
        }
    }
}
