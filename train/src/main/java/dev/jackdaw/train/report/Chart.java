package dev.jackdaw.train.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/// A line chart as SVG text.
///
/// SVG rather than PNG: pixels need AWT and fonts on the machine, which headless servers lack; SVG is text, stays sharp, scales to the page,
/// follows the reader's light or dark theme, and can be read aloud. Curves with more points than the picture has columns are thinned to
/// the lowest and highest point of each column, so no spike is lost.
///
/// ```java
/// String svg = Chart.logarithmic("Loss", "tokens", "bits per byte")
///         .faint("one batch", tokens, losses).line("mean", tokens, means).reference("gzip -9", 1.47).svg();
/// ```
public final class Chart {
    private static final int WIDE = 860;
    private static final int NARROW = 520;
    private static final int HIGH = 340;
    private static final int LOW = 290;
    private static final int LEFT = 62;
    private static final int TOP = 44;
    private static final int BOTTOM = 50;
    private static final int RIGHT = 24;
    private static final int LABEL_ROOM = 26;
    private static final double LETTER = 6.6;        // average width; close enough to leave room for a text
    private static final int COLORS = 4;
    private static final int LABEL_HEIGHT = 15;      // references closer than this are pushed apart
    private static final int MOST_DOTS = 60;         // more would hide the line

    private enum Style { FAINT, LINE, DOTTED }

    /// @param whiskers low and high end for each point, or null
    private record Series(String name, double[] x, double[] y, Style style, int color, double[][] whiskers) {
    }

    private record Reference(String name, double value) {
    }

    private final String title;
    private final String xName;
    private final String yName;
    private final List<Series> series = new ArrayList<>();
    private final List<Reference> references = new ArrayList<>();
    private final boolean isLog;
    private int width = WIDE;
    private int height = HIGH;
    private boolean isFromZero;
    private boolean isLogX;
    private int colors;

    private Chart(boolean isLog, String title, String xName, String yName) {
        this.isLog = isLog;
        this.title = title;
        this.xName = xName;
        this.yName = yName;
    }

    public static Chart of(String title, String xName, String yName) {
        return new Chart(false, title, xName, yName);
    }

    /// A chart with a logarithmic y axis; values that are not positive are left out.
    public static Chart logarithmic(String title, String xName, String yName) {
        return new Chart(true, title, xName, yName);
    }

    /// A linear y axis that starts at zero, so that heights are in proportion.
    public Chart fromZero() {
        isFromZero = true;
        return this;
    }

    /// A logarithmic x axis; points at zero or below are left out.
    public Chart logarithmicX() {
        if (!series.isEmpty()) {
            throw new IllegalStateException("chart " + title + ": say how x is drawn before the first series");
        }
        isLogX = true;
        return this;
    }

    /// A smaller picture, to stand beside another one with letters of the usual size.
    public Chart narrow() {
        width = NARROW;
        height = LOW;
        return this;
    }

    public Chart line(String name, double[] x, double[] y) {
        return add(name, x, y, Style.LINE, colors++, null);
    }

    /// A line with a dot at each measurement.
    public Chart dotted(String name, double[] x, double[] y) {
        return add(name, x, y, Style.DOTTED, colors++, null);
    }

    /// The same with the interval in which each value lies.
    public Chart dotted(String name, double[] x, double[] y, double[] low, double[] high) {
        return add(name, x, y, Style.DOTTED, colors++, new double[][] {low, high});
    }

    /// A thin pale line in the colour of the line that is added next: the raw values behind a mean.
    public Chart faint(String name, double[] x, double[] y) {
        return add(name, x, y, Style.FAINT, colors, null);
    }

    /// A dashed horizontal line to compare with, named at the right edge.
    public Chart reference(String name, double value) {
        if (Axis.canShow(value, isLog)) {
            references.add(new Reference(name, value));
        }
        return this;
    }

