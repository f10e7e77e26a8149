package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.Server;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.models.ModelSource;
import dev.jackdaw.train.assistant.Topic;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// The loop on what `speedrun` builds from the JDK's sources: wrong answers are reported to a running server with what is right, `improve` learns
/// them, and the same server answers right, while the examination of some two thousand questions did not get worse.
///
/// An assistant that knows hardly anything, as ten minutes beside other load make one, does not pass: docs/BENCHMARKS.md, "Improving the assistant".
///
/// It takes as long as a speedrun and some minutes: `mvn test -Dgroups=speedrun -DexcludedGroups= -pl cli -am`. With `-Djackdaw.speedrun=RUN`
/// it takes a run that is there.
@Tag("speedrun")
class SpeedrunLoopTest {
    private static final List<Class<?>> TYPES = List.of(java.util.regex.Pattern.class, java.time.LocalDate.class, java.util.StringJoiner.class, java.util.concurrent.Phaser.class, java.nio.file.Path.class,
            java.math.BigDecimal.class, java.text.Collator.class, java.net.URI.class, java.util.zip.CRC32.class, java.security.MessageDigest.class, java.util.stream.Collectors.class, java.io.File.class,
            java.util.Optional.class, java.util.HashMap.class, java.util.Scanner.class, java.net.http.HttpClient.class, java.time.Duration.class, java.util.UUID.class, java.lang.Math.class, java.nio.ByteBuffer.class);
    private static final int REPORTED = 4;
    @TempDir
    private Path folder;
    private final HttpClient client = HttpClient.newHttpClient();

    @AfterEach
    void forget() {
        System.clearProperty("jackdaw.data");
    }

    private JsonNode post(Server server, String path, Object body) throws IOException, InterruptedException {
        HttpResponse<String> response = client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path)).POST(HttpRequest.BodyPublishers.ofString(Json.write(body))).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Json.read(response.body());
    }

    private JsonNode ask(Server server, Class<?> type) throws IOException, InterruptedException {
        return post(server, "/v1/chat/completions", Map.of("model", "jdk", "temperature", 0, "max_tokens", 60, "messages", question(type)));
    }

    private static List<Map<String, String>> question(Class<?> type) {
        return List.of(Map.of("role", "user", "content", Topic.PACKAGE.question(0, type.getSimpleName())));
    }

    private static String answer(JsonNode completion) {
        return completion.at("/choices/0/message/content").asString();
    }

    private static String right(Class<?> type) {
        return Topic.PACKAGE.answer(type.getPackageName());
    }

    @Test
    void whatItSaidWronglyItSaysRightAfterwards() throws Exception {
        System.setProperty("jackdaw.data", folder.resolve("home").toString());
        String given = System.getProperty("jackdaw.speedrun");
        Path run = given != null ? Path.of(given) : folder.resolve("run");
        if (given == null) {
            assertThat(Cli.run("speedrun", "--minutes", "10", "--out", run.toString()).exitCode()).isZero();
        }
        assertThat(Cli.run("deploy", "create", "jdk", run.toString()).exitCode()).isZero();
        ServerSettings usual = ServerSettings.of(0, List.of(new ModelSource.Deployed("jdk")));
        Path database = folder.resolve("feedback.db");
        try (Server server = Server.start(new ServerSettings(usual.network(), usual.limits(), usual.models(), new ServerSettings.Data(database.toString(), ServerSettings.Keep.FEEDBACK, 0, folder, false)))) {
            List<Class<?>> reported = new ArrayList<>();
            String examined = Files.readString(run.resolve("assistant/held-out.jsonl"));      // what it asks must not be taught
            for (Class<?> type : TYPES.stream().filter(type -> !examined.contains(type.getSimpleName())).toList()) {
                JsonNode said = ask(server, type);
                if (!answer(said).equals(right(type)) && reported.size() < REPORTED) {
                    post(server, "/jackdaw/feedback", Map.of("answerId", said.at("/id").asString(), "model", "jdk", "messages", question(type), "answer", Map.of("role", "assistant", "content", answer(said)),
                            "rating", "down", "reason", "wrong", "correction", right(type)));
                    reported.add(type);
                    System.out.println(type.getSimpleName() + ": " + answer(said));
                }
            }
            assertThat(reported).as("a model of a few million parameters errs").hasSize(REPORTED);
            Cli improved = Cli.run("improve", "jdk", "--database", database.toString(), "--json");
            assertThat(improved.exitCode()).as(improved.err()).isZero();
            JsonNode result = Json.read(improved.out().lines().toList().getLast());
            System.out.println(Json.write(result.path("evaluation")));
            assertThat(result.path("learned").asInt()).isEqualTo(REPORTED);
            assertThat(result.path("promoted").asBoolean()).as(result.path("verdict").toString()).isTrue();
            int right = 0;
            for (Class<?> type : reported) {
                JsonNode says = ask(server, type);
                assertThat(says.path("model").asString()).isEqualTo("jdk@v2");
                System.out.println(type.getSimpleName() + ": " + answer(says));
                right += answer(says).equals(right(type)) ? 1 : 0;
            }
            assertThat(right).as("of %d reported", REPORTED).isGreaterThan(REPORTED / 2);
            assertThat(result.path("evaluation")).allSatisfy(row -> assertThat(row.path("isWorse").asBoolean()).as(row.toString()).isFalse());
            assertThat(Cli.run("deploy", "rollback", "jdk").exitCode()).isZero();
            assertThat(ask(server, reported.getFirst()).path("model").asString()).isEqualTo("jdk@v1");
        }
    }
}
