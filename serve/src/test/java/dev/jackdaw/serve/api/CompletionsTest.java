package dev.jackdaw.serve.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.TestServer;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Plain text goes on.
class CompletionsTest {
    private static final String PATH = "/v1/completions";

    @AutoClose
    private static final TestServer server = TestServer.start();

    /// As programs for evaluation ask: the text again with the probabilities of its tokens, where they find the chosen one among the likeliest.
    @Test
    void theChosenTokenIsAmongTheLikeliest() throws Exception {
        for (int logprobs : new int[] {0, 1, 3}) {
            JsonNode found = server.json(PATH, "{\"prompt\":\"the cat sat\",\"echo\":true,\"max_tokens\":0,\"logprobs\":" + logprobs + "}").at("/choices/0/logprobs");
            assertThat(found.path("tokens").size()).isGreaterThan(1);
            for (int i = 1; i < found.path("tokens").size(); i++) {
                String token = found.path("tokens").get(i).asString();
                assertThat(found.path("top_logprobs").get(i).path(token).asDouble()).isEqualTo(found.path("token_logprobs").get(i).asDouble());
                assertThat(found.path("top_logprobs").get(i).size()).isBetween(Math.max(1, logprobs), logprobs + 1);
            }
        }
    }

    @Test
    void aStreamSaysWhatTheWholeTextSays() throws Exception {
        String ask = "{\"prompt\":\"the cat sat\",\"echo\":true,\"max_tokens\":6,\"temperature\":0,\"ignore_eos\":true,\"logprobs\":1,\"n\":2";
        JsonNode whole = server.json(PATH, ask + "}").path("choices");
        List<JsonNode> chunks = server.events(PATH, ask + ",\"stream\":true}");
        for (int choice = 0; choice < 2; choice++) {
            StringBuilder text = new StringBuilder(), tokens = new StringBuilder(), offsets = new StringBuilder();
            for (JsonNode chunk : chunks) {
                JsonNode each = chunk.at("/choices/0");
                if (each.path("index").asInt() == choice) {
                    text.append(each.path("text").asString());
                    each.at("/logprobs/tokens").forEach(token -> tokens.append(token).append(','));
                    each.at("/logprobs/text_offset").forEach(offset -> offsets.append(offset).append(','));
                }
            }
            assertThat(text.toString()).isEqualTo(whole.get(choice).path("text").asString());
            assertThat("[" + tokens + "]").isEqualTo(whole.get(choice).at("/logprobs/tokens").toString().replace("]", ",]"));
            assertThat("[" + offsets + "]").isEqualTo(whole.get(choice).at("/logprobs/text_offset").toString().replace("]", ",]"));
        }
    }

    @Test
    void anAnswerWithoutTokensEndsInAStreamToo() throws Exception {
        assertThat(server.events(PATH, "{\"prompt\":\"the cat\",\"max_tokens\":0,\"stream\":true}").getLast().at("/choices/0/finish_reason").asString()).isEqualTo("length");
    }

    @Test
    void anEmptySuffixIsNone() throws Exception {
        String ask = "{\"prompt\":\"the cat\",\"max_tokens\":5,\"temperature\":0";
        assertThat(server.json(PATH, ask + ",\"suffix\":\"\"}").at("/choices/0/text")).isEqualTo(server.json(PATH, ask + "}").at("/choices/0/text"));
    }
}
