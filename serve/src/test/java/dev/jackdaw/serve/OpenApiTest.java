package dev.jackdaw.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.api.ApiContext;
import dev.jackdaw.serve.api.OpenApi;
import dev.jackdaw.serve.http.Metrics;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class OpenApiTest {
    private static final Set<String> METHODS = Set.of("get", "post", "put", "delete", "patch", "head");

    private final JsonNode document = OpenApi.document();

    /// What services register, as `get /path`.
    static void register(String prefix, HttpService service, Set<String> routes) {
        HttpRules rules = (HttpRules) Proxy.newProxyInstance(OpenApiTest.class.getClassLoader(), new Class<?>[] {HttpRules.class}, (proxy, method, arguments) -> {
            if (METHODS.contains(method.getName()) && arguments != null && arguments[0] instanceof String path) {
                routes.add(method.getName() + " " + prefix + path.replace("{+", "{"));
            }
            return proxy;
        });
        service.routing(rules);
    }

    /// All but the page's files.
    static Set<String> routes(TestServer server, Path folder) {
        Set<String> routes = new TreeSet<>();
        Server.services(new ApiContext(null, null, null, null)).forEach(service -> register("", service, routes));
        register("", new Metrics(new PrometheusRegistry(), server.server.models()), routes);
        register("", new Probes(() -> true, server.server.models()), routes);
        register("", new Runs(folder), routes);
        server.server.feedback().services(1, _ -> null).forEach(service -> register("/jackdaw", service, routes));
        return routes;
    }

    @Test
    void saysWhatIsServedAndNothingElse(@TempDir Path folder) throws Exception {
        Set<String> registered = new TreeSet<>();
        try (TestServer server = new TestServer(folder)) {
            registered.addAll(routes(server, folder));
        }
        Set<String> described = new TreeSet<>();
        document.path("paths").properties().forEach(path -> path.getValue().properties().forEach(operation -> described.add(operation.getKey() + " " + path.getKey())));
        assertThat(described).isEqualTo(registered).hasSizeGreaterThan(30);
    }

    @Test
    void keepsToTheFormOfOpenApi() {
        assertThat(document.path("openapi").asString()).matches("3\\.1\\.\\d+");
        Set<String> ids = new TreeSet<>();
        document.path("paths").properties().forEach(path -> path.getValue().forEach(operation -> {
            assertThat(ids.add(operation.path("operationId").asString())).as("operationId of " + path.getKey()).isTrue();
            assertThat(operation.path("responses").has("200")).as(path.getKey()).isTrue();
            assertThat(operation.path("responses").has("403")).as("a key without the role: " + path.getKey()).isEqualTo(!operation.path("security").isArray());
            operation.path("responses").forEach(response -> assertThat(response.path("description").asString()).isNotEmpty());
            Set<String> named = new TreeSet<>();
            operation.path("parameters").forEach(parameter -> {
                if (parameter.path("in").asString().equals("path")) {
                    named.add(parameter.path("name").asString());
                }
            });
            Set<String> inPath = new TreeSet<>();
            java.util.regex.Pattern.compile("\\{(\\w+)}").matcher(path.getKey()).results().forEach(match -> inPath.add(match.group(1)));
            assertThat(named).as(path.getKey()).isEqualTo(inPath);
        }));
    }

    @Test
    void everyReferenceHasItsTarget() {
        Set<String> used = new TreeSet<>();
        collect(document, used);
        assertThat(used).isNotEmpty().allSatisfy(reference -> assertThat(document.at(reference.substring(1)).isMissingNode()).as(reference).isFalse());
        document.at("/components/schemas").propertyNames().forEach(name -> assertThat(used).as("schema that nobody uses").contains("#/components/schemas/" + name));
    }

    private static void collect(JsonNode node, Set<String> references) {
        if (node.has("$ref")) {
            references.add(node.path("$ref").asString());
        }
        node.forEach(each -> collect(each, references));
    }
}
