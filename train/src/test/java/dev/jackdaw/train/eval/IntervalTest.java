package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class IntervalTest {
    /// Worked out from the formula by hand: n = 20.
    @Test
    void wilsonsInterval() {
        Interval none = Interval.wilson(0, 20), half = Interval.wilson(10, 20), all = Interval.wilson(20, 20);
        assertThat(none.low()).isZero();
        assertThat(none.high()).isCloseTo(0.16113, within(1e-5));
        assertThat(half.low()).isCloseTo(0.29930, within(1e-5));
        assertThat(half.high()).isCloseTo(0.70070, within(1e-5));
        assertThat(all).isEqualTo(new Interval(1 - none.high(), 1));
        assertThatThrownBy(() -> Interval.wilson(3, 2)).hasMessageContaining("3 successes of 2");
    }

    /// Clopper and Pearson: by hand where nothing or all was seen, (0.025)^(1/n); in between by their definition.
    @Test
    void theExactInterval() {
        Interval none = Interval.exact(0, 20), half = Interval.exact(10, 20), all = Interval.exact(20, 20);
        assertThat(none.low()).isZero();
        assertThat(none.high()).isCloseTo(1 - Math.pow(0.025, 1.0 / 20), within(1e-9));
        assertThat(all.low()).isCloseTo(Math.pow(0.025, 1.0 / 20), within(1e-9));
        assertThat(half.low()).isCloseTo(0.27196, within(1e-5));
        assertThat(half.high()).isCloseTo(0.72804, within(1e-5));
        assertThat(Interval.exact(2_000, 4_000).low()).isCloseTo(Interval.wilson(2_000, 4_000).low(), within(5e-4));
    }

    /// The interval of a difference and its test say the same.
    @Test
    void unequalPairs() {
        for (int lost = 0; lost <= 12; lost++) {
            for (int gained = 0; gained <= 12; gained++) {
                double[] first = new double[400], second = new double[400];
                java.util.Arrays.fill(first, 0, lost, 1);
                java.util.Arrays.fill(second, lost, lost + gained, 1);
                Difference d = Difference.of(first, second, 1);
                assertThat(d.interval().high() < 0 || d.interval().low() > 0).as("%d lost, %d gained: %s", lost, gained, d).isEqualTo(d.p() < 0.05);
                assertThat(d.difference()).isBetween(d.interval().low(), d.interval().high());
            }
        }
    }

    /// The bootstrap of a mean comes close to what the normal distribution says, and the same seed gives the same.
    @Test
    void theBootstrapOfAMean() {
        double[] values = new SplittableRandom(1).doubles(400).toArray();
        double mean = java.util.Arrays.stream(values).average().orElseThrow(), half = 1.96 * Math.sqrt(1.0 / 12 / values.length);
        Interval interval = Interval.ofMean(values, 7);
        assertThat(interval.low()).isCloseTo(mean - half, within(0.005));
        assertThat(interval.high()).isCloseTo(mean + half, within(0.005));
        assertThat(Interval.ofMean(values, 7)).isEqualTo(interval);
        assertThat(Interval.ofMean(values, 8)).isNotEqualTo(interval);
        assertThat(Interval.of(new double[] {0, 1, 1, 0}, 1)).isEqualTo(Interval.wilson(2, 4));
    }

    /// In 200 experiments with a known rate, about 95% of the intervals hold it.
    @Test
    void coversTheTrueRate() {
        SplittableRandom random = new SplittableRandom(2);
        int covered = 0;
        for (int i = 0; i < 2000; i++) {
            int hits = 0;
            for (int j = 0; j < 50; j++) {
                hits += random.nextDouble() < 0.3 ? 1 : 0;
            }
            Interval interval = Interval.wilson(hits, 50);
            covered += interval.low() <= 0.3 && 0.3 <= interval.high() ? 1 : 0;
        }
        assertThat(covered / 2000.0).isBetween(0.93, 0.97);
    }

    /// The binomial test by hand: 2 · (1 + 10) / 2¹⁰ for one of ten.
    @Test
    void mcNemarsTest() {
        assertThat(Difference.mcNemar(9, 1)).isCloseTo(22 / 1024.0, within(1e-12));
        assertThat(Difference.mcNemar(5, 5)).isEqualTo(1);
        assertThat(Difference.mcNemar(0, 0)).isEqualTo(1);
        Difference d = Difference.of(new double[] {1, 0, 0, 1}, new double[] {1, 1, 1, 0}, 1);
        assertThat(d.difference()).isEqualTo(0.25);
        assertThat(d.gained()).isEqualTo(2);
        assertThat(d.lost()).isEqualTo(1);
        assertThat(d.p()).isEqualTo(1);
        assertThat(Difference.of(new double[] {0.5, 0.2}, new double[] {0.4, 0.9}, 1).p()).isNull();
    }

    @Test
    void passAtKWithoutBias() {
        assertThat(PassAtK.of(10, 3, 1)).isCloseTo(0.3, within(1e-12));
        assertThat(PassAtK.of(10, 3, 5)).isCloseTo(1 - 21 / 252.0, within(1e-12));
        assertThat(PassAtK.of(10, 8, 5)).isEqualTo(1);
        assertThat(PassAtK.of(10, 0, 10)).isZero();
        assertThatThrownBy(() -> PassAtK.of(5, 1, 6)).hasMessageContaining("pass@6");
    }
}
