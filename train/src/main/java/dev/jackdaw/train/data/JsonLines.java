package dev.jackdaw.train.data;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// JSONL: one document, or one conversation, per line.
///
/// The text is taken from the first of these that a line has: `text`; `content`; `messages` or `conversations` (the turns, each under its
/// role); or the pairs that public data sets are made of (`question`/`answer`, `instruction`/`input`/`output`, `prompt`/`completion`,
/// `chosen`), put one under the other.
public final class JsonLines {
    private static final int LONGEST_LINE = 32 << 20;
    private static final String[][] PAIRS = {{"question", "answer"}, {"instruction", "input", "output"}, {"instruction", "response"},
        {"prompt", "completion"}, {"prompt", "response"}, {"chosen"}, {"body"}};
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private JsonLines() {
    }

    /// Hears of the lines that are not empty.
    @FunctionalInterface
    public interface Sink {
        /// @param number from 1
        /// @param line   its bytes; null if there were more than 32 MiB of them
        void accept(long number, byte[] line);
    }

    /// All lines of a file, which may be packed (`.gz`, `.zst`, `.xz`).
    public static void read(Path file, Sink sink) throws IOException {
        try (InputStream in = new BufferedInputStream(Documents.open(file), 1 << 16)) {
            read(in, sink);
        }
    }

    private static void read(InputStream in, Sink sink) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(1 << 12);
        long number = 0;
        boolean tooLong = false;
        for (int b = in.read(); ; b = in.read()) {
            if (b == '\n' || b < 0) {
                number++;
                if (tooLong || line.size() > 0) {
                    sink.accept(number, tooLong ? null : line.toByteArray());
                }
                line.reset();
                tooLong = false;
                if (b < 0) {
                    break;
                }
            } else if (line.size() < LONGEST_LINE) {
                line.write(b);
            } else {
                tooLong = true;
            }
        }
    }

    static void read(String id, InputStream in, Consumer<Document> sink, Tally skipped) throws IOException {
        boolean[] any = {false};
        read(in, (number, line) -> {
            any[0] |= line != null;
            if (line == null) {
                skipped.add(Reason.BAD_JSON, id + "#" + number, LONGEST_LINE);
            } else {
                line(id + "#" + number, line, sink, skipped);
            }
        });
        if (!any[0]) {
            skipped.add(Reason.EMPTY, id, 0);
        }
    }

    /// What [Documents] reads back as the same texts.
    static void write(DocumentSet documents, Path path) {
        try (AsideFile file = AsideFile.create(path, "jsonl")) {
            for (int i = 0; i < documents.size(); i++) {
                file.write(MAPPER.writeValueAsBytes(new Line(documents.id(i), documents.kind(i).label(), new String(documents.text(i), StandardCharsets.UTF_8))));
                file.writeByte('\n');
            }
            file.commit();
        }
    }

    private record Line(String id, String kind, String text) {
    }

    private static void line(String id, byte[] line, Consumer<Document> sink, Tally skipped) {
        Encoding.Decoded decoded = Encoding.decode(line);
        if (decoded.refused() != null) {
            skipped.add(decoded.refused(), id, line.length);
            return;
        }
        byte[] json = decoded.bytes();
        if (LicenceHeader.skipSpace(json, 0) == json.length) {
            return;                                            // an empty line is no error
        }
        JsonNode node;
        try {
            node = MAPPER.readTree(json);
        } catch (JacksonException e) {
            skipped.add(Reason.BAD_JSON, id, line.length);
            return;
        }
        if (!node.isObject()) {
            skipped.add(Reason.BAD_JSON, id, line.length);
            return;
        }
        Kind kind = node.has("messages") || node.has("conversations") ? Kind.CHAT : Kind.TEXT;
        String text = text(node);
        if (text == null) {
            skipped.add(Reason.NO_TEXT_FIELD, id, line.length);
            return;
        }
        sink.accept(new Document(id, kind, text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String text(JsonNode node) {
        for (String field : new String[] {"text", "content"}) {
            if (node.path(field).isString()) {
                return node.path(field).stringValue();
            }
        }
        for (String field : new String[] {"messages", "conversations"}) {
            if (node.path(field).isArray()) {
                return turns(node.path(field));
            }
        }
        for (String[] fields : PAIRS) {
            StringBuilder text = new StringBuilder();
            boolean all = true;
            for (String field : fields) {
                JsonNode value = node.path(field);
                all &= value.isString() || field.equals("input");
                if (value.isString() && !value.stringValue().isEmpty()) {
                    text.append(text.isEmpty() ? "" : "\n").append(value.stringValue());
                }
            }
            if (all && !text.isEmpty()) {
                return text.toString();
            }
        }
        return null;
    }

    private static String turns(JsonNode messages) {
        StringBuilder text = new StringBuilder();
        for (JsonNode message : messages) {
            String role = first(message, "role", "from");
            String content = first(message, "content", "value");
            if (content != null) {
                text.append(text.isEmpty() ? "" : "\n\n").append(role == null ? "" : role + ": ").append(content);
            }
        }
        return text.isEmpty() ? null : text.toString();
    }

    private static String first(JsonNode node, String... fields) {
        for (String field : fields) {
            if (node.path(field).isString()) {
                return node.path(field).stringValue();
            }
        }
        return null;
    }
}
