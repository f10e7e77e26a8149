package dev.jackdaw.serve.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.serve.TestServer;
import dev.jackdaw.serve.http.Json;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@Timeout(60)
class ResponsesTest {
    private static final String PATH = "/v1/responses";
    private static final String TOOL = "\"tools\":[{\"type\":\"function\",\"name\":\"add\",\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9}},"
            + "\"required\":[\"a\"],\"additionalProperties\":false}}]";

    @AutoClose
    private static final TestServer server = TestServer.start();

    @Test
    void eventsEndWithTheWholeResponse() throws Exception {
        String ask = "{\"input\":\"hello jackdaw\",\"instructions\":\"be brief\",\"max_output_tokens\":20,\"seed\":3";
        JsonNode whole = server.json(PATH, ask + "}");
        assertThat(whole.path("object").asString()).isEqualTo("response");
        assertThat(whole.path("instructions").asString()).isEqualTo("be brief");
        String text = whole.at("/output/0/content/0/text").asString();
        assertThat(text).isNotEmpty();
        List<JsonNode> events = server.all(PATH, ask + ",\"stream\":true}");
        StringBuilder streamed = new StringBuilder();
        List<String> types = new ArrayList<>();
        for (int i = 0; i < events.size(); i++) {
            JsonNode event = events.get(i);
            assertThat(event.path("sequence_number").asInt()).isEqualTo(i);
            String type = event.path("type").asString();
            if (type.equals("response.output_text.delta")) {
                streamed.append(event.path("delta").asString());
                assertThat(event.path("item_id").asString()).startsWith("msg_");
            } else {
                types.add(type);
            }
        }
        assertThat(streamed.toString()).isEqualTo(text);
        assertThat(types).containsExactly("response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response." + whole.path("status").asString());
        JsonNode last = events.getLast().path("response");
        assertThat(last.at("/output/0/content")).isEqualTo(whole.at("/output/0/content"));
        assertThat(last.at("/usage/total_tokens")).isEqualTo(whole.at("/usage/total_tokens"));
    }

    @Test
    void aConversationGoesOnFromAKeptResponse() throws Exception {
        String first = server.json(PATH, "{\"input\":\"hello jackdaw\",\"max_output_tokens\":8,\"seed\":1}").toString();
        JsonNode kept = Json.tree(first);
        String id = kept.path("id").asString();
        assertThat(Json.tree(server.get(PATH + "/" + id).body())).isEqualTo(kept);
        JsonNode next = server.json(PATH, "{\"input\":\"go on\",\"max_output_tokens\":8,\"seed\":2,\"previous_response_id\":\"" + id + "\"}");
        String said = kept.at("/output/0/content/0/text").asString();
        JsonNode same = server.json(PATH, "{\"max_output_tokens\":8,\"seed\":2,\"input\":[{\"role\":\"user\",\"content\":\"hello jackdaw\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":"
                + Json.text(said) + "}]},{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"go on\"}]}]}");
        assertThat(next.at("/output/0/content/0/text")).isEqualTo(same.at("/output/0/content/0/text"));
        assertThat(next.at("/usage/input_tokens")).isEqualTo(same.at("/usage/input_tokens"));
        HttpResponse<String> gone = server.client.send(HttpRequest.newBuilder(server.uri(PATH + "/" + id)).DELETE().build(), HttpResponse.BodyHandlers.ofString());
        assertThat(Json.tree(gone.body()).path("deleted").asBoolean()).isTrue();
        assertThat(server.get(PATH + "/" + id).statusCode()).isEqualTo(404);
        HttpResponse<String> lost = server.post(PATH, "{\"input\":\"x\",\"previous_response_id\":\"" + id + "\"}");
        assertThat(lost.statusCode()).isEqualTo(400);
        assertThat(Json.tree(lost.body()).at("/error/code").asString()).isEqualTo("previous_response_not_found");
    }

    @Test
    void whatShallNotBeKeptIsNot() throws Exception {
        String id = server.json(PATH, "{\"input\":\"hello\",\"max_output_tokens\":1,\"store\":false}").path("id").asString();
        assertThat(server.get(PATH + "/" + id).statusCode()).isEqualTo(404);
    }

