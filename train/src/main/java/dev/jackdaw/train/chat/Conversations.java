package dev.jackdaw.train.chat;

import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.data.JsonLines;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// All conversations of some JSONL files, one after another. The form is recognised line by line ([ConversationForm]); a line that gives
/// none is rejected with its number and the reason.
public final class Conversations {
    private static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private Conversations() {
    }

    /// What was found.
    ///
    /// @param conversations to learn from
    /// @param heldOut       conversations to examine with
    /// @param sequences     texts that both became
    /// @param tokens        to learn from, questions and all
    /// @param answerTokens  those of them that are learned
    /// @param rejected      lines
    /// @param reasons       how many of them for each
    /// @param lines         the first ten thousand, with their numbers and reasons
    public record Counts(long conversations, long heldOut, long sequences, long tokens, long answerTokens, long rejected, Map<Fault, Long> reasons,
                         List<Rejections.Rejection> lines) {
    }

    /// Hears of the conversations.
    @FunctionalInterface
    public interface Sink {
        /// @throws Malformed if it cannot be used after all
        void accept(String file, long line, Conversation conversation) throws Malformed;
    }

    /// Reads files, plain or packed (`.gz`, `.zst`, `.xz`).
    ///
    /// @throws DataException if a file cannot be read, or at the first rejected line if `rejections` are strict
    public static void read(List<Path> files, Sink sink, Rejections rejections) {
        lines(files, (name, number, node) -> {
            for (Conversation conversation : ConversationForm.read(node)) {
                sink.accept(name, number, conversation);
            }
        }, rejections);
    }

    /// Hears of the lines as JSON.
    @FunctionalInterface
    interface LineSink {
        void accept(String file, long line, JsonNode node) throws Malformed;
    }

    /// Every line that is not blank, whatever it holds.
    static void lines(List<Path> files, LineSink sink, Rejections rejections) {
        for (Path file : files) {
            if (!Files.isRegularFile(file)) {
                throw new DataException("conversations: " + file + (Files.exists(file) ? " is no file" : " does not exist") + "; give JSONL files, plain or packed as .gz, .zst or .xz");
            }
            String name = file.getFileName().toString();
            try {
                JsonLines.read(file, (number, line) -> {
                    try {
                        JsonNode node = json(line);
                        if (node != null) {
                            sink.accept(name, number, node);
                        }
                    } catch (Malformed e) {
                        rejections.add(name, number, e.fault(), e.getMessage());
                    }
                });
            } catch (IOException e) {
                throw new DataException("conversations: " + file + " could not be read: " + e.getMessage(), e);
            }
        }
    }

    /// The conversations of one line; empty if it is blank.
    static List<Conversation> parse(byte[] line) throws Malformed {
        JsonNode node = json(line);
        return node == null ? List.of() : ConversationForm.read(node);
    }

    /// Null if the line is blank.
    private static JsonNode json(byte[] line) throws Malformed {
        if (line == null) {
            throw new Malformed(Fault.TOO_LONG, "a line of more than 32 MiB");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
        } catch (CharacterCodingException e) {
            throw new Malformed(Fault.NOT_JSON, "the line is not UTF-8");
        }
        text = text.startsWith("\uFEFF") ? text.substring(1) : text;
        if (text.isBlank()) {
            return null;
        }
        try {
            return JSON.readTree(text);
        } catch (JacksonException e) {
            String problem = e.getOriginalMessage().lines().findFirst().orElse("not JSON");
            throw new Malformed(Fault.NOT_JSON, problem.startsWith("Trailing token") ? "the line holds more than one value" : problem);
        }
    }
}
