package dev.jackdaw.serve.improve;

import static dev.jackdaw.serve.improve.TinyAssistant.WRONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.TestServer;
import dev.jackdaw.serve.feedback.Database;
import dev.jackdaw.serve.feedback.Feedback;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.ModelSource;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.loop.Finetuning;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Deploy, monitor, collect misbehaviours, go round again: a client of a running server is told something wrong, says so, and the same server
/// tells it right after an improvement, while it still answers the examination as before. All that a person does goes over HTTP.
@Timeout(300)
class LoopTest {
    private static final String NAME = "birds";
    @TempDir
    private static Path folder;
    private static Deployments deployments;

    @BeforeAll
    static void deploy() throws Exception {
        System.setProperty("jackdaw.data", folder.resolve("home").toString());
        Path run = TinyAssistant.train(folder);
        deployments = Deployments.here();
        deployments.create(NAME, run.resolve("params.gguf"), Kept.of(run, null), TinyAssistant.PROGRAM);
    }

    @AfterAll
    static void forget() {
        System.clearProperty("jackdaw.data");
    }

    private static TestServer serve() throws Exception {
        return new TestServer(Files.createDirectories(folder.resolve("server")), usual -> new ServerSettings(usual.network(), usual.limits(),
                new ServerSettings.Models(List.of(new ModelSource.Deployed(NAME)), usual.models().memoryBytes(), 4, 16, 64L << 20, 2, usual.models().activations(), usual.models().cacheType()), usual.data()));
    }

    private static JsonNode ask(TestServer server, String question) throws Exception {
        return server.json("/v1/chat/completions", Json.text(Map.of("model", NAME, "temperature", 0, "max_tokens", 40, "messages", List.of(Map.of("role", "user", "content", question)))));
    }

    private static String answer(TestServer server, String question) throws Exception {
        return ask(server, question).at("/choices/0/message/content").asString();
    }

    /// The types of which it says the right package, in the words of the examination.
    private static Set<String> known(TestServer server) throws Exception {
        Set<String> known = new TreeSet<>();
        for (int type = 0; type < TinyAssistant.TYPES.length; type++) {
            if (answer(server, TinyAssistant.question(TinyAssistant.LEARNED, type)).equals(TinyAssistant.answer(type))) {
                known.add(TinyAssistant.TYPES[type]);
            }
        }
        return known;
    }

    @Test
    void whatIsReportedOverHttpIsAnsweredRightByTheSameServer() throws Exception {
        try (TestServer server = serve()) {
            Set<String> before = known(server);
            assertThat(before).hasSizeGreaterThan(9).doesNotContain(TinyAssistant.TYPES[WRONG]);
            for (int phrasing = 0; phrasing < TinyAssistant.LEARNED; phrasing++) {
                JsonNode wrong = ask(server, TinyAssistant.question(phrasing, WRONG));
                assertThat(wrong.at("/choices/0/message/content").asString()).isEqualTo(TinyAssistant.wrong());
                assertThat(server.json("/jackdaw/feedback", Json.text(Map.of("answerId", wrong.at("/id").asString(), "rating", "down", "reason", "wrong", "correction", TinyAssistant.answer(WRONG),
                        "model", NAME, "messages", List.of(Map.of("role", "user", "content", TinyAssistant.question(phrasing, WRONG))), "answer", wrong.at("/choices/0/message")))).at("/id").asString()).startsWith("rating");
            }
            Improvement.Result result;
            try (Device device = Device.cpu(2); Database database = Feedback.read("jdbc:sqlite:" + folder.resolve("server/feedback.db"))) {
                result = new Improvement(deployments, new Improvement.Request(NAME, Feedback.corrections(database), Set.of(NAME), TinyAssistant.SETTINGS, Finetuning.Method.FULL, TinyAssistant.PROGRAM),
                        device, new Improvement.Listener() { }).run();
            }
            assertThat(result.promoted()).as("%s", result.verdict()).isTrue();
            assertThat(result.learned()).isEqualTo(TinyAssistant.LEARNED);
            for (int phrasing = 0; phrasing < TinyAssistant.LEARNED; phrasing++) {
                JsonNode right = ask(server, TinyAssistant.question(phrasing, WRONG));
                assertThat(right.at("/choices/0/message/content").asString()).isEqualTo(TinyAssistant.answer(WRONG));
                assertThat(right.at("/model").asString()).isEqualTo(NAME + "@v2");
            }
            assertThat(known(server)).as("what was right stays right, and words that nobody corrected are understood").containsAll(before).contains(TinyAssistant.TYPES[WRONG]);
            deployments.rollback(NAME);
            assertThat(answer(server, TinyAssistant.question(0, WRONG))).isEqualTo(TinyAssistant.wrong());
        }
    }

    /// A version answers; what is listed and shown is the deployment.
    @Test
    void aDeploymentIsShownLikeAnyModel() throws Exception {
        try (TestServer server = serve()) {
            for (String name : List.of(NAME, NAME + ":latest", NAME + "@v1")) {
                JsonNode shown = server.json("/api/show", Json.text(Map.of("model", name)));
                assertThat(shown.path("modelfile").asString()).isEqualTo("FROM " + NAME + "\n");
                assertThat(shown.at("/details/family").asString()).isEqualTo("qwen3");
            }
            assertThat(Json.tree(server.get("/api/tags").body()).at("/models/0/details/family").asString()).as("it is loaded by now").isEqualTo("qwen3");
            assertThat(Json.tree(server.get("/jackdaw/models").body()).at("/models/0/layers").asInt()).isEqualTo(2);
        }
    }
}
