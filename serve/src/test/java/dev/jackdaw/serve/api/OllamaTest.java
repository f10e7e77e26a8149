package dev.jackdaw.serve.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.TestServer;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.LoadedModel;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@Timeout(60)
class OllamaTest {
    private static final String HELLO = "\"model\":\"tiny:latest\",\"messages\":[{\"role\":\"user\",\"content\":\"hello jackdaw\"}]";

    @AutoClose
    private static final TestServer server = TestServer.start();

    @Test
    void aConversationIsStreamedUnlessItShallNotBe() throws Exception {
        String ask = "{" + HELLO + ",\"options\":{\"num_predict\":20,\"seed\":3,\"num_ctx\":2048}";
        JsonNode whole = server.json("/api/chat", ask + ",\"stream\":false}");
        assertThat(whole.path("done").asBoolean()).isTrue();
        assertThat(whole.path("done_reason").asString()).isIn("stop", "length");
        assertThat(whole.path("eval_count").asInt()).isPositive();
        assertThat(whole.path("total_duration").asLong()).isGreaterThanOrEqualTo(whole.path("prompt_eval_duration").asLong()).isPositive();
        List<JsonNode> lines = server.all("/api/chat", ask + "}");
        StringBuilder streamed = new StringBuilder();
        lines.forEach(line -> streamed.append(line.at("/message/content").asString()));
        assertThat(streamed.toString()).isEqualTo(whole.at("/message/content").asString()).isNotEmpty();
        assertThat(lines.getLast().path("eval_count")).isEqualTo(whole.path("eval_count"));
        assertThat(lines.subList(0, lines.size() - 1)).allMatch(line -> !line.path("done").asBoolean());
    }

    @Test
    void anAnswerFitsItsFormat() throws Exception {
        String text = server.json("/api/chat", "{" + HELLO + ",\"stream\":false,\"format\":{\"enum\":[\"wall\",\"mat\"]}}").at("/message/content").asString();
        assertThat(text).isIn("\"wall\"", "\"mat\"");
        String raw = server.json("/api/generate", "{\"model\":\"tiny\",\"prompt\":\"the cat\",\"raw\":true,\"stream\":false,\"format\":{\"enum\":[\"wall\",\"mat\"]}}").path("response").asString();
        assertThat(raw).isIn("\"wall\"", "\"mat\"");
        LoadedModel model = server.server.models().loaded().get("tiny");
        assertThat(model.trie()).as("kept once").isSameAs(model.chat().orElseThrow().trie());
    }

    @Test
    void aQuestionIsAConversationUnlessItIsRaw() throws Exception {
        String ask = "{\"model\":\"tiny\",\"prompt\":\"the cat\",\"stream\":false,\"options\":{\"num_predict\":5,\"temperature\":0}";
        JsonNode asked = server.json("/api/generate", ask + "}"), raw = server.json("/api/generate", ask + ",\"raw\":true}");
        assertThat(asked.path("prompt_eval_count").asInt()).isGreaterThan(raw.path("prompt_eval_count").asInt());
        assertThat(raw.path("response").asString()).isEqualTo(server.json("/v1/completions", "{\"prompt\":\"the cat\",\"max_tokens\":5,\"temperature\":0}").at("/choices/0/text").asString());
        assertThat(server.json("/api/generate", "{\"model\":\"tiny\"}").path("done_reason").asString()).isEqualTo("load");
    }

    /// Ollama's own client sends all of its fields, also those that are empty.
    @Test
    void emptyFieldsAskForNothing() throws Exception {
        String ask = "{\"model\":\"tiny\",\"stream\":false,\"options\":{\"num_predict\":5,\"temperature\":0},\"prompt\":\"the cat\"";
        JsonNode full = server.json("/api/generate", ask + ",\"suffix\":\"\",\"system\":\"\",\"template\":\"\",\"format\":\"\",\"images\":[],\"keep_alive\":\"5m\"}");
        assertThat(full.path("response")).isEqualTo(server.json("/api/generate", ask + "}").path("response"));
        assertThat(server.json("/api/generate", "{\"model\":\"tiny\",\"prompt\":\"\",\"suffix\":\"\"}").path("done_reason").asString()).isEqualTo("load");
    }

