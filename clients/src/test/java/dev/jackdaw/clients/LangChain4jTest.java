package dev.jackdaw.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With LangChain4j's models for OpenAI.
@Timeout(120)
class LangChain4jTest {
    private static TinyServer server;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        server = new TinyServer(folder);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static OpenAiChatModel.OpenAiChatModelBuilder model() {
        return OpenAiChatModel.builder().baseUrl(server.address() + "/v1").apiKey("any").modelName("tiny").temperature(0.0).maxTokens(120).maxRetries(0).timeout(Duration.ofSeconds(60));
    }

    private static ChatResponse streamed(ChatRequest request, StringBuilder pieces) throws Exception {
        OpenAiStreamingChatModel model = OpenAiStreamingChatModel.builder().baseUrl(server.address() + "/v1").apiKey("any").modelName("tiny").temperature(0.0).maxTokens(120).timeout(Duration.ofSeconds(60)).build();
        CompletableFuture<ChatResponse> done = new CompletableFuture<>();
        model.chat(request, new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                pieces.append(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                done.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                done.completeExceptionally(error);
            }
        });
        return done.get(60, TimeUnit.SECONDS);
    }

    @Test
    void chat() throws Exception {
        ChatRequest request = ChatRequest.builder().messages(UserMessage.from("hello jackdaw")).build();
        ChatResponse whole = model().build().chat(request);
        assertThat(whole.aiMessage().text()).isNotEmpty();
        StringBuilder pieces = new StringBuilder();
        ChatResponse streamed = streamed(request, pieces);
        assertThat(pieces.toString()).isEqualTo(whole.aiMessage().text()).isEqualTo(streamed.aiMessage().text());
        assertThat(streamed.tokenUsage().totalTokenCount()).isEqualTo(whole.tokenUsage().totalTokenCount());
    }

    @Test
    void tools() throws Exception {
        ChatRequest request = ChatRequest.builder().messages(UserMessage.from("how warm is it?")).toolChoice(ToolChoice.REQUIRED)
                .toolSpecifications(ToolSpecification.builder().name("weather").parameters(JsonObjectSchema.builder().addEnumProperty("city", List.of("Riga", "Oslo")).required("city").build()).build()).build();
        var call = model().parallelToolCalls(false).build().chat(request).aiMessage().toolExecutionRequests().getFirst();
        assertThat(call.name()).isEqualTo("weather");
        assertThat(call.arguments()).containsAnyOf("Riga", "Oslo");
        var calls = streamed(request, new StringBuilder()).aiMessage().toolExecutionRequests();
        assertThat(calls.getFirst().arguments()).isEqualTo(call.arguments());
    }

    @Test
    void structuredOutput() {
        ResponseFormat format = ResponseFormat.builder().type(ResponseFormatType.JSON).jsonSchema(JsonSchema.builder().name("verdict")
                .rootElement(JsonObjectSchema.builder().addBooleanProperty("bird").required("bird").additionalProperties(false).build()).build()).build();
        String text = model().strictJsonSchema(true).build().chat(ChatRequest.builder().messages(UserMessage.from("a bird?")).responseFormat(format).build()).aiMessage().text();
        assertThat(text.replaceAll("\\s", "")).matches("\\{\"bird\":(true|false)}");
    }

    @Test
    void embeddings() {
        var model = OpenAiEmbeddingModel.builder().baseUrl(server.address() + "/v1").apiKey("any").modelName("tiny").maxRetries(0).build();
        assertThat(model.embed("the cat").content().vector()).hasSize(64).isEqualTo(model.embed("the cat").content().vector());
    }

    @Test
    void errors() {
        assertThatThrownBy(() -> model().temperature(-1.0).build().chat("hello")).isInstanceOf(InvalidRequestException.class).hasMessageContaining("temperature");
    }
}
