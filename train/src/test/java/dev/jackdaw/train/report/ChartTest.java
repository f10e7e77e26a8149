package dev.jackdaw.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class ChartTest {
    /// The plot area of a chart without references: what the constants of [Chart] leave between the margins.
    private static final double PLOT_LEFT = 62;
    private static final double PLOT_RIGHT = 860 - 24;
    private static final double PLOT_TOP = 44;
    private static final double PLOT_BOTTOM = 340 - 50;

    @Test
    void dataLandWhereTheTicksSay() throws Exception {
        Document svg = parse(Chart.of("t", "x", "y").dotted("s", new double[]{0, 5, 10}, new double[]{0, 50, 100}).svg());
        List<Element> dots = elements(svg, "circle").stream().filter(e -> e.getElementsByTagName("title").getLength() == 1).toList();
        assertThat(dots).hasSize(3);
        assertThat(number(dots.get(0), "cx")).isCloseTo(PLOT_LEFT, within(0.1));
        assertThat(number(dots.get(0), "cy")).isCloseTo(PLOT_BOTTOM, within(0.1));
        assertThat(number(dots.get(1), "cx")).isCloseTo((PLOT_LEFT + PLOT_RIGHT) / 2, within(0.1));
        assertThat(number(dots.get(1), "cy")).isCloseTo((PLOT_TOP + PLOT_BOTTOM) / 2, within(0.1));
        assertThat(number(dots.get(2), "cx")).isCloseTo(PLOT_RIGHT, within(0.1));
        assertThat(number(dots.get(2), "cy")).isCloseTo(PLOT_TOP, within(0.1));
    }

    @Test
    void aLogarithmicAxisGivesEqualFactorsEqualDistances() throws Exception {
        Document svg = parse(Chart.logarithmic("t", "x", "y").dotted("s", new double[]{0, 1, 2}, new double[]{1, 10, 100}).svg());
        List<Element> dots = elements(svg, "circle").stream().filter(e -> e.getElementsByTagName("title").getLength() == 1).toList();
        assertThat(number(dots.get(0), "cy") - number(dots.get(1), "cy")).isCloseTo(number(dots.get(1), "cy") - number(dots.get(2), "cy"), within(0.11));
    }

    @Test
    void legendNamesEverySeriesThatHasValues() throws Exception {
        String svg = Chart.of("t", "x", "y").line("train", new double[]{0, 1}, new double[]{2, 1}).dotted("held-out", new double[]{1}, new double[]{1.5})
                .line("nothing", new double[]{0}, new double[]{Double.NaN}).svg();
        assertThat(texts(parse(svg))).contains("train", "held-out").doesNotContain("nothing");
    }

    @Test
    void leavesOutValuesThatCannotBeDrawn() throws Exception {
        double[] x = {0, 1, 2, 3, 4};
        double[] y = {1, Double.NaN, Double.POSITIVE_INFINITY, -1, 4};
        String svg = Chart.logarithmic("t", "x", "y").line("s", x, y).svg();
        assertThat(pathPoints(parse(svg))).isEqualTo(2);
        assertThat(svg).doesNotContain("NaN").doesNotContain("Infinity");
    }

    @Test
    void drawsSomethingForEveryDegenerateInput() throws Exception {
        double[] none = {};
        double[] one = {5};
        for (boolean log : new boolean[]{false, true}) {
            for (double[] values : List.of(none, one, new double[]{5, 5, 5}, new double[]{0, 0, 0}, new double[]{-1, -1, -1}, new double[]{Double.NaN, 1e300, 1e-300})) {
                double[] x = IntStream.range(0, values.length).mapToDouble(i -> i).toArray();
                Chart chart = log ? Chart.logarithmic("t", "x", "y") : Chart.of("t", "x", "y").fromZero();
                String svg = chart.line("s", x, values).reference("r", values.length).svg();
                parse(svg);
                assertThat(svg).doesNotContain("NaN").doesNotContain("Infinity");
            }
        }
    }

    @Test
    void manyPointsAreThinnedButNoSpikeIsLost() throws Exception {
        int n = 200_000;
        double[] x = IntStream.range(0, n).mapToDouble(i -> i).toArray();
        double[] y = new Random(3).doubles(n, 1, 2).toArray();
        y[123_456] = 10;
        String svg = Chart.of("t", "x", "y").line("s", x, y).svg();
        assertThat(svg.length()).isLessThan(40_000);
        assertThat(texts(parse(svg))).contains("10");
        double top = pathTops(svg).stream().mapToDouble(d -> d).min().orElseThrow();
        assertThat(top).as("the spike reaches the top of the plot").isCloseTo(PLOT_TOP, within(0.1));
    }

    @Test
    void referencesCloseToEachOtherKeepTheirLabelsApart() throws Exception {
        Document svg = parse(Chart.of("t", "x", "y").line("s", new double[]{0, 1}, new double[]{0, 100}).reference("one", 50).reference("two", 50.1)
                .reference("three", 50.2).reference("bottom", 0).reference("also", 0.1).svg());
        List<Double> tops = elements(svg, "text").stream().filter(e -> e.getTextContent().matches("(one|two|three|bottom|also) .*")).map(e -> number(e, "y")).sorted().toList();
        assertThat(tops).hasSize(5);
        for (int i = 1; i < tops.size(); i++) {
            assertThat(tops.get(i) - tops.get(i - 1)).isGreaterThanOrEqualTo(14);
        }
        assertThat(tops.getLast()).isLessThan(340);
    }

    @Test
    void namesAreEscaped() throws Exception {
        String svg = Chart.of("<script>", "x & y", "\"y\"").line("</svg><script>alert(1)</script>\u0000\u001b", new double[]{0, 1}, new double[]{1, 2}).svg();
        assertThat(elements(parse(svg), "script")).isEmpty();
    }

    @Test
    void refusesColumnsOfDifferentLength() {
        assertThatThrownBy(() -> Chart.of("Loss", "x", "y").line("train", new double[2], new double[3]))
                .hasMessageContaining("Loss").hasMessageContaining("2 x values and 3 y values");
    }

    @Test
    void ticksAreNiceNumbersInsideTheAxis() {
        Random random = new Random(11);
        for (int i = 0; i < 2000; i++) {
            double low = random.nextGaussian() * Math.pow(10, random.nextInt(-6, 7));
            double high = low + random.nextDouble() * Math.pow(10, random.nextInt(-6, 7));
            Axis axis = Axis.linear(low, high, 6);
            assertThat(axis.ticks()).as("%s..%s", low, high).hasSizeBetween(2, 16);
            assertThat(axis.ticks()).allSatisfy(t -> assertThat(axis.position(t.value())).isBetween(-1e-6, 1 + 1e-6));
        }
    }

    @Test
    void ticksOfALogarithmicAxisAreDistinctAndInside() {
        Random random = new Random(12);
        for (int i = 0; i < 2000; i++) {
            double low = Math.pow(10, random.nextDouble(-8, 8));
            double high = low * Math.pow(10, random.nextDouble(0, 6));
            Axis axis = Axis.log(low, high);
            assertThat(axis.ticks()).as("%s..%s", low, high).hasSizeBetween(2, 16);
            assertThat(axis.ticks()).extracting(Axis.Tick::value).doesNotHaveDuplicates().isSorted();
            assertThat(axis.ticks()).allSatisfy(t -> assertThat(axis.position(t.value())).isBetween(0.0, 1.0));
        }
    }

    @Test
    void labelsOfOneAxisLookAlike() {
        assertThat(Axis.linear(0, 2_000_000, 4).ticks()).extracting(Axis.Tick::label).containsExactly("0", "0.5M", "1.0M", "1.5M", "2.0M");
        assertThat(Axis.linear(0, 0.002, 4).ticks()).extracting(Axis.Tick::label).containsExactly("0", "0.0005", "0.0010", "0.0015", "0.0020");
        assertThat(Axis.linear(0, 0.00004, 4).ticks()).extracting(Axis.Tick::label).containsExactly("0", "1e-5", "2e-5", "3e-5", "4e-5");
        assertThat(Axis.log(1.05, 4).ticks()).extracting(Axis.Tick::label).containsExactly("1", "1.2", "1.5", "2", "2.5", "3", "4");
    }

    static Document parse(String svg) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    private static List<Element> elements(Document svg, String name) {
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < svg.getElementsByTagName(name).getLength(); i++) {
            elements.add((Element) svg.getElementsByTagName(name).item(i));
        }
        return elements;
    }

    private static List<String> texts(Document svg) {
        return elements(svg, "text").stream().map(Element::getTextContent).toList();
    }

    private static double number(Element element, String attribute) {
        return Double.parseDouble(element.getAttribute(attribute));
    }

    private static int pathPoints(Document svg) {
        return elements(svg, "path").getFirst().getAttribute("d").split("[ML]").length - 1;
    }

    private static List<Double> pathTops(String svg) {
        return Pattern.compile("[ML][0-9.]+ ([0-9.]+)(?=[ML\"])").matcher(svg).results().map(m -> Double.parseDouble(m.group(1))).toList();
    }
}