    @Test
    void howMuchIsWrittenAtMostNeedNotFit() throws Exception {
        for (String path : List.of("/api/chat", "/api/generate")) {
            String ask = path.endsWith("chat") ? "{" + HELLO : "{\"model\":\"tiny\",\"prompt\":\"the cat\"";
            for (int most : new int[] {4000, -1, -2}) {
                JsonNode answer = server.json(path, ask + ",\"stream\":false,\"options\":{\"num_predict\":" + most + "}}");
                assertThat(answer.path("prompt_eval_count").asInt() + answer.path("eval_count").asInt()).as("%s, %d", path, most).isLessThanOrEqualTo(TestServer.CONTEXT);
            }
            assertThat(server.json(path, ask + ",\"stream\":false,\"options\":{\"num_predict\":3}}").path("eval_count").asInt()).isLessThanOrEqualTo(3);
        }
    }

    @Test
    void textsBecomeVectors() throws Exception {
        JsonNode many = server.json("/api/embed", "{\"model\":\"tiny\",\"input\":[\"the cat\",\"a jackdaw\"]}");
        assertThat(many.path("embeddings").size()).isEqualTo(2);
        JsonNode one = server.json("/api/embeddings", "{\"model\":\"tiny\",\"prompt\":\"the cat\"}");
        assertThat(one.path("embedding")).isEqualTo(many.at("/embeddings/0"));
        assertThat(server.json("/v1/embeddings", "{\"input\":\"the cat\"}").at("/data/0/embedding")).isEqualTo(one.path("embedding"));
        String longer = "the cat sat ".repeat(600);
        assertThat(server.json("/api/embed", "{\"model\":\"tiny\",\"input\":\"" + longer + "\"}").path("prompt_eval_count").asInt()).isEqualTo(TestServer.CONTEXT);
        assertThat(server.post("/api/embed", "{\"model\":\"tiny\",\"truncate\":false,\"input\":\"" + longer + "\"}").statusCode()).isEqualTo(400);
    }

    @Test
    void modelsAreListedAndShown() throws Exception {
        JsonNode tag = Json.tree(server.get("/api/tags").body()).at("/models/0");
        assertThat(tag.path("name").asString()).isEqualTo("tiny:latest");
        assertThat(tag.path("digest").asString()).matches("[0-9a-f]{64}");
        JsonNode shown = server.json("/api/show", "{\"model\":\"tiny:latest\"}");
        assertThat(shown.at("/model_info/qwen3.context_length").asInt()).isEqualTo(TestServer.CONTEXT);
        assertThat(shown.path("capabilities").toString()).contains("completion", "tools").doesNotContain("thinking");
        assertThat(shown.path("template").asString()).contains("im_start");
        assertThat(Json.tree(server.get("/api/ps").body()).at("/models/0/details/family").asString()).isEqualTo("qwen3");
        assertThat(Json.tree(server.get("/api/version").body()).path("version").asString()).matches("\\d+\\.\\d+\\.\\d+");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"messages":[{"role":"user","content":"x"}]}                               | model
            {"model":"tiny","messages":[{"role":"user","content":"x"}],"format":"xml"} | format
            {"model":"tiny","messages":[{"role":"user","content":"x","images":["x"]}]} | messages[0].images
            {"model":"tiny","messages":[{"role":"judge","content":"x"}]}               | messages[0].role
            {"model":"tiny","messages":[{"role":"user","content":"x"}],"think":true}   | think
            {"model":"tiny","messages":[{"role":"user","content":"x"}],"options":{"temperature":"hot"}} | options.temperature
            {"model":"tiny","messages":[{"role":"user","content":"x"}],"template":"{{ .Prompt }}"} | template
            """)
    void aWrongFieldIsNamed(String body, String param) throws Exception {
        HttpResponse<String> response = server.post("/api/chat", body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(Json.tree(response.body()).path("error").asString()).startsWith(param + " ");
    }
}
