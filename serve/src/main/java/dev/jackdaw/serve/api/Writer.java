package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.MessageParser;
import dev.jackdaw.model.engine.TokenStream;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.TokenProbability;
import dev.jackdaw.serve.http.ApiError;

/// Reads one answer from the engine to its end, takes it apart, and hands on the parts as they come.
final class Writer {
    /// Hears the parts of an answer.
    interface Parts extends MessageParser.Listener {
        /// Before the parts that the token completes.
        ///
        /// @param probability null unless asked for
        default void token(int id, TokenProbability probability) {
        }

        Parts NONE = new Parts() {
        };
    }

    /// @param firstNanos from the beginning to the first token
    /// @param cachedTokens of the prompt, that the engine knew already
    record Written(Message message, Generator.Result result, int cachedTokens, long firstNanos, long nanos) {
        boolean calls() {
            return !message.toolCalls().isEmpty();
        }

        /// As OpenAI names it.
        String finishReason() {
            return switch (result.finishReason()) {
                case STOP -> calls() ? "tool_calls" : "stop";
                case LENGTH, CANCELLED -> "length";
                case GRAMMAR -> throw new ApiError(500, "grammar_dead_end", null,
                        "the answer came to a point where its schema or grammar allows none of the model's tokens; it is not complete and was not given out", 0);
            };
        }
    }

    private Writer() {
    }

    /// @param parser or null: the text is taken as it is
    static Written write(TokenStream stream, MessageParser parser, Parts parts, long started) throws InterruptedException {
        long first = 0;
        StringBuilder plain = parser == null ? new StringBuilder() : null;
        while (stream.next()) {
            first = first == 0 ? System.nanoTime() - started : first;
            if (stream.id() >= 0) {
                parts.token(stream.id(), stream.probability());
            }
            if (parser != null) {
                parser.accept(stream.text());
            } else if (!stream.text().isEmpty()) {
                plain.append(stream.text());
                parts.content(stream.text());
            }
        }
        Message message = parser != null ? parser.finish() : Message.of("assistant", plain.toString());
        return new Written(message, stream.result(), stream.sharedTokens(), first, System.nanoTime() - started);
    }
}
