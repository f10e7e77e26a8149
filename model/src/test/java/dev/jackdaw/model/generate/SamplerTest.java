package dev.jackdaw.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

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
    void zeroTemperatureIsTheLikeliest() {
        assertThat(frequencies(Sampling.greedy(), 8)).containsExactly(0, 1, 0, 0);
    }

    @Test
    void topKTopPAndMinPCutTheTail() {
        assertThat(frequencies(new Sampling(1, 2, 1, 0, 1, 3), 5_000)).satisfies(f -> assertThat(f[0] + f[3]).isZero());
        assertThat(frequencies(new Sampling(1, 0, 0.6, 0, 1, 3), 5_000)).containsExactly(new double[] {0, 1, 0, 0}, within(1e-9));
        assertThat(frequencies(new Sampling(1, 0, 1, 0.2, 1, 3), 5_000)).satisfies(f -> assertThat(f[0] + f[3]).isZero()).satisfies(f -> assertThat(f[2]).isPositive());
    }

    @Test
    void repetitionIsPenalized() {
        Sampler sampler = new Sampler(new Sampling(0, 0, 1, 0, 2, 0));
        sampler.accept(1);
        assertThat(sampler.choose(LOGITS.clone())).isEqualTo(2);
    }

    @Test
    void theSameSeedGivesTheSameTokens() {
        assertThat(frequencies(Sampling.of(0.8, 5), 100)).isEqualTo(frequencies(Sampling.of(0.8, 5), 100));
    }

    @Test
    void refusesWhatMakesNoSense() {
        assertThatThrownBy(() -> new Sampling(-1, 0, 1, 0, 1, 0)).hasMessageContaining("temperature -1");
        assertThatThrownBy(() -> new Sampling(1, 0, 0, 0, 1, 0)).hasMessageContaining("top-p 0");
    }
}
