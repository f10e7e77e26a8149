package dev.jackdaw.model.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.fuzz.Fuzz;
import dev.jackdaw.model.fuzz.Mutations;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A hub that answers nonsense: a model is pulled, or it is said what is wrong, and nothing is written outside of the store.
class HubFuzzTest {
    private static final Download.Patience HASTY = new Download.Patience(1, Duration.ofMillis(1), Duration.ofSeconds(5), Duration.ofMillis(600));

    private static final Download.Progress SILENT = new Download.Progress() {
        @Override
        public void total(long bytes) {
        }

        @Override
        public void done(long bytes) {
        }

        @Override
        public void note(String text) {
        }
    };

    @TempDir
    Path folder;

    double seconds() {
        return Double.parseDouble(System.getProperty("jackdaw.fuzz.seconds", "1.5"));
    }

    @Test
    void answers() throws Exception {
        try (FakeHub hub = new FakeHub()) {
            for (String name : List.of("a-Q4_K_M.gguf", "a-Q8_0-00001-of-00002.gguf", "a-Q8_0-00002-of-00002.gguf", "README.md")) {
                byte[] bytes = new byte[100];
                new Random(name.hashCode()).nextBytes(bytes);
                hub.files.put(name, bytes);
            }
            JsonNode gguf = JsonMapper.shared().readTree(hub.list());
            hub.files.clear();
            for (String name : List.of("config.json", "model.safetensors", "tokenizer.json")) {
                hub.files.put(name, name.getBytes(StandardCharsets.UTF_8));
            }
            JsonNode plain = JsonMapper.shared().readTree(hub.list());
            ModelStore store = new ModelStore(folder.resolve("home"));
            Fuzz.Result result = new Fuzz("hub", seconds(), 64 << 20).run(random -> random.nextInt(20) == 0 ? Mutations.noise(random, 200)
                    : Mutations.json(random, random.nextBoolean() ? gguf : plain), bytes -> {
                hub.listAnswer = bytes;
                hub.requests.clear();
                store.pull(ModelSource.of(bytes.length % 3 == 0 ? "hf.co/org/repo:Q4_K_M" : "hf.co/org/repo"), new ModelStore.Options("x", null, hub.endpoint(), null, HASTY), SILENT);
                for (ModelStore.Stored stored : store.list()) {
                    store.remove(stored.name());
                }
            });
            assertThat(result.refused()).isPositive();
            try (Stream<Path> left = Files.list(folder)) {
                assertThat(left).containsExactly(folder.resolve("home"));
            }
        }
    }
}