    private Chart add(String name, double[] x, double[] y, Style style, int color, double[][] whiskers) {
        if (x.length != y.length) {
            throw new IllegalArgumentException("chart " + title + ", series " + name + ": " + x.length + " x values and " + y.length + " y values");
        }
        int[] shown = IntStream.range(0, x.length)
                .filter(i -> Axis.canShow(x[i], isLogX) && Axis.canShow(y[i], isLog)).toArray();
        series.add(new Series(name, Arrays.stream(shown).mapToDouble(i -> x[i]).toArray(), Arrays.stream(shown).mapToDouble(i -> y[i]).toArray(),
                style, Math.floorMod(color, COLORS), whiskers == null ? null : Arrays.stream(whiskers)
                        .map(ends -> Arrays.stream(shown).mapToDouble(i -> ends[i]).toArray()).toArray(double[][]::new)));
        return this;
    }

    /// A whole SVG file: it brings its own colours and background.
    public String svg() {
        return draw("xmlns=\"http://www.w3.org/2000/svg\" ", "<style>" + STYLE + "</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    }

    /// For inside an HTML page that carries [#STYLE] once.
    public String inline() {
        return draw("", "");
    }

    private String draw(String attributes, String head) {
        int right = references.stream().mapToInt(r -> (int) (LETTER * label(r).length()) + LABEL_ROOM).max().orElse(RIGHT);
        StringBuilder out = new StringBuilder();
        out.append(String.format(Locale.ROOT, "<svg %sclass=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", attributes, width, height,
                Markup.html(description())));
        out.append(head);
        if (series.stream().allMatch(s -> s.x.length == 0)) {
            out.append(text(width / 2.0, height / 2.0, "middle", "label", "nothing was measured yet"));
            return out.append("</svg>\n").toString();
        }
        Axis x = xAxis();
        Axis y = yAxis();
        Frame frame = new Frame(x, y, width - LEFT - right, height - TOP - BOTTOM);
        drawGrid(out, frame);
        drawReferences(out, frame);
        for (Style style : Style.values()) {             // faint ones lie below
            series.stream().filter(s -> s.style == style).forEach(s -> drawSeries(out, frame, s));
        }
        drawLegend(out, frame);
        return out.append("</svg>\n").toString();
    }

    /// From data to places in the picture.
    private record Frame(Axis x, Axis y, int width, int height) {
        double left(double value) {
            return LEFT + x.position(value) * width;
        }

        double top(double value) {
            return TOP + (1 - Math.clamp(y.position(value), 0, 1)) * height;
        }
    }

    private Axis xAxis() {
        double low = series.stream().flatMapToDouble(s -> Arrays.stream(s.x)).min().orElseThrow();
        double high = series.stream().flatMapToDouble(s -> Arrays.stream(s.x)).max().orElseThrow();
        if (isLogX) {
            return Axis.log(low, high);
        }
        return Axis.linear(low > 0 && low < 0.2 * high ? 0 : low, high, width / 100);
    }

    private Axis yAxis() {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (Series s : series) {
            low = Math.min(low, Arrays.stream(s.y).min().orElse(low));
            high = Math.max(high, Arrays.stream(s.y).max().orElse(high));
            if (s.whiskers != null) {
                low = isLog ? low : Math.min(low, Arrays.stream(s.whiskers[0]).min().orElse(low));
                high = Math.max(high, Arrays.stream(s.whiskers[1]).max().orElse(high));
            }
        }
        for (Reference reference : references) {
            low = Math.min(low, reference.value);
            high = Math.max(high, reference.value);
        }
        return isLog ? Axis.log(low, high) : Axis.rounded(isFromZero ? Math.min(0, low) : low, high, 5);
    }

    private void drawGrid(StringBuilder out, Frame frame) {
        double bottom = TOP + frame.height;
        for (Axis.Tick tick : frame.y.ticks()) {
            double top = frame.top(tick.value());
            out.append(line(LEFT, top, LEFT + frame.width, top, "grid"));
            out.append(text(LEFT - 8, top + 4, "end", "tick", tick.label()));
        }
        for (Axis.Tick tick : frame.x.ticks()) {
            double left = frame.left(tick.value());
            out.append(line(left, bottom, left, bottom + 5, "axis"));
            out.append(text(left, bottom + 19, "middle", "tick", tick.label()));
        }
        out.append(line(LEFT, bottom, LEFT + frame.width, bottom, "axis"));
        out.append(text(LEFT - 48, 18, "start", "label", yName + (isLog ? " (log)" : "")));
        out.append(text(LEFT + frame.width, bottom + 40, "end", "label", xName + (isLogX ? " (log)" : "")));
    }

    private void drawReferences(StringBuilder out, Frame frame) {
        List<Reference> fromTop = references.stream().sorted(Comparator.comparingDouble(Reference::value).reversed()).toList();
        double[] labels = fromTop.stream().mapToDouble(r -> frame.top(r.value)).toArray();
        for (int i = 1; i < labels.length; i++) {
            labels[i] = Math.max(labels[i], labels[i - 1] + LABEL_HEIGHT);
        }
        double lowest = TOP + frame.height;                            // pushed out below? then push back up
        for (int i = labels.length - 1; i >= 0 && labels[i] > lowest; i--) {
            labels[i] = lowest;
            lowest -= LABEL_HEIGHT;
        }
        double edge = LEFT + frame.width;
        for (int i = 0; i < labels.length; i++) {
            double top = frame.top(fromTop.get(i).value);
            out.append(line(LEFT, top, edge, top, "reference"));
            out.append(line(edge, top, edge + 10, labels[i], "leader"));
            out.append(text(edge + 14, labels[i] + 4, "start", "tick", label(fromTop.get(i))));
        }
    }

    private void drawSeries(StringBuilder out, Frame frame, Series s) {
        int[] shown = thin(s, frame);
        StringBuilder path = new StringBuilder();
        for (int i : shown) {
            path.append(path.isEmpty() ? 'M' : 'L').append(point(frame.left(s.x[i]), frame.top(s.y[i])));
        }
        if (shown.length > 1) {
            out.append(String.format(Locale.ROOT, "<path class=\"%s s%d\" d=\"%s\"/>\n", s.style == Style.FAINT ? "faint" : "line", s.color, path));
        }
        for (int i = 0; s.whiskers != null && i < s.x.length; i++) {
            out.append(String.format(Locale.ROOT, "<path class=\"faint s%d\" d=\"M%.1f %.1fV%.1f\"/>\n", s.color, frame.left(s.x[i]), frame.top(s.whiskers[0][i]),
                    frame.top(s.whiskers[1][i])));
        }
        if (s.style == Style.DOTTED && s.x.length <= MOST_DOTS || s.x.length == 1) {
            for (int i = 0; i < s.x.length; i++) {
                out.append(String.format(Locale.ROOT, "<circle class=\"dot d%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\"><title>%s</title></circle>\n", s.color,
                        frame.left(s.x[i]), frame.top(s.y[i]),
                        Markup.html(s.name + ": " + Numbers.plain(s.y[i]) + " " + yName + " at " + Numbers.compact(s.x[i]) + " " + xName)));
            }
        }
    }

    private void drawLegend(StringBuilder out, Frame frame) {
        if (series.size() == 1) {
            return;                                                   // the axis says it already
        }
        double right = LEFT + frame.width;
        for (int i = series.size() - 1; i >= 0; i--) {
            Series s = series.get(i);
            if (s.x.length == 0) {
                continue;
            }
            double width = LETTER * s.name.length() + 44;
            double left = right - width;
            out.append(String.format(Locale.ROOT, "<path class=\"%s s%d\" d=\"M%.1f 14H%.1f\"/>\n",
                    s.style == Style.FAINT ? "faint" : "line", s.color, left, left + 20));
            if (s.style == Style.DOTTED) {
                out.append(String.format(Locale.ROOT, "<circle class=\"dot d%d\" cx=\"%.1f\" cy=\"14\" r=\"3.2\"/>\n", s.color, left + 10));
            }
            out.append(text(left + 26, 18, "start", "label", s.name));
            right = left;
        }
    }

    /// Indices of the points to draw: all, or the lowest and highest of each column of the picture.
    private static int[] thin(Series s, Frame frame) {
        int n = s.x.length;
        if (n <= 2 * frame.width) {
            return IntStream.range(0, n).toArray();
        }
        int[] kept = new int[2 * (frame.width + 1) + 2];
        int count = 0;
        int i = 0;
        while (i < n) {
            int column = (int) frame.left(s.x[i]);
            int low = i;
            int high = i;
            int next = i;
            while (next < n && (int) frame.left(s.x[next]) == column) {
                low = s.y[next] < s.y[low] ? next : low;
                high = s.y[next] > s.y[high] ? next : high;
                next++;
            }
            if (count + 2 > kept.length) {
                kept = Arrays.copyOf(kept, 2 * kept.length);          // x went backwards: columns are visited more than once
            }
            kept[count++] = Math.min(low, high);
            if (low != high) {
                kept[count++] = Math.max(low, high);
            }
            i = next;
        }
        return Arrays.copyOf(kept, count);
    }

    private static String label(Reference reference) {
        return reference.name + " " + Numbers.compact(reference.value);
    }

    private String description() {
        StringBuilder text = new StringBuilder(title).append(": ").append(yName).append(" over ").append(xName);
        for (Series s : series) {
            if (s.style != Style.FAINT && s.x.length > 0) {
                text.append("; ").append(s.name).append(" from ").append(Numbers.plain(s.y[0])).append(" to ").append(Numbers.plain(s.y[s.y.length - 1]));
            }
        }
        return text.toString();
    }

    private static String point(double x, double y) {
        return String.format(Locale.ROOT, "%.1f %.1f", x, y);
    }

    private static String line(double x1, double y1, double x2, double y2, String kind) {
        return String.format(Locale.ROOT, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", kind, x1, y1, x2, y2);
    }

    private static String text(double x, double y, String anchor, String kind, String text) {
        return String.format(Locale.ROOT, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", kind, x, y, anchor, Markup.html(text));
    }

    /// Colours that colour-blind readers can tell apart (after Okabe and Ito), for light and for dark pages.
    public static final String STYLE = """

            .chart{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
            .chart .paper{fill:#ffffff} .chart .tick{fill:#59636e;font-size:12px} .chart .label{fill:#1f2328;font-size:13px}
            .chart .grid{stroke:#e4e8ec} .chart .axis{stroke:#8c959f} .chart .leader{stroke:#b6bec7}
            .chart .reference{stroke:#8c959f;stroke-dasharray:5 4}
            .chart .line{fill:none;stroke-width:2;stroke-linejoin:round} .chart .faint{fill:none;stroke-width:1;opacity:.35}
            .chart .s0{stroke:#0969b8} .chart .s1{stroke:#d5500c} .chart .s2{stroke:#007a5a} .chart .s3{stroke:#9a4a8c}
            .chart .d0{fill:#0969b8} .chart .d1{fill:#d5500c} .chart .d2{fill:#007a5a} .chart .d3{fill:#9a4a8c}
            .chart .bar{fill:#b6c2ce} .chart .ours{fill:#0969b8} .chart .whisker{fill:none;stroke:#1f2328;stroke-width:1.2}
            @media (prefers-color-scheme:dark){
            .chart .paper{fill:#14171c} .chart .tick{fill:#9aa4af} .chart .label{fill:#e6e9ed}
            .chart .grid{stroke:#2a3038} .chart .axis{stroke:#6b7682} .chart .leader{stroke:#4b5560}
            .chart .reference{stroke:#7d8894} .chart .faint{opacity:.5}
            .chart .s0{stroke:#5db4f5} .chart .s1{stroke:#f5944a} .chart .s2{stroke:#2fc295} .chart .s3{stroke:#d88fcb}
            .chart .d0{fill:#5db4f5} .chart .d1{fill:#f5944a} .chart .d2{fill:#2fc295} .chart .d3{fill:#d88fcb}
            .chart .bar{fill:#414b57} .chart .ours{fill:#5db4f5} .chart .whisker{stroke:#e6e9ed}
            }
            """;
}
