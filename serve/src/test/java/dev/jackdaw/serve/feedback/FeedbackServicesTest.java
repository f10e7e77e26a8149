package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.serve.ServerSettings.Keep;
import dev.jackdaw.serve.api.Answered;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Json;
import io.helidon.webserver.WebServer;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class FeedbackServicesTest {
    private static final String MESSAGES = "\"messages\":[{\"role\":\"user\",\"content\":\"How high?\"}]";
    private static final java.util.logging.Logger NOISE = java.util.logging.Logger.getLogger("io.helidon");
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @TempDir
    Path folder;
    private final AtomicLong clock = new AtomicLong(Instant.parse("2026-11-28T12:00:00Z").toEpochMilli());
    private Feedback feedback;
    private WebServer server;

    private record Reply(int status, String body) {
        JsonNode json() {
            return Json.tree(body);
        }
    }

    @BeforeEach
    void start() {
        start(Keep.EVERYTHING);
    }

    private void start(Keep keep) {
        NOISE.setLevel(java.util.logging.Level.WARNING);
        feedback = Feedback.open(folder.resolve(keep + ".db").toString(), new Feedback.Parts(new Privacy(keep, 30, true), new Checks(Checks.Limits.STANDARD, Guard.NONE),
                new Labelling.Settings(2, 3), (_, _, _) -> List.of("second", "third"), new PrometheusRegistry(), () -> Instant.ofEpochMilli(clock.getAndIncrement())));
        server = WebServer.builder().host("127.0.0.1").port(0).routing(routing -> {
            routing.error(ApiError.class, (_, response, e) -> {
                response.status(e.status());
                Json.send(response, e.toMap());
            });
            feedback.services(100_000, _ -> "caller").forEach(service -> routing.register("/jackdaw", service));
        }).build().start();
    }

    @AfterEach
    void stop() {
        server.stop();
        feedback.close();
    }

    private Reply ask(String method, String path, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/jackdaw/" + path))
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body)).timeout(Duration.ofSeconds(30)).build();
        HttpResponse<String> response = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
        return new Reply(response.statusCode(), response.body());
    }

    private JsonNode get(String path) throws Exception {
        Reply reply = ask("GET", path, null);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply.json();
    }

    private String post(String path, String body) throws Exception {
        Reply reply = ask("POST", path, body);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        return reply.json().get("id").asString();
    }

    private void refuses(String method, String path, String body, int status, String param, String... words) throws Exception {
        Reply reply = ask(method, path, body);
        assertThat(reply.status()).as(reply.body()).isEqualTo(status);
        assertThat(reply.json().path("error").path("param").asString(null)).as(reply.body()).isEqualTo(param);
        for (String word : words) {
            assertThat(reply.json().path("error").path("message").asString()).contains(word);
        }
    }

    private static List<String> ids(JsonNode page) {
        List<String> ids = new ArrayList<>();
        page.get("answers").forEach(each -> ids.add(each.get("id").asString()));
        return ids;
    }

    @Test
    void takesRatingsOfStoredAndOfSentAnswers() throws Exception {
        feedback.recorder().answered(FeedbackContract.answer("chatcmpl-1", clock.get(), "ada", "How high?", "7 m"));
        feedback.recorder().flush(Duration.ofSeconds(20));
        String id = post("feedback", "{\"answerId\":\"chatcmpl-1\",\"model\":\"tiny\"," + MESSAGES + ",\"answer\":\"7 m\",\"rating\":\"down\",\"reason\":\"wrong\",\"correction\":\"8 m\",\"user\":\"eve\"}");
        assertThat(get("answers/chatcmpl-1").get("ratings")).singleElement().satisfies(rating -> {
            assertThat(rating.get("id").asString()).isEqualTo(id);
            assertThat(rating.get("correction").asString()).isEqualTo("8 m");
            assertThat(rating.get("user").asString()).isEqualTo("eve");
        });
        post("feedback", "{\"answerId\":\"chatcmpl-1\",\"rating\":\"up\"}");
        JsonNode answer = get("answers/chatcmpl-1");
        assertThat(answer.get("ratings").get(1).get("user").asString()).as("of the key").isEqualTo("caller");
        assertThat(answer.get("answer").asString()).isEqualTo("7 m");
        assertThat(answer.get("latencyMillis").asLong()).isEqualTo(13);
        assertThat(answer.get("messages").get(0).get("content").asString()).isEqualTo("How high?");
        post("feedback", "{\"answerId\":\"chatcmpl-1\",\"model\":\"tiny\"," + MESSAGES + ",\"answer\":\"edited by the client\",\"rating\":\"down\"}");
        assertThat(get("answers?text=edited").get("answers")).singleElement().satisfies(each -> assertThat(each.get("id").asString()).startsWith("answer-"));
        post("feedback", "{\"answerId\":\"chatcmpl-unknown\",\"model\":\"tiny\"," + MESSAGES + ",\"answer\":{\"role\":\"assistant\",\"content\":\"9 m\"},\"rating\":\"up\"}");
        assertThat(get("answers/chatcmpl-unknown").get("answer").asString()).isEqualTo("9 m");
        assertThat(ids(get("answers?rating=up"))).containsExactlyInAnyOrder("chatcmpl-1", "chatcmpl-unknown");
        assertThat(feedback.corrections().since(0)).singleElement().satisfies(each -> assertThat(each.bad() + " -> " + each.good()).isEqualTo("7 m -> 8 m"));
    }

    /// An answer that went on from another word is known by the id of its completion, which nobody stored.
    @Test
    void anAnswerThatWasNotStoredIsRatedUnderItsId() throws Exception {
        String body = "{\"answerId\":\"cmpl-1\",\"model\":\"tiny\"," + MESSAGES + ",\"answer\":\"9 m\",\"user\":\"eve\",\"rating\":";
        post("feedback", body + "\"down\",\"correction\":\"8 m\"}");
        post("feedback", body + "\"up\"}");
        assertThat(ids(get("answers"))).containsExactly("cmpl-1");
        assertThat(get("answers/cmpl-1").get("ratings")).singleElement().satisfies(rating -> assertThat(rating.get("rating").asString()).isEqualTo("up"));
    }

    @Test
    void refusesWithTheFieldThatIsWrong() throws Exception {
        refuses("POST", "feedback", "{\"model\":\"tiny\"," + MESSAGES + ",\"answer\":\"x\"}", 400, "rating", "rating is missing");
        refuses("POST", "feedback", "{\"model\":\"tiny\"," + MESSAGES + ",\"answer\":\"x\",\"rating\":\"sideways\"}", 400, "rating", "up, down");
        refuses("POST", "feedback", "{\"model\":\"tiny\",\"answer\":\"x\",\"rating\":\"up\",\"answerId\":\"chatcmpl-9\"}", 400, "messages", "the answer chatcmpl-9 is not stored here");
        refuses("POST", "feedback", "{\"model\":\"tiny\",\"messages\":[{\"content\":1}],\"answer\":\"x\",\"rating\":\"up\"}", 400, "messages[0].role");
        refuses("POST", "feedback", "{\"model\":\"tiny\"," + MESSAGES + ",\"answer\":7,\"rating\":\"up\"}", 400, "answer", "a string");
        refuses("POST", "feedback", "{\"answerId\":\"a\\nb\",\"rating\":\"up\"}", 400, "answerId");
        refuses("POST", "feedback", "{\"model\":\"tiny\"," + MESSAGES + ",\"answer\":\"x\",\"rating\":\"up\",\"user\":\"" + "u".repeat(201) + "\"}", 400, "user", "201 characters; at most 200");
        refuses("POST", "feedback", "{\"x\":\"" + "y".repeat(100_001) + "\"}", 413, null, "at most 100000 bytes");
        refuses("POST", "comparisons", "{\"model\":\"tiny\"," + MESSAGES + ",\"a\":\"x\",\"b\":\"y\",\"choice\":\"c\"}", 400, "choice", "a, b, tie, neither");
        refuses("POST", "comparisons", "{\"model\":\"tiny\",\"a\":\"x\",\"b\":\"y\",\"choice\":\"a\"}", 400, "messages");
        refuses("GET", "answers?limit=0", null, 400, "limit");
        refuses("GET", "answers?flag=refusals", null, 400, "flag", "refusal");
        refuses("GET", "answers?rating=bad", null, 400, "rating");
        refuses("GET", "answers?since=yesterday", null, 400, "since");
        refuses("GET", "answers?before=x", null, 400, "before");
        refuses("GET", "answers/none", null, 404, null, "privacy setting everything");
        refuses("GET", "labels/next?task=sing&labeller=a", null, 400, "task");
        refuses("GET", "labels/next?task=ideal", null, 400, "labeller");
        refuses("POST", "labels", "{\"item\":\"item-x\",\"labeller\":\"a\",\"text\":\"t\"}", 404, null);
        refuses("POST", "labels", "{\"item\":\"item-x\",\"labeller\":\"a\"}", 400, "text");
    }

    @Test
    void pagesAndFilters() throws Exception {
        for (int i = 0; i < 7; i++) {
            feedback.recorder().answered(FeedbackContract.answer("a" + i, FeedbackContract.NOON + i / 2, "", i == 3 ? "100% of_it" : "q", i == 5 ? "" : "t"));
        }
        feedback.recorder().flush(Duration.ofSeconds(20));
        JsonNode first = get("answers?limit=3"), second = get("answers?limit=3&before=" + first.get("next").asString()), third = get("answers?limit=3&before=" + second.get("next").asString());
        assertThat(ids(first)).containsExactly("a6", "a5", "a4");
        assertThat(ids(second)).containsExactly("a3", "a2", "a1");
        assertThat(ids(third)).containsExactly("a0");
        assertThat(third.has("next")).isFalse();
        assertThat(ids(get("answers?flag=empty"))).containsExactly("a5");
        assertThat(ids(get("answers?text=0%25%20OF_"))).containsExactly("a3");
        assertThat(ids(get("answers?since=2026-11-29"))).isEmpty();
        assertThat(ids(get("answers?since=2026-11-28T12:00:00.003Z"))).containsExactly("a6");
    }

    @Test
    void labelsAndExports() throws Exception {
        feedback.recorder().answered(FeedbackContract.answer("a1", FeedbackContract.NOON, "", "q", "first"));
        feedback.recorder().flush(Duration.ofSeconds(20));
        JsonNode ideal = get("labels/next?task=ideal&labeller=ann");
        assertThat(ideal.get("answer").asString()).isEqualTo("first");
        assertThat(ideal.get("instructions").asString()).contains("true first");
        post("labels", "{\"item\":\"" + ideal.get("item").asString() + "\",\"labeller\":\"ann\",\"text\":\"ideal text\",\"seconds\":12.5}");
        assertThat(get("labels/next?task=ideal&labeller=ann").get("item").isNull()).isTrue();
        for (String labeller : List.of("ann", "bob")) {
            JsonNode choose = get("labels/next?task=choose&labeller=" + labeller);
            assertThat(choose.has("answer")).as("labellers are not told which was given").isFalse();
            assertThat(choose.get("candidates")).hasSize(3);
            refuses("POST", "labels", "{\"item\":\"" + choose.get("item").asString() + "\",\"labeller\":\"ann\",\"choice\":3}", 400, "choice");
            post("labels", "{\"item\":\"" + choose.get("item").asString() + "\",\"labeller\":\"" + labeller + "\",\"choice\":" + (labeller.equals("ann") ? "1" : "\"none\"") + "}");
        }
        JsonNode combine = get("labels/next?task=combine&labeller=ann");
        post("labels", "{\"item\":\"" + combine.get("item").asString() + "\",\"labeller\":\"ann\",\"skip\":true}");
        post("comparisons", "{\"model\":\"tiny\"," + MESSAGES + ",\"a\":\"better\",\"b\":\"worse\",\"choice\":\"a\"}");
        JsonNode agreement = get("labels/agreement");
        assertThat(agreement.get("agreed").asDouble()).isZero();
        assertThat(agreement.get("cohensKappa").get(0).get("n").asInt()).isEqualTo(1);
        assertThat(agreement.get("krippendorffsAlpha").get("n").asInt()).isEqualTo(1);
        assertThat(get("labels/tasks").get("tasks")).hasSize(3);
        assertThat(ask("GET", "export/sft.jsonl", null).body().lines().toList()).singleElement().asString().contains("ideal text");
        assertThat(ask("GET", "export/preferences.jsonl", null).body().lines().toList()).hasSize(4).last().asString().contains("worse");
        assertThat(ask("GET", "export/sft.jsonl?since=2030-01-01", null).body()).isEmpty();
    }

    @Test
    void erasesAndSaysWhatIsStored() throws Exception {
        feedback.recorder().answered(FeedbackContract.answer("a1", FeedbackContract.NOON, "ada l/ü", "q", "t"));
        post("feedback", "{\"model\":\"tiny\"," + MESSAGES + ",\"answer\":\"x\",\"rating\":\"up\",\"user\":\"ada l/ü\"}");
        Reply erased = ask("DELETE", "users/ada%20l%2F%C3%BC", null);
        assertThat(erased.body()).isEqualTo("{\"erased\":3}");                 // the answer, the one sent in, and its rating
        assertThat(ids(get("answers"))).isEmpty();
        JsonNode privacy = get("privacy");
        assertThat(privacy.get("stored").asString()).isEqualTo("everything");
        assertThat(privacy.get("retentionDays").asInt()).isEqualTo(30);
        assertThat(privacy.get("description").asString()).contains("Every conversation is stored", "after 30 days", "by name");
    }

    @Test
    void hearsOfAnswersFromTheApis() throws Exception {
        Message call = new Message("assistant", "", "hm", List.of(new Message.ToolCall("c1", "weather", "{\"town\":1}")));
        feedback.recorder().answered(new Answered("chatcmpl-7", FeedbackContract.NOON, "tiny", null, "owner", List.of(Message.of("user", "Rain?")),
                List.of(Map.of("type", "function", "function", Map.of("name", "weather", "parameters", Map.of("type", "object", "required", List.of("city"))))), "{\"type\":\"object\"}", call, "tool_calls", 3, 4, 5, 6));
        feedback.recorder().flush(Duration.ofSeconds(20));
        JsonNode answer = get("answers/chatcmpl-7");
        assertThat(answer.get("flags").get(0).get("detail").asString()).isEqualTo("the arguments of weather: $ has no city, which the schema requires");
        assertThat(answer.get("user").asString()).isEqualTo("owner");
        assertThat(answer.get("message").get("reasoning_content").asString()).isEqualTo("hm");
        assertThat(answer.get("promptTokens").asInt()).isEqualTo(3);
        feedback.recorder().answered(new Answered("broken", 1, "tiny", null, null, List.of(), List.of(), "no schema", call, "stop", 0, 0, 0, 0));
        assertThat(feedback.recorder().dropped()).isEqualTo(1);
    }

    @Test
    void saysWhenTheDatabaseIsAway() throws Exception {
        feedback.database().close();
        refuses("POST", "feedback", "{\"model\":\"tiny\"," + MESSAGES + ",\"answer\":\"x\",\"rating\":\"up\"}", 503, null, "nothing was stored; try again");
        refuses("GET", "answers", null, 503, null);
    }

    @Test
    void takesNothingIfNothingIsStored() throws Exception {
        stop();
        start(Keep.NOTHING);
        refuses("POST", "feedback", "{\"model\":\"tiny\"," + MESSAGES + ",\"answer\":\"x\",\"rating\":\"up\"}", 403, null, "privacy: nothing");
        refuses("GET", "labels/next?task=ideal&labeller=ann", null, 403, null, "privacy: nothing");
        assertThat(get("privacy").get("description").asString()).isEqualTo("Nothing that is asked or answered is stored.");
        assertThat(Map.of("answers", ids(get("answers")))).isEqualTo(Map.of("answers", List.of()));
    }
}
