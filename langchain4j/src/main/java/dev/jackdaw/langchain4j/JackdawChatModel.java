package dev.jackdaw.langchain4j;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.MessageParser;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.io.IOException;
import java.util.Set;

/// A model in this process as LangChain4j's `ChatModel`. Greedy unless a request says a temperature. The model must outlive it.
public final class JackdawChatModel implements ChatModel {
    private static final MessageParser.Listener SILENT = new MessageParser.Listener() {
    };

    private final Conversation conversation;

    public JackdawChatModel(Model model) throws IOException {
        this(Conversation.of(model));
    }

    JackdawChatModel(Conversation conversation) {
        this.conversation = conversation;
    }

    /// Answers in JSON follow the schema, since other tokens are not allowed.
    @Override
    public Set<Capability> supportedCapabilities() {
        return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        return conversation.answer(request, SILENT);
    }
}
