package dev.jackdaw.lab.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ShareTest {
    /// Brown, Cai and DasGupta 2001 give these for n = 10.
    @Test
    void isWilsonsInterval() {
        Share half = Share.of(5, 10);
        assertThat(half.low()).isCloseTo(0.2366, within(1e-4));
        assertThat(half.high()).isCloseTo(0.7634, within(1e-4));
        Share none = Share.of(0, 10);
        assertThat(none.low()).isCloseTo(0, within(1e-9));
        assertThat(none.high()).isCloseTo(0.2775, within(1e-4));
        assertThat(Share.of(10, 10).low()).isCloseTo(1 - 0.2775, within(1e-4));
        assertThat(Share.of(10, 10).high()).isCloseTo(1, within(1e-9));
        assertThat(half).hasToString("50.0% (23.7 to 76.3)");
    }

    @Test
    void refusesWhatIsNoShare() {
        assertThatThrownBy(() -> Share.of(3, 2)).hasMessageContaining("3 of 2");
        assertThatThrownBy(() -> Share.of(0, 0)).hasMessageContaining("0 of 0");
    }

    @Test
    void meansLieBetweenTheirBounds() {
        MeanInterval mean = MeanInterval.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 1);
        assertThat(mean.mean()).isEqualTo(4.5);
        assertThat(mean.low()).isBetween(2.5, 3.5);
        assertThat(mean.high()).isBetween(5.5, 6.5);
        assertThat(MeanInterval.of(new double[] {3, 3}, 1)).isEqualTo(new MeanInterval(3, 3, 3, 2));
    }
}
