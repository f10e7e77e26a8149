package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.embed.Embedder;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Embeddings of an encoder against transformers, and of a decoder by the definition.
class EmbeddingTest {
    @Test
    void matchesTransformersOnABertEncoder() throws IOException {
        Path root = SharedFixtures.root();
        assumeTrue(root != null, "shared/fixtures is not beside the project");
        Path folder = root.resolve("models/bert-embed");
        JsonNode expected = JsonMapper.shared().readTree(folder.resolve("expected.json").toFile());
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(folder, arena);
            assertThat(file.spec().pooling()).isEqualTo(ModelSpec.Pooling.MEAN);
            assertThat(file.spec().isEncoder()).isTrue();
            try (Forward forward = new Forward(file.spec(), device, file)) {
                Embedder embedder = new Embedder(forward);
                JsonNode texts = expected.get("texts");
                float[][] vectors = new float[texts.size()][];
                for (int t = 0; t < texts.size(); t++) {
                    int[] ids = texts.get(t).get("input_ids").valueStream().mapToInt(JsonNode::asInt).toArray();
                    vectors[t] = embedder.embed(ids);
                    close(vectors[t], texts.get(t).get("embedding_mean_normalized"));
                    close(first(forward, ids), texts.get(t).get("cls_hidden"));
                    for (int other = 0; other <= t; other++) {
                        assertThat(Embedder.cosine(vectors[t], vectors[other])).isCloseTo(expected.get("cosine").get(t).get(other).asDouble(), within(1e-4));
                    }
                }
                int[] pair = expected.get("pair").get("input_ids").valueStream().mapToInt(JsonNode::asInt).toArray();
                int second = (int) expected.get("pair").get("token_type_ids").valueStream().filter(type -> type.asInt() == 0).count();
                try (KvCache cache = forward.newCache(pair.length)) {
                    forward.allHidden(cache, pair, second, (i, hidden) -> {
                        if (i == 0) {
                            close(hidden.toFloats(), expected.get("pair").get("cls_hidden"));
                        }
                    });
                }
                try (KvCache cache = forward.newCache(8)) {
                    assertThatThrownBy(() -> forward.logits(cache, 1, 2)).hasMessageContaining("a bert model is an encoder");
                    forward.allHidden(cache, new int[] {1, 2}, (_, _) -> { });
                    assertThatThrownBy(() -> forward.allHidden(cache, new int[] {3}, (_, _) -> { })).hasMessageContaining("reads a whole text at once");
                }
                assertThatThrownBy(() -> embedder.embed(new int[600])).hasMessageContaining("600 new ones exceed the 512");
            }
        }
    }

    @Test
    void aDecoderGivesTheMeanOfItsHiddenStates() throws IOException {
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(Path.of("src/test/resources/reference/models/qwen3"), arena);
            try (Forward forward = new Forward(file.spec(), device, file); KvCache cache = forward.newCache(3)) {
                double[] mean = new double[64];
                forward.allHidden(cache, new int[] {5, 6, 7}, (_, hidden) -> {
                    for (int c = 0; c < 64; c++) {
                        mean[c] += hidden.get(c) / 3;
                    }
                });
                float[] vector = new Embedder(forward).pool(5, 6, 7);
                for (int c = 0; c < 64; c++) {
                    assertThat(vector[c]).isCloseTo((float) mean[c], within(1e-5f));
                }
                float[] unit = new Embedder(forward).embed(5, 6, 7);
                assertThat(Embedder.cosine(unit, unit)).isCloseTo(1, within(1e-6));
            }
        }
    }

    private static float[] first(Forward forward, int[] ids) {
        float[][] first = new float[1][];
        try (KvCache cache = forward.newCache(ids.length)) {
            forward.allHidden(cache, ids, (i, hidden) -> first[0] = i == 0 ? hidden.toFloats() : first[0]);
        }
        return first[0];
    }

    private static void close(float[] found, JsonNode expected) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(found[i]).as("component " + i).isCloseTo((float) expected.get(i).asDouble(), within(1e-4f));
        }
    }
}
