package dev.jackdaw.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.chat.completions.StructuredChatCompletionCreateParams;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import com.openai.models.responses.ToolChoiceOptions;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With OpenAI's own client for Java.
@Timeout(120)
class OpenAiJavaTest {
    /// What an answer must be.
    public static class Verdict {
        public boolean bird;
        public Kind kind;
    }

    public enum Kind { WALL, MAT }

    /// A tool.
    public static class Weather {
        public Kind place;
    }

    private static TinyServer server;
    private static OpenAIClient client;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        server = new TinyServer(folder);
        client = OpenAIOkHttpClient.builder().baseUrl(server.address() + "/v1").apiKey("any").maxRetries(0).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static ChatCompletionCreateParams.Builder hello() {
        return ChatCompletionCreateParams.builder().model("tiny").addSystemMessage("be brief").addUserMessage("hello jackdaw").maxCompletionTokens(30).seed(7);
    }

    @Test
    void chat() {
        ChatCompletion whole = client.chat().completions().create(hello().build());
        String text = whole.choices().getFirst().message().content().orElseThrow();
        assertThat(text).isNotEmpty();
        assertThat(whole.usage().orElseThrow().totalTokens()).isEqualTo(whole.usage().get().promptTokens() + whole.usage().get().completionTokens());
        assertThat(whole.usage().get().promptTokensDetails().orElseThrow().cachedTokens()).isPresent();
        ChatCompletionAccumulator all = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(hello().build())) {
            stream.stream().forEach(all::accumulate);
        }
        assertThat(all.chatCompletion().choices().getFirst().message().content()).hasValue(text);
        assertThat(all.chatCompletion().choices().getFirst().finishReason().asString()).isEqualTo(whole.choices().getFirst().finishReason().asString());
    }

    @Test
    void toolsAndTheirResults() {
        ChatCompletionCreateParams.Builder ask = hello().maxCompletionTokens(120).addTool(Weather.class).toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED).parallelToolCalls(false);
        ChatCompletion called = client.chat().completions().create(ask.build());
        ChatCompletionMessageFunctionToolCall call = called.choices().getFirst().message().toolCalls().orElseThrow().getFirst().asFunction();
        assertThat(call.function().name()).isEqualTo("Weather");
        assertThat(call.function().arguments(Weather.class).place).isNotNull();
        ChatCompletionAccumulator all = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(ask.build())) {
            stream.stream().forEach(all::accumulate);
        }
        assertThat(all.chatCompletion().choices().getFirst().message().toolCalls().orElseThrow().getFirst().asFunction().function().arguments()).isEqualTo(call.function().arguments());
        ChatCompletion answer = client.chat().completions().create(hello().addTool(Weather.class).addMessage(called.choices().getFirst().message())
                .addMessage(ChatCompletionToolMessageParam.builder().toolCallId(call.id()).content("warm").build()).build());
        assertThat(answer.usage().orElseThrow().promptTokens()).isGreaterThan(called.usage().orElseThrow().promptTokens());
    }

    @Test
    void structuredOutput() {
        StructuredChatCompletionCreateParams<Verdict> ask = hello().maxCompletionTokens(200).responseFormat(Verdict.class).build();
        assertThat(client.chat().completions().create(ask).choices().getFirst().message().content().orElseThrow().kind).isNotNull();
    }

    @Test
    void completions() {
        var answer = client.completions().create(CompletionCreateParams.builder().model("tiny").prompt("the cat").maxTokens(5).echo(true).logprobs(2).build());
        assertThat(answer.choices().getFirst().text()).startsWith("the cat");
        assertThat(answer.choices().getFirst().logprobs().orElseThrow().tokens().orElseThrow()).isNotEmpty();
    }

    /// The client asks for base64 where nobody says otherwise.
    @Test
    void embeddings() {
        List<Float> usual = client.embeddings().create(EmbeddingCreateParams.builder().model("tiny").input("the cat").build()).data().getFirst().embedding();
        List<Float> plain = client.embeddings().create(EmbeddingCreateParams.builder().model("tiny").input("the cat").encodingFormat(EmbeddingCreateParams.EncodingFormat.FLOAT).build())
                .data().getFirst().embedding();
        assertThat(usual).hasSize(64).isEqualTo(plain);
    }

    @Test
    void responses() {
        ResponseCreateParams.Builder ask = ResponseCreateParams.builder().model("tiny").instructions("be brief").input("hello jackdaw").maxOutputTokens(20);
        Response whole = client.responses().create(ask.temperature(0).build());
        String text = whole.output().getFirst().asMessage().content().getFirst().asOutputText().text();
        assertThat(text).isNotEmpty();
        assertThat(whole.usage().orElseThrow().outputTokens()).isBetween(1L, 20L);
        ResponseAccumulator all = ResponseAccumulator.create();
        StringBuilder deltas = new StringBuilder();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(ask.build())) {
            stream.stream().forEach(event -> {
                all.accumulate(event.validate());
                event.outputTextDelta().ifPresent(delta -> deltas.append(delta.delta()));
            });
        }
        assertThat(deltas.toString()).isEqualTo(text);
        assertThat(all.response().output().getFirst().asMessage().content().getFirst().asOutputText().text()).isEqualTo(text);
        Response next = client.responses().create(ResponseCreateParams.builder().model("tiny").previousResponseId(whole.id()).input("go on").maxOutputTokens(5).build());
        assertThat(next.usage().orElseThrow().inputTokens()).isGreaterThan(whole.usage().get().inputTokens());
        assertThat(client.responses().retrieve(whole.id()).id()).isEqualTo(whole.id());
        client.responses().delete(whole.id());
        assertThatThrownBy(() -> client.responses().retrieve(whole.id())).isInstanceOf(NotFoundException.class);
    }

    @Test
    void responsesWithTools() {
        ResponseCreateParams ask = ResponseCreateParams.builder().model("tiny").input("hello").maxOutputTokens(120).addTool(Weather.class).toolChoice(ToolChoiceOptions.REQUIRED).parallelToolCalls(false)
                .temperature(0).build();
        String arguments = client.responses().create(ask).output().getLast().asFunctionCall().arguments();
        assertThat(arguments).contains("place");
        StringBuilder streamed = new StringBuilder();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(ask)) {
            stream.stream().forEach(event -> event.validate().functionCallArgumentsDone().ifPresent(done -> streamed.append(done.arguments())));
        }
        assertThat(streamed.toString()).isEqualTo(arguments);
    }

    @Test
    void structuredResponses() {
        var ask = ResponseCreateParams.builder().model("tiny").input("hello").maxOutputTokens(200).text(Verdict.class).build();
        assertThat(client.responses().create(ask).output().getLast().asMessage().content().getFirst().asOutputText().kind).isNotNull();
    }

    @Test
    void models() {
        assertThat(client.models().list().data()).singleElement().satisfies(model -> assertThat(model.validate().id()).isEqualTo("tiny"));
        assertThat(client.models().retrieve("tiny").ownedBy()).isEqualTo("jackdaw");
    }

    @Test
    void errors() {
        assertThatThrownBy(() -> client.chat().completions().create(hello().model("none").build())).isInstanceOf(NotFoundException.class).hasMessageContaining("there are: tiny");
        assertThatThrownBy(() -> client.chat().completions().create(hello().temperature(-1).build())).isInstanceOfSatisfying(BadRequestException.class,
                e -> assertThat(e.param()).hasValue("temperature"));
    }
}
