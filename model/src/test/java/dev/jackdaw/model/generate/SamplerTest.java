package dev.jackdaw.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final float[] LOGITS = {1, 3, 2, -1};

    private static double[] frequencies(Sampling sampling, int draws) {
        Sampler sampler = new Sampler(sampling);
        double[] counts = new double[LOGITS.length];
        for (int i = 0; i < draws; i++) {
            counts[sampler.choose(LOGITS.clone())] += 1.0 / draws;
        }
        return counts;
    }

    private static float[] logs(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) Math.log(probabilities[i]);
        }
        return logits;
    }

    /// Ids that a step keeps, ascending.
    private static List<Integer> kept(Step step, float... logits) {
        Candidates candidates = new Candidates();
        candidates.reset(logits);
        step.apply(candidates, new SplittableRandom(1));
        return IntStream.range(0, candidates.size()).map(candidates::id).sorted().boxed().toList();
    }

    @Test
    void drawsFromTheDistribution() {
        float[] probabilities = LOGITS.clone();
        Sampler.softmax(probabilities);
        double[] found = frequencies(Sampling.of(1, 7), 40_000);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).as("seed 7, token %d", i).isCloseTo(probabilities[i], within(0.01));
        }
    }

    @Test
    void temperatureSharpens() {
        double z = Math.exp(2) + Math.exp(6) + Math.exp(4) + Math.exp(-2);
        assertThat(frequencies(Sampling.of(0.5, 7), 40_000)[1]).isCloseTo(Math.exp(6) / z, within(0.01));
        assertThat(frequencies(Sampling.greedy(), 8)).containsExactly(0, 1, 0, 0);
    }

    @Test
    void nextToZeroTheLikeliestIsTaken() {
        for (double temperature : new double[] {1e-40, 1e-9, 1e-7, 1e-5, 0}) {
            assertThat(new Sampler(Sampling.of(temperature, 1)).choose(new float[] {1, 3, 2})).as("temperature %s", temperature).isEqualTo(1);
        }
    }

    @Test
    void everyStepKeepsWhatItsDefinitionSays() {
        float[] p = logs(0.05, 0.5, 0.2, 0.15, 0.1);
        assertThat(kept(new Step.TopK(2), p)).containsExactly(1, 2);
        assertThat(kept(new Step.TopK(99), p)).hasSize(5);
        assertThat(kept(new Step.TopP(0.65), p)).containsExactly(1, 2);
        assertThat(kept(new Step.TopP(0.75), p)).containsExactly(1, 2, 3);
        assertThat(kept(new Step.TopP(0.01), p)).containsExactly(1);
        assertThat(kept(new Step.MinP(0.25), p)).containsExactly(1, 2, 3);
        assertThat(kept(new Step.MinP(1), p)).containsExactly(1);
    }

    @Test
    void typicalKeepsThoseNearTheEntropy() {
        // entropy of (0.5, 0.2, 0.15, 0.1, 0.05) is 1.333 nats; surprises 0.69, 1.61, 1.90, 2.30, 3.00: nearest are 0.2, 0.15, 0.5
        float[] p = logs(0.05, 0.5, 0.2, 0.15, 0.1);
        assertThat(kept(new Step.Typical(0.1), p)).containsExactly(2);
        assertThat(kept(new Step.Typical(0.3), p)).containsExactly(2, 3);
        assertThat(kept(new Step.Typical(0.8), p)).containsExactly(1, 2, 3);
    }

    @Test
    void xtcRemovesAllTopChoicesButTheLast() {
        float[] p = logs(0.05, 0.4, 0.3, 0.15, 0.1);
        assertThat(kept(new Step.Xtc(1, 0.12), p)).containsExactly(0, 3, 4);
        assertThat(kept(new Step.Xtc(1, 0.35), p)).as("one alone stays").hasSize(5);
        assertThat(kept(new Step.Xtc(0, 0.1), p)).hasSize(5);
        int excluded = 0;
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 10_000; i++) {
            Candidates candidates = new Candidates();
            candidates.reset(p);
            new Step.Xtc(0.3, 0.12).apply(candidates, random);
            excluded += candidates.size() == 3 ? 1 : 0;
        }
        assertThat(excluded / 10_000.0).isCloseTo(0.3, within(0.02));
    }

    @Test
    void theOrderOfStepsIsFixed() {
        Sampling all = Sampling.of(0.7, 1).withMinP(0.1).withTopP(0.9).withTopK(5).withTypicalP(0.9).withXtc(0.5, 0.1);
        assertThat(all.steps()).extracting(step -> step.getClass().getSimpleName()).containsExactly("TopK", "Typical", "TopP", "MinP", "Xtc", "Temperature");
        assertThat(all.withMirostat(new Mirostat(2, 5, 0.1)).steps()).extracting(step -> step.getClass().getSimpleName()).containsExactly("Temperature");
    }

    @Test
    void partialSortAgreesWithFullSort() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            float[] logits = new float[1 + random.nextInt(500)];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = random.nextInt(3) == 0 ? random.nextInt(5) - 2 : (float) random.nextGaussian() * 5;
            }
            Integer[] order = IntStream.range(0, logits.length).boxed().toArray(Integer[]::new);
            Arrays.sort(order, (a, b) -> logits[a] != logits[b] ? Float.compare(logits[b], logits[a]) : a - b);
            int n = 1 + random.nextInt(logits.length);
            Candidates candidates = new Candidates();
            candidates.reset(logits);
            candidates.sort(n);
            for (int i = 0; i < n; i++) {
                assertThat(candidates.id(i)).as("seed %d", seed).isEqualTo(order[i]);
                assertThat(candidates.logit(i)).isEqualTo(logits[order[i]]);
            }
            assertThat(IntStream.range(0, candidates.size()).map(candidates::id).sorted().toArray()).isEqualTo(IntStream.range(0, logits.length).toArray());
        }
    }

    @Test
    void penaltiesCountWithinTheirWindow() {
        float[] logits = {2, -2, 1, 0};
        new Penalties(2, 0.5, 0.25, -1).apply(logits, new int[] {0, 1, 1, 99}, 4);
        assertThat(logits).containsExactly(1 - 0.5f - 0.25f, -4 - 1 - 0.25f, 1, 0);
        logits = new float[] {2, -2, 1, 0};
        new Penalties(1, 1, 0, 2).apply(logits, new int[] {0, 1, 1}, 3);
        assertThat(logits).containsExactly(2, -4, 1, 0);
        Sampler sampler = new Sampler(Sampling.greedy().withPenalties(new Penalties(2, 0, 0, 64)));
        sampler.accept(1);
        assertThat(sampler.choose(LOGITS.clone())).isEqualTo(2);
    }

    @Test
    void dryPunishesWhatWouldRepeat() {
        Dry dry = new Dry(0.8, 1.75, 2, -1, Set.of(9));
        int[] text = {1, 2, 3, 4, 5, 1, 2, 3};                      // 4 would repeat "1 2 3"
        assertThat(dry.repeats(text, 0, text.length)).containsExactlyInAnyOrderEntriesOf(Map.of(4, 3));
        float[] logits = new float[10];
        dry.apply(logits, text, text.length);
        assertThat(logits[4]).isCloseTo((float) (-0.8 * 1.75), within(1e-6f));
        assertThat(logits[5]).isZero();
        assertThat(dry.repeats(new int[] {1, 9, 3, 4, 1, 9, 3}, 0, 7)).as("a breaker ends the stretch").isEqualTo(Map.of(4, 1));
        assertThat(dry.repeats(new int[] {1, 2, 9, 1, 2}, 0, 5)).as("a breaker is never punished").isEmpty();
        assertThat(dry.repeats(new int[] {1, 2, 3, 1, 2}, 3, 5)).as("window").isEmpty();
    }

    @Test
    void dryAgreesWithTheDefinitionOnRandomTexts() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            int[] text = random.ints(1 + random.nextInt(40), 0, 3).toArray();
            int n = text.length;
            Map<Integer, Integer> expected = new HashMap<>();
            for (int at = 1; at < n; at++) {                        // the token at `at` followed a copy of the end
                int k = 0;
                while (k < at && text[at - 1 - k] == text[n - 1 - k] && text[at - 1 - k] != 2) {
                    k++;
                }
                if (k > 0 && text[at] != 2) {
                    expected.merge(text[at], k, Math::max);
                }
            }
            assertThat(new Dry(1, 1.75, 2, -1, Set.of(2)).repeats(text, 0, n)).as("seed %d", seed).isEqualTo(expected);
        }
    }

    @Test
    void mirostatKeepsTheSurpriseNearItsTarget() {
        Random random = new Random(5);
        float[] logits = new float[2000];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (-1.1 * Math.log(i + 1));              // Zipf, entropy about 7 bits
        }
        for (int version : new int[] {1, 2}) {
            for (double tau : new double[] {2, 4}) {
                Sampler sampler = new Sampler(Sampling.of(1, random.nextLong()).withMirostat(new Mirostat(version, tau, 0.1)));
                float[] p = logits.clone();
                Sampler.softmax(p);
                double surprise = 0;
                for (int i = 0; i < 3000; i++) {
                    int token = sampler.choose(logits.clone());
                    surprise += i < 1000 ? 0 : -Math.log(p[token]) / Math.log(2) / 2000;
                }
                assertThat(surprise).as("version %d, target %s", version, tau).isBetween(tau - 0.3, tau + 2.2);
            }
        }
        Candidates candidates = new Candidates();
        candidates.reset(logs(0.5, 0.25, 0.125, 0.125));
        new Mirostat(2, 1, 0.1).narrow(candidates, 2.01);
        assertThat(candidates.size()).isEqualTo(2);
        assertThat(new Mirostat(2, 1, 0.1).next(2, 0.25)).isCloseTo(1.9, within(1e-9));
    }

    @Test
    void logitBiasForcesAndForbids() {
        assertThat(frequencies(Sampling.of(1, 2).withLogitBias(Map.of(1, Float.NEGATIVE_INFINITY)), 2000)[1]).isZero();
        assertThat(frequencies(Sampling.of(1, 2).withLogitBias(Map.of(3, 100f, 77, 5f)), 100)[3]).isCloseTo(1, within(1e-9));
        assertThat(new Sampler(Sampling.of(1, 2)).choose(new float[] {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY})).isEqualTo(-1);
        assertThat(new Sampler(Sampling.greedy()).choose(new float[] {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY})).isEqualTo(-1);
    }

    @Test
    void cutsAreDrawnFromInProportion() {
        double[] found = frequencies(Sampling.of(1, 3).withTopK(2), 40_000);
        assertThat(found[0] + found[3]).isZero();
        assertThat(found[1]).isCloseTo(Math.exp(3) / (Math.exp(3) + Math.exp(2)), within(0.01));
    }

    @Test
    void logProbabilitiesAreTheModels() {
        TokenProbability p = TokenProbability.of(2, logs(0.1, 0.6, 0.3), 2);
        assertThat(p.logprob()).isCloseTo(Math.log(0.3), within(1e-6));
        assertThat(p.top()).extracting(TokenProbability::id).containsExactly(1, 2);
        assertThat(p.top().getFirst().logprob()).isCloseTo(Math.log(0.6), within(1e-6));
    }

    @Test
    void theSameSeedGivesTheSameTokens() {
        Sampling sampling = Sampling.of(0.8, 5).withTopP(0.95).withXtc(0.5, 0.1);
        assertThat(frequencies(sampling, 100)).isEqualTo(frequencies(sampling, 100)).isNotEqualTo(frequencies(sampling.withSeed(6), 100));
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertThatThrownBy(() -> Sampling.of(-1, 0)).hasMessageContaining("temperature -1");
        assertThatThrownBy(() -> Sampling.of(1, 0).withTopP(0)).hasMessageContaining("top-p 0");
        assertThatThrownBy(() -> Sampling.of(1, 0).withTypicalP(Double.NaN)).hasMessageContaining("typical NaN");
        assertThatThrownBy(() -> Sampling.of(1, 0).withXtc(2, 0.1)).hasMessageContaining("XTC probability 2");
        assertThatThrownBy(() -> new Penalties(0, 0, 0, 64)).hasMessageContaining("repetition penalty 0");
        assertThatThrownBy(() -> new Mirostat(3, 5, 0.1)).hasMessageContaining("mirostat 3");
        assertThatThrownBy(() -> new Dry(-1, 1.75, 2, -1, Set.of())).hasMessageContaining("multiplier -1");
    }

    @Test
    void theBestInOnePassAreTheBestOfAllInOrder() {
        java.util.Random random = new java.util.Random(5);
        for (int size : new int[] {1, 2, 7, 100, 5000}) {
            for (int most : new int[] {1, 2, 40, 1000, 10_000}) {
                float[] logits = new float[size];
                for (int i = 0; i < size; i++) {
                    logits[i] = switch (random.nextInt(6)) {
                        case 0 -> Float.NEGATIVE_INFINITY;
                        case 1 -> random.nextInt(5);                       // equals
                        case 2 -> i / 1000f;                               // ever better
                        case 3 -> i % 97 == 0 ? Float.NaN : -i;
                        default -> (float) random.nextGaussian();
                    };
                }
                Candidates onePass = new Candidates(), all = new Candidates();
                onePass.resetToBest(logits, most);
                all.reset(logits);
                all.sort(most);
                assertThat(onePass.size()).isEqualTo(Math.min(most, all.size()));
                for (int i = 0; i < onePass.size(); i++) {
                    assertThat(onePass.id(i)).isEqualTo(all.id(i));
                    assertThat(onePass.logit(i)).isEqualTo(all.logit(i));
                }
            }
        }
    }

    @Test
    void notANumberIsNeverTheLargest() {
        float nan = Float.NaN;
        assertThat(Sampler.argmax(new float[] {nan, 1, nan, 3, 3, nan})).isEqualTo(3);
        assertThat(Sampler.argmax(new float[] {nan, nan})).isZero();
        assertThat(Sampler.argmax(new float[] {Float.NEGATIVE_INFINITY, nan})).isZero();
        assertThat(Sampler.argmax(new float[] {nan, Float.NEGATIVE_INFINITY})).isEqualTo(1);
    }
}
