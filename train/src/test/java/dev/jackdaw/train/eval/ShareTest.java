package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ShareTest {
    /// Newcombe (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    @Test
    void intervalsAreThePublishedOnes() {
        double[][] table = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
        for (double[] row : table) {
            Share share = Share.of((long) row[0], (long) row[1]);
            assertThat(share.low()).isCloseTo(row[2], within(6e-5));
            assertThat(share.high()).isCloseTo(row[3], within(6e-5));
        }
        assertThat(Share.of(20, 20).high()).isEqualTo(1);
        assertThat(Share.of(20, 20)).hasToString("100.0% (83.9 to 100.0, n 20)");
    }

    @Test
    void refusesWhatIsNoPart() {
        assertThatThrownBy(() -> Share.of(3, 2)).hasMessageContaining("3 of 2");
        assertThatThrownBy(() -> Share.of(0, 0)).hasMessageContaining("at least 1");
    }
}
