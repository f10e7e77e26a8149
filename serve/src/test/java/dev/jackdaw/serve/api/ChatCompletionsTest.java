package dev.jackdaw.serve.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.TestServer;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.LoadedModel;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@Timeout(60)
class ChatCompletionsTest {
    private static final String PATH = "/v1/chat/completions";
    private static final String HELLO = "\"messages\":[{\"role\":\"user\",\"content\":\"hello jackdaw\"}]";

    @AutoClose
    private static final TestServer server = TestServer.start();

    @Test
    void aStreamSaysWhatTheWholeAnswerSays() throws Exception {
        String ask = "{\"model\":\"tiny\",\"max_tokens\":30,\"temperature\":0.8,\"seed\":7," + HELLO;
        JsonNode whole = server.json(PATH, ask + "}");
        assertThat(whole.path("object").asString()).isEqualTo("chat.completion");
        String text = whole.at("/choices/0/message/content").asString();
        assertThat(text).isNotEmpty();
        List<JsonNode> events = server.events(PATH, ask + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
        StringBuilder streamed = new StringBuilder();
        events.forEach(event -> streamed.append(event.at("/choices/0/delta/content").asString("")));
        assertThat(streamed.toString()).isEqualTo(text);
        assertThat(events.getFirst().at("/choices/0/delta/role").asString()).isEqualTo("assistant");
        assertThat(events.get(events.size() - 2).at("/choices/0/finish_reason").asString()).isEqualTo(whole.at("/choices/0/finish_reason").asString());
        assertThat(events.getLast().at("/usage/total_tokens")).isEqualTo(whole.at("/usage/total_tokens"));
        assertThat(events.getLast().path("choices").size()).isZero();
    }

    @Test
    void choicesDifferBySeedAndEachIsReproducible() throws Exception {
        String ask = "{\"max_tokens\":12,\"temperature\":2,\"seed\":3,\"n\":3," + HELLO + "}";
        JsonNode first = server.json(PATH, ask), again = server.json(PATH, ask);
        List<String> texts = List.of(0, 1, 2).stream().map(i -> first.at("/choices/" + i + "/message/content").asString()).toList();
        assertThat(texts).doesNotHaveDuplicates();
        assertThat(again.path("choices")).isEqualTo(first.path("choices"));
        assertThat(server.json(PATH, ask.replace("\"seed\":3,\"n\":3", "\"seed\":5")).at("/choices/0/message/content").asString()).isEqualTo(texts.get(2));
        List<JsonNode> events = server.events(PATH, ask.replace("\"n\":3", "\"n\":3,\"stream\":true"));
        for (int i = 0; i < 3; i++) {
            int index = i;
            StringBuilder text = new StringBuilder();
            events.stream().filter(event -> event.at("/choices/0/index").asInt() == index).forEach(event -> text.append(event.at("/choices/0/delta/content").asString("")));
            assertThat(text.toString()).isEqualTo(texts.get(i));
        }
    }

    @Test
    void theNewerNameOfALimitCounts() throws Exception {
        JsonNode answer = server.json(PATH, "{\"temperature\":0,\"max_tokens\":50,\"max_completion_tokens\":2," + HELLO + "}");
        assertThat(answer.at("/usage/completion_tokens").asInt()).isLessThanOrEqualTo(2);
    }

    @Test
    void probabilitiesOfTokens() throws Exception {
        JsonNode whole = server.json(PATH, "{\"max_tokens\":6,\"temperature\":0,\"logprobs\":true,\"top_logprobs\":4," + HELLO + "}");
        JsonNode content = whole.at("/choices/0/logprobs/content");
        assertThat(content.size()).isEqualTo(whole.at("/usage/completion_tokens").asInt()).isPositive();
        for (JsonNode token : content) {
            assertThat(token.path("top_logprobs").size()).isEqualTo(4);
            assertThat(token.path("logprob").asDouble()).isEqualTo(token.at("/top_logprobs/0/logprob").asDouble()).isNegative();
            assertThat(token.path("bytes").size()).isPositive();
        }
        List<JsonNode> events = server.events(PATH, "{\"max_tokens\":6,\"temperature\":0,\"logprobs\":true,\"top_logprobs\":4,\"stream\":true," + HELLO + "}");
        long streamed = events.stream().mapToLong(event -> event.at("/choices/0/logprobs/content").size()).sum();
        assertThat(streamed).isEqualTo(content.size());
    }

    @Test
    void anAnswerFitsItsSchema() throws Exception {
        String schema = "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"place\",\"schema\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":99},"
                + "\"kind\":{\"enum\":[\"wall\",\"mat\"]}},\"required\":[\"n\",\"kind\"],\"additionalProperties\":false}}}";
        JsonNode answer = Json.tree(server.json(PATH, "{\"max_tokens\":200,\"temperature\":1,\"seed\":1," + schema + "," + HELLO + "}").at("/choices/0/message/content").asString());
        assertThat(answer.path("n").isIntegralNumber()).isTrue();
        assertThat(answer.path("kind").asString()).isIn("wall", "mat");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {}                                                                        | messages          | 1
            {"messages":"hi"}                                                         | messages          | array
            {"messages":[{"content":"x"}]}                                            | messages[0].role  | missing
            {"messages":[{"role":"judge","content":"x"}]}                             | messages[0].role  | judge
            {"messages":[{"role":"user","content":7}]}                                | messages[0].content | a number
            {"messages":[{"role":"user","content":[{"type":"image_url"}]}]}           | messages[0].content[0].type | image_url
            {"messages":[{"role":"user","content":"x"}],"temperature":"hot"}          | temperature       | a number
            {"messages":[{"role":"user","content":"x"}],"temperature":-1}             | temperature       | -1
            {"messages":[{"role":"user","content":"x"}],"n":1000}                     | n                 | 1000
            {"messages":[{"role":"user","content":"x"}],"max_tokens":1.5}             | max_tokens        | whole
            {"messages":[{"role":"user","content":"x"}],"logit_bias":{"cat":1}}       | logit_bias        | cat
            {"messages":[{"role":"user","content":"x"}],"tool_choice":"required"}     | tool_choice       | no tools
            {"messages":[{"role":"user","content":"x"}],"response_format":{"type":"xml"}} | response_format.type | xml
            {"messages":[{"role":"user","content":"x"}],"stream":"yes"}               | stream            | true or false
            """)
    void aWrongFieldIsNamed(String body, String param, String says) throws Exception {
        HttpResponse<String> response = server.post(PATH, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonNode error = Json.tree(response.body()).path("error");
        assertThat(error.path("param").asString()).isEqualTo(param);
        assertThat(error.path("message").asString()).contains(says);
        assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
    }

    @Test
    void tooLongAPromptIsRefusedWithBothNumbers() throws Exception {
        HttpResponse<String> response = server.post(PATH, "{\"messages\":[{\"role\":\"user\",\"content\":\"" + "jackdaw ".repeat(2000) + "\"}]}");
        assertThat(response.statusCode()).isEqualTo(400);
        JsonNode error = Json.tree(response.body()).path("error");
        assertThat(error.path("code").asString()).isEqualTo("context_length_exceeded");
        assertThat(error.path("message").asString()).contains(Integer.toString(TestServer.CONTEXT));
    }

    @Test
    void anUnknownModelIsToldWithThoseThereAre() throws Exception {
        HttpResponse<String> response = server.post(PATH, "{\"model\":\"../../etc/passwd\"," + HELLO + "}");
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(Json.tree(response.body()).at("/error/message").asString()).contains("there are: tiny");
    }

    @Test
    void unknownFieldsAreNamedAndDoNoHarm() throws Exception {
        HttpResponse<String> response = server.post(PATH, "{\"max_tokens\":1,\"wings\":2,\"verbosity\":\"low\"," + HELLO + "}");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("X-Jackdaw-Ignored")).hasValue("verbosity,wings");
    }

    @Test
    void aClientThatLeavesEndsItsAnswer() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.uri(PATH)).POST(HttpRequest.BodyPublishers.ofString("{\"stream\":true,\"temperature\":0,\"logit_bias\":{},\"max_tokens\":450," + HELLO + "}")).build();
        HttpResponse<InputStream> response = server.client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        assertThat(response.body().read()).isEqualTo('d');
        response.body().close();
        for (int i = 0; i < 500 && (running() > 0 || server.server.models().list().getFirst().users() > 0); i++) {
            Thread.sleep(10);
        }
        assertThat(running()).isZero();
        assertThat(server.server.models().list().getFirst().users()).isZero();
    }

    @Test
    void aClientThatLeavesBeforeAWholeAnswerEndsIt() throws Exception {
        byte[] body = ("{\"temperature\":1,\"n\":16,\"max_tokens\":450," + HELLO + "}").getBytes(StandardCharsets.UTF_8);
        try (Socket socket = new Socket("127.0.0.1", server.server.port())) {
            socket.getOutputStream().write(("POST " + PATH + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body);
            for (int i = 0; i < 30_000 && running() == 0; i++) {
                Thread.sleep(1);
            }
            assertThat(running()).isPositive();
        }
        long before = written();
        for (int i = 0; i < 500 && running() > 0; i++) {
            Thread.sleep(10);
        }
        assertThat(running()).isZero();
        assertThat(written() - before).as("tokens after the client had left").isLessThan(3000);
    }

    /// What comes while an answer is being written is the next request.
    @Test
    void aClientMaySendTheNextRequestAtOnce() throws Exception {
        byte[] body = ("{\"temperature\":0,\"max_tokens\":5," + HELLO + "}").getBytes(StandardCharsets.UTF_8);
        String head = "POST " + PATH + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + body.length + "\r\n\r\n";
        try (Socket socket = new Socket("127.0.0.1", server.server.port())) {
            for (int i = 0; i < 3; i++) {
                socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
                socket.getOutputStream().write(body);
                Thread.sleep(i * 5L);
            }
            socket.getOutputStream().write("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.setSoTimeout(30_000);
            byte[] buffer = new byte[1 << 16];
            StringBuilder all = new StringBuilder();
            while (!all.toString().endsWith("}]}")) {
                all.append(new String(buffer, 0, socket.getInputStream().read(buffer), StandardCharsets.UTF_8));
            }
            assertThat(all.toString().split("HTTP/1.1 200", -1)).hasSize(5);
        }
    }

    private static int running() {
        LoadedModel model = server.server.models().loaded().get("tiny");
        return model == null ? 0 : model.engine().statistics().running();
    }

    private static long written() {
        return server.server.models().loaded().get("tiny").engine().statistics().newTokens();
    }

    @Test
    void tokensThatWereKnownAreCounted() throws Exception {
        String ask = "{\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\"" + "the cat sat on a mat ".repeat(20) + "\"}]}";
        server.json(PATH, ask);
        JsonNode usage = server.json(PATH, ask).path("usage");
        assertThat(usage.at("/prompt_tokens_details/cached_tokens").asInt()).isBetween(1, usage.path("prompt_tokens").asInt());
    }
}
