package dev.jackdaw.serve.http;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// JSON in and out. What comes in is bounded in bytes and in depth before anything is made of it.
public final class Json {
    /// Objects and arrays within each other.
    public static final int DEPTH = 64;
    private static final int NUMBER = 64;                  // characters
    private static final int NAME = 1024;
    private static final int PIECE = 1 << 16;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEPTH).maxNumberLength(NUMBER).maxNameLength(NAME).maxStringLength(Integer.MAX_VALUE).build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private Json() {
    }

    /// The request's body, which must be an object of at most `mostBytes`.
    public static Fields read(ServerRequest request, long mostBytes) {
        byte[] body = bytes(request, mostBytes);
        if (body.length == 0) {
            throw ApiError.bad("invalid_json", null, "the body is empty; it must be a JSON object");
        }
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
            return Fields.of(MAPPER.readTree(body), "");
        } catch (CharacterCodingException _) {
            throw ApiError.bad("invalid_json", null, "the body is not UTF-8");
        } catch (JacksonException e) {
            throw ApiError.bad("invalid_json", null, "the body is not JSON that can be read: " + e.getOriginalMessage()
                    + (e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr()));
        }
    }

    /// All of the body.
    public static byte[] bytes(ServerRequest request, long mostBytes) {
        OptionalLong announced = request.headers().contentLength();
        if (announced.isPresent() && announced.getAsLong() > mostBytes) {
            throw tooLarge(announced.getAsLong() + " bytes", mostBytes);
        }
        if (!request.content().hasEntity()) {
            return new byte[0];
        }
        try (InputStream in = request.content().inputStream()) {
            byte[] body = in.readNBytes((int) Math.min(mostBytes + 1, Integer.MAX_VALUE - PIECE));
            if (body.length > mostBytes) {
                throw tooLarge("more", mostBytes);
            }
            return body;
        } catch (IOException e) {
            throw ApiError.bad("incomplete_body", null, "the body ended early: " + e.getMessage());
        }
    }

    private static ApiError tooLarge(String found, long most) {
        return ApiError.tooLarge("the body has " + found + "; at most " + most + " bytes are accepted");
    }

    public static byte[] bytes(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    public static String text(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    public static JsonNode tree(String text) {
        return MAPPER.readTree(text);
    }

    public static <T> T as(JsonNode node, Class<T> type) {
        return MAPPER.treeToValue(node, type);
    }

    public static void send(ServerResponse response, Object value) {
        response.header(HeaderNames.CONTENT_TYPE, "application/json; charset=utf-8").send(bytes(value));
    }
}
