package dev.jackdaw.lab.probe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MeanIntervalTest {
    @Test
    void aMeanLiesBetweenItsBounds() {
        MeanInterval mean = MeanInterval.of(new double[] {1, 2, 3, 4, 5, 6, 7, 8}, 1);
        assertThat(mean.mean()).isEqualTo(4.5);
        assertThat(mean.low()).isBetween(2.5, 3.5);
        assertThat(mean.high()).isBetween(5.5, 6.5);
        assertThat(MeanInterval.of(new double[] {3, 3}, 1)).isEqualTo(new MeanInterval(3, 3, 3, 2));
    }
}
