package dev.jackdaw.model.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What an observer sees, against transformers; see `reference/attention/attention.py`.
class ObserverTest {
    private static final Path REFERENCE = Path.of("src/test/resources/reference");

    @ParameterizedTest
    @CsvSource({"llama-gqa, models", "qwen3, models", "cohere2, transformers", "gptneox, transformers", "deepseek-v2-lite, transformers", "gemma2, attention", "gpt-oss, attention"})
    void seesStreamAndAttentionAsTransformersDoes(String name, String folder) throws IOException {
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(REFERENCE.resolve(folder).resolve(name), arena);
            Safetensors expected = Safetensors.open(REFERENCE.resolve("attention").resolve(name + ".safetensors"), arena);
            int[] ids = ints(expected.tensor("ids"));
            int L = file.spec().layers();
            float[][] streams = new float[L + 1][], logits = new float[ids.length][], found = new float[ids.length][];
            AttentionWeights attention = new AttentionWeights(file.spec(), ids.length);
            try (Forward forward = new Forward(file.spec(), device, file)) {
                try (KvCache cache = forward.newCache(ids.length)) {
                    forward.watch(cache, ids, new Observer() {
                        @Override
                        public void stream(int layers, int from, Tensor stream) {
                            assertThat(from).isZero();
                            streams[layers] = stream.toFloats();
                        }
                    });
                    Tensor last = Tensor.of(arena, streams[L], ids.length, file.spec().width());
                    forward.unembed(cache, last, (i, row) -> found[i] = row.toFloats());
                }
                try (KvCache cache = forward.newCache(ids.length)) {
                    forward.watch(cache, ids, attention);
                }
                try (KvCache cache = forward.newCache(ids.length)) {
                    forward.allLogits(cache, ids, (i, row) -> logits[i] = row.toFloats());
                }
                float[] normed = new float[ids.length * file.spec().width()];
                try (KvCache cache = forward.newCache(ids.length)) {
                    forward.allHidden(cache, ids, (i, row) -> System.arraycopy(row.toFloats(), 0, normed, i * file.spec().width(), file.spec().width()));
                }
                close(normed, expected.tensor("hidden." + L).toFloats(), 2e-3f, "after the final norm");
            }
            assertThat(found).isDeepEqualTo(logits);            // the lens on the last layer is the model itself, bit for bit
            for (int layer = 0; layer < L; layer++) {
                close(streams[layer], expected.tensor("hidden." + layer).toFloats(), 2e-3f, "stream after layer " + layer);
                float[] wanted = expected.tensor("attention." + layer).toFloats();
                for (int h = 0; h < attention.heads(layer); h++) {
                    for (int i = 0; i < ids.length; i++) {
                        float[] row = attention.row(layer, h, i);
                        double sum = 0;
                        for (int j = 0; j < ids.length; j++) {
                            sum += row[j];
                            assertThat(row[j]).as("layer %d head %d: %d looks at %d", layer, h, i, j).isCloseTo(wanted[(h * ids.length + i) * ids.length + j], within(1e-4f));
                        }
                        if (name.equals("gpt-oss")) {
                            assertThat(sum).isLessThan(1);          // the sink takes its share
                        } else {
                            assertThat(sum).isCloseTo(1, within(1e-5));
                        }
                    }
                }
            }
        }
    }

    /// A text of more than one part: keys of the first are still met in the second, and looking changes nothing.
    @Test
    void seesTheWholeOfALongText() throws IOException {
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile file = ModelFile.open(REFERENCE.resolve("models/qwen3"), arena);
            int[] ids = new int[Forward.ROWS + 44];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = (i * 37 + 11) % 500;
            }
            try (Forward forward = new Forward(file.spec(), device, file); KvCache cache = forward.newCache(ids.length + 1); KvCache plain = forward.newCache(ids.length + 1)) {
                AttentionWeights attention = new AttentionWeights(file.spec(), ids.length);
                forward.watch(cache, ids, attention);
                for (int i : new int[] {0, 255, 256, 299}) {
                    float[] row = attention.row(1, 3, i);
                    double sum = 0, early = 0;
                    for (int j = 0; j < row.length; j++) {
                        sum += row[j];
                        early += j < Forward.ROWS ? row[j] : 0;
                        assertThat(row[j]).isBetween(0f, j <= i ? 1f : 0f);
                    }
                    assertThat(sum).isCloseTo(1, within(1e-5));
                    assertThat(early).isGreaterThan(0.5);
                }
                forward.logits(plain, ids);
                assertThat(forward.logits(cache, 7)).isEqualTo(forward.logits(plain, 7));
                assertThatThrownBy(() -> forward.watch(cache, ids, attention)).hasMessageContaining("301 positions are in the cache already");
            }
        }
    }

    private static int[] ints(Tensor tensor) {
        int[] values = new int[(int) tensor.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Memory.getInt(tensor.address() + 4L * i);
        }
        return values;
    }

    private static void close(float[] found, float[] expected, float tolerance, String what) {
        assertThat(found).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).as("%s, number %d", what, i).isCloseTo(expected[i], within(tolerance));
        }
    }
}
