package dev.jackdaw.serve.http;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/// The web page: its own files and those of its libraries, from the class path. What can be asked for is a list: the path of a request is looked up in it and
/// never joined to a folder, so there is no path to climb. Own files are asked for again by their tag (`ETag`, RFC 9110 8.8.3); a library's address
/// holds its version and is kept for a year.
///
/// Every answer carries the policy of the page. Scripts come from here and nowhere else, none stands in the HTML, and HTML can be made from text by
/// DOMPurify only (`trusted-types`), which is what keeps the words of a model from becoming a program. Nothing is fetched from another host.
public final class StaticFiles implements HttpService {
    /// The addresses at which the page opens; it finds out by itself which view is meant.
    public static final List<String> PAGES = List.of("/", "/dream", "/training", "/models", "/monitor", "/label");

    private static final List<String> OWN = List.of(
            "base.css", "chat.css", "pages.css", "icon.svg", "theme.js", "main.js", "ui.js", "format.js", "api.js", "tree.js", "store.js", "markdown.js", "lazy.js", "answer.js",
            "words.js", "session.js", "chat.js", "composer.js", "message.js", "settings.js", "history.js", "rating.js", "dream.js", "training.js", "chart.js", "models.js",
            "monitor.js", "label.js", "combine.js");

    private static final List<Library> LIBRARIES = List.of(
            new Library("preact", "10.28.0", List.of("dist/preact.min.umd.js", "hooks/dist/hooks.umd.js")),
            new Library("marked", "17.0.1", List.of("lib/marked.esm.js")),
            new Library("dompurify", "3.3.3", List.of("dist/purify.es.mjs")),
            new Library("highlightjs", "11.11.1", List.of("highlight.min.js")),
            new Library("uplot", "1.6.30", List.of("dist/uPlot.esm.js", "dist/uPlot.min.css")),
            new Library("katex", "0.18.11", katex()));

    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
            + "form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types dompurify jackdaw";

    private static final Map<HeaderName, String> HEADERS = Map.of(
            HeaderNames.create("Content-Security-Policy"), POLICY,
            HeaderNames.X_CONTENT_TYPE_OPTIONS, "nosniff",
            HeaderNames.create("Referrer-Policy"), "no-referrer",
            HeaderNames.create("Cross-Origin-Opener-Policy"), "same-origin",
            HeaderNames.create("Cross-Origin-Resource-Policy"), "same-origin",
            HeaderNames.create("Permissions-Policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()");

    private final Map<String, Entry> entries = new LinkedHashMap<>();

    public StaticFiles() {
        Entry page = new Entry("web/index.html", "text/html; charset=utf-8", "no-cache");
        PAGES.forEach(path -> entries.put(path, page));
        OWN.forEach(name -> entries.put("/assets/" + name, new Entry("web/" + name, type(name), "no-cache")));
        for (Library library : LIBRARIES) {
            for (String file : library.files()) {
                entries.put(library.address(file), new Entry(library.resource(file), type(file), "public, max-age=31536000, immutable"));
            }
        }
    }

    /// The addresses that are answered, in order.
    public List<String> addresses() {
        return List.copyOf(entries.keySet());
    }

    @Override
    public void routing(HttpRules rules) {
        entries.forEach((path, entry) -> rules.get(path, (request, response) -> send(entry, request, response)).head(path, (request, response) -> send(entry, request, response)));
    }

    private static void send(Entry entry, ServerRequest request, ServerResponse response) {
        Content content = entry.content();
        HEADERS.forEach(response::header);
        response.header(HeaderNames.CONTENT_TYPE, entry.type()).header(HeaderNames.CACHE_CONTROL, entry.caching()).header(HeaderNames.ETAG, content.tag()).header(HeaderNames.VARY, "Accept-Encoding");
        if (request.headers().first(HeaderNames.IF_NONE_MATCH).filter(tags -> tags.contains(content.tag())).isPresent()) {
            response.status(304).send();
        } else if (content.packed() != null && request.headers().first(HeaderNames.ACCEPT_ENCODING).filter(names -> names.contains("gzip")).isPresent()) {
            response.header(HeaderNames.CONTENT_ENCODING, "gzip").send(content.packed());
        } else {
            response.send(content.plain());
        }
    }

    private static String type(String name) {
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "js", "mjs" -> "text/javascript; charset=utf-8";
            case "css" -> "text/css; charset=utf-8";
            case "svg" -> "image/svg+xml";
            case "woff2" -> "font/woff2";
            default -> throw new IllegalStateException("web page: no content type for " + name);
        };
    }

    private static List<String> katex() {
        List<String> files = new ArrayList<>(List.of("dist/katex.min.js", "dist/katex.min.css"));
        for (String font : List.of("AMS-Regular", "Caligraphic-Bold", "Caligraphic-Regular", "Fraktur-Bold", "Fraktur-Regular", "Main-Bold", "Main-BoldItalic", "Main-Italic", "Main-Regular",
                "Math-BoldItalic", "Math-Italic", "SansSerif-Bold", "SansSerif-Italic", "SansSerif-Regular", "Script-Regular", "Size1-Regular", "Size2-Regular", "Size3-Regular", "Size4-Regular",
                "Typewriter-Regular")) {
            files.add("dist/fonts/KaTeX_" + font + ".woff2");
        }
        return files;
    }

    /// A WebJar, and which of its files are served.
    private record Library(String name, String version, List<String> files) {
        /// The version is in the address; of the folders inside the archive only `fonts` stays, as a style sheet refers to it.
        String address(String file) {
            int fonts = file.indexOf("fonts/");
            return "/assets/lib/" + name + "-" + version + "/" + file.substring(fonts >= 0 ? fonts : file.lastIndexOf('/') + 1);
        }

        String resource(String file) {
            return "META-INF/resources/webjars/" + name + "/" + version + "/" + file;
        }
    }

    /// @param packed by gzip, or null if that gains nothing
    private record Content(byte[] plain, byte[] packed, String tag) {
        static Content of(byte[] plain, boolean text) {
            try {
                String tag = "\"" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(plain), 0, 8) + "\"";
                if (!text || plain.length < 1024) {
                    return new Content(plain, null, tag);
                }
                ByteArrayOutputStream packed = new ByteArrayOutputStream();
                try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                    gzip.write(plain);
                }
                return new Content(plain, packed.toByteArray(), tag);
            } catch (NoSuchAlgorithmException | IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /// Read when first asked for, so that a server that answers programs only never does it.
    private static final class Entry {
        private final String resource;
        private final String type;
        private final String caching;
        private volatile Content content;

        Entry(String resource, String type, String caching) {
            this.resource = resource;
            this.type = type;
            this.caching = caching;
        }

        String type() {
            return type;
        }

        String caching() {
            return caching;
        }

        Content content() {
            Content found = content;
            if (found == null) {
                try (InputStream in = StaticFiles.class.getClassLoader().getResourceAsStream(resource)) {
                    if (in == null) {
                        throw new IllegalStateException("web page: " + resource + " is not on the class path; it comes with jackdaw-serve and the WebJars of its pom.xml");
                    }
                    found = Content.of(in.readAllBytes(), !type.startsWith("font/"));
                    content = found;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            return found;
        }
    }
}
