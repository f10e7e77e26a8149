package dev.jackdaw.train.eval;

import dev.jackdaw.model.chat.Message;
import java.util.List;

/// What a model is asked: a text to continue, or a conversation to answer.
///
/// @param text     of a base model; null for a conversation
/// @param messages of a conversation; null for a text
public record Prompt(String text, List<Message> messages) {
    public static Prompt text(String text) {
        return new Prompt(text, null);
    }

    public static Prompt chat(List<Message> messages) {
        return new Prompt(null, List.copyOf(messages));
    }
}
