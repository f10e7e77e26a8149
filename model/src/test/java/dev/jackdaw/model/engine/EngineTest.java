package dev.jackdaw.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.Adapter;
import dev.jackdaw.model.arch.FeedForward;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.embed.Embedder;
import dev.jackdaw.model.family.SharedFixtures;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufTensor;
import dev.jackdaw.model.format.Lora;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.generate.Constraint;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.generate.TokenProbability;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.CacheType;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Many texts at once: the same texts as alone.
class EngineTest extends EngineCase {
    static List<Path> gguf() {
        return SharedFixtures.gguf();
    }

    @ParameterizedTest
    @MethodSource("gguf")
    void everyTextIsWhatItWouldBeAlone(Path path) throws Exception {
        everyTextIsWhatItWouldBeAlone(path, Activations.F32, CacheType.F32);
    }

    @ParameterizedTest
    @MethodSource("gguf")
    void alsoWithEightBitActivationsAndAnEightBitCache(Path path) throws Exception {
        everyTextIsWhatItWouldBeAlone(path, Activations.Q8, CacheType.Q8_0);
    }

    private static void everyTextIsWhatItWouldBeAlone(Path path, Activations activations, CacheType type) throws Exception {
        try (Arena arena = Arena.ofShared(); Device one = Device.cpu(1, activations); Device two = Device.cpu(2, activations)) {
            for (GgufTensor tensor : Gguf.open(path, arena).tensors()) {
                Assumptions.assumeTrue(tensor.type().dtype().isPresent(), () -> "block type " + tensor.type() + " is not read");
            }
            ModelFile file = ModelFile.open(path, arena);
            List<Request> requests = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                Sampling sampling = i % 3 == 0 ? Sampling.greedy() : Sampling.of(0.8, i).withTopK(40);
                requests.add(Request.of(text(1 + i * i, i / 2), 3 + i, sampling, _ -> false));          // neighbours begin alike
            }
            List<int[]> expected = new ArrayList<>();
            try (Forward forward = new Forward(file.spec(), one, file)) {
                forward.cacheType(type);
                for (Request request : requests) {
                    expected.add(new Generator(forward).generate(request, new Generator.Listener() { }).ids());
                }
            }
            Forward together = new Forward(file.spec(), two, file);
            together.cacheType(type);
            try (together; Engine engine = new Engine(together, null, SETTINGS)) {
                for (int round = 0; round < 2; round++) {                                                // the second from remembered pages
                    List<TokenStream> streams = requests.stream().map(engine::submit).toList();
                    for (int i = 0; i < streams.size(); i++) {
                        assertThat(streams.get(i).result().ids()).as("round %d, text %d", round, i).isEqualTo(expected.get(i));
                    }
                }
                assertThat(engine.statistics().sharedTokens()).isPositive();
            }
        }
    }

    @Test
    void theStreamCarriesTokensAndText() throws Exception {
        int[] prompt = model.tokenizer().encode("Once upon a time", false, true);
        Request request = Request.of(prompt, 40, Sampling.of(1, 5), _ -> false);
        Generator.Result expected = new Generator(dev.jackdaw.model.generate.Predictor.of(model.forward()), model.tokenizer()).generate(request, new Generator.Listener() { });
        try (Engine engine = engine(SETTINGS); TokenStream stream = engine.submit(request)) {
            List<Integer> ids = new ArrayList<>();
            StringBuilder text = new StringBuilder();
            while (stream.next()) {
                if (stream.id() >= 0) {
                    ids.add(stream.id());
                }
                text.append(stream.text());
            }
            assertThat(ids).containsExactlyElementsOf(java.util.Arrays.stream(expected.ids()).boxed().toList());
            assertThat(text.toString()).isEqualTo(expected.text()).isNotEmpty();
            assertThat(stream.next()).isFalse();
            assertThat(stream.result().finishReason()).isEqualTo(Generator.FinishReason.LENGTH);
            assertThat(stream.result().text()).isEqualTo(expected.text());
        }
    }

    /// Holds the engine up until everything is in the queue, so that chance plays no part.
    private static final class Gate implements Constraint {
        private final CountDownLatch open = new CountDownLatch(1);

        @Override
        public void mask(float[] logits) {
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public boolean mayEnd() {
            return false;
        }

        @Override
        public void accept(int token) {
        }
    }

    private Adapter adapter(Arena arena, int seed) {
        Random random = new Random(seed);
        int C = model.spec().width();
        Tensor a = Tensor.zeros(arena, 4, C);
        for (int i = 0; i < 4 * C; i++) {
            a.set(i, (float) random.nextGaussian() / 4);
        }
        int rows = model.spec().blocks().getFirst().feedForward() instanceof FeedForward.Gated f ? f.width() : 0;
        Tensor b = Tensor.zeros(arena, rows, 4);
        for (int i = 0; i < 4 * rows; i++) {
            b.set(i, (float) random.nextGaussian() / 4);
        }
        return model.forward().adapter(new Lora("adapter " + seed, List.of(new Lora.Pair("model.layers.0.mlp.up_proj.weight", a, b, 1))), 1);
    }

    @Test
    void eachTextHasItsOwnAdapters() throws Exception {
        try (Arena arena = Arena.ofShared()) {
            List<List<Adapter>> kinds = List.of(List.of(), List.of(adapter(arena, 1)), List.of(adapter(arena, 2)));
            List<int[]> expected = new ArrayList<>();
            for (List<Adapter> adapters : kinds) {
                model.forward().adapters(adapters);
                expected.add(new Generator(model.forward()).generate(greedy(text(100, 1), 20), new Generator.Listener() { }).ids());
            }
            model.forward().adapters(List.of());
            assertThat(expected.get(1)).isNotEqualTo(expected.get(0)).isNotEqualTo(expected.get(2));
            try (Engine engine = engine(SETTINGS)) {
                for (int round = 0; round < 2; round++) {
                    List<TokenStream> streams = new ArrayList<>();
                    for (int i = 0; i < 9; i++) {
                        streams.add(engine.submit(greedy(text(100, 1), 20), kinds.get(i % 3)));
                    }
                    for (int i = 0; i < 9; i++) {
                        assertThat(streams.get(i).result().ids()).as("round %d, text %d", round, i).isEqualTo(expected.get(i % 3));
                    }
                }
                assertThat(engine.statistics().readTokens()).as("each beginning is read once for each kind").isLessThan(3 * 100 + 15 * 40);
            }
        }
    }

    @Test
    void adaptersOfAnotherModelEndTheirTextOnly() throws Exception {
        try (Arena arena = Arena.ofShared(); Model other = Model.open(Path.of("src/test/resources/reference/models/qwen3"), device);
             Engine engine = new Engine(other.forward(), null, SETTINGS)) {
            List<Adapter> foreign = List.of(adapter(arena, 1));
            assertThatThrownBy(() -> engine.submit(greedy(text(5, 1), 3), foreign).result()).hasMessageContaining("another model");
            assertThat(engine.submit(greedy(text(5, 1), 3)).result().ids()).hasSize(3);
        }
    }

    @Test
    void aLongPromptHoldsUpNobody() throws Exception {
        try (Engine engine = engine(SETTINGS)) {                             // 64 rows a pass: 15 passes for the long prompt
            Gate gate = new Gate();
            TokenStream writing = engine.submit(new Request(text(3, 3), 30, Sampling.greedy(), _ -> false, List.of(), -1, false, gate, null, Overflow.REFUSE));
            TokenStream longOne = engine.submit(greedy(text(900, 1), 5));
            TokenStream shortOne = engine.submit(greedy(text(20, 2), 5));
            gate.open.countDown();
            assertThat(shortOne.result().ids()).hasSize(5);
            assertThat(longOne.result().ids()).hasSize(5);
            assertThat(longOne.result().prefillNanos()).as("asked first, answered last").isGreaterThan(shortOne.result().prefillNanos());
            assertThat(writing.result().ids()).hasSize(30);
            assertThat(engine.statistics().passes()).as("all went together").isLessThan(1 + 16 + 2 + 30);
        }
    }

    @Test
    void whatTextsHaveInCommonIsReadOnce() throws Exception {
        int[] system = text(300, 1);
        try (Engine engine = engine(SETTINGS)) {
            List<TokenStream> streams = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                int[] prompt = java.util.Arrays.copyOf(system, 320);
                System.arraycopy(text(20, 10 + i), 0, prompt, 300, 20);
                streams.add(engine.submit(greedy(prompt, 4)));
            }
            for (TokenStream stream : streams) {
                stream.result();
            }
            Engine.Statistics together = engine.statistics();
            assertThat(together.sharedTokens()).as("four full pages for each but the first").isGreaterThanOrEqualTo(5 * 256);
            assertThat(together.readTokens()).isEqualTo(6 * 320 - together.sharedTokens());

            Generator.Result first = engine.submit(greedy(system, 30)).result();
            long before = engine.statistics().readTokens();
            int[] next = java.util.Arrays.copyOf(first.promptIds(), 300 + 29 + 10);                      // the last token was never read
            System.arraycopy(first.ids(), 0, next, 300, 29);
            System.arraycopy(text(10, 5), 0, next, 329, 10);
            engine.submit(greedy(next, 3)).result();
            assertThat(engine.statistics().readTokens() - before).as("a second turn reads what is new").isEqualTo(10);
        }
    }

    @Test
    void probabilitiesComeWithTheirTokens() throws Exception {
        Request request = new Request(text(9, 1), 12, Sampling.greedy(), _ -> false, List.of(), 3, false, null, null, Overflow.REFUSE);
        List<Integer> ids = new ArrayList<>();
        List<TokenProbability> probabilities = new ArrayList<>();
        try (Engine engine = engine(SETTINGS); TokenStream stream = engine.submit(request)) {
            while (stream.next()) {
                ids.add(stream.id());
                probabilities.add(stream.probability());
            }
            assertThat(probabilities).isEqualTo(stream.result().logprobs()).hasSize(12);
            assertThat(probabilities.stream().map(TokenProbability::id)).isEqualTo(ids);
            assertThat(probabilities).allSatisfy(each -> assertThat(each.top()).hasSize(3).first().extracting(TokenProbability::logprob).isEqualTo(each.logprob()));
            try (TokenStream without = engine.submit(greedy(text(9, 1), 2))) {
                assertThat(without.next()).isTrue();
                assertThat(without.probability()).isNull();
            }
        }
    }

    @Test
    void aQuestionIsAnsweredBetweenPassesAndChangesNoText() throws Exception {
        float[] alone = new Embedder(model.forward()).embed(text(7, 3));
        int[] expected = new Generator(model.forward()).generate(text(9, 1), 60, Sampling.greedy(), _ -> false, _ -> { }).ids();
        try (Engine engine = engine(SETTINGS); TokenStream stream = engine.submit(greedy(text(9, 1), 60))) {
            assertThat(stream.next()).isTrue();
            for (int i = 0; i < 5; i++) {
                assertThat(engine.ask(() -> new Embedder(model.forward()).embed(text(7, 3)))).isEqualTo(alone);
            }
            assertThat(stream.result().ids()).isEqualTo(expected);
            assertThatThrownBy(() -> engine.ask(() -> {
                throw new IllegalArgumentException("not so");
            })).isInstanceOf(IllegalArgumentException.class).hasMessage("not so");
            engine.close();
            assertThatThrownBy(() -> engine.ask(() -> 1)).isInstanceOf(RejectedExecutionException.class).hasMessageContaining("closed");
        }
    }
}
