package dev.jackdaw.langchain4j;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.MessageParser;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Penalties;
import dev.jackdaw.model.generate.Predictor;
import dev.jackdaw.model.generate.Sampling;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// From a request of LangChain4j to an answer: messages through the model's own template, tokens through its engine, the text taken apart
/// into answer, reasoning and calls of tools. What the model cannot do is refused by name, never left out silently.
final class Conversation {
    /// New tokens where a request does not say.
    private static final int MAX_TOKENS = 512;
    private static final JsonMapper JSON = new JsonMapper();

    private final String modelName;
    private final Chat chat;
    private final Generator generator;

    static Conversation of(Model model) throws IOException {
        return new Conversation(model.path().getFileName().toString(), Chat.open(model), Predictor.of(model.forward()));
    }

    Conversation(String modelName, Chat chat, Predictor predictor) {
        this.modelName = modelName;
        this.chat = chat;
        generator = new Generator(predictor, chat.tokenizer());
    }

    /// One request at a time; others wait.
    synchronized ChatResponse answer(ChatRequest request, MessageParser.Listener listener) {
        Chat.Turn turn = chat.turn(ask(request));
        MessageParser parser = turn.parser(listener);
        Generator.Result result = generator.generate(turn.request(), new Generator.Listener() {
            @Override
            public void text(String piece) {
                parser.accept(piece);
            }
        });
        Message message = parser.finish();
        List<ToolExecutionRequest> calls = message.toolCalls().stream().map(Conversation::call).toList();
        AiMessage answer = AiMessage.builder().text(message.content().isEmpty() && !calls.isEmpty() ? null : message.content()).thinking(message.reasoning())
                .toolExecutionRequests(calls).build();
        return ChatResponse.builder().aiMessage(answer).modelName(modelName).tokenUsage(new TokenUsage(result.promptIds().length, result.ids().length))
                .finishReason(finishReason(result.finishReason(), !calls.isEmpty())).build();
    }

    /// Where the form of an answer is given, the model does not think.
    private static Chat.Ask ask(ChatRequest request) {
        Chat.ToolChoice choice = choice(request.toolChoice());
        String schema = schema(request);
        return Chat.Ask.of(request.messages().stream().map(Conversation::message).toList(), sampling(request)).withTools(tools(request), choice, true).withSchema(schema)
                .withMaxTokens(request.maxOutputTokens() == null ? MAX_TOKENS : request.maxOutputTokens())
                .withThinkBudget(schema != null || choice instanceof Chat.ToolChoice.Required ? Integer.valueOf(0) : null)
                .withStop(request.stopSequences() == null ? List.of() : request.stopSequences());
    }

    private static Chat.ToolChoice choice(ToolChoice choice) {
        return switch (choice) {
            case null -> new Chat.ToolChoice.Auto();
            case AUTO -> new Chat.ToolChoice.Auto();
            case REQUIRED -> new Chat.ToolChoice.Required();
            case NONE -> new Chat.ToolChoice.None();
        };
    }

    static ToolExecutionRequest call(Message.ToolCall call) {
        return ToolExecutionRequest.builder().id(call.id()).name(call.name()).arguments(call.arguments()).build();
    }

    private static FinishReason finishReason(Generator.FinishReason reason, boolean calls) {
        return switch (reason) {
            case STOP -> calls ? FinishReason.TOOL_EXECUTION : FinishReason.STOP;
            case LENGTH -> FinishReason.LENGTH;
            case CANCELLED, GRAMMAR -> FinishReason.OTHER;
        };
    }

    /// What the answer must be: any JSON object, or one of the schema that the request gives; null: a text.
    private static String schema(ChatRequest request) {
        ResponseFormat wanted = request.responseFormat();
        if (wanted == null || wanted.type() != ResponseFormatType.JSON) {
            return null;
        }
        return JSON.writeValueAsString(wanted.jsonSchema() == null ? Map.of("type", "object") : JsonSchemaElementUtils.toMap(wanted.jsonSchema().rootElement()));
    }

    private static Sampling sampling(ChatRequest request) {
        Sampling sampling = Sampling.of(request.temperature() == null ? 0 : request.temperature(), System.nanoTime());
        if (request.topK() != null) {
            sampling = sampling.withTopK(request.topK());
        }
        if (request.topP() != null) {
            sampling = sampling.withTopP(request.topP());
        }
        if (request.frequencyPenalty() != null || request.presencePenalty() != null) {
            sampling = sampling.withPenalties(new Penalties(1, or(request.frequencyPenalty()), or(request.presencePenalty()), Penalties.NONE.window()));
        }
        return sampling;
    }

    private static double or(Double value) {
        return value == null ? 0 : value;
    }

    private static List<Map<String, Object>> tools(ChatRequest request) {
        List<Map<String, Object>> tools = new ArrayList<>();
        if (request.toolSpecifications() == null) {
            return tools;
        }
        for (ToolSpecification tool : request.toolSpecifications()) {
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", tool.name());
            function.put("description", tool.description() == null ? "" : tool.description());
            function.put("parameters", tool.parameters() == null ? Map.of("type", "object", "properties", Map.of()) : JsonSchemaElementUtils.toMap(tool.parameters()));
            tools.add(new LinkedHashMap<>(Map.of("type", "function", "function", function)));
        }
        return tools;
    }

    private static Message message(ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> Message.of("system", system.text());
            case UserMessage user -> {
                if (!user.hasSingleText()) {
                    throw new UnsupportedFeatureException("a user message must be one text; images, sound and files are not supported by this adapter");
                }
                yield Message.of("user", user.singleText());
            }
            case AiMessage ai -> new Message("assistant", ai.text() == null ? "" : ai.text(), ai.thinking(), ai.toolExecutionRequests().stream()
                    .map(call -> new Message.ToolCall(call.id(), call.name(), call.arguments())).toList());
            case ToolExecutionResultMessage result -> Message.tool(result.id(), result.toolName(), result.text());
            default -> throw new UnsupportedFeatureException("messages of type " + message.type() + " are not supported by this adapter");
        };
    }
}
