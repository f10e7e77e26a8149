package dev.jackdaw.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.ChatTemplates;
import dev.jackdaw.model.embed.Embedder;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.Device;
import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.SystemMessage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The adapters under LangChain4j itself: on a small model with random weights, whose words are noise but always the same, and on one that
/// says what the test wants it to say.
class JackdawModelsTest {
    private static final Path FILE = Path.of("../model/src/test/resources/reference/gguf/qwen3-Q8_0.gguf");

    private static Device device;
    private static Model model;

    @BeforeAll
    static void open() throws IOException {
        device = Device.cpu(2);
        model = Model.open(FILE, device);
    }

    @AfterAll
    static void close() {
        model.close();
        device.close();
    }

    private static ChatRequest request(String text) {
        return ChatRequest.builder().messages(UserMessage.from(text)).maxOutputTokens(24).build();
    }

    @Test
    void answersWithTheTokensThatTheEngineGivesToTheRenderedPrompt() throws Exception {
        ChatResponse response = new JackdawChatModel(model).chat(request("What is a jackdaw?"));
        int[] prompt = ChatTemplates.read(FILE).orElseThrow().render(List.of(Map.of("role", "user", "content", "What is a jackdaw?")), null, true, Map.of())
                .encode(model.tokenizer());
        int[] expected = new Generator(model.forward()).generate(prompt, 24, Sampling.greedy(), _ -> false, _ -> { }).ids();
        assertThat(response.aiMessage().text()).isEqualTo(model.tokenizer().decode(expected, false));
        assertThat(response.tokenUsage().inputTokenCount()).isEqualTo(prompt.length);
        assertThat(response.tokenUsage().outputTokenCount()).isEqualTo(24);
        assertThat(response.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(response.modelName()).isEqualTo("qwen3-Q8_0.gguf");
    }

    @Test
    void streamsTheSameTextInPieces() throws Exception {
        Heard heard = new Heard();
        new JackdawStreamingChatModel(model).chat(request("What is a jackdaw?"), heard);
        ChatResponse streamed = heard.response.get(60, TimeUnit.SECONDS);
        assertThat(streamed.aiMessage().text()).isEqualTo(new JackdawChatModel(model).chat(request("What is a jackdaw?")).aiMessage().text());
        assertThat(String.join("", heard.pieces)).isEqualTo(streamed.aiMessage().text());
        assertThat(heard.pieces).hasSizeGreaterThan(5);
    }

    @Test
    void embedsAsTheEmbedder() {
        JackdawEmbeddingModel embeddings = new JackdawEmbeddingModel(model);
        float[] vector = embeddings.embedAll(List.of(TextSegment.from("a bird"), TextSegment.from("a stone"))).content().get(1).vector();
        assertThat(vector).containsExactly(new Embedder(model.forward()).embed(model.tokenizer().encode("a stone", false, true)), within(0f));
        assertThat(vector).hasSize(embeddings.dimension());
    }

    interface Assistant {
        @SystemMessage("You are a calculator.")
        String ask(String question);
    }

    /// What LangChain4j calls when the model asks for it.
    static final class Calculator {
        private final List<String> asked = new ArrayList<>();

        @Tool("adds two numbers")
        int add(@P("first") int a, @P("second") int b) {
            asked.add(a + "+" + b);
            return a + b;
        }
    }

    private static Conversation scripted(String... turns) throws IOException {
        Tokenizer tokenizer = model.tokenizer();
        int end = tokenizer.id("<|im_end|>").orElseThrow();
        List<Integer> script = new ArrayList<>();
        for (String turn : turns) {
            for (int id : tokenizer.encode(turn, true, false)) {
                script.add(id);
            }
            script.add(end);
        }
        int[] ids = script.stream().mapToInt(Integer::intValue).toArray();
        ScriptedPredictor predictor = new ScriptedPredictor(tokenizer.vocabularySize(), ids);
        return new Conversation("scripted", Chat.of(tokenizer, ChatTemplates.read(FILE).orElseThrow(), id -> id == end, predictor.context()), predictor);
    }

    @Test
    void toolsAreOfferedCalledAndAnswered() throws Exception {
        Calculator calculator = new Calculator();
        Conversation first = scripted("<think>\nadd them\n</think>\n\n<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 19, \"b\": 23}}\n</tool_call>");
        Conversation second = scripted("It is 42.");
        JackdawChatModel calls = new JackdawChatModel(first), answers = new JackdawChatModel(second);
        Assistant assistant = AiServices.builder(Assistant.class).tools(calculator)
                .chatModel(new dev.langchain4j.model.chat.ChatModel() {
                    @Override
                    public ChatResponse doChat(ChatRequest request) {
                        return (calculator.asked.isEmpty() ? calls : answers).doChat(request);
                    }
                }).build();
        assertThat(assistant.ask("19 and 23?")).isEqualTo("It is 42.");
        assertThat(calculator.asked).containsExactly("19+23");
    }

    /// The words of this model are noise, but noise of the right shape.
    @Test
    void answersInJsonFollowTheSchemaBecauseNothingElseIsAllowed() throws Exception {
        JsonObjectSchema bird = JsonObjectSchema.builder().addEnumProperty("size", List.of("small", "large")).addBooleanProperty("flies").required("size", "flies").build();
        ChatRequest request = request("Describe a jackdaw.").toBuilder().maxOutputTokens(200)
                .responseFormat(ResponseFormat.builder().type(ResponseFormatType.JSON).jsonSchema(JsonSchema.builder().name("bird").rootElement(bird).build()).build()).build();
        JsonNode answer = new JsonMapper().readTree(new JackdawChatModel(model).chat(request).aiMessage().text());
        assertThat(answer.path("size").asString()).isIn("small", "large");
        assertThat(answer.path("flies").isBoolean()).isTrue();
    }

    @Test
    void aRequiredCallIsMadeThoughTheModelTalksNonsense() throws Exception {
        JsonObjectSchema parameters = JsonObjectSchema.builder().addEnumProperty("size", List.of("small", "large")).required("size").build();
        ChatRequest request = request("Which?").toBuilder().maxOutputTokens(600).toolChoice(ToolChoice.REQUIRED)
                .toolSpecifications(ToolSpecification.builder().name("pick").description("picks").parameters(parameters).build()).build();
        ChatResponse response = new JackdawChatModel(model).chat(request);
        assertThat(response.aiMessage().toolExecutionRequests()).isNotEmpty().allSatisfy(call -> {
            assertThat(call.name()).isEqualTo("pick");
            assertThat(call.id()).startsWith("call_");
            assertThat(new JsonMapper().readTree(call.arguments()).path("size").asString()).isIn("small", "large");
        });
    }

    @Test
    void reasoningAndCallsAreHeardApartFromTheAnswer() throws Exception {
        Heard heard = new Heard();
        new JackdawStreamingChatModel(scripted("<think>\nhm\n</think>\n\nYes.<tool_call>\n{\"name\": \"look\", \"arguments\": {}}\n</tool_call>"))
                .chat(request("?").toBuilder().maxOutputTokens(100).build(), heard);
        ChatResponse response = heard.response.get(60, TimeUnit.SECONDS);
        assertThat(response.aiMessage().thinking().strip()).isEqualTo("hm");
        assertThat(response.aiMessage().text().strip()).isEqualTo("Yes.");
        assertThat(response.aiMessage().toolExecutionRequests()).singleElement().satisfies(call -> assertThat(call.name()).isEqualTo("look"));
        assertThat(response.finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
        assertThat(String.join("", heard.thoughts).strip()).isEqualTo("hm");
    }

    @Test
    void refusesWhatItCannotDo() throws Exception {
        JackdawChatModel chat = new JackdawChatModel(model);
        assertThatThrownBy(() -> chat.chat(UserMessage.from(TextContent.from("what is this?"), ImageContent.from("https://example.org/a.png"))))
                .isInstanceOf(UnsupportedFeatureException.class).hasMessageContaining("images");
        assertThatThrownBy(() -> chat.chat(ChatRequest.builder().messages(UserMessage.from("x".repeat(9000))).build())).hasMessageContaining("context");
    }

    /// Keeps what a handler hears.
    private static final class Heard implements StreamingChatResponseHandler {
        private final List<String> pieces = new ArrayList<>();
        private final List<String> thoughts = new ArrayList<>();
        private final CompletableFuture<ChatResponse> response = new CompletableFuture<>();

        @Override
        public void onPartialResponse(String piece) {
            pieces.add(piece);
        }

        @Override
        public void onPartialThinking(PartialThinking thought) {
            thoughts.add(thought.text());
        }

        @Override
        public void onCompleteResponse(ChatResponse complete) {
            response.complete(complete);
        }

        @Override
        public void onError(Throwable error) {
            response.completeExceptionally(error);
        }
    }
}
