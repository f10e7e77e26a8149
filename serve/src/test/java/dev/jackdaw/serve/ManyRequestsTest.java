package dev.jackdaw.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.engine.Engine;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A thousand requests of every kind, many at once, by clients that behave and clients that do not: nothing may be left behind.
@Timeout(300)
class ManyRequestsTest {
    private static final long SEED = 20261128;
    private static final int REQUESTS = 1000;
    private static final int AT_ONCE = 24;
    private static final String CHAT = "/v1/chat/completions";

    private final Map<Integer, AtomicInteger> statuses = new TreeMap<>();

    private synchronized void count(int status) {
        statuses.computeIfAbsent(status, _ -> new AtomicInteger()).incrementAndGet();
    }

    @Test
    void nothingIsLeftBehind(@TempDir Path folder) throws Exception {
        try (TestServer server = new TestServer(folder)) {
            server.json(CHAT, body(new SplittableRandom(1), false));
            Semaphore places = new Semaphore(AT_ONCE);
            try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < REQUESTS; i++) {
                    SplittableRandom random = new SplittableRandom(SEED + i);
                    places.acquire();
                    clients.submit(() -> {
                        try {
                            one(server, random);
                        } catch (IOException _) {
                            count(-1);                    // the server closed on a client that misbehaved
                        } finally {
                            places.release();
                        }
                        return null;
                    });
                }
                clients.shutdown();
                assertThat(clients.awaitTermination(240, TimeUnit.SECONDS)).isTrue();
            }
            Engine engine = server.server.models().loaded().get("tiny").engine();
            for (int i = 0; i < 1000 && (engine.statistics().running() > 0 || engine.statistics().waiting() > 0 || server.server.models().list().getFirst().users() > 0); i++) {
                Thread.sleep(10);
            }
            Engine.Statistics after = engine.statistics();
            assertThat(after.running()).as("sequences left, seed %d, statuses %s", SEED, statuses).isZero();
            assertThat(after.waiting()).isZero();
            assertThat(server.server.models().list().getFirst().users()).as("leases left").isZero();
            assertThat(after.usedPages()).as("pages held by more than the memory of texts that are over").isEqualTo(after.idlePages());
            assertThat(statuses.keySet()).as("statuses %s", statuses).allMatch(status -> status < 500);
            assertThat(server.get("/metrics").body()).as("failures that no client saw").doesNotContainPattern("jackdaw_http_requests_total\\{[^}]*status=\"5");
            assertThat(statuses.get(200).get()).isGreaterThan(REQUESTS / 4);
            assertThat(server.json(CHAT, body(new SplittableRandom(1), false)).path("choices").size()).isOne();
        }
    }

    private void one(TestServer server, SplittableRandom random) throws IOException, InterruptedException {
        switch (random.nextInt(10)) {
            case 0, 1 -> count(server.post(CHAT, body(random, false)).statusCode());
            case 2 -> count(server.post(CHAT, body(random, true)).statusCode());
            case 3 -> count(server.post("/v1/completions", "{\"prompt\":\"the cat\",\"max_tokens\":" + (1 + random.nextInt(20)) + ",\"n\":" + (1 + random.nextInt(3)) + "}").statusCode());
            case 4 -> count(server.post("/v1/embeddings", "{\"input\":[\"a wall\",\"a mat\"]}").statusCode());
            case 5 -> leaves(server, random);
            case 6 -> readsSlowly(server, random);
            case 7 -> count(server.post(CHAT, broken(random)).statusCode());
            case 8 -> count(server.post(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"" + "x".repeat(100_000 + random.nextInt(100_000)) + "\"}]}").statusCode());
            default -> leavesInTheMiddleOfItsRequest(server, random);
        }
    }

    private static String body(SplittableRandom random, boolean stream) {
        return "{\"max_tokens\":" + (1 + random.nextInt(40)) + ",\"temperature\":1,\"stream\":" + stream + ",\"messages\":[{\"role\":\"user\",\"content\":\"the cat sat " + random.nextInt(50) + "\"}]}";
    }

    private static String broken(SplittableRandom random) {
        String whole = body(random, random.nextBoolean());
        byte[] bytes = whole.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 3; i++) {
            bytes[random.nextInt(bytes.length)] = (byte) (32 + random.nextInt(95));
        }
        return new String(bytes, StandardCharsets.UTF_8).substring(0, random.nextInt(bytes.length));
    }

    private void leaves(TestServer server, SplittableRandom random) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(server.uri(CHAT)).POST(HttpRequest.BodyPublishers.ofString(body(random, true).replaceFirst("\"max_tokens\":\\d+", "\"max_tokens\":400"))).build();
        HttpResponse<InputStream> response = server.client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        count(response.statusCode());
        response.body().readNBytes(random.nextInt(2000));
        response.body().close();
    }

    private void readsSlowly(TestServer server, SplittableRandom random) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(server.uri(CHAT)).POST(HttpRequest.BodyPublishers.ofString(body(random, true))).build();
        HttpResponse<InputStream> response = server.client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        count(response.statusCode());
        try (InputStream in = response.body()) {
            while (in.readNBytes(512).length > 0) {
                Thread.sleep(random.nextInt(20));
            }
        }
    }

    private void leavesInTheMiddleOfItsRequest(TestServer server, SplittableRandom random) throws IOException {
        byte[] body = body(random, false).getBytes(StandardCharsets.UTF_8);
        try (Socket socket = new Socket("127.0.0.1", server.server.port())) {
            socket.getOutputStream().write(("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body, 0, random.nextInt(body.length + 1));
            socket.getOutputStream().flush();
        }
    }
}
