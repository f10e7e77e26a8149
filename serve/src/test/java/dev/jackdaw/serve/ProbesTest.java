package dev.jackdaw.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.http.Json;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ProbesTest {
    @Test
    void aServerWithModelAndDatabaseIsReady(@TempDir Path folder) throws Exception {
        try (TestServer server = new TestServer(folder)) {
            assertThat(server.get("/ready").statusCode()).isEqualTo(200);
            assertThat(server.get("/ready").body()).contains("ready");
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void withoutItsDatabaseItIsAliveAndNotReady(@TempDir Path folder) throws Exception {
        try (TestServer server = new TestServer(folder)) {
            server.server.feedback().database().close();
            HttpResponse<String> ready = server.get("/ready");
            assertThat(ready.statusCode()).isEqualTo(503);
            assertThat(Json.tree(ready.body()).at("/reasons/database").asString()).contains("database").contains("cannot be reached");
            assertThat(Json.tree(ready.body()).path("reasons").size()).isOne();
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void withoutAModelItIsAliveAndNotReady(@TempDir Path folder) throws Exception {
        try (TestServer server = new TestServer(folder)) {
            Files.delete(server.model);
            HttpResponse<String> ready = server.get("/ready");
            assertThat(ready.statusCode()).isEqualTo(503);
            assertThat(Json.tree(ready.body()).at("/reasons/models").asString()).contains("tiny");
            assertThat(server.get("/health").statusCode()).isEqualTo(200);
        }
    }
}
