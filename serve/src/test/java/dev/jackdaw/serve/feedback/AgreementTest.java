package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class AgreementTest {
    /// J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20 (1960): 200 diagnoses, po = .70, pc = .41, kappa = .492.
    @Test
    void kappaOfCohensExample() {
        int[][] table = {{88, 14, 18}, {10, 40, 10}, {2, 6, 12}};
        List<String> first = new ArrayList<>(), second = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                first.addAll(Collections.nCopies(table[i][j], "c" + j));
                second.addAll(Collections.nCopies(table[i][j], "c" + i));
            }
        }
        assertThat(first).hasSize(200);
        assertThat(Agreement.kappa(first, second)).isCloseTo(0.492, within(0.0005)).isCloseTo(0.29 / 0.59, within(1e-12));
        assertThat(Agreement.kappa(second, first)).isCloseTo(0.29 / 0.59, within(1e-12));
    }

    /// K. Krippendorff, Computing Krippendorff's alpha-reliability (2011), sections A to C: two observers and two values, two observers and five values, four observers with gaps.
    @Test
    void alphaOfKrippendorffsExamples() {
        assertThat(Agreement.alpha(units("0100000010", "1110010000"))).isCloseTo(0.095, within(0.0005));
        assertThat(Agreement.alpha(units("aabbdcccedda", "babbbccceddd"))).isCloseTo(0.692, within(0.0005));
        assertThat(Agreement.alpha(units("123321412...", "1233224125.3", ".3332342251.", "12332441251."))).isCloseTo(0.743, within(0.0005));
    }

    private static List<List<String>> units(String... observers) {
        List<List<String>> units = new ArrayList<>();
        for (int i = 0; i < observers[0].length(); i++) {
            int unit = i;
            units.add(Arrays.stream(observers).map(values -> values.substring(unit, unit + 1)).filter(value -> !value.equals(".")).toList());
        }
        return units;
    }

    @Test
    void endsOfTheScale() {
        List<String> values = List.of("a", "b", "a", "c");
        assertThat(Agreement.kappa(values, values)).isEqualTo(1);
        assertThat(Agreement.alpha(units("abac", "abac"))).isEqualTo(1);
        assertThat(Agreement.kappa(List.of("a", "b"), List.of("b", "a"))).isEqualTo(-1);
        assertThat(Agreement.kappa(List.of("a", "a"), List.of("a", "a"))).as("nothing tells chance from insight").isNull();
        assertThat(Agreement.kappa(List.of("a", "a"), List.of("b", "b"))).isZero();
        assertThat(Agreement.alpha(units("aa", "aa"))).isNull();
        assertThat(Agreement.alpha(List.of(List.of("a"), List.of("b")))).as("nobody labelled the same").isNull();
        assertThat(Agreement.kappa(List.of(), List.of())).isNull();
    }

    @Test
    void reportsWhatItRestsOn() {
        List<Label> labels = List.of(label("i1", "ann", 0), label("i1", "bob", 0), label("i1", "cid", 1), label("i2", "ann", 2), label("i2", "bob", 1), label("i3", "ann", -1),
                new Label("s", 0, "i3", "bob", new Label.Value.Skip(), 0));
        Agreement.Report report = Agreement.of(labels);
        assertThat(report.labellers()).isEqualTo(3);
        assertThat(report.items()).isEqualTo(3);
        assertThat(report.labels()).isEqualTo(6);
        assertThat(report.agreed()).isEqualTo(0.25);                  // of 3 + 1 pairs
        assertThat(report.kappas()).extracting(kappa -> kappa.first() + kappa.second() + kappa.n()).containsExactly("annbob2", "anncid1", "bobcid1");
        assertThat(report.alpha().n()).isEqualTo(2);
        assertThat(report.alpha().labels()).isEqualTo(5);
        assertThat(Agreement.of(List.of()).agreed()).isNull();
    }

    private static Label label(String item, String labeller, int choice) {
        return new Label(item + labeller, 0, item, labeller, new Label.Value.Choice(choice), 0);
    }
}
