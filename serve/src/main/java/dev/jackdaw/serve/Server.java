package dev.jackdaw.serve;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.serve.api.Abilities;
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
import dev.jackdaw.serve.api.Prompts;
import dev.jackdaw.serve.api.Responses;
import dev.jackdaw.serve.api.Tokens;
import dev.jackdaw.serve.feedback.Checks;
import dev.jackdaw.serve.feedback.Feedback;
import dev.jackdaw.serve.feedback.Guard;
import dev.jackdaw.serve.feedback.Privacy;
import dev.jackdaw.serve.http.ClientWatch;
import dev.jackdaw.serve.http.Errors;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.http.Metrics;
import dev.jackdaw.serve.http.Quotas;
import dev.jackdaw.serve.http.StaticFiles;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.common.pki.Keys;
import io.helidon.common.tls.Tls;
import io.helidon.config.Config;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http1.Http1Config;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/// The server: models, gates and services behind one address. Starting it loads no model; asking for one does.
///
/// One virtual thread a request. The models' passes run on their engines' own threads; a handler only waits for tokens and writes them.
public final class Server implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("dev.jackdaw.serve.answers");

    /// For which a connection without a request stays.
    private static final Duration IDLE = Duration.ofMinutes(5);

    private final ServerSettings settings;
    private final ModelPool models;
    private final Feedback feedback;
    private final Metrics metrics;
    private final Probes probes;
    private final ScheduledThreadPoolExecutor timer;
    private final WebServer web;

    private Server(ServerSettings settings) {
        this.settings = settings;
        Quotas quotas = new Quotas(InstantSource.system());
        Gate gate = new Gate(settings.network(), quotas);
        models = new ModelPool(settings.models());
        PrometheusRegistry registry = new PrometheusRegistry();
        metrics = new Metrics(registry, models);
        timer = new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("jackdaw-timer").factory());
        timer.setRemoveOnCancelPolicy(true);                       // nearly every deadline is called off; each would stay until its time
        ApiContext quiet = new ApiContext(models, settings.limits(), Answered.Listener.NOBODY, timer);
        feedback = Feedback.open(settings.data().database(), Feedback.Parts.of(Privacy.of(settings.data()), new Checks(Checks.Limits.STANDARD, Guard.NONE, settings.data().refusals()),
                (model, messages, count) -> Collected.sample(quiet, model, messages, count), registry));
        ApiContext context = new ApiContext(models, settings.limits(), new Listener(quotas), timer);
        probes = new Probes(feedback.database()::isReachable, models);
        Runs runs = new Runs(settings.data().runs());
        web = build(routing -> {
            Errors.install(routing);
            routing.addFilter(ClientWatch::ends).addFilter(metrics).addFilter(gate);
            services(context).forEach(routing::register);
            routing.register(new StaticFiles()).register(metrics).register(probes).register(runs);
            feedback.services(settings.limits().bodyBytes(), request -> request.context().get(Gate.OWNER, String.class).orElse(null)).forEach(service -> routing.register("/jackdaw", service));
        });
    }

    /// Hears of all that is answered.
    private final class Listener implements Answered.Listener {
        private final Quotas quotas;

        Listener(Quotas quotas) {
            this.quotas = quotas;
        }

        @Override
        public void answered(Answered answered) {
            metrics.answered(answered);
            feedback.recorder().answered(answered);
            if (settings.data().logPrompts()) {
                LOG.log(System.Logger.Level.INFO, () -> Json.text(Map.of("id", answered.id(), "model", answered.model(), "messages", answered.messages().stream().map(Message::toMap).toList(),
                        "answer", answered.answer().toMap())));
            }
        }

        @Override
        public void spent(String model, String key, long promptTokens, long answerTokens) {
            metrics.spent(model, promptTokens, answerTokens);
            quotas.spend(key, promptTokens + answerTokens);
        }
    }

    private WebServer build(java.util.function.Consumer<HttpRouting.Builder> routes) {
        ServerSettings.Network network = settings.network();
        WebServerConfig.Builder builder = WebServer.builder()
                .config(Config.empty())                            // nothing from files that happen to lie about
                .host(network.host())
                .port(network.port())
                .connectionSelectors(List.of(ClientWatch.selector(Http1Config.builder().sendLog(false).receiveLog(false).build())))
                .idleConnectionTimeout(Duration.ofSeconds(settings.limits().requestSeconds()).plus(IDLE))      // Helidon counts from a request's beginning, and interrupts it
                .shutdownHook(false)
                .shutdownGracePeriod(Duration.ofSeconds(settings.limits().graceSeconds()))
                .maxPayloadSize(settings.limits().bodyBytes())
                .routing(routes);
        if (network.certificate() != null) {
            Keys keys = Keys.builder().pem(pem -> pem.key(resource -> resource.path(network.key())).certChain(resource -> resource.path(network.certificate()))).build();
            builder.tls(Tls.builder().privateKey(keys).privateKeyCertChain(keys).build());
        }
        return builder.build();
    }

    /// The languages of clients. What they answer to stands in `api/openapi.json`, too.
    public static List<HttpService> services(ApiContext context) {
        return List.of(new ChatCompletions(context), new Completions(context), new Responses(context), new Embeddings(context), new Tokens(context), new Models(context),
                new AnthropicMessages(context), new Ollama(context), new OllamaModels(context), new OpenApi(), new Prompts(context), new Abilities(context));
    }

    public static Server start(ServerSettings settings) {
        Server server = new Server(settings);
        try {
            server.web.start();
        } catch (RuntimeException e) {
            server.close();
            throw new IllegalStateException("serve: " + settings.network().host() + ":" + settings.network().port() + " cannot be listened on: " + root(e).getMessage()
                    + "; is another server running there? --port chooses another", e);
        }
        return server;
    }

    private static Throwable root(Throwable e) {
        return e.getCause() == null ? e : root(e.getCause());
    }

    public int port() {
        return web.port();
    }

    /// After which a connection is closed, also one whose answer is still being written.
    Duration longestRequest() {
        return web.prototype().idleConnectionTimeout();
    }

    public ModelPool models() {
        return models;
    }

    public Feedback feedback() {
        return feedback;
    }

    /// Deadlines that have not come yet and were not called off.
    int deadlines() {
        return timer.getQueue().size();
    }

    /// Lets running answers end within their grace, then ends everything.
    @Override
    public void close() {
        probes.end();
        web.stop();
        timer.shutdownNow();
        models.close();
        feedback.close();
    }
}
