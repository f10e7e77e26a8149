package dev.jackdaw.serve.improve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VerdictTest {
    private static Marks.Mark rate(int n, int right) {
        double[] items = new double[n];
        Arrays.fill(items, 0, right, 1);
        return Marks.Mark.rate(items);
    }

    private static Marks.Mark bits(double value, double spread) {
        double[] items = new double[40];
        for (int i = 0; i < items.length; i++) {
            items[i] = value + (i % 2 == 0 ? spread : -spread);
        }
        return Marks.Mark.of(true, value, items);
    }

    private static Marks marks(Map<String, Marks.Mark> fixed, Marks.Mark exact, double margin) {
        Map<String, Marks.Mark> collected = new LinkedHashMap<>();
        double[] margins = new double[exact.items().length];
        Arrays.setAll(margins, i -> margin + 0.1 * i);
        collected.put(Marks.EXACT, exact);
        collected.put(Marks.MARGIN, Marks.Mark.rate(margins));
        return new Marks(fixed, collected, List.of());
    }

    private static Verdict verdict(Marks before, Marks after) {
        return Verdict.of(Verdict.rows(before, after, ImproveSettings.DEFAULT));
    }

    @Test
    void betterCasesAndNothingWorseIsPromoted() {
        Verdict verdict = verdict(marks(Map.of("exam", rate(400, 200)), rate(10, 2), -3), marks(Map.of("exam", rate(400, 198)), rate(10, 9), 2));
        assertThat(verdict.promote()).isTrue();
        assertThat(verdict.reasons()).contains("9 of the 10 collected cases are answered as corrected, 2 before").hasSize(2);
    }

    @Test
    void aWorseExaminationIsNotPaidForByBetterCases() {
        Verdict verdict = verdict(marks(Map.of("exam", rate(400, 200), "sums", rate(400, 300)), rate(10, 2), -3), marks(Map.of("exam", rate(400, 180), "sums", rate(400, 300)), rate(10, 10), 2));
        assertThat(verdict.promote()).isFalse();
        assertThat(verdict.reasons()).singleElement().asString().startsWith("exam got worse: 0.4500, 0.5000 before; the difference is -0.0500 (95% interval");
    }

    @Test
    void anotherGuessIsNoLoss() {
        Marks.Mark guessed = new Marks.Mark(false, 0.5, rate(400, 200).items(), true);
        Map<String, Marks.Mark> after = Map.of("exam", rate(400, 300), "since", rate(400, 100));
        assertThat(verdict(marks(Map.of("exam", rate(400, 300), "since", guessed), rate(10, 2), -3), marks(after, rate(10, 9), 2)).reasons()).contains("none of the 1 fixed evaluations got worse beyond its interval");
        assertThat(verdict(marks(Map.of("exam", rate(400, 300), "since", rate(400, 200)), rate(10, 2), -3), marks(after, rate(10, 9), 2)).promote()).isFalse();
        assertThat(verdict(marks(Map.of("since", guessed), rate(10, 2), -3), marks(Map.of("since", rate(400, 100)), rate(10, 9), 2)).promote()).as("guesses are no evidence").isFalse();
    }

    @Test
    void casesThatDidNotImproveAreNoReasonToPromote() {
        Map<String, Marks.Mark> fixed = Map.of("exam", rate(400, 200));
        assertThat(verdict(marks(fixed, rate(10, 4), 0), marks(fixed, rate(10, 4), 0)).reasons()).singleElement().asString().contains("did not improve");
        assertThat(verdict(marks(fixed, rate(10, 4), 0), marks(fixed, rate(10, 3), 5)).promote()).isFalse();
        assertThat(verdict(marks(fixed, rate(10, 10), 0), marks(fixed, rate(10, 10), 5)).reasons()).singleElement().asString().contains("all 10 collected cases as corrected already");
        assertThat(verdict(marks(fixed, rate(10, 0), -9), marks(fixed, rate(10, 0), -2)).promote()).as("long answers: likelihood counts").isTrue();
    }

    @Test
    void bitsOfTextMayRiseByTheToleranceOnly() {
        Marks before = marks(Map.of("text", bits(2.0, 0.3)), rate(4, 0), 0);
        assertThat(verdict(before, marks(Map.of("text", bits(2.08, 0.3)), rate(4, 4), 1)).promote()).isTrue();
        Verdict worse = verdict(before, marks(Map.of("text", bits(2.12, 0.3)), rate(4, 4), 1));
        assertThat(worse.promote()).isFalse();
        assertThat(worse.reasons()).singleElement().asString().contains("text got worse: 2.1200, 2.0000 before", "0.1000 are allowed");
    }

    @Test
    void nothingFixedIsNoEvidence() {
        Verdict verdict = verdict(marks(Map.of(), rate(4, 0), 0), marks(Map.of(), rate(4, 4), 1));
        assertThat(verdict.promote()).isFalse();
        assertThat(verdict.reasons()).singleElement().asString().contains("nothing fixed to compare by", "--tasks");
    }
}
