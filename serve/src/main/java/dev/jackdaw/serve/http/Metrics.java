package dev.jackdaw.serve.http;

import dev.jackdaw.model.engine.Engine;
import dev.jackdaw.serve.api.Answered;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.ToDoubleFunction;

/// What is counted and timed, for Prometheus at `/metrics`, and one line of log and one event of the flight recorder for each request, neither of
/// which contains anything of a prompt.
public final class Metrics implements HttpService, Filter {
    private static final System.Logger LOG = System.getLogger("dev.jackdaw.serve.requests");

    private final PrometheusRegistry registry;
    private final ModelPool models;
    private final Counter requests;
    private final Histogram seconds;
    private final Counter tokens;
    private final Histogram firstToken;
    private final Histogram answers;

    public Metrics(PrometheusRegistry registry, ModelPool models) {
        this.registry = registry;
        this.models = models;
        requests = Counter.builder().name("jackdaw_http_requests_total").help("Requests that were answered").labelNames("method", "route", "status").register(registry);
        seconds = Histogram.builder().name("jackdaw_http_request_seconds").help("From the first byte of a request to the last of its answer").labelNames("route").classicOnly().register(registry);
        tokens = Counter.builder().name("jackdaw_tokens_total").help("Tokens of prompts and of answers").labelNames("model", "kind").register(registry);
        firstToken = Histogram.builder().name("jackdaw_time_to_first_token_seconds").help("From a request to the first token of its answer").labelNames("model").classicOnly().register(registry);
        answers = Histogram.builder().name("jackdaw_answer_seconds").help("From a request to the last token of its answer").labelNames("model").classicOnly().register(registry);
        gauge("jackdaw_sequences_running", "Answers being written", Engine.Statistics::running);
        gauge("jackdaw_sequences_waiting", "Requests in a model's queue", Engine.Statistics::waiting);
        gauge("jackdaw_cache_pages_used", "Pages of keys and values held by running or remembered texts", Engine.Statistics::usedPages);
        gauge("jackdaw_cache_pages_idle", "Of these, only remembered", Engine.Statistics::idlePages);
        gauge("jackdaw_cache_bytes", "Of all pages", Engine.Statistics::bytes);
        counter("jackdaw_engine_passes_total", "Passes of a model", Engine.Statistics::passes);
        counter("jackdaw_engine_prompt_tokens_total", "Tokens of prompts that were read", Engine.Statistics::readTokens);
        counter("jackdaw_engine_shared_tokens_total", "Tokens of prompts that were known already", Engine.Statistics::sharedTokens);
        counter("jackdaw_engine_new_tokens_total", "Tokens that were chosen", Engine.Statistics::newTokens);
    }

    private void gauge(String name, String help, ToDoubleFunction<Engine.Statistics> value) {
        GaugeWithCallback.builder().name(name).help(help).labelNames("model").callback(each -> models.loaded().forEach((model, loaded) -> each.call(value.applyAsDouble(loaded.engine().statistics()), model)))
                .register(registry);
    }

    private void counter(String name, String help, ToDoubleFunction<Engine.Statistics> value) {
        CounterWithCallback.builder().name(name).help(help).labelNames("model").callback(each -> models.loaded().forEach((model, loaded) -> each.call(value.applyAsDouble(loaded.engine().statistics()), model)))
                .register(registry);
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/metrics", this::metrics);
    }

    private void metrics(ServerRequest request, ServerResponse response) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(text, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        response.header(HeaderNames.CONTENT_TYPE, PrometheusTextFormatWriter.CONTENT_TYPE).send(text.toByteArray());
    }

    /// Tokens were read and written.
    public void spent(String model, long promptTokens, long answerTokens) {
        tokens.labelValues(model, "prompt").inc(promptTokens);
        tokens.labelValues(model, "answer").inc(answerTokens);
    }

    /// An answer was given.
    public void answered(Answered answer) {
        firstToken.labelValues(answer.model()).observe(answer.firstMillis() / 1e3);
        answers.labelValues(answer.model()).observe(answer.millis() / 1e3);
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        RequestEvent event = new RequestEvent();
        event.begin();
        long started = System.nanoTime();
        ApiError refused = null;                         // by a gate: the answer is written further out
        try {
            chain.proceed();
        } catch (RuntimeException e) {
            refused = Errors.of(e);
            throw e;
        } finally {
            double took = (System.nanoTime() - started) / 1e9;
            String route = request.matchingPattern().orElse("other"), method = request.prologue().method().text();
            int status = refused == null ? response.status().code() : refused.status();
            requests.labelValues(known(method), route, Integer.toString(status)).inc();
            seconds.labelValues(route).observe(took);
            event.end();
            if (event.shouldCommit()) {
                event.method = method;
                event.route = route;
                event.status = status;
                event.commit();
            }
            LOG.log(System.Logger.Level.INFO, () -> String.format(java.util.Locale.ROOT, "method=%s route=%s status=%d millis=%.1f key=%s", known(method), route, status, took * 1e3,
                    request.context().get(Gate.OWNER, String.class).orElse("-")));
        }
    }

    private static String known(String method) {
        return method.matches("[A-Z]{1,10}") ? method : "OTHER";
    }
}
