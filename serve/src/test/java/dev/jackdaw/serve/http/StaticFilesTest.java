package dev.jackdaw.serve.http;

import io.helidon.webserver.WebServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class StaticFilesTest {
    private static final Path SOURCES = Path.of("src/main/resources/web");
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static WebServer server;

    @BeforeAll
    static void start() {
        server = WebServer.builder().host("127.0.0.1").port(0).routing(routing -> routing.register(new StaticFiles())).build().start();
    }

    @AfterAll
    static void stop() {
        server.stop();
        CLIENT.close();
    }

    private static HttpResponse<byte[]> get(String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    @Test
    void everyAddressIsAnsweredWithTypeAndPolicy() throws Exception {
        for (String address : new StaticFiles().addresses()) {
            HttpResponse<byte[]> response = get(address);
            assertThat(response.statusCode()).as(address).isEqualTo(200);
            assertThat(response.body().length).as(address).isPositive();
            assertThat(response.headers().firstValue("content-type").orElse("")).as(address).matches("text/html.*|text/javascript.*|text/css.*|image/svg\\+xml|font/woff2");
            assertThat(response.headers().firstValue("content-security-policy").orElse("")).as(address).startsWith("default-src 'none'; script-src 'self';").doesNotContain("unsafe");
            assertThat(response.headers().firstValue("x-content-type-options")).as(address).contains("nosniff");
            assertThat(response.headers().firstValue("cache-control").orElse("")).as(address).contains(address.startsWith("/assets/lib/") ? "immutable" : "no-cache");
        }
    }

    @Test
    void everyFileIsListedAndEveryNameInTheFilesIsServed() throws IOException {
        List<String> served = new StaticFiles().addresses();
        Set<String> wanted = new TreeSet<>();
        try (Stream<Path> files = Files.list(SOURCES)) {
            for (Path file : files.toList()) {
                if (!file.endsWith("index.html")) {
                    wanted.add("/assets/" + file.getFileName());
                }
                Matcher named = Pattern.compile("/assets/[\\w./-]+\\w|(?<=['\"])\\./[\\w-]+\\.js").matcher(Files.readString(file));
                while (named.find()) {
                    wanted.add(named.group().replaceFirst("^\\./", "/assets/"));
                }
            }
        }
        assertThat(served).containsAll(wanted);
    }

    /// Else the browser learns of each file only from the one before.
    @Test
    void everythingTheChatImportsIsPreloaded() throws IOException {
        Set<String> imported = new TreeSet<>(Set.of("/assets/chat.js"));
        Deque<String> open = new ArrayDeque<>(List.of("main.js", "chat.js"));
        while (!open.isEmpty()) {
            Matcher from = Pattern.compile("(?m)^import .* from '(?:\\./|(?=/assets/lib/))(.+)';").matcher(Files.readString(SOURCES.resolve(open.remove())));
            while (from.find()) {
                boolean isOwn = !from.group(1).startsWith("/");
                if (imported.add(isOwn ? "/assets/" + from.group(1) : from.group(1)) && isOwn) {
                    open.add(from.group(1));
                }
            }
        }
        Set<String> preloaded = new TreeSet<>();
        Matcher link = Pattern.compile("rel=\"modulepreload\" href=\"(.+?)\"").matcher(Files.readString(SOURCES.resolve("index.html")));
        while (link.find()) {
            preloaded.add(link.group(1));
        }
        assertThat(preloaded).isEqualTo(imported);
    }

    @Test
    void nothingInThePageNamesAnotherHost() throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.list(SOURCES)) {
            for (Path file : files.toList()) {
                Matcher address = Pattern.compile("https?://[^\\s'\"`)]+").matcher(Files.readString(file));
                while (address.find()) {
                    found.add(address.group());
                }
            }
        }
        assertThat(found).isSubsetOf("http://www.w3.org/2000/svg");                       // the name of a language, which nobody fetches
    }

    @Test
    void knownTagIsNotSentAgainAndPackedIsTheSame() throws Exception {
        HttpResponse<byte[]> plain = get("/assets/chat.js");
        String tag = plain.headers().firstValue("etag").orElseThrow();
        HttpResponse<byte[]> again = get("/assets/chat.js", "If-None-Match", tag);
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
        assertThat(get("/assets/chat.js", "If-None-Match", "\"other\"").statusCode()).isEqualTo(200);
        HttpResponse<byte[]> packed = get("/assets/chat.js", "Accept-Encoding", "gzip");
        assertThat(packed.headers().firstValue("content-encoding")).contains("gzip");
        assertThat(new GZIPInputStream(new ByteArrayInputStream(packed.body())).readAllBytes()).isEqualTo(plain.body());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/assets/../pom.xml", "/assets/%2e%2e/index.html", "/assets/lib/marked-17.0.1/../../index.html", "/assets/index.html", "/assets/", "/assets/lib/", "/assets/chat.js/", "/assets/chat.js%00.css",
        "/assets/lib/marked-17.0.1/package.json", "/META-INF/MANIFEST.MF", "/assets/..%2fweb%2fchat.js", "/assets/%5c..%5cchat.js", "/web/index.html"})
    void whatIsNotListedIsNotThere(String path) throws Exception {
        assertThat(get(path).statusCode()).isIn(400, 404);
    }

    @Test
    void pageOfEachViewIsTheSameApp() throws Exception {
        for (String path : StaticFiles.PAGES) {
            assertThat(new String(get(path).body(), StandardCharsets.UTF_8)).as(path).contains("<script src=\"/assets/main.js\" type=\"module\">").doesNotContain("<script>");
        }
    }
}
