package dev.jackdaw.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.token.TokenList;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Guessing ahead changes nothing but the time: the same tokens when greedy, the same distribution when drawn.
class SpeculationTest {
    private static final Path MODELS = Path.of("src/test/resources/reference/models");
    private static final int[] PROMPT = {5, 17, 300, 5, 17, 42, 9, 5, 17};

    /// A "model" whose next token depends on the two before it, by a random table.
    private record Chain(int tokens, long seed, int context) implements Predictor {
        float[] row(int before, int last) {
            SplittableRandom random = new SplittableRandom(seed * 1000 + before * 31L + last);
            float[] logits = new float[tokens];
            for (int i = 0; i < tokens; i++) {
                logits[i] = (float) random.nextDouble(-2, 2);
            }
            return logits;
        }

        @Override
        public Past newText(int capacity) {
            return new Past() {
                private final TokenList text = new TokenList();

                @Override
                public float[] logits(int... ids) {
                    text.addAll(ids);
                    assertThat(text.size()).as("what the model has room for").isLessThanOrEqualTo(Math.min(capacity, context));
                    return row(text.size() < 2 ? 0 : text.get(text.size() - 2), text.get(text.size() - 1));
                }

                @Override
                public void truncate(int ids) {
                    int[] kept = Arrays.copyOf(text.toArray(), ids);
                    text.clear();
                    text.addAll(kept);
                }

                @Override
                public void close() {
                }
            };
        }
    }

    /// The most that Pearson's statistic takes by chance, but for one time in 10,000 (approximation of Wilson and Hilferty).
    private static double most(int freedoms) {
        return freedoms * Math.pow(1 - 2.0 / (9 * freedoms) + 3.719 * Math.sqrt(2.0 / (9 * freedoms)), 3);
    }

    private static void assertSameDistribution(double[] expected, long[] counts, String what) {
        long draws = Arrays.stream(counts).sum();
        double statistic = 0;
        int cells = 0;
        for (int i = 0; i < counts.length; i++) {
            if (expected[i] == 0) {
                assertThat(counts[i]).as("%s: impossible outcome %d", what, i).isZero();
                continue;
            }
            double d = counts[i] - draws * expected[i];
            statistic += d * d / (draws * expected[i]);
            cells++;
        }
        assertThat(statistic).as("%s: chi square of %d cells", what, cells).isLessThan(most(cells - 1));
    }

    /// The probabilities that the sampler gives after these logits.
    private static double[] distribution(Sampling sampling, float[] logits) {
        Proposal all = new Sampler(sampling).propose(logits.clone());
        double[] p = new double[logits.length];
        for (int i = 0; i < p.length; i++) {
            p[i] = all.probability(i);
        }
        return p;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void aJudgedGuessIsDistributedAsAPlainChoice(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] p = new float[7], q = new float[7];
        for (int i = 0; i < p.length; i++) {
            p[i] = (float) random.nextDouble(-3, 3);
            q[i] = (float) random.nextDouble(-3, 3);
        }
        for (Sampling sampling : List.of(Sampling.of(1, seed), Sampling.of(0.6, seed).withTopK(4), Sampling.of(1.4, seed).withTopP(0.8), Sampling.of(1, seed).withMinP(0.2))) {
            Sampler target = new Sampler(sampling), draft = new Sampler(Sampling.of(0.9, seed + 100));
            long[] counts = new long[p.length], certain = new long[p.length];
            for (int i = 0; i < 40_000; i++) {
                counts[target.choose(p.clone(), draft.propose(q.clone()))]++;
                certain[target.choose(p.clone(), new Proposal(i % p.length, null))]++;
            }
            assertSameDistribution(distribution(sampling, p), counts, "drawn guesses, seed " + seed + ", " + sampling);
            assertSameDistribution(distribution(sampling, p), certain, "certain guesses, seed " + seed + ", " + sampling);
        }
    }

