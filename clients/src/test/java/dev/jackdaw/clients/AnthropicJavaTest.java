package dev.jackdaw.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageContentParam;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolChoiceAny;
import com.anthropic.models.messages.ToolResultBlockParam;
import com.anthropic.models.messages.ToolUseBlock;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With Anthropic's own client for Java.
@Timeout(120)
class AnthropicJavaTest {
    /// What an answer must be.
    public static class Verdict {
        public boolean bird;
    }

    private static TinyServer server;
    private static AnthropicClient client;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        server = new TinyServer(folder);
        client = AnthropicOkHttpClient.builder().baseUrl(server.address()).apiKey("any").maxRetries(0).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static MessageCreateParams.Builder hello() {
        return MessageCreateParams.builder().model("tiny").system("be brief").addUserMessage("hello jackdaw").maxTokens(30);
    }

    private static Message streamed(MessageCreateParams ask) {
        MessageAccumulator all = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> stream = client.messages().createStreaming(ask)) {
            stream.stream().forEach(event -> all.accumulate(event.validate()));
        }
        return all.message();
    }

    @Test
    void messages() {
        MessageCreateParams ask = hello().putAdditionalBodyProperty("temperature", JsonValue.from(0)).build();
        Message whole = client.messages().create(ask);
        String text = whole.content().getFirst().asText().text();
        assertThat(text).isNotEmpty();
        assertThat(whole.stopReason()).hasValueSatisfying(reason -> assertThat(reason).isIn(StopReason.END_TURN, StopReason.MAX_TOKENS));
        Message same = streamed(ask);
        assertThat(same.content().getFirst().asText().text()).isEqualTo(text);
        assertThat(same.stopReason()).isEqualTo(whole.stopReason());
        assertThat(same.usage().outputTokens()).isEqualTo(whole.usage().outputTokens());
        long counted = client.messages().countTokens(MessageCountTokensParams.builder().model("tiny").system("be brief").addUserMessage("hello jackdaw").build()).inputTokens();
        assertThat(counted).isEqualTo(whole.usage().inputTokens() + whole.usage().cacheReadInputTokens().orElseThrow());
    }

    @Test
    void toolsAndTheirResults() {
        Tool weather = Tool.builder().name("weather").description("how warm it is").inputSchema(Tool.InputSchema.builder()
                .properties(Tool.InputSchema.Properties.builder().putAdditionalProperty("city", JsonValue.from(Map.of("enum", List.of("Riga", "Oslo")))).build()).addRequired("city").build()).build();
        MessageCreateParams ask = hello().maxTokens(120).putAdditionalBodyProperty("temperature", JsonValue.from(0)).addTool(weather)
                .toolChoice(ToolChoiceAny.builder().disableParallelToolUse(true).build()).build();
        Message called = client.messages().create(ask);
        assertThat(called.stopReason()).hasValue(StopReason.TOOL_USE);
        ToolUseBlock use = called.content().getLast().asToolUse();
        assertThat(use._input().toString()).containsAnyOf("Riga", "Oslo");
        assertThat(streamed(ask).content().getLast().asToolUse()._input()).isEqualTo(use._input());
        ContentBlockParam result = ContentBlockParam.ofToolResult(ToolResultBlockParam.builder().toolUseId(use.id()).content("warm").build());
        Message answer = client.messages().create(hello().addTool(weather).addMessage(called).addUserMessage(MessageContentParam.ofContentBlockParams(List.of(result))).build());
        assertThat(answer.usage().outputTokens()).isNotNegative();
    }

    @Test
    void structuredOutput() {
        var answer = client.messages().create(hello().maxTokens(100).outputConfig(Verdict.class).build());
        assertThat(answer.content().getFirst().asText().text()).isNotNull();
    }

    @Test
    void errors() {
        assertThatThrownBy(() -> client.messages().create(hello().model("none").build())).isInstanceOf(NotFoundException.class).hasMessageContaining("there are: tiny");
        assertThatThrownBy(() -> client.messages().create(hello().putAdditionalBodyProperty("temperature", JsonValue.from(-1)).build())).isInstanceOf(BadRequestException.class).hasMessageContaining("temperature");
    }
}
