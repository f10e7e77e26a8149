package dev.jackdaw.serve.api;

import dev.jackdaw.serve.http.Json;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.JsonNode;

/// `GET /openapi.json`: what this server answers to, in the form of OpenAPI 3.1, from a resource beside this class.
public final class OpenApi implements HttpService {
    private final JsonNode document = document();

    /// The whole of it.
    public static JsonNode document() {
        try (InputStream file = OpenApi.class.getResourceAsStream("openapi.json")) {
            return Json.tree(new String(file.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/openapi.json", this::send);
    }

    private void send(ServerRequest request, ServerResponse response) {
        Json.send(response, document);
    }
}
