package dev.jackdaw.lab.probe;

import dev.jackdaw.train.report.HtmlPage;
import dev.jackdaw.train.report.Markup;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// Lens and attention of a prompt as one page. Without scripts it is complete but for what appears under the pointer.
public final class ProbePage {
    private static final int ACCENT = 0x1f7fd0;           // seen on white and on black
    private static final JsonMapper JSON = JsonMapper.shared();

    private ProbePage() {
    }

    /// @param lens      or null
    /// @param attention or null
    public static String of(String model, LogitLens lens, AttentionMaps attention) {
        HtmlPage page = new HtmlPage(lens == null ? "Attention" : attention == null ? "Logit lens" : "Logit lens and attention", model);
        page.style(HtmlPage.resource(ProbePage.class, "probe.css"));
        ProbedText text = lens != null ? lens.text() : attention.text();
        StringBuilder prompt = new StringBuilder("<p class=\"prompt\">");
        text.tokens().forEach(token -> prompt.append("<span>").append(Markup.html(token.text())).append("</span>"));
        page.html(prompt.append("</p>\n"));
        if (lens != null) {
            lens(page, lens);
        }
        if (attention != null) {
            attention(page, attention);
        }
        return page.toString();
    }

    private static void lens(HtmlPage page, LogitLens lens) {
        page.section("Logit lens");
        page.paragraph("What each position would predict as the next token if the model ended after that layer: final norm and head applied to the residual stream. "
                + "The bottom row is the model's own prediction. The stronger the colour, the likelier its first guess. Early rows are a hint, not a proof: "
                + "nobody trained the middle of a model to be read this way.");
        StringBuilder out = new StringBuilder("""
                <fieldset id="lens-colour" hidden><legend>Colour</legend>
                <label><input type="radio" name="lens-colour" value="top" checked> first guess</label>
                <label><input type="radio" name="lens-colour" value="final"> what the model ends with</label>
                <label><input type="radio" name="lens-colour" value="next"> what comes next in the text</label>
                <label><input type="radio" name="lens-colour" value="entropy"> certainty</label>
                <label><input type="radio" name="lens-colour" value="kl"> agreement with the end</label></fieldset>
                <div class="scroll lens"><table id="lens"><thead><tr><th>layers</th>""");
        int positions = lens.text().tokens().size();
        for (ProbedText.Token token : lens.text().tokens()) {
            out.append("<th>").append(Markup.html(token.text())).append("</th>");
        }
        out.append("</tr></thead><tbody>\n");
        List<List<Map<String, Object>>> data = new ArrayList<>();
        for (int row = 0; row < lens.rows().size(); row++) {
            out.append("<tr><th>").append(row == 0 ? "embedding" : row).append("</th>");
            List<Map<String, Object>> cells = new ArrayList<>();
            for (int i = 0; i < positions; i++) {
                LogitLens.Cell cell = lens.rows().get(row).get(i);
                LogitLens.Guess best = cell.top().getFirst();
                out.append("<td tabindex=\"0\" style=\"--a:").append(number(best.probability())).append("\" title=\"").append(Markup.html(tip(lens, row, i, cell))).append("\">")
                        .append(Markup.html(best.text())).append("</td>");
                cells.add(data(cell));
            }
            data.add(cells);
            out.append("</tr>\n");
        }
        page.html(out.append("</tbody></table></div>\n<div id=\"lens-detail\" class=\"detail\" hidden aria-live=\"polite\"></div>\n"));
        page.data("lens-data", JSON.writeValueAsString(Map.of("tokens", lens.text().tokens().stream().map(ProbedText.Token::text).toList(), "rows", data)));
        page.script(HtmlPage.resource(ProbePage.class, "lens.js"));
    }

    private static Map<String, Object> data(LogitLens.Cell cell) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("top", cell.top().stream().map(guess -> List.of(guess.text(), rounded(guess.probability()))).toList());
        map.put("final", rounded(cell.finalProbability()));
        map.put("next", cell.nextProbability() == null ? null : rounded(cell.nextProbability()));
        map.put("entropy", rounded(cell.entropyBits()));
        map.put("kl", rounded(cell.klBits()));
        return map;
    }

    /// For readers without scripts.
    private static String tip(LogitLens lens, int row, int position, LogitLens.Cell cell) {
        StringBuilder text = new StringBuilder(row == 0 ? "embedding" : "after layer " + row).append(", position ").append(position).append(' ')
                .append(lens.text().tokens().get(position).text()).append('\n');
        cell.top().forEach(guess -> text.append(percent(guess.probability())).append(' ').append(guess.text()).append('\n'));
        return text.append(String.format(Locale.ROOT, "entropy %.2f bits, %.2f bits from the end", cell.entropyBits(), cell.klBits())).toString();
    }

    private static void attention(HtmlPage page, AttentionMaps maps) {
        page.section("Attention");
        page.paragraph("A map for each head: a row is a token that looks, from top to bottom; a column is what it looks at, from left to right. Strength is the root of the "
                + "weight, so that weak glances can be seen. Choose a map to see it large; choose a token to see what it looks at. "
                + "Where a head looks is where information could have come from, not proof that it was used.");
        page.html("<div id=\"head\" hidden><h3 id=\"head-name\"></h3><div class=\"scroll\"><div id=\"large\"></div></div><p id=\"reading\" aria-live=\"polite\"></p>"
                + "<p class=\"prompt\" id=\"looks\"></p></div>\n");
        int T = maps.text().tokens().size();
        for (int layer = 0; layer < maps.heads().size(); layer++) {
            StringBuilder out = new StringBuilder("<h3>Layer " + (layer + 1) + "</h3>\n<div class=\"maps\">\n");
            for (int head = 0; head < maps.heads().get(layer).size(); head++) {
                AttentionMaps.Head map = maps.heads().get(layer).get(head);
                String name = "Layer " + (layer + 1) + ", head " + (head + 1);
                out.append("<button type=\"button\" class=\"map\" title=\"").append(Markup.html(name + facts(map.facts()))).append("\"><img alt=\"").append(Markup.html(name))
                        .append("\" width=\"").append(T).append("\" height=\"").append(T).append("\" src=\"").append(Png.dataUrl(pixels(map.weights()), T, T, ACCENT))
                        .append("\"><span>").append(head + 1).append("</span></button>\n");
            }
            page.html(out.append("</div>\n"));
        }
        page.data("attention-data", JSON.writeValueAsString(Map.of("tokens", maps.text().tokens().stream().map(ProbedText.Token::text).toList())));
        page.script(HtmlPage.resource(ProbePage.class, "attention.js"));
    }

    /// The root of each weight, as 0 to 255.
    static byte[] pixels(float[][] weights) {
        byte[] pixels = new byte[weights.length * weights.length];
        for (int i = 0; i < weights.length; i++) {
            for (int j = 0; j < weights.length; j++) {
                pixels[i * weights.length + j] = (byte) Math.round(255 * Math.sqrt(Math.min(1, weights[i][j])));
            }
        }
        return pixels;
    }

    private static String facts(AttentionMaps.Facts facts) {
        StringBuilder text = new StringBuilder();
        fact(text, "to itself", facts.self());
        fact(text, "to the token before", facts.previous());
        fact(text, "to the first token", facts.first());
        fact(text, "to what followed an earlier copy", facts.induction());
        return text.toString();
    }

    private static void fact(StringBuilder text, String name, Double share) {
        if (share != null) {
            text.append('\n').append(percent(share)).append(' ').append(name);
        }
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f%%", 100 * share);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    private static double rounded(double value) {
        return Math.round(value * 1e5) / 1e5;
    }
}
