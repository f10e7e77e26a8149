package dev.jackdaw.serve.improve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WalkBackTest {
    private static final Path DEPLOYED = Path.of("deployed"), CANDIDATE = Path.of("candidate");

    private static Marks.Answer answer(boolean isExact, double margin) {
        return new Marks.Answer("", false, "", isExact, margin);
    }

    /// A model whose answers turn right from some share on, one after another; the others gain likelihood with the share.
    private static double walk(List<Double> written, double... turns) throws Exception {
        double[] at = {0};
        return WalkBack.walk(DEPLOYED, CANDIDATE, share -> {
            at[0] = share;
            written.add(share);
        }, parameters -> {
            double share = parameters.equals(DEPLOYED) ? 0 : at[0];
            return IntStream.range(0, turns.length).mapToObj(i -> answer(share >= turns[i], 10 * share - 5)).toList();
        }, _ -> { });
    }

    @Test
    void standsMidwayBetweenTheLeastShareThatSufficesAndTheEnd() throws Exception {
        List<Double> written = new ArrayList<>();
        double share = walk(written, 0.2, 0.4);
        assertThat(share).isCloseTo((13 / 32.0 + 1) / 2, within(1e-9));
        assertThat(written.getFirst()).isEqualTo(1);
        assertThat(written.getLast()).as("what is written is what is returned").isEqualTo(share);
    }

    @Test
    void answersThatNobodyRepeatsWordForWordKeepMostOfTheirGain() throws Exception {
        assertThat(walk(new ArrayList<>(), 2)).as("three quarters").isCloseTo((0.75 + 1) / 2, within(1e-9));
        assertThat(walk(new ArrayList<>(), 0.2, 2)).isCloseTo((0.75 + 1) / 2, within(1e-9));
        assertThat(walk(new ArrayList<>(), 1)).as("only the end suffices").isEqualTo(1);
    }

    @Test
    void whatIsLearnedIsCountedOverAllCases() {
        List<Marks.Answer> before = List.of(answer(false, -4), answer(false, -4)), whole = List.of(answer(true, 3), answer(false, 0));
        assertThat(WalkBack.isLearned(before, whole, whole)).isTrue();
        assertThat(WalkBack.isLearned(before, whole, before)).isFalse();
        assertThat(WalkBack.isLearned(before, whole, List.of(answer(false, 3), answer(true, 0)))).as("as many, if others").isTrue();
        assertThat(WalkBack.isLearned(before, whole, List.of(answer(true, 3), answer(false, -1.1)))).as("72% of the gain").isFalse();
    }
}
