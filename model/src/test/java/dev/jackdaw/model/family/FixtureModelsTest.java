package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Observer;
import dev.jackdaw.model.arch.Segment;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufTensor;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Every family against transformers and llama.cpp: logits, losses and greedy tokens of small random models.
class FixtureModelsTest {
    private static final float LOGIT = 2e-3f;

    static List<Path> models() {
        return SharedFixtures.models();
    }

    static List<Path> gguf() {
        return SharedFixtures.gguf();
    }

    @ParameterizedTest
    @MethodSource("models")
    void matchesTransformers(Path folder) throws IOException {
        JsonNode expected = JsonMapper.shared().readTree(folder.resolve("expected.json").toFile());
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(folder, arena);
            try (Forward forward = new Forward(file.spec(), device, file)) {
                if (Files.exists(folder.resolve("debug.safetensors"))) {
                    Safetensors debug = Safetensors.open(folder.resolve("debug.safetensors"), arena);
                    Tensor logits = debug.tensor("logits");
                    int[] prompt = ints(expected.get("prompts").get(0).get("input_ids"));
                    float[][] all = all(forward, prompt);
                    streams(forward, prompt, debug);
                    for (int i = 0; i < all.length; i++) {
                        close(all[i], logits.reshape(logits.shape().rows(), logits.shape().width()).slice(i, i + 1).toFloats(), "position " + i);
                    }
                }
                for (JsonNode prompt : expected.get("prompts")) {
                    int[] ids = ints(prompt.get("input_ids"));
                    float[][] all = all(forward, ids);
                    close(all[ids.length - 1], floats(prompt.get("logits_last")), "last position");
                    for (JsonNode top : prompt.get("top8_last")) {
                        assertThat(all[ids.length - 1][top.get(0).asInt()]).isCloseTo((float) top.get(1).asDouble(), within(LOGIT));
                    }
                    assertThat(nll(all, ids)).isCloseTo(prompt.get("nll_mean").asDouble(), within(1e-3));
                    assertThat(greedy(forward, ids, 32)).isEqualTo(ints(prompt.get("greedy_32")));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("gguf")
    void matchesTheWidenedWeightsOfAGgufFile(Path path) throws IOException {
        JsonNode expected = JsonMapper.shared().readTree(SharedFixtures.expected(path).toFile());
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            for (GgufTensor tensor : Gguf.open(path, arena).tensors()) {
                assumeTrue(tensor.type().dtype().isPresent(), () -> "block type " + tensor.type() + " is not read");
            }
            ModelFile file = ModelFile.open(path, arena);
            try (Forward forward = new Forward(file.spec(), device, file)) {
                for (JsonNode prompt : expected.get("prompts")) {
                    int[] ids = ints(prompt.get("input_ids"));
                    JsonNode reference = prompt.get("dequantized_float32");
                    float[][] all = all(forward, ids);
                    close(all[ids.length - 1], floats(reference.get("logits_last")), "last position");
                    assertThat(nll(all, ids)).isCloseTo(reference.get("nll_mean").asDouble(), within(1e-3));
                    int[] wanted = ints(reference.get("greedy_32"));
                    int sure = 0;
                    while (sure < wanted.length && reference.get("greedy_margins").get(sure).asDouble() > LOGIT) {
                        sure++;
                    }
                    assertThat(Arrays.copyOf(greedy(forward, ids, sure), sure)).isEqualTo(Arrays.copyOf(wanted, sure));
                }
            }
        }
    }

    /// Batched = one by one, cached = uncached, packed = left in the file: the same bits.
    @ParameterizedTest
    @MethodSource("gguf")
    void theBitsOfAPositionDependOnNothingElse(Path path) throws IOException {
        try (Arena arena = Arena.ofShared(); Device one = Device.cpu(1); Device two = Device.cpu(2)) {
            for (GgufTensor tensor : Gguf.open(path, arena).tensors()) {
                assumeTrue(tensor.type().dtype().isPresent(), () -> "block type " + tensor.type() + " is not read");
            }
            ModelFile file = ModelFile.open(path, arena);
            int[] ids = new int[70];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = (i * 37 + 11) % 600;
            }
            try (Forward packed = new Forward(file.spec(), two, file); Forward mapped = new Forward(file.spec(), one, file, 0); KvCache cache = packed.newCache(70)) {
                assertThat(packed.note()).isEmpty();
                assertThat(mapped.note()).isPresent();
                float[][] expected = all(packed, ids);
                for (int i = 0; i < ids.length; i++) {
                    assertThat(packed.logits(cache, ids[i])).isEqualTo(expected[i]);
                }
                assertThat(all(mapped, ids)[69]).isEqualTo(expected[69]);
                try (KvCache other = mapped.newCache(70)) {
                    mapped.logits(other, Arrays.copyOf(ids, 3));
                    assertThat(mapped.logits(other, ids[3])).isEqualTo(expected[3]);
                }
            }
        }
    }

    /// Prompts of several lengths and single tokens in one pass, some of them cut by the chunk, against each text alone.
    @ParameterizedTest
    @MethodSource("gguf")
    void theBitsOfATextDoNotDependOnItsCompany(Path path) throws IOException {
        try (Arena arena = Arena.ofShared(); Device one = Device.cpu(1); Device two = Device.cpu(2)) {
            for (GgufTensor tensor : Gguf.open(path, arena).tensors()) {
                assumeTrue(tensor.type().dtype().isPresent(), () -> "block type " + tensor.type() + " is not read");
            }
            ModelFile file = ModelFile.open(path, arena);
            int[] lengths = {1, 130, 3, 65, 64, 16};                         // of what each text has before the pass under test
            int[] more = {1, 1, 30, 200, 1, 66};                             // 299 rows: more than one chunk holds
            try (Forward alone = new Forward(file.spec(), one, file); Forward together = new Forward(file.spec(), two, file)) {
                List<Segment> prompts = new ArrayList<>(), segments = new ArrayList<>();
                List<float[][]> expected = new ArrayList<>();
                List<KvCache> caches = new ArrayList<>();
                for (int t = 0; t < lengths.length; t++) {
                    int[] ids = new int[lengths[t] + more[t]];
                    for (int i = 0; i < ids.length; i++) {
                        ids[i] = (i * 37 + t * 101 + 11) % 600;
                    }
                    expected.add(all(alone, ids));
                    KvCache cache = together.newCache(ids.length);
                    caches.add(cache);
                    prompts.add(new Segment(cache, ids, 0, lengths[t], t % 2));
                    segments.add(new Segment(cache, ids, lengths[t], more[t], more[t]));
                }
                int[] heard = new int[lengths.length];
                together.logits(prompts, (t, i, logits) -> {
                    heard[t]++;
                    assertThat(logits.toFloats()).as("text %d, position %d", t, i).isEqualTo(expected.get(t)[i]);
                });
                assertThat(heard).containsExactly(0, 1, 0, 1, 0, 1);
                Arrays.fill(heard, 0);
                together.logits(segments, (t, i, logits) -> {
                    heard[t]++;
                    assertThat(logits.toFloats()).as("text %d, position %d", t, lengths[t] + i).isEqualTo(expected.get(t)[lengths[t] + i]);
                });
                assertThat(heard).isEqualTo(more);
                caches.forEach(KvCache::close);
            }
        }
    }

    /// What an observer sees between the layers; the last array is after the final norm.
    private static void streams(Forward forward, int[] ids, Safetensors debug) {
        try (KvCache cache = forward.newCache(ids.length)) {
            forward.watch(cache, ids, new Observer() {
                @Override
                public void stream(int layers, int from, Tensor stream) {
                    if (layers < forward.spec().layers()) {
                        close(stream.toFloats(), debug.tensor("hidden." + layers).toFloats(), "after " + layers + " layers");
                    }
                }
            });
        }
    }

    static float[][] all(Forward forward, int[] ids) {
        float[][] all = new float[ids.length][];
        try (KvCache cache = forward.newCache(ids.length)) {
            forward.allLogits(cache, ids, (i, logits) -> all[i] = logits.toFloats());
        }
        return all;
    }

    private static int[] greedy(Forward forward, int[] prompt, int count) {
        int[] ids = new int[count];
        try (KvCache cache = forward.newCache(prompt.length + count)) {
            float[] logits = forward.logits(cache, prompt);
            for (int i = 0; i < count; i++) {
                int best = 0;
                for (int id = 1; id < logits.length; id++) {
                    best = logits[id] > logits[best] ? id : best;
                }
                ids[i] = best;
                if (i + 1 < count) {
                    logits = forward.logits(cache, best);
                }
            }
        }
        return ids;
    }

    private static double nll(float[][] logits, int[] ids) {
        double nats = 0;
        for (int i = 0; i + 1 < ids.length; i++) {
            double sum = 0;
            for (float logit : logits[i]) {
                sum += Math.exp(logit);
            }
            nats += Math.log(sum) - logits[i][ids[i + 1]];
        }
        return nats / (ids.length - 1);
    }

    private static void close(float[] found, float[] expected, String what) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).as("%s, number %d", what, i).isCloseTo(expected[i], within(LOGIT));
        }
    }

    private static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    private static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) array.get(i).asDouble();
        }
        return values;
    }
}
