package dev.jackdaw.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufWriter;
import dev.jackdaw.serve.ServerSettings.ApiKey;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.http.Role;
import dev.jackdaw.serve.models.ModelSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ServerTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String HELLO = "{\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";

    @AutoClose
    private static final TestServer server = TestServer.start();

    /// The first answer to bytes that no client library would send, and what comes right behind it.
    private static String raw(TestServer to, String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", to.server.port())) {
            socket.setSoTimeout(20_000);
            OutputStream out = socket.getOutputStream();
            try {
                out.write(request.getBytes(StandardCharsets.ISO_8859_1));
                out.flush();
            } catch (IOException _) {              // refused before it was all sent: the answer says why
                out.flush();
            }
            StringBuilder answer = new StringBuilder();
            byte[] piece = new byte[4096];
            try {
                for (int n; !isWhole(answer) && (n = socket.getInputStream().read(piece)) >= 0; ) {
                    answer.append(new String(piece, 0, n, StandardCharsets.ISO_8859_1));
                }
                socket.setSoTimeout(200);
                for (int n; (n = socket.getInputStream().read(piece)) >= 0; ) {
                    answer.append(new String(piece, 0, n, StandardCharsets.ISO_8859_1));
                }
            } catch (IOException _) {              // nothing more comes
                return answer.toString();
            }
            return answer.toString();
        }
    }

    private static boolean isWhole(CharSequence answer) {
        Matcher head = Pattern.compile("(?is)^HTTP/.*?\\r\\ncontent-length: *(\\d+)\\r\\n.*?\\r\\n\\r\\n").matcher(answer);
        return head.find() && answer.length() >= head.end() + Integer.parseInt(head.group(1));
    }

    private static String raw(String request) throws IOException {
        return raw(server, request);
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST."})
    void namesOfThisMachineAreAnswered(String host) throws IOException {
        assertThat(raw("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")).startsWith("HTTP/1.1 200");
    }

    @ParameterizedTest
    @ValueSource(strings = {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "evil.example:8080", "127.evil"})
    void otherNamesAreNot(String host) throws IOException {
        assertThat(raw("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")).startsWith("HTTP/1.1 421").contains("wrong_host");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET /health HTTP/1.1\r\n", "GET /nothing HTTP/1.1\r\n", "POST " + CHAT + " HTTP/1.1\r\nContent-Length: 63\r\n"})
    void aConnectionThatIsToBeClosedIsClosed(String head) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write((head + "Host: localhost\r\nConnection: close\r\n\r\n" + (head.startsWith("POST") ? HELLO : "")).getBytes(StandardCharsets.ISO_8859_1));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).startsWith("HTTP/1.1 ").contains("Connection: close");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Origin: https://evil.example           | 403
            Origin: null                           | 403
            Origin: http://localhost:1             | 403
            Sec-Fetch-Site: cross-site             | 403
            Sec-Fetch-Site: same-site              | 403
            Sec-Fetch-Site: same-origin            | 200
            Origin: http://127.0.0.1:7000          | 200
            X-Nothing: 1                           | 200
            """)
    void requestsFromOtherSitesAreRefused(String header, int status) throws IOException {
        String request = "POST " + CHAT + " HTTP/1.1\r\nHost: 127.0.0.1:7000\r\n" + header + "\r\nContent-Type: text/plain\r\nContent-Length: " + HELLO.length() + "\r\nConnection: close\r\n\r\n" + HELLO;
        assertThat(raw(request)).startsWith("HTTP/1.1 " + status);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            Content-Length: 5\\r\\nTransfer-Encoding: chunked
            Transfer-Encoding: xchunked
            Content-Length: 5\\r\\nContent-Length: 6
            Content-Length: -1
            Content-Length: 1e3
            Transfer-Encoding: chunked\\r\\nTransfer-Encoding: identity
            """)
    void smuggledHeadersDoNotMakeTwoRequestsOfOne(String headers) throws IOException {
        String second = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n";
        String answer = raw("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\n" + headers.replace("\\r\\n", "\r\n") + "\r\n\r\n0\r\n\r\n" + second);
        assertThat(answer).doesNotContain("\"object\":\"list\"");
        assertThat(answer.split("HTTP/1\\.1 ", -1).length - 1).as(answer).isLessThanOrEqualTo(1);
        if (!answer.isEmpty()) {
            assertThat(answer).startsWith("HTTP/1.1 4");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "7", "\"x\"", "{\"messages\":}", "{\"a\":1}{\"b\":2}", "{\"a\":1,\"a\":2}", "{\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800", "nul", "{\"a\":NaN}"})
    void whatIsNoJsonIsRefused(String body) throws Exception {
        HttpResponse<String> response = server.post(CHAT, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(Json.tree(response.body()).at("/error/message").asString()).contains("the body");
    }

    @Test
    void bombsAreRefused() throws Exception {
        HttpResponse<String> deep = server.post(CHAT, "{\"messages\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}");
        assertThat(deep.statusCode()).isEqualTo(400);
        assertThat(deep.body()).contains("nest");
        HttpResponse<String> number = server.post(CHAT, "{\"temperature\":" + "9".repeat(100_000) + "}");
        assertThat(number.statusCode()).isEqualTo(400);
        // only its head: a client that goes on sending may find the connection closed before it reads the answer
        assertThat(raw("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + ((16 << 20) + 1) + "\r\nConnection: close\r\n\r\n")).startsWith("HTTP/1.1 413");
        byte[] notUtf8 = {'{', '"', 'a', '"', ':', '"', (byte) 0xC3, (byte) 0x28, '"', '}'};
        HttpResponse<String> bytes = server.client.send(HttpRequest.newBuilder(server.uri(CHAT)).POST(HttpRequest.BodyPublishers.ofByteArray(notUtf8)).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(bytes.statusCode()).isEqualTo(400);
        assertThat(bytes.body()).contains("UTF-8");
    }

    @Test
    void withoutALengthABodyIsBoundedToo() throws IOException {
        String piece = "ffff\r\n" + " ".repeat(0xffff) + "\r\n";
        String answer = raw("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + piece.repeat(300) + "0\r\n\r\n");
        assertThat(answer).as("nothing, where the connection was closed before all was sent").satisfiesAnyOf(said -> assertThat(said).startsWith("HTTP/1.1 413"), said -> assertThat(said).isEmpty());
    }

    @Test
    void unknownPathsAndMethodsAreToldAsJson() throws Exception {
        assertThat(server.get("/v2/nothing").statusCode()).isEqualTo(404);
        assertThat(server.get("/v1/models/../../etc/passwd").statusCode()).isIn(400, 404);
        assertThat(server.get("/jackdaw/runs/..%2f..%2fetc/metrics").statusCode()).isIn(400, 404);
        assertThat(server.get(CHAT).statusCode()).isIn(404, 405);
    }

    @Test
    void metricsCountWhatHappened() throws Exception {
        server.json(CHAT, HELLO);
        HttpResponse<String> metrics = server.get("/metrics");
        assertThat(metrics.statusCode()).isEqualTo(200);
        assertThat(metrics.body()).contains("jackdaw_http_requests_total{method=\"POST\",route=\"/v1/chat/completions\",status=\"200\"}").contains("jackdaw_tokens_total{kind=\"answer\",model=\"tiny\"}")
                .contains("jackdaw_sequences_running{model=\"tiny\"} 0.0");
        assertThat(server.get("/health").body()).contains("ok");
    }

    @Test
    void deadlinesThatWereCalledOffAreForgotten() throws Exception {
        server.json(CHAT, HELLO);
        while (server.server.deadlines() > 0) {                  // those of clients that other tests left alone end soon; a deadline would be ten minutes
            Thread.onSpinWait();
        }
    }

    @Test
    void aDeadlineEndsTheAnswerAndTheLease(@TempDir Path folder) throws Exception {
        try (TestServer own = new TestServer(folder, settings -> new ServerSettings(settings.network(), new ServerSettings.Limits(1 << 20, 4096, 0, 16, 20), settings.models(), settings.data()))) {
            own.json(CHAT, HELLO.replace("\"max_tokens\":2", "\"max_tokens\":400"));
            while (own.server.models().list().getFirst().users() > 0) {        // the client may hear of the end a moment earlier
                Thread.onSpinWait();
            }
            assertThat(own.server.deadlines()).isZero();
            for (String path : List.of("/v1/embeddings", "/api/embed")) {
                HttpResponse<String> late = own.post(path, "{\"model\":\"tiny\",\"input\":[\"hello\"]}");
                assertThat(late.statusCode()).isEqualTo(503);
                assertThat(late.body()).contains("not complete after 0 seconds");
            }
            assertThat(own.server.models().list().getFirst().users()).isZero();
        }
    }

    @Test
    void aBaseModelWithoutATemplateCannotConverse(@TempDir Path folder) throws Exception {
        Path base = folder.resolve("base.gguf");
        try (Arena arena = Arena.ofConfined()) {
            Gguf whole = Gguf.open(server.model, arena);
            GgufWriter writer = new GgufWriter();
            whole.metadata().forEach((key, value) -> {
                if (!key.equals("tokenizer.chat_template")) {
                    writer.put(key, value);
                }
            });
            whole.tensors().forEach(tensor -> writer.add(tensor.name(), tensor.type(), tensor.shape(), whole.bytes(tensor.name())));
            writer.write(base);
        }
        try (TestServer own = new TestServer(folder, settings -> {
            ServerSettings.Models m = settings.models();
            return new ServerSettings(settings.network(), settings.limits(), new ServerSettings.Models(List.of(new ModelSource.File("tiny", base)), m.memoryBytes(), m.sequences(), m.waiting(), m.cacheBytes(),
                    m.threads(), m.activations(), m.cacheType()), settings.data());
        })) {
            HttpResponse<String> refused = own.post(CHAT, HELLO);
            assertThat(refused.statusCode()).isEqualTo(400);
            assertThat(refused.body()).contains("no_chat_template", "base model", "/v1/completions");
            own.json("/v1/completions", "{\"prompt\":\"hello\",\"max_tokens\":2}");
        }
    }

    @Test
    void answersAreKeptAndCanBeRated() throws Exception {
        String id = server.json(CHAT, HELLO).path("id").asString();
        assertThat(server.post("/jackdaw/feedback", "{\"answerId\":\"" + id + "\",\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"answer\":\"x\",\"rating\":\"down\",\"correction\":\"Hello.\"}")
                .statusCode()).isEqualTo(200);
        assertThat(server.get("/jackdaw/answers?rating=down").body()).contains("Hello.");
        assertThat(server.get("/jackdaw/export/sft.jsonl").body()).contains("Hello.");
    }

    @Test
    void keysAreDemandedAndLimited(@TempDir Path folder) throws Exception {
        ApiKey key = new ApiKey("tests", Gate.sha256("sk-right"), 3, 0, Set.of(Role.USE)), poor = new ApiKey("poor", Gate.sha256("sk-poor"), 0, 5, Set.of(Role.USE));
        try (TestServer own = new TestServer(folder, settings -> new ServerSettings(new ServerSettings.Network("127.0.0.1", 0, List.of(key, poor), List.of(), null, null), settings.limits(), settings.models(),
                settings.data()))) {
            assertThat(own.post(CHAT, HELLO).statusCode()).isEqualTo(401);
            assertThat(ask(own, "sk-wrong").statusCode()).isEqualTo(401);
            assertThat(own.get("/health").statusCode()).isEqualTo(200);
            assertThat(own.get("/metrics").statusCode()).isEqualTo(401);
            for (int i = 0; i < 3; i++) {
                assertThat(ask(own, "sk-right").statusCode()).isEqualTo(200);
            }
            HttpResponse<String> oneTooMany = ask(own, "sk-right");
            assertThat(oneTooMany.statusCode()).isEqualTo(429);
            assertThat(oneTooMany.headers().firstValue("Retry-After").orElse("")).matches("\\d+");
            assertThat(ask(own, "sk-poor").statusCode()).isEqualTo(200);
            assertThat(ask(own, "sk-poor").body()).contains("quota_exceeded");
        }
    }

    @Test
    void plainTextAndAnswersThatNobodyReadCountToo(@TempDir Path folder) throws Exception {
        ApiKey key = new ApiKey("tests", Gate.sha256("sk-right"), 0, 30, Set.of(Role.USE)), other = new ApiKey("other", Gate.sha256("sk-other"), 0, 30, Set.of(Role.USE));
        try (TestServer own = new TestServer(folder, settings -> new ServerSettings(new ServerSettings.Network("127.0.0.1", 0, List.of(key, other), List.of(), null, null), settings.limits(), settings.models(),
                settings.data()))) {
            HttpRequest.Builder text = HttpRequest.newBuilder(own.uri("/v1/completions")).header("x-api-key", "sk-right").POST(HttpRequest.BodyPublishers.ofString(
                    "{\"prompt\":\"the cat\",\"max_tokens\":40,\"ignore_eos\":true}"));
            assertThat(own.client.send(text.build(), HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(200);
            assertThat(own.client.send(text.build(), HttpResponse.BodyHandlers.ofString()).body()).contains("quota_exceeded");
            HttpRequest.Builder stream = HttpRequest.newBuilder(own.uri("/v1/completions")).header("x-api-key", "sk-other").POST(HttpRequest.BodyPublishers.ofString(
                    "{\"prompt\":\"the cat sat on the wall and the jackdaw sat on the mat and the cat sat on a wall\",\"max_tokens\":400,\"ignore_eos\":true,\"stream\":true}"));
            HttpResponse<InputStream> left = own.client.send(stream.build(), HttpResponse.BodyHandlers.ofInputStream());
            assertThat(left.body().read()).isEqualTo('d');
            left.body().readNBytes(8000);
            left.body().close();
            int status = 200;
            for (int i = 0; i < 100 && status != 429; i++) {
                Thread.sleep(50);
                status = own.client.send(HttpRequest.newBuilder(own.uri("/v1/models")).header("x-api-key", "sk-other").build(), HttpResponse.BodyHandlers.ofString()).statusCode();
            }
            assertThat(status).isEqualTo(429);
        }
    }

    private static HttpResponse<String> ask(TestServer own, String key) throws IOException, InterruptedException {
        return own.client.send(HttpRequest.newBuilder(own.uri(CHAT)).header("Authorization", "Bearer " + key).POST(HttpRequest.BodyPublishers.ofString(HELLO)).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void anAddressThatOthersReachNeedsKeys(@TempDir Path folder) {
        assertThatThrownBy(() -> new TestServer(folder, settings -> new ServerSettings(new ServerSettings.Network("0.0.0.0", 0, List.of(), List.of(), null, null), settings.limits(), settings.models(),
                settings.data()))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("--keys");
    }

    @Test
    void aFullQueueSaysWhenToComeBack() throws Exception {
        String many = "{\"max_tokens\":300,\"temperature\":1,\"logit_bias\":{},\"n\":16,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
        CompletableFuture<HttpResponse<String>> first = later(many);
        HttpResponse<String> refused = null;
        for (int i = 0; i < 20 && refused == null; i++) {
            HttpResponse<String> response = server.post(CHAT, many);
            refused = response.statusCode() == 429 ? response : null;
        }
        first.get(60, TimeUnit.SECONDS);
        assertThat(refused == null || refused.headers().firstValue("Retry-After").isPresent()).isTrue();
    }

    private static CompletableFuture<HttpResponse<String>> later(String body) {
        return server.client.sendAsync(HttpRequest.newBuilder(server.uri(CHAT)).POST(HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aConnectionOutlastsTheLongestAnswer() {
        assertThat(server.server.longestRequest()).isGreaterThan(Duration.ofSeconds(ServerSettings.Limits.usual().requestSeconds()));
    }

    @Test
    void aRunningStreamIsFinishedBeforeTheEnd(@TempDir Path folder) throws Exception {
        TestServer own = new TestServer(folder);
        HttpRequest request = HttpRequest.newBuilder(own.uri(CHAT)).POST(HttpRequest.BodyPublishers.ofString(HELLO.replace("\"max_tokens\":2", "\"max_tokens\":200,\"stream\":true,\"temperature\":0"))).build();
        HttpResponse<InputStream> response = own.client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        assertThat(response.body().read()).isEqualTo('d');
        Thread closing = Thread.ofVirtual().start(own.server::close);
        assertThat(new String(response.body().readAllBytes(), StandardCharsets.UTF_8)).endsWith("data: [DONE]\n\n");
        closing.join();
        own.client.close();
    }

    @Test
    void speaksTls(@TempDir Path folder) throws Exception {
        Path certificate = folder.resolve("cert.pem"), key = folder.resolve("key.pem");
        Pem.write(folder, certificate, key);
        try (TestServer own = new TestServer(folder, settings -> new ServerSettings(new ServerSettings.Network("127.0.0.1", 0, List.of(), List.of(), certificate, key), settings.limits(), settings.models(),
                settings.data()))) {
            try (var client = Pem.client(certificate)) {
                HttpResponse<String> response = client.send(HttpRequest.newBuilder(java.net.URI.create("https://localhost:" + own.server.port() + "/v1/models")).build(), HttpResponse.BodyHandlers.ofString());
                assertThat(response.statusCode()).isEqualTo(200);
                assertThat(Files.size(certificate)).isPositive();
            }
        }
    }

    @Test
    void aClientThatLeavesIsNoticedThroughTls(@TempDir Path folder) throws Exception {
        Path certificate = folder.resolve("cert.pem"), key = folder.resolve("key.pem");
        Pem.write(folder, certificate, key);
        try (TestServer own = new TestServer(folder, settings -> new ServerSettings(new ServerSettings.Network("127.0.0.1", 0, List.of(), List.of(), certificate, key), settings.limits(), settings.models(),
                settings.data())); var client = Pem.client(certificate)) {
            var models = own.server.models();
            var answer = client.sendAsync(HttpRequest.newBuilder(java.net.URI.create("https://localhost:" + own.server.port() + "/v1/chat/completions"))
                    .POST(HttpRequest.BodyPublishers.ofString("{\"temperature\":0,\"max_tokens\":450,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}")).build(), HttpResponse.BodyHandlers.ofString());
            for (int i = 0; i < 10_000 && (models.loaded().isEmpty() || models.loaded().get("tiny").engine().statistics().newTokens() == 0); i++) {
                Thread.sleep(1);
            }
            answer.cancel(true);
            for (int i = 0; i < 1000 && models.list().getFirst().users() > 0; i++) {
                Thread.sleep(5);
            }
            assertThat(models.list().getFirst().users()).isZero();
            assertThat(models.loaded().get("tiny").engine().statistics().newTokens()).isBetween(1L, 400L);
        }
    }
}
