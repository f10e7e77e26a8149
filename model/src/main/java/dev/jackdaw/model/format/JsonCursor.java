package dev.jackdaw.model.format;

import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/// Reads JSON headers token by token, so that a hostile one is refused where it goes wrong and never becomes a tree in memory.
/// Whatever is wrong with the JSON becomes a [FormatException] that names the byte in the file.
final class JsonCursor {
    private static final JsonFactory FACTORY = JsonFactory.builder()
        .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(16).maxNameLength(65_535).maxStringLength(1 << 20).build())
        .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)     // names are all different; caching them is a waste
        .build();

    private final Path file;
    private final long base;
    private final JsonParser parser;

    interface Body<T> {
        T read(JsonCursor cursor);
    }

    private JsonCursor(Path file, long base, JsonParser parser) {
        this.file = file;
        this.base = base;
        this.parser = parser;
    }

    /// Reads one JSON value that fills `json` but for blanks. `base` is the byte of the file where it begins.
    static <T> T read(Path file, long base, byte[] json, Body<T> body) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            JsonCursor cursor = new JsonCursor(file, base, parser);
            T result = body.read(cursor);
            if (parser.nextToken() != null) {
                throw cursor.error("the JSON goes on after its end");
            }
            return result;
        } catch (JacksonException e) {
            long at = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getByteOffset());
            throw new FormatException(file, base + at, "the JSON is broken: " + e.getOriginalMessage());
        }
    }

    long position() {
        return base + Math.max(0, parser.currentTokenLocation().getByteOffset());
    }

    FormatException error(String message) {
        return new FormatException(file, position(), message);
    }

    void objectStart(String what) {
        expect(JsonToken.START_OBJECT, what, "an object");
    }

    void arrayStart(String what) {
        expect(JsonToken.START_ARRAY, what, "an array");
    }

    /// The next name of the current object, or null at its end.
    String nextName() {
        return parser.nextToken() == JsonToken.END_OBJECT ? null : parser.currentName();
    }

    String text(String what) {
        expect(JsonToken.VALUE_STRING, what, "a text");
        return parser.getString();
    }

    long integer(String what) {
        expect(JsonToken.VALUE_NUMBER_INT, what, "a whole number");
        return number(what);
    }

    /// The next number of the current array, or null at its end.
    Long nextInteger(String what) {
        JsonToken token = parser.nextToken();
        if (token == JsonToken.END_ARRAY) {
            return null;
        }
        if (token != JsonToken.VALUE_NUMBER_INT) {
            throw error(what + ": found " + token + ", expected a whole number");
        }
        return number(what);
    }

    private long number(String what) {
        if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
            throw error(what + ": the number has more than 63 bits");
        }
        return parser.getLongValue();
    }

    void skip() {
        parser.nextToken();
        parser.skipChildren();
    }

    private void expect(JsonToken expected, String what, String name) {
        JsonToken token = parser.nextToken();
        if (token != expected) {
            throw error(what + ": found " + (token == null ? "the end" : token) + ", expected " + name);
        }
    }
}