    /// All texts of three tokens, their probabilities from the tables, and how often each was written.
    @ParameterizedTest
    @ValueSource(strings = {"draft", "lookup", "same"})
    void whatIsWrittenHasTheDistributionOfTheModel(String who) {
        int V = 4;
        Chain target = new Chain(V, 1, 1000), small = who.equals("same") ? target : new Chain(V, 2, 1000);
        int[] prompt = {1, 2, 3, 1, 2, 3, 0, 2, 3, 1, 2};
        Sampling sampling = Sampling.of(0.8, 0).withTopK(3);
        double[] expected = new double[V * V * V];
        for (int a = 0; a < V; a++) {
            for (int b = 0; b < V; b++) {
                for (int c = 0; c < V; c++) {
                    expected[(a * V + b) * V + c] = distribution(sampling, target.row(1, 2))[a] * distribution(sampling, target.row(2, a))[b]
                            * distribution(sampling, target.row(a, b))[c];
                }
            }
        }
        long[] counts = new long[expected.length];
        long drafted = 0, accepted = 0;
        for (int i = 0; i < 20_000; i++) {
            Sampling seeded = sampling.withSeed(i);
            Speculation speculation = new Speculation(target, who.equals("lookup") ? new PromptLookup() : new DraftModel(small), seeded, 3);
            int[] ids = new Generator(speculation, null).generate(prompt, 4, seeded, _ -> false, _ -> { }).ids();
            counts[(ids[0] * V + ids[1]) * V + ids[2]]++;
            drafted += speculation.statistics().drafted();
            accepted += speculation.statistics().accepted();
        }
        assertSameDistribution(expected, counts, who);
        assertThat(accepted).isPositive().isLessThanOrEqualTo(drafted);
    }

    @Test
    void aDraftThatIsTheModelIsAlwaysRight() {
        Chain target = new Chain(9, 3, 1000);
        Sampling sampling = Sampling.of(1, 4);
        Speculation speculation = new Speculation(target, new DraftModel(target), sampling, 8);
        int[] ids = new Generator(speculation, null).generate(PROMPT_SMALL, 200, sampling, _ -> false, _ -> { }).ids();
        assertThat(ids).hasSize(200);
        Speculation.Statistics statistics = speculation.statistics();
        assertThat(statistics.drafted() - statistics.accepted()).as("only the last guesses, which nobody asked about").isLessThanOrEqualTo(8);
        assertThat(statistics.passes()).isLessThan(200 / 6);
    }

    private static final int[] PROMPT_SMALL = {1, 2, 3};

    @Test
    void greedyTokensAreTheSame() throws IOException {
        try (Device device = Device.cpu(2); Model model = Model.open(MODELS.resolve("qwen3"), device); Model other = Model.open(MODELS.resolve("llama-gqa"), device)) {
            Predictor target = Predictor.of(model.forward());
            Sampling greedy = Sampling.greedy();
            int[] expected = new Generator(target, null).generate(PROMPT, 60, greedy, _ -> false, _ -> { }).ids();
            List<Drafter> drafters = List.of(new PromptLookup(), new DraftModel(Predictor.of(other.forward())), new DraftModel(target), reciting(PROMPT, expected, 3));
            for (Drafter drafter : drafters) {
                for (int most : new int[] {1, 3, 16}) {
                    Speculation speculation = new Speculation(target, drafter, greedy, most);
                    assertThat(new Generator(speculation, null).generate(PROMPT, 60, greedy, _ -> false, _ -> { }).ids()).as("%s, %d at once", drafter, most).isEqualTo(expected);
                    assertThat(speculation.statistics().accepted()).isLessThanOrEqualTo(speculation.statistics().drafted());
                }
            }
        }
    }

    /// Knows the text, but is wrong at every `wrong`-th token.
    private static Drafter reciting(int[] prompt, int[] answer, int wrong) {
        return (_, _) -> (text, most) -> {
            List<Proposal> guesses = new ArrayList<>();
            for (int at = text.size() - prompt.length; at < answer.length && guesses.size() < most; at++) {
                guesses.add(new Proposal(at % wrong == 0 ? (answer[at] + 1) % 600 : answer[at], null));
            }
            return guesses;
        };
    }

