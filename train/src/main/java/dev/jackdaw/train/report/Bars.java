package dev.jackdaw.train.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A chart of horizontal bars as SVG text, in the style of [Chart]: names at the left, values behind the bars.
public final class Bars {
    private static final int WIDTH = 860;
    private static final int LEFT = 250;
    private static final int ROW = 28;
    private static final int TOP = 34;

    /// @param low and `high`: the interval in which the value lies; NaN without one
    private record Bar(String name, double value, double low, double high, boolean isOurs) {
    }

    private final String title;
    private final String unit;
    private final List<Bar> bars = new ArrayList<>();

    private Bars(String title, String unit) {
        this.title = title;
        this.unit = unit;
    }

    public static Bars of(String title, String unit) {
        return new Bars(title, unit);
    }

    /// Adds a bar below the others; `isOurs` gives it the strong colour.
    public Bars bar(String name, double value, boolean isOurs) {
        return bar(name, value, Double.NaN, Double.NaN, isOurs);
    }

    /// The same with the interval in which the value lies.
    public Bars bar(String name, double value, double low, double high, boolean isOurs) {
        if (Double.isFinite(value) && value >= 0) {
            bars.add(new Bar(name, value, low, high, isOurs));
        }
        return this;
    }

    public String svg() {
        return draw("xmlns=\"http://www.w3.org/2000/svg\" ",
                "<style>" + Chart.STYLE + "</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    }

    public String inline() {
        return draw("", "");
    }

    private String draw(String attributes, String head) {
        double largest = bars.stream().mapToDouble(b -> Math.max(b.value, Double.isNaN(b.high) ? 0 : b.high)).max().orElse(1);
        double scale = (WIDTH - LEFT - 70) / Math.max(largest, Double.MIN_NORMAL);
        StringBuilder out = new StringBuilder();
        StringBuilder description = new StringBuilder(title).append(", ").append(unit);
        bars.forEach(b -> description.append("; ").append(b.name).append(' ').append(Numbers.fixed(b.value, 3)));
        out.append(String.format(Locale.ROOT, "<svg %sclass=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n%s", attributes, WIDTH,
                TOP + ROW * bars.size() + 8, Markup.html(description.toString()), head));
        out.append(String.format(Locale.ROOT, "<text class=\"tick\" x=\"%d\" y=\"20\">%s</text>\n", LEFT, Markup.html(unit)));
        int top = TOP;
        for (Bar bar : bars) {
            double width = Math.max(1, bar.value * scale);
            out.append(String.format(Locale.ROOT, "<text class=\"label\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
                    LEFT - 10, top + 17, Markup.html(bar.name)));
            out.append(String.format(Locale.ROOT, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
                    bar.isOurs ? "ours" : "bar", LEFT, top + 3, width, ROW - 8));
            if (!Double.isNaN(bar.high)) {
                out.append(String.format(Locale.ROOT, "<path class=\"whisker\" d=\"M%.1f %dH%.1fM%.1f %dv8M%.1f %dv8\"/>\n", LEFT + bar.low * scale, top + 13,
                        LEFT + bar.high * scale, LEFT + bar.low * scale, top + 9, LEFT + bar.high * scale, top + 9));
                width = Math.max(width, bar.high * scale);
            }
            out.append(String.format(Locale.ROOT, "<text class=\"label\" x=\"%.1f\" y=\"%d\">%s</text>\n",
                    LEFT + width + 8, top + 17, Numbers.fixed(bar.value, 3)));
            top += ROW;
        }
        return out.append("</svg>\n").toString();
    }
}
