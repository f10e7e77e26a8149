package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class WilsonTest {
    /// Solves the defining equation |p − q| = z √(q(1 − q)/n) for q by bisection, without the closed form.
    private static double bound(int right, int n, boolean isLow) {
        double p = (double) right / n, inside = p, outside = isLow ? 0 : 1;
        for (int i = 0; i < 200; i++) {
            double q = (inside + outside) / 2;
            if (Math.abs(p - q) <= 1.959963984540054 * Math.sqrt(q * (1 - q) / n)) {
                inside = q;
            } else {
                outside = q;
            }
        }
        return inside;
    }

    @Test
    void boundsSolveTheDefiningEquation() {
        for (int[] share : new int[][] {{81, 263}, {15, 148}, {1, 29}, {200, 400}, {399, 400}, {1, 2}}) {
            Wilson wilson = new Wilson(share[0], share[1]);
            assertThat(wilson.low()).isCloseTo(bound(share[0], share[1], true), within(1e-9));
            assertThat(wilson.high()).isCloseTo(bound(share[0], share[1], false), within(1e-9));
        }
    }

    /// Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611.
    @Test
    void matchesPublishedIntervals() {
        assertThat(new Wilson(81, 263).low()).isCloseTo(0.2553, within(5e-5));
        assertThat(new Wilson(81, 263).high()).isCloseTo(0.3662, within(5e-5));
        assertThat(new Wilson(0, 20).low()).isZero();
        assertThat(new Wilson(0, 20).high()).isCloseTo(0.1611, within(5e-5));
    }

    @Test
    void nothingAskedSaysNothing() {
        assertThat(new Wilson(0, 0).low()).isZero();
        assertThat(new Wilson(0, 0).high()).isEqualTo(1);
        assertThatThrownBy(() -> new Wilson(3, 2)).hasMessageContaining("3 of 2");
    }
}
