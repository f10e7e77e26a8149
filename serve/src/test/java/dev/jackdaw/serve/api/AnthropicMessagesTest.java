package dev.jackdaw.serve.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.serve.TestServer;
import dev.jackdaw.serve.http.Json;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@Timeout(60)
class AnthropicMessagesTest {
    private static final String PATH = "/v1/messages";
    private static final String HELLO = "\"messages\":[{\"role\":\"user\",\"content\":\"hello jackdaw\"}]";
    private static final String TOOL = "\"tools\":[{\"name\":\"add\",\"input_schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9}},\"required\":[\"a\"],"
            + "\"additionalProperties\":false}}]";

    @AutoClose
    private static final TestServer server = TestServer.start();

    private static List<String> types(List<JsonNode> events) {
        return events.stream().map(event -> event.path("type").asString()).filter(type -> !type.equals("content_block_delta")).toList();
    }

    @Test
    void eventsSayWhatTheWholeMessageSays() throws Exception {
        String ask = "{\"model\":\"tiny\",\"system\":[{\"type\":\"text\",\"text\":\"be brief\"}],\"max_tokens\":20,\"seed\":3," + HELLO;
        JsonNode whole = server.json(PATH, ask + "}");
        assertThat(whole.path("type").asString()).isEqualTo("message");
        assertThat(whole.path("stop_reason").asString()).isIn("max_tokens", "end_turn");
        String text = whole.at("/content/0/text").asString();
        assertThat(text).isNotEmpty();
        List<JsonNode> events = server.all(PATH, ask + ",\"stream\":true}");
        assertThat(types(events)).containsExactly("message_start", "ping", "content_block_start", "content_block_stop", "message_delta", "message_stop");
        StringBuilder streamed = new StringBuilder();
        events.forEach(event -> streamed.append(event.at("/delta/text").asString("")));
        assertThat(streamed.toString()).isEqualTo(text);
        JsonNode end = events.get(events.size() - 2);
        assertThat(end.at("/delta/stop_reason")).isEqualTo(whole.path("stop_reason"));
        assertThat(end.at("/usage/output_tokens")).isEqualTo(whole.at("/usage/output_tokens"));
        int counted = server.json(PATH + "/count_tokens", "{\"system\":\"be brief\"," + HELLO + "}").path("input_tokens").asInt();
        assertThat(counted).isEqualTo(events.getFirst().at("/message/usage/input_tokens").asInt())
                .isEqualTo(whole.at("/usage/input_tokens").asInt() + whole.at("/usage/cache_read_input_tokens").asInt());
    }

    @Test
    void aStopSequenceIsNamed() throws Exception {
        String ask = "{\"max_tokens\":40,\"temperature\":0," + HELLO;
        String text = server.json(PATH, ask + "}").at("/content/0/text").asString();
        String stop = text.substring(text.length() / 2, text.length() / 2 + 1);
        JsonNode cut = server.json(PATH, ask + ",\"stop_sequences\":[\"never said\"," + Json.text(stop) + "]}");
        assertThat(cut.path("stop_reason").asString()).isEqualTo("stop_sequence");
        assertThat(cut.path("stop_sequence").asString()).isEqualTo(stop);
    }

    @Test
    void aDemandedCallIsABlockAndItsResultGoesBack() throws Exception {
        String ask = "{\"max_tokens\":100,\"seed\":1," + HELLO + "," + TOOL + ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"add\",\"disable_parallel_tool_use\":true}";
        JsonNode whole = server.json(PATH, ask + "}");
        assertThat(whole.path("stop_reason").asString()).isEqualTo("tool_use");
        JsonNode use = whole.path("content").get(whole.path("content").size() - 1);
        assertThat(use.path("type").asString()).isEqualTo("tool_use");
        assertThat(use.at("/input/a").isIntegralNumber()).isTrue();
        StringBuilder input = new StringBuilder();
        server.all(PATH, ask + ",\"stream\":true}").forEach(event -> input.append(event.at("/delta/partial_json").asString("")));
        assertThat(Json.tree(input.toString())).isEqualTo(use.path("input"));
        JsonNode answer = server.json(PATH, "{\"max_tokens\":5," + TOOL + ",\"messages\":[{\"role\":\"user\",\"content\":\"add\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"so\"}," + use
                + "]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":" + use.path("id") + ",\"content\":[{\"type\":\"text\",\"text\":\"7\"}]},{\"type\":\"text\",\"text\":\"go on\"}]}]}");
        assertThat(answer.at("/usage/output_tokens").asInt()).isBetween(0, 5);
    }

    @Test
    void thoughtsAreBlocksBeforeTheText() {
        List<String> seen = new ArrayList<>();
        MessageBlocks blocks = new MessageBlocks((type, fields) -> seen.add(type + " " + fields.get("index")));
        blocks.reasoning("hm");
        blocks.content("Yes.");
        blocks.toolCall(new Message.ToolCall("call_1", "add", "{\"a\":1}"));
        assertThat(seen).containsExactly("content_block_start 0", "content_block_delta 0", "content_block_stop 0", "content_block_start 1", "content_block_delta 1", "content_block_stop 1",
                "content_block_start 2", "content_block_delta 2", "content_block_stop 2");
        assertThat(Json.text(blocks.blocks())).isEqualTo("[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"\"},{\"type\":\"text\",\"text\":\"Yes.\"},"
                + "{\"type\":\"tool_use\",\"id\":\"call_1\",\"name\":\"add\",\"input\":{\"a\":1}}]");
    }

    @Test
    void aMessageWithoutTextIsAMessage() throws Exception {
        for (String content : List.of("[]", "[{\"type\":\"text\",\"text\":\"\"}]", "\"\"")) {
            assertThat(server.json(PATH, "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":" + content + "}]}").path("type").asString()).as(content).isEqualTo("message");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"messages":[{"role":"user","content":"x"}]}                                                   | max_tokens
            {"max_tokens":1,"messages":[]}                                                                 | messages
            {"max_tokens":1,"messages":[{"role":"system","content":"x"}]}                                  | messages[0].role
            {"max_tokens":1,"messages":[{"role":"user"}]}                                                  | messages[0].content
            {"max_tokens":1,"messages":[{"role":"user","content":[{"type":"image"}]}]}                     | messages[0].content[0].type
            {"max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]} | messages
            {"max_tokens":1,"messages":[{"role":"user","content":"x"}],"tools":[{"type":"bash_20250124","name":"bash"}]} | tools[0].type
            {"max_tokens":1,"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"any"}}       | tool_choice
            {"max_tokens":1,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled"}}      | thinking.budget_tokens
            """)
    void aWrongFieldIsNamed(String body, String param) throws Exception {
        HttpResponse<String> response = server.post(PATH, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        JsonNode error = Json.tree(response.body());
        assertThat(error.path("type").asString()).isEqualTo("error");
        assertThat(error.at("/error/type").asString()).isEqualTo("invalid_request_error");
        assertThat(error.at("/error/message").asString()).startsWith(param + " ");
    }
}
