package dev.jackdaw.lab.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LensAndAttentionTest {
    private static final int[] IDS = {5, 17, 99, 17, 99, 4, 201, 17};
    private static Device device;
    private static Model model;

    @BeforeAll
    static void open() throws IOException {
        device = Device.cpu(2);
        model = Model.open(Path.of("../model/src/test/resources/reference/models/qwen3"), device);
    }

    @AfterAll
    static void close() {
        model.close();
        device.close();
    }

    @Test
    void theLastRowIsTheModel() {
        LogitLens lens = LogitLens.of(model, IDS, 4);
        assertThat(lens.rows()).hasSize(model.spec().layers() + 1).allSatisfy(row -> assertThat(row).hasSize(IDS.length));
        double[][] expected = new double[IDS.length][];
        try (KvCache cache = model.forward().newCache(IDS.length)) {
            model.forward().allLogits(cache, IDS, (i, logits) -> expected[i] = LogitLens.logSoftmax(logits.toFloats()));
        }
        for (int i = 0; i < IDS.length; i++) {
            LogitLens.Cell cell = lens.rows().getLast().get(i);
            LogitLens.Guess best = cell.top().getFirst();
            assertThat(best.probability()).isEqualTo(Math.exp(expected[i][best.id()])).isEqualTo(cell.finalProbability());
            assertThat(cell.klBits()).isZero();
            assertThat(cell.top()).hasSize(4).isSortedAccordingTo((a, b) -> Double.compare(b.probability(), a.probability()));
            double entropy = 0;
            for (double log : expected[i]) {
                assertThat(log).isLessThanOrEqualTo(expected[i][best.id()]);
                entropy -= Math.exp(log) * log / Math.log(2);
            }
            assertThat(cell.entropyBits()).isCloseTo(entropy, within(1e-9));
            if (i + 1 < IDS.length) {
                assertThat(cell.nextProbability()).isEqualTo(Math.exp(expected[i][IDS[i + 1]]));
            } else {
                assertThat(cell.nextProbability()).isNull();
            }
        }
        assertThat(lens.rows().getFirst()).allSatisfy(cell -> assertThat(cell.klBits()).isPositive());
        assertThat(lens.text().tokens().get(2).text()).isEqualTo(lens.text().tokens().get(4).text());
    }

    /// More positions than are read at once.
    @Test
    void aPositionDoesNotDependOnHowManyFollow() {
        int[] text = new int[40];
        for (int i = 0; i < text.length; i++) {
            text[i] = (i * 31 + 7) % 500;
        }
        LogitLens whole = LogitLens.of(model, text, 2), part = LogitLens.of(model, java.util.Arrays.copyOf(text, 21), 2);
        for (int row = 0; row < whole.rows().size(); row++) {
            assertThat(whole.rows().get(row).subList(0, 20)).isEqualTo(part.rows().get(row).subList(0, 20));
        }
    }

    @Test
    void factsAreMeansOfTheRows() {
        AttentionMaps maps = AttentionMaps.of(model, IDS);
        assertThat(maps.heads()).hasSize(model.spec().layers());
        AttentionMaps.Head head = maps.heads().get(1).get(2);
        double self = 0, previous = 0, first = 0;
        for (int i = 0; i < IDS.length; i++) {
            self += head.weights()[i][i] / IDS.length;
            previous += i > 0 ? head.weights()[i][i - 1] / (IDS.length - 1.0) : 0;
            first += i > 1 ? head.weights()[i][0] / (IDS.length - 2.0) : 0;
        }
        assertThat(head.facts().self()).isCloseTo(self, within(1e-6));
        assertThat(head.facts().previous()).isCloseTo(previous, within(1e-6));
        assertThat(head.facts().first()).isCloseTo(first, within(1e-6));
        // 17 at 3 came before at 1, so 2 is what followed; 99 at 4 before at 2; 17 at 7 before at 1 and 3
        float[][] w = head.weights();
        assertThat(head.facts().induction()).isCloseTo((w[3][2] + w[4][3] + w[7][2] + w[7][4]) / 3.0, within(1e-6));
        assertThat(AttentionMaps.of(model, new int[] {1, 2, 3}).heads().getFirst().getFirst().facts().induction()).isNull();
    }

    @Test
    void refusesTextsThatNoPageCanShow() {
        assertThatThrownBy(() -> LogitLens.of(model, new int[600], 3)).hasMessageContaining("600 tokens").hasMessageContaining("512");
        assertThatThrownBy(() -> AttentionMaps.of(model, new int[300])).hasMessageContaining("300 tokens").hasMessageContaining("256");
    }
}
