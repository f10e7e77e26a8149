package dev.jackdaw.model.chat;

import dev.jackdaw.model.generate.Constraint;
import dev.jackdaw.model.token.TextStream;
import dev.jackdaw.model.token.Tokenizer;
import java.util.Arrays;
import java.util.Set;

/// Lets a model write what it likes, up to the end of its first call of a function.
final class OneCall implements Constraint {
    private final TextStream text;
    private final MessageParser parser;
    private boolean called;

    /// @param format one in which nothing but the text tells where a call ends
    /// @param functions that may be called
    OneCall(MessageParser.Format format, Set<String> functions, Tokenizer tokenizer) {
        text = tokenizer.stream(false);
        parser = MessageParser.firstCall(format, functions, new MessageParser.Listener() {
            @Override
            public void toolCall(Message.ToolCall call) {
                called = true;
            }
        });
    }

    @Override
    public void mask(float[] logits) {
        if (called) {
            Arrays.fill(logits, Float.NEGATIVE_INFINITY);
        }
    }

    @Override
    public boolean mayEnd() {
        return true;
    }

    @Override
    public void accept(int token) {
        parser.accept(text.next(token));
    }
}
