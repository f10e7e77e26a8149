package dev.jackdaw.train.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

/// A page as one HTML file: pictures and style inside, nothing fetched, light or dark as the reader likes it.
///
/// Its content security policy names the scripts it may run by their hash, usually none, so that even text that slipped past the
/// escaping could do nothing. Text goes in as text; only [#html] takes markup, which is the caller's own.
public final class HtmlPage {
    private final StringBuilder body = new StringBuilder();
    private final StringBuilder styles = new StringBuilder();
    private final List<String> scripts = new ArrayList<>();
    private final String title;

    /// @param kicker small words above the heading
    public HtmlPage(String kicker, String heading) {
        title = heading + " – " + kicker.toLowerCase(java.util.Locale.ROOT);
        body.append("<p class=\"kicker\">").append(Markup.html(kicker)).append("</p>\n<h1>").append(Markup.html(heading)).append("</h1>\n");
    }

    /// More style than every page has.
    public HtmlPage style(String css) {
        styles.append(css);
        return this;
    }

    /// A script that runs when the page is there.
    public HtmlPage script(String script) {
        scripts.add(script);
        return this;
    }

    /// Numbers and texts for a script to read: `JSON.parse(document.getElementById(id).textContent)`.
    public HtmlPage data(String id, String json) {
        String safe = Markup.visible(json).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e");
        body.append("<script type=\"application/json\" id=\"").append(Markup.html(id)).append("\">").append(safe).append("</script>\n");
        return this;
    }

    public HtmlPage section(String title) {
        body.append("<h2>").append(Markup.html(title)).append("</h2>\n");
        return this;
    }

    public HtmlPage paragraph(String text) {
        body.append("<p>").append(Markup.html(text)).append("</p>\n");
        return this;
    }

    /// @param picture SVG of [Chart#inline] or [Bars#inline]
    public HtmlPage figure(String picture, String caption) {
        body.append("<figure>\n").append(picture).append("<figcaption>").append(Markup.html(caption)).append("</figcaption>\n</figure>\n");
        return this;
    }

    public HtmlPage table(Table table) {
        body.append(table.html());
        return this;
    }

    /// Markup as it is.
    public HtmlPage html(CharSequence markup) {
        body.append(markup);
        return this;
    }

    @Override
    public String toString() {
        String allowed = scripts.stream().map(script -> "'sha256-" + hash(script) + "'").collect(Collectors.joining(" "));
        StringBuilder out = new StringBuilder();
        out.append("""
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'%s%s">
                <meta name="color-scheme" content="light dark">
                <title>%s</title>
                <style>
                %s%s%s</style>
                </head>
                <body>
                <main>
                """.formatted(body.indexOf("data:image/") < 0 ? "" : "; img-src data:", scripts.isEmpty() ? "" : "; script-src " + allowed, Markup.html(title),
                resource(HtmlPage.class, "report.css"), Chart.STYLE, styles));
        out.append(body).append("</main>\n");
        scripts.forEach(script -> out.append("<script>").append(script).append("</script>\n"));
        return out.append("</body>\n</html>\n").toString();
    }

    private static String hash(String script) {
        try {
            return Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);            // every Java has it
        }
    }

    /// The text of a file beside a class.
    public static String resource(Class<?> beside, String name) {
        try (InputStream in = beside.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
