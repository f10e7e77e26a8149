package dev.jackdaw.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.ServerSettings.ApiKey;
import dev.jackdaw.serve.http.Access;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.http.Role;
import dev.jackdaw.serve.http.StaticFiles;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Each role against each kind of route.
@Timeout(120)
class AccessTest {
    private static final String HELLO = "{\"model\":\"tiny\",\"max_tokens\":2,\"stream\":false,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";

    private static TestServer server;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        List<ApiKey> keys = java.util.Arrays.stream(Role.values()).map(role -> new ApiKey(role.label(), Gate.sha256("sk-" + role.label()), 0, 0, Set.of(role))).toList();
        server = new TestServer(folder, settings -> new ServerSettings(new ServerSettings.Network("127.0.0.1", 0, keys, List.of(), null, null), settings.limits(), settings.models(), settings.data()));
    }

    @AfterAll
    static void stop() throws IOException {
        server.close();
    }

    private static HttpResponse<String> ask(String role, String method, String path) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.uri(path)).method(method, method.equals("POST") ? HttpRequest.BodyPublishers.ofString(HELLO) : HttpRequest.BodyPublishers.noBody());
        if (role != null) {
            request.header("Authorization", "Bearer sk-" + role);
        }
        return server.client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void everyRouteHasARoleAndEveryRoleARoute(@TempDir Path folder) throws Exception {
        try (TestServer own = new TestServer(folder)) {
            Set<String> registered = OpenApiTest.routes(own, folder);
            OpenApiTest.register("", new StaticFiles(), registered);
            Set<String> files = new TreeSet<>();
            registered.forEach(route -> files.add(route.replaceFirst("/assets/.*", "/assets/{file}")));
            assertThat(new TreeSet<>(Access.routes())).as("the table in Access, beside what services register").isEqualTo(files);
            assertThat(Access.routes()).doesNotHaveDuplicates();
        }
    }

    /// The roles that may; the others are refused, before anything of the body is looked at.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            POST   /v1/chat/completions         | use, admin
            POST   /v1/completions              | use, admin
            POST   /v1/messages                 | use, admin
            POST   /v1/responses                | use, admin
            GET    /v1/models                   | use, admin
            GET    /v1/models/tiny              | use, admin
            POST   /api/chat                    | use, admin
            GET    /api/tags                    | use, admin
            POST   /tokenize                    | use, admin
            GET    /jackdaw/models              | use, admin
            POST   /jackdaw/feedback            | use, admin
            POST   /jackdaw/comparisons         | use, admin
            POST   /jackdaw/abilities/none      | use, admin
            GET    /jackdaw/labels/next         | label, admin
            GET    /jackdaw/labels/agreement    | label, admin
            POST   /jackdaw/labels              | label, admin
            GET    /metrics                     | monitor, admin
            GET    /jackdaw/answers             | monitor, admin
            GET    /jackdaw/answers/none        | monitor, admin
            GET    /jackdaw/export/sft.jsonl    | monitor, admin
            GET    /jackdaw/runs                | monitor, admin
            GET    /jackdaw/runs/none/metrics   | monitor, admin
            DELETE /jackdaw/users/somebody      | admin
            DELETE /jackdaw/users/use%2Fother   | admin
            """)
    void onlyTheRoleOfARouteOpensIt(String route, String roles) throws Exception {
        String method = route.split(" +")[0], path = route.split(" +")[1];
        assertThat(ask(null, method, path).statusCode()).isEqualTo(401);
        for (Role role : Role.values()) {
            HttpResponse<String> response = ask(role.label(), method, path);
            if (Set.of(roles.split(", ")).contains(role.label())) {
                assertThat(response.statusCode()).as(role + ": " + response.body()).isNotIn(401, 403);
            } else {
                assertThat(response.statusCode()).as(role + ": " + response.body()).isEqualTo(403);
                assertThat(response.body()).contains("the key of " + role.label()).contains("needs " + roles.split(", ")[0]).contains("use another key");
            }
        }
    }

    @Test
    void eachProtocolIsRefusedInItsOwnForm() throws Exception {
        JsonNode openAi = Json.tree(ask("label", "POST", "/v1/chat/completions").body()), anthropic = Json.tree(ask("label", "POST", "/v1/messages").body()), ollama = Json.tree(ask("label", "POST", "/api/chat").body());
        assertThat(openAi.at("/error/code").asString()).isEqualTo("role_needed");
        assertThat(openAi.at("/error/type").asString()).isEqualTo("permission_error");
        assertThat(anthropic.at("/error/type").asString()).isEqualTo("permission_error");
        assertThat(anthropic.path("type").asString()).isEqualTo("error");
        assertThat(ollama.path("error").asString()).contains("needs use");
    }

    @Test
    void aKeyMayEraseItsOwner() throws Exception {
        assertThat(ask("label", "DELETE", "/jackdaw/users/label").statusCode()).isEqualTo(200);
        HttpResponse<String> other = ask("label", "DELETE", "/jackdaw/users/use");
        assertThat(other.statusCode()).isEqualTo(403);
        assertThat(other.body()).contains("needs admin unless the user is label");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/jackdaw/answers/", "/jackdaw//answers", "/jackdaw/./answers", "/jackdaw/labels/../answers", "/jackdaw/%61nswers", "/jackdaw/answers;a=b", "/JACKDAW/answers", "//jackdaw/answers"})
    void noSpellingOfAPathGetsAround(String path) throws Exception {
        assertThat(ask("use", "GET", path).statusCode()).isIn(400, 403, 404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HEAD", "PUT", "PATCH", "TRACE", "OPTIONS"})
    void noOtherMethodGetsAround(String method) throws Exception {
        assertThat(ask("use", method, "/jackdaw/answers").statusCode()).isIn(400, 403, 404, 405);
    }

    @Test
    void thePageAndTheProbesNeedNoKey() throws Exception {
        for (String path : List.of("/", "/monitor", "/assets/main.js", "/health", "/ready", "/openapi.json")) {
            assertThat(ask(null, "GET", path).statusCode()).as(path).isEqualTo(200);
        }
    }

    @Test
    void withoutKeysEverybodyMayDoEverything(@TempDir Path folder) throws Exception {
        try (TestServer own = new TestServer(folder)) {
            assertThat(own.get("/metrics").statusCode()).isEqualTo(200);
            assertThat(own.get("/jackdaw/answers").statusCode()).isEqualTo(200);
            assertThat(own.client.send(HttpRequest.newBuilder(own.uri("/jackdaw/users/anybody")).DELETE().build(), HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(200);
        }
    }
}