    @Test
    void aDemandedCallComesAsAnItemAndItsResultGoesBack() throws Exception {
        String ask = "{\"input\":\"add\",\"max_output_tokens\":100,\"seed\":1,\"parallel_tool_calls\":false,\"tool_choice\":{\"type\":\"function\",\"name\":\"add\"}," + TOOL;
        JsonNode call = server.json(PATH, ask + "}").at("/output/0");
        assertThat(call.path("type").asString()).isEqualTo("function_call");
        assertThat(Json.tree(call.path("arguments").asString()).path("a").isIntegralNumber()).isTrue();
        List<JsonNode> events = server.all(PATH, ask + ",\"stream\":true}");
        assertThat(events.stream().map(event -> event.path("type").asString())).containsSequence("response.output_item.added", "response.function_call_arguments.delta",
                "response.function_call_arguments.done", "response.output_item.done");
        JsonNode answer = server.json(PATH, "{\"max_output_tokens\":5,\"input\":[{\"role\":\"user\",\"content\":\"add\"}," + call + ",{\"type\":\"function_call_output\",\"call_id\":"
                + call.path("call_id") + ",\"output\":\"7\"}]," + TOOL + "}");
        assertThat(answer.path("output").isEmpty()).isFalse();
    }

    @Test
    void anAnswerFitsItsSchema() throws Exception {
        String text = server.json(PATH, "{\"input\":\"x\",\"max_output_tokens\":100,\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"kind\",\"schema\":{\"enum\":[\"wall\",\"mat\"]}}}}")
                .at("/output/0/content/0/text").asString();
        assertThat(text).isIn("\"wall\"", "\"mat\"");
    }

    @Test
    void thoughtsAreItemsBeforeTheMessage() {
        List<String> types = new ArrayList<>();
        ResponseOutput output = new ResponseOutput(server.server.models().loaded().isEmpty() ? null : server.server.models().loaded().get("tiny").model().tokenizer(),
                (type, fields) -> types.add(type + (fields.containsKey("output_index") ? " " + fields.get("output_index") : "")));
        output.reasoning("hm");
        output.reasoning(", yes");
        output.content("Yes.");
        output.toolCall(new Message.ToolCall("call_1", "add", "{}"));
        assertThat(types).containsExactly("response.output_item.added 0", "response.content_part.added 0", "response.reasoning_text.delta 0", "response.reasoning_text.delta 0", "response.reasoning_text.done 0",
                "response.content_part.done 0", "response.output_item.done 0", "response.output_item.added 1", "response.content_part.added 1", "response.output_text.delta 1", "response.output_text.done 1",
                "response.content_part.done 1", "response.output_item.done 1", "response.output_item.added 2", "response.function_call_arguments.delta 2", "response.function_call_arguments.done 2",
                "response.output_item.done 2");
        assertThat(((Map<?, ?>) output.items().getFirst()).get("content").toString()).contains("hm, yes");
    }

    @Test
    void keptResponsesAreBoundedAndBelongToTheirKey() {
        ResponseStore store = new ResponseStore();
        for (int i = 0; i < 1001; i++) {
            store.put("resp_" + i, new ResponseStore.Kept("{}", List.of(), i == 1000 ? "ann" : null));
        }
        assertThat(store.find("resp_0", null)).isEmpty();
        assertThat(store.find("resp_1", null)).isPresent();
        assertThat(store.find("resp_1000", null)).isEmpty();
        assertThat(store.find("resp_1000", "ann")).isPresent();
        store.put("large", new ResponseStore.Kept("x".repeat(33 << 20), List.of(), null));
        assertThat(store.find("resp_1000", "ann")).isEmpty();
        assertThat(store.find("large", null)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {}                                                        | input           | 0 items
            {"input":7}                                               | input           | a number
            {"input":[{"type":"item_reference","id":"x"}]}            | input[0].type   | item_reference
            {"input":[{"role":"user","content":[{"type":"input_image"}]}]} | input[0].content[0].type | text only
            {"input":"x","background":true}                           | background      | not supported
            {"input":"x","conversation":"conv_1"}                     | conversation    | not supported
            {"input":"x","tools":[{"type":"web_search"}]}             | tools[0].type   | web_search
            {"input":"x","max_output_tokens":0}                       | max_output_tokens | 0
            {"input":"x","reasoning":{"effort":"huge"}}               | reasoning.effort | huge
            {"input":"x","text":{"format":{"type":"xml"}}}            | text.format.type | xml
            {"input":"x","truncation":"perhaps"}                      | truncation      | perhaps
            """)
    void aWrongFieldIsNamed(String body, String param, String says) throws Exception {
        HttpResponse<String> response = server.post(PATH, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonNode error = Json.tree(response.body()).path("error");
        assertThat(error.path("param").asString()).isEqualTo(param);
        assertThat(error.path("message").asString()).contains(says);
    }
}
