package dev.jackdaw.model.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How weights are kept: what stays in memory, and that eight-bit activations keep the promises of the exact ones.
class InferenceWeightsTest {
    private static final Path REFERENCE = Path.of("src/test/resources/reference");
    private static final int[] IDS = {5, 17, 300, 2, 44, 9, 120, 77, 81, 6, 330, 15};

    /// Pages of a mapped file that this process holds.
    private static long residentBytes(Path file) throws IOException {
        long bytes = 0;
        boolean isFile = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("^[0-9a-f]+-[0-9a-f]+ .*")) {
                isFile = line.endsWith(file.toRealPath().toString());
            } else if (isFile && line.startsWith("Rss:")) {
                bytes += 1024 * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        return bytes;
    }

    @Test
    void nothingOfTheFileStaysInMemoryAndItCanStillBeRead(@TempDir Path folder) throws IOException {
        assumeTrue(Files.exists(Path.of("/proc/self/smaps")), "this system does not say which pages are in memory");
        Path file = Files.copy(REFERENCE.resolve("gguf/qwen3-Q8_0.gguf"), folder.resolve("model.gguf"));
        String name = "model.layers.0.mlp.down_proj.weight";
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile model = ModelFile.open(file, arena);
            Tensor before = Tensor.zeros(arena, model.tensor(name).type(), model.tensor(name).shape().toArray());
            before.copyFrom(model.tensor(name));
            assertThat(residentBytes(file)).isPositive();
            try (Forward forward = new Forward(model.spec(), device, model); KvCache cache = forward.newCache(IDS.length)) {
                assertThat(residentBytes(file)).as("after packing").isZero();
                float[] first = forward.logits(cache, IDS);
                assertThat(model.tensor(name).segment().mismatch(before.segment())).as("read again").isEqualTo(-1);
                cache.truncate(0);
                assertThat(forward.logits(cache, IDS)).isEqualTo(first);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gguf/qwen3-Q8_0.gguf", "gguf/qwen3-F16.gguf", "models/llama-gqa"})
    void eightBitActivationsAreNearTheExactOnes(String name) throws IOException {
        try (Device exact = Device.cpu(2); Device quantized = Device.cpu(1, Activations.Q8); Model a = Model.open(REFERENCE.resolve(name), exact); Model b = Model.open(REFERENCE.resolve(name), quantized);
             KvCache here = a.forward().newCache(IDS.length); KvCache there = b.forward().newCache(IDS.length)) {
            float[] expected = a.forward().logits(here, IDS), found = b.forward().logits(there, IDS);
            double error = 0, size = 0;
            for (int i = 0; i < expected.length; i++) {
                error += Math.pow(found[i] - expected[i], 2);
                size += Math.pow(expected[i], 2);
            }
            if (name.contains("Q8_0")) {
                assertThat(Math.sqrt(error / size)).isPositive().isLessThan(0.03);
            } else {
                assertThat(found).as("weights of 16 and 32 bits are multiplied exactly").isEqualTo(expected);
            }
        }
    }

    /// Rows one by one, all at once, on other threads, from the file tile by tile: one result.
    @Test
    void eightBitActivationsGiveTheSameBitsHoweverTheTextIsCut() throws IOException {
        Path file = REFERENCE.resolve("gguf/qwen3-Q8_0.gguf");
        try (Arena arena = Arena.ofShared(); Device one = Device.cpu(1, Activations.Q8); Device three = Device.cpu(3, Activations.Q8)) {
            ModelFile model = ModelFile.open(file, arena);
            try (Forward packed = new Forward(model.spec(), three, model); Forward mapped = new Forward(model.spec(), one, model, 0);
                 KvCache whole = packed.newCache(IDS.length); KvCache pieces = packed.newCache(IDS.length); KvCache inPlace = mapped.newCache(IDS.length)) {
                float[] expected = packed.logits(whole, IDS);
                packed.logits(pieces, Arrays.copyOf(IDS, 5));
                for (int i = 5; i < IDS.length - 1; i++) {
                    packed.logits(pieces, IDS[i]);
                }
                assertThat(packed.logits(pieces, IDS[IDS.length - 1])).isEqualTo(expected);
                assertThat(mapped.note().orElseThrow()).contains("MB packed");
                assertThat(mapped.logits(inPlace, IDS)).isEqualTo(expected);
            }
        }
    }

    /// The estimate that decides whether a model fits is what packing then takes, but for the norms' alignment.
    @Test
    void theEstimateIsWhatIsTaken() throws IOException {
        try (Arena arena = Arena.ofShared()) {
            ModelFile quantized = ModelFile.open(REFERENCE.resolve("gguf/qwen3-Q8_0.gguf"), arena), wide = ModelFile.open(REFERENCE.resolve("gguf/qwen3-F32.gguf"), arena);
            assertThat(InferenceWeights.bytes(wide.spec(), wide)).isEqualTo(4 * wide.spec().parameterCount());
            assertThat((double) InferenceWeights.bytes(quantized.spec(), quantized) / InferenceWeights.bytes(wide.spec(), wide)).isCloseTo(34 / 128.0, within(0.03));
        }
    }
}