    @Test
    void aConversationForgetsWhatWasOnlyGuessed() throws IOException {
        try (Device device = Device.cpu(1); Model model = Model.open(MODELS.resolve("qwen3"), device)) {
            Predictor target = Predictor.of(model.forward());
            Sampling greedy = Sampling.greedy();
            int[] answer = new Generator(target, null).generate(PROMPT, 12, greedy, _ -> false, _ -> { }).ids();
            int[] longer = Arrays.copyOf(PROMPT, PROMPT.length + 7);
            System.arraycopy(answer, 0, longer, PROMPT.length, 5);
            longer[longer.length - 2] = 77;
            longer[longer.length - 1] = 5;
            int[] expected = new Generator(target, null).generate(longer, 12, greedy, _ -> false, _ -> { }).ids();
            Speculation speculation = new Speculation(target, reciting(PROMPT, answer, 100), greedy, 8);
            try (PromptCache cache = new PromptCache(speculation)) {
                Generator generator = new Generator(speculation, null);
                Request first = Request.of(PROMPT, 5, greedy, _ -> false), second = Request.of(longer, 12, greedy, _ -> false);
                assertThat(generator.generate(first, cache, new Generator.Listener() { }).ids()).isEqualTo(Arrays.copyOf(answer, 5));
                assertThat(generator.generate(second, cache, new Generator.Listener() { }).ids()).isEqualTo(expected);
            }
        }
    }

    @Test
    void guessesNeverOutgrowTheText() {
        Chain target = new Chain(9, 3, 20), small = new Chain(9, 4, 12);
        Sampling sampling = Sampling.of(1, 4);
        Speculation speculation = new Speculation(target, new DraftModel(small), sampling, 16);
        assertThat(new Generator(speculation, null).generate(PROMPT_SMALL, 17, sampling, _ -> false, _ -> { }).ids()).hasSize(17);
    }

    @Test
    void lookupGuessesWhatFollowedBefore() {
        TokenList text = new TokenList();
        text.addAll(1, 2, 3, 4, 9, 2, 3, 5, 8, 2, 3);
        List<Proposal> guesses = new PromptLookup().newText(100, Sampling.greedy()).guess(text, 3);
        assertThat(guesses).extracting(Proposal::token).as("after the nearest 2, 3").containsExactly(5, 8, 2);
        text.addAll(100);
        assertThat(new PromptLookup().newText(100, Sampling.greedy()).guess(text, 3)).isEmpty();
    }

    @Test
    void refusesAnotherVocabulary(@TempDir Path folder) throws IOException {
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(MODELS.resolve("qwen3").resolve(name), folder.resolve(name));
        }
        Path without = Files.createDirectory(folder.resolve("bare"));
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Files.copy(folder.resolve(name), without.resolve(name));
        }
        String tokenizer = Files.readString(MODELS.resolve("qwen3/tokenizer.json"));
        assertThat(tokenizer).contains("<|im_end|>");
        Files.writeString(folder.resolve("tokenizer.json"), tokenizer.replace("<|im_end|>", "<|im_fini|>"));
        try (Device device = Device.cpu(1); Model model = Model.open(MODELS.resolve("qwen3"), device); Model bare = Model.open(without, device);
                Model changed = Model.open(folder, device)) {
            DraftModel.requireSameVocabulary(model, model);
            DraftModel.requireSameVocabulary(bare, bare);
            assertThatThrownBy(() -> DraftModel.requireSameVocabulary(model, changed)).hasMessageContaining("\"<|im_fini|>\" for the draft").hasMessageContaining("--speculate lookup");
            assertThatThrownBy(() -> DraftModel.requireSameVocabulary(model, bare)).hasMessageContaining("has no tokenizer that could be compared");
        }
    }
}
