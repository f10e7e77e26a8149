package dev.jackdaw.langchain4j;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.MessageParser;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.io.IOException;

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

    @Override
    public ChatResponse doChat(ChatRequest request) {
        return conversation.answer(request, SILENT);
    }
}
