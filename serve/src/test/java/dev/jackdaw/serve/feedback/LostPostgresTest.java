package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.ServerSettings.Keep;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Json;
import io.helidon.webserver.WebServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// PostgreSQL goes away amid writes and comes back: nobody is told that something is stored that is not, and nothing needs to be started anew.
class LostPostgresTest {
    private static final java.util.logging.Logger NOISE = java.util.logging.Logger.getLogger("io.helidon");
    private static final int WRITERS = 4;

    private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final CountDownLatch before = new CountDownLatch(50), refused = new CountDownLatch(WRITERS);
    private volatile CountDownLatch after = new CountDownLatch(Integer.MAX_VALUE);
    private volatile boolean isOver;

    @Test
    @Timeout(180)
    void whatWasAcknowledgedIsThereWhenItComesBack(@TempDir Path folder) throws Exception {
        NOISE.setLevel(java.util.logging.Level.WARNING);
        EmbeddedPostgres postgres = Postgres.start(folder.resolve("data"), 0);
        int port = postgres.getPort();
        try (Feedback feedback = Feedback.open(postgres.getJdbcUrl("postgres", "postgres"), new Feedback.Parts(new Privacy(Keep.EVERYTHING, 30, true), new Checks(Checks.Limits.STANDARD, Guard.NONE),
                new Labelling.Settings(2, 3), (_, _, _) -> List.of(), new PrometheusRegistry(), InstantSource.system())); HttpClient client = HttpClient.newHttpClient();
                ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
            WebServer server = WebServer.builder().host("127.0.0.1").port(0).routing(routing -> {
                routing.error(ApiError.class, (_, response, e) -> {
                    response.status(e.status());
                    Json.send(response, e.toMap());
                });
                feedback.services(100_000, _ -> "caller").forEach(service -> routing.register("/jackdaw", service));
            }).build().start();
            try {
                URI uri = URI.create("http://127.0.0.1:" + server.port() + "/jackdaw/feedback");
                for (int writer = 0; writer < WRITERS; writer++) {
                    int number = writer;
                    writers.submit(() -> write(client, uri, number));
                }
                assertThat(before.await(60, TimeUnit.SECONDS)).isTrue();
                postgres.close();
                feedback.recorder().answered(FeedbackContract.answer("meanwhile", 1, "ada", "q", "t"));
                assertThat(refused.await(60, TimeUnit.SECONDS)).as("each writer hears of it; %s", failures).isTrue();
                assertThat(feedback.database().isReachable()).isFalse();

                after = new CountDownLatch(20);
                postgres = Postgres.start(folder.resolve("data"), port);
                assertThat(after.await(60, TimeUnit.SECONDS)).as("writing goes on").isTrue();
                isOver = true;
                writers.shutdown();
                assertThat(writers.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
                assertThat(failures).isEmpty();
                List<String> stored = feedback.database().jdbi().withHandle(handle -> handle.createQuery("select id from rating").mapTo(String.class).list());
                assertThat(stored).containsAll(acknowledged).hasSizeGreaterThanOrEqualTo(70);
                assertThat(feedback.recorder().flush(Duration.ofSeconds(30))).isTrue();
                assertThat(feedback.answers().find("meanwhile")).as("what was only recorded waited in memory").isPresent();
            } finally {
                isOver = true;
                server.stop();
            }
        } finally {
            postgres.close();
        }
    }

    private Void write(HttpClient client, URI uri, int writer) throws Exception {
        boolean wasRefused = false;
        for (int i = 0; !isOver; i++) {
            HttpResponse<String> response = client.send(HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.ofString("{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"" + writer + " " + i
                    + "\"}],\"answer\":\"x\",\"rating\":\"down\",\"correction\":\"y\"}")).build(), HttpResponse.BodyHandlers.ofString());
            switch (response.statusCode()) {
                case 200 -> {
                    acknowledged.add(Json.tree(response.body()).path("id").asString());
                    before.countDown();
                    after.countDown();
                }
                case 503 -> {
                    if (!Json.tree(response.body()).at("/error/code").asString().equals("database_unavailable")) {
                        failures.add(response.body());
                    }
                    if (!wasRefused) {
                        refused.countDown();
                        wasRefused = true;
                    }
                }
                default -> failures.add(response.statusCode() + " " + response.body());
            }
        }
        return null;
    }
}
