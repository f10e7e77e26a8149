package dev.jackdaw.langchain4j;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.MessageParser;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.io.IOException;
import java.util.Set;

/// The same piece by piece: a handler hears text, reasoning and calls of tools as the model writes them. Requests return at once and are
/// answered on a thread of their own, one after the other.
public final class JackdawStreamingChatModel implements StreamingChatModel {
    private final Conversation conversation;

    public JackdawStreamingChatModel(Model model) throws IOException {
        this(Conversation.of(model));
    }

    JackdawStreamingChatModel(Conversation conversation) {
        this.conversation = conversation;
    }

    /// Answers in JSON follow the schema, since other tokens are not allowed.
    @Override
    public Set<Capability> supportedCapabilities() {
        return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        Thread.ofPlatform().daemon().name("jackdaw-chat").start(() -> answer(request, handler));
    }

    private void answer(ChatRequest request, StreamingChatResponseHandler handler) {
        ChatResponse response;
        try {
            response = conversation.answer(request, new MessageParser.Listener() {
                private int calls;

                @Override
                public void content(String piece) {
                    handler.onPartialResponse(piece);
                }

                @Override
                public void reasoning(String piece) {
                    handler.onPartialThinking(new PartialThinking(piece));
                }

                @Override
                public void toolCall(Message.ToolCall call) {
                    handler.onCompleteToolCall(new CompleteToolCall(calls++, Conversation.call(call)));
                }
            });
        } catch (RuntimeException | Error e) {
            handler.onError(e);
            return;
        }
        handler.onCompleteResponse(response);
    }
}
