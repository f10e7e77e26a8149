package dev.jackdaw.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.http.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class RunsTest {
    @Test
    void showsRunsAsTheyLieOnDisk(@TempDir Path folder) throws Exception {
        Path run = Files.createDirectories(folder.resolve("runs/one")), stage = Files.createDirectories(run.resolve("assistant"));
        Files.writeString(run.resolve("run.json"), "{\"settings\":{\"steps\":4,\"model\":{\"layers\":1}}}");
        Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":1,\"trainLoss\":5}\n{\"step\":2,\"trainLoss\":4}\nnot json\n{\"step\":3,\"trainLoss\":3}\n{\"step\":4,\"tra");
        Files.writeString(stage.resolve("run.json"), "{\"settings\":{\"steps\":9}}");
        Files.createDirectories(folder.resolve("runs/not-a-run"));
        Files.writeString(Files.createDirectories(folder.resolve("runs/broken")).resolve("run.json"), "{");
        try (TestServer server = new TestServer(folder)) {
            JsonNode runs = Json.tree(server.get("/jackdaw/runs").body()).path("runs");
            assertThat(runs).extracting(each -> each.path("name").asString()).containsExactlyInAnyOrder("one", "one:assistant", "broken");
            for (JsonNode each : runs) {
                switch (each.path("name").asString()) {
                    case "one" -> {
                        assertThat(each.path("step").asInt()).isEqualTo(3);
                        assertThat(each.path("steps").asInt()).isEqualTo(4);
                        assertThat(each.path("finished").asBoolean()).isFalse();
                    }
                    case "one:assistant" -> assertThat(each.path("kind").asString()).isEqualTo("finetune");
                    default -> assertThat(each.path("error").asString()).contains("run.json");
                }
            }
            assertThat(Json.tree(server.get("/jackdaw/runs/one/metrics?after=1").body())).extracting(each -> each.path("step").asInt()).containsExactly(2, 3);
            assertThat(Json.tree(server.get("/jackdaw/runs/one:assistant/metrics").body()).size()).isZero();
            assertThat(server.get("/jackdaw/runs/two/metrics").statusCode()).isEqualTo(404);
            assertThat(server.get("/jackdaw/runs/one/metrics?after=x").statusCode()).isEqualTo(400);
        }
    }
}
