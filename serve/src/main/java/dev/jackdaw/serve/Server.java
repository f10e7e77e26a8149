package dev.jackdaw.serve;

import dev.jackdaw.serve.api.Answered;
import dev.jackdaw.serve.api.AnthropicMessages;
import dev.jackdaw.serve.api.ApiContext;
import dev.jackdaw.serve.api.ChatCompletions;
import dev.jackdaw.serve.api.Completions;
import dev.jackdaw.serve.api.Embeddings;
import dev.jackdaw.serve.api.Models;
import dev.jackdaw.serve.api.Ollama;
import dev.jackdaw.serve.api.OllamaModels;
import dev.jackdaw.serve.api.OpenApi;
import dev.jackdaw.serve.api.Responses;
import dev.jackdaw.serve.api.Tokens;
import dev.jackdaw.serve.http.ClientWatch;
import dev.jackdaw.serve.http.Errors;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http1.Http1Config;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/// The server: models, gates and services behind one address. Starting it loads no model; asking for one does.
///
/// One virtual thread a request. The models' passes run on their engines' own threads; a handler only waits for tokens and writes them.
public final class Server implements AutoCloseable {
    private final ModelPool models;
    private final WebServer web;
    private final ScheduledExecutorService timer;

    private Server(ServerSettings settings) {
        models = new ModelPool(settings.models());
        timer = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("jackdaw-timer").factory());
        ApiContext context = new ApiContext(models, settings.limits(), Answered.Listener.NOBODY, timer);
        List<HttpService> services = services(context);
        web = WebServer.builder()
                .host(settings.network().host())
                .port(settings.network().port())
                .connectionSelectors(List.of(ClientWatch.selector(Http1Config.create())))
                .shutdownHook(false)
                .shutdownGracePeriod(Duration.ofSeconds(settings.limits().graceSeconds()))
                .routing(routing -> route(routing, services))
                .build();
    }

    /// The languages of clients. What they answer to stands in `api/openapi.json`, too.
    public static List<HttpService> services(ApiContext context) {
        return List.of(new ChatCompletions(context), new Completions(context), new Responses(context), new Embeddings(context), new Tokens(context), new Models(context),
                new AnthropicMessages(context), new Ollama(context), new OllamaModels(context), new OpenApi());
    }

    private static void route(HttpRouting.Builder routing, List<HttpService> services) {
        Errors.install(routing);
        services.forEach(routing::register);
    }

    public static Server start(ServerSettings settings) {
        Server server = new Server(settings);
        server.web.start();
        return server;
    }

    public int port() {
        return web.port();
    }

    public ModelPool models() {
        return models;
    }

    /// Lets running answers end within their grace, then ends everything.
    @Override
    public void close() {
        web.stop();
        timer.shutdownNow();
        models.close();
    }
}
