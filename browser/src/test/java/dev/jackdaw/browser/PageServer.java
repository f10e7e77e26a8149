package dev.jackdaw.browser;

import dev.jackdaw.serve.http.EventStream;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.http.StaticFiles;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// The real page on a server that only pretends: answers are those that a test puts in, piece by piece and as slowly as it likes, with made-up
/// probabilities. What the page sent is kept, so that a test can look at it. Run `main` to look at the page by hand.
final class PageServer implements AutoCloseable {
    static final String MODEL = "jackdaw-jdk-chat";
    private static final Pattern PIECE = Pattern.compile("\\s*[\\p{L}\\p{N}_]{1,7}|\\s*[^\\s\\p{L}\\p{N}_]{1,3}|\\s+");
    private static final List<String> OTHERS = List.of(" the", " a", " which", " value", " one", ".", ",", " is", " bird", " returns");

    private final WebServer server;
    private final Deque<String> replies = new ArrayDeque<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final List<JsonNode> labelled = new CopyOnWriteArrayList<>();
    private volatile long pauseMillis;
    private volatile String thoughts = "";
    private volatile String tool = "";
    private volatile int liveStep = 240;

    /// What the page asked: method and path, and the body if there was one.
    record Request(String what, JsonNode body) {
    }

    PageServer(int port) {
        HttpRouting.Builder routing = HttpRouting.builder().register(new StaticFiles())
                .get("/v1/models", (_, response) -> Json.send(response, Map.of("object", "list", "data", List.of(Map.of("id", MODEL, "object", "model"), Map.of("id", "jackdaw-jdk-base", "object", "model")))))
                .post("/v1/chat/completions", this::chat)
                .post("/v1/completions", this::complete);
        canned(routing);
        server = WebServer.builder().host("127.0.0.1").port(port).routing(routing).build().start();
    }

    String url() {
        return "http://127.0.0.1:" + server.port();
    }

    /// What the next questions are answered with; after the last, a short text.
    void replies(String... texts) {
        synchronized (replies) {
            replies.clear();
            replies.addAll(List.of(texts));
        }
    }

    void pauseMillis(long millis) {
        pauseMillis = millis;
    }

    void thoughts(String text) {
        thoughts = text;
    }

    /// Each answer calls this function, unless it follows the result of one; an empty name: none.
    void callsTool(String name) {
        tool = name;
    }

    void liveStep(int step) {
        liveStep = step;
    }

    void forget() {
        requests.clear();
        labelled.clear();
        replies();
        pauseMillis = 0;
        thoughts = "";
        tool = "";
        liveStep = 240;
    }

    /// Bodies sent to an address, in order.
    List<JsonNode> sent(String what) {
        return requests.stream().filter(request -> request.what().equals(what)).map(Request::body).toList();
    }

    @Override
    public void close() {
        server.stop();
    }

    private JsonNode take(ServerRequest request) {
        JsonNode body = Json.read(request, 1 << 24).node();
        requests.add(new Request(request.prologue().method().text() + " " + request.path().path(), body));
        return body;
    }

    private String next() {
        synchronized (replies) {
            return replies.isEmpty() ? "A short answer." : replies.poll();
        }
    }

    private void chat(ServerRequest request, ServerResponse response) throws IOException {
        JsonNode body = take(request);
        String id = "chatcmpl-" + requests.size();
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        List<String> pieces = pieces(next());
        JsonNode last = body.path("messages").get(body.path("messages").size() - 1);
        boolean calls = !tool.isEmpty() && !last.path("role").asString().equals("tool");
        try (EventStream events = EventStream.events(response)) {
            for (String piece : pieces(thoughts)) {
                events.send(chunk(id, Map.of("reasoning_content", piece), null, null));
                pause();
            }
            for (String piece : pieces) {
                events.send(chunk(id, Map.of("content", piece), Map.of("content", List.of(token(piece, random))), null));
                pause();
            }
            if (calls) {
                events.send(chunk(id, Map.of("tool_calls", List.of(Map.of("index", 0, "id", "call-1", "type", "function", "function", Map.of("name", tool, "arguments", "{\"query\":")))), null, null));
                events.send(chunk(id, Map.of("tool_calls", List.of(Map.of("index", 0, "function", Map.of("arguments", "\"jackdaws\"}")))), null, null));
            }
            events.send(chunk(id, Map.of(), null, calls ? "tool_calls" : "stop"));
            events.send(Json.bytes(Map.of("id", id, "object", "chat.completion.chunk", "model", MODEL, "choices", List.of(), "usage", Map.of("prompt_tokens", 12, "completion_tokens", pieces.size(), "total_tokens", 12 + pieces.size()))));
            events.done();
        } catch (IOException | RuntimeException e) {
            requests.add(new Request("gone", body));
            throw e;
        }
    }

    private void complete(ServerRequest request, ServerResponse response) throws IOException {
        take(request);
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
        try (EventStream events = EventStream.events(response)) {
            for (String piece : pieces(replies.isEmpty() ? Canned.DREAM : next())) {
                Map<String, Object> token = token(piece, random);
                Map<String, Object> top = new java.util.LinkedHashMap<>();
                ((List<?>) token.get("top_logprobs")).forEach(each -> top.put((String) ((Map<?, ?>) each).get("token"), ((Map<?, ?>) each).get("logprob")));
                Map<String, Object> logprobs = Map.of("tokens", List.of(piece), "token_logprobs", List.of(token.get("logprob")), "top_logprobs", List.of(top), "text_offset", List.of(0));
                events.send(Json.bytes(Map.of("id", "cmpl-1", "model", MODEL, "choices", List.of(Map.of("index", 0, "text", piece, "logprobs", logprobs)))));
                pause();
            }
            events.send(Json.bytes(Map.of("id", "cmpl-1", "model", MODEL, "choices", List.of(Map.of("index", 0, "text", "", "finish_reason", "stop")))));
            events.done();
        }
    }

    private void pause() {
        if (pauseMillis > 0) {
            try {
                Thread.sleep(pauseMillis);
            } catch (InterruptedException e) {
                throw new UncheckedIOException(new IOException(e));
            }
        }
    }

    private static byte[] chunk(String id, Map<String, Object> delta, Object logprobs, String finish) {
        Map<String, Object> choice = new java.util.LinkedHashMap<>();
        choice.put("index", 0);
        choice.put("delta", delta);
        if (logprobs != null) {
            choice.put("logprobs", logprobs);
        }
        choice.put("finish_reason", finish);
        return Json.bytes(Map.of("id", id, "object", "chat.completion.chunk", "model", MODEL, "choices", List.of(choice)));
    }

    static List<String> pieces(String text) {
        List<String> all = new ArrayList<>();
        Matcher matcher = PIECE.matcher(text);
        while (matcher.find()) {
            all.add(matcher.group());
        }
        return all;
    }

    private static Map<String, Object> token(String piece, RandomGenerator random) {
        double taken = 1 - Math.pow(random.nextDouble(), 2.2), rest = 1 - taken;
        List<Map<String, Object>> top = new ArrayList<>(List.of(alternative(piece, taken)));
        for (int i = 0; i < 7; i++) {
            rest *= 0.5;
            String other = OTHERS.get((piece.length() + i) % OTHERS.size());
            if (!other.equals(piece)) {
                top.add(alternative(other, rest));
            }
        }
        top.sort((a, b) -> Double.compare((double) b.get("logprob"), (double) a.get("logprob")));
        return Map.of("token", piece, "logprob", Math.log(taken), "top_logprobs", top);
    }

    private static Map<String, Object> alternative(String text, double probability) {
        return Map.of("token", text, "logprob", Math.log(Math.max(probability, 1e-6)));
    }

    private void canned(HttpRouting.Builder routing) {
        routing.post("/jackdaw/feedback", (request, response) -> { take(request); Json.send(response, Map.of("id", "rating-1")); })
                .post("/jackdaw/comparisons", (request, response) -> { take(request); Json.send(response, Map.of("id", "comparison-1")); })
                .post("/jackdaw/prompt", (request, response) -> { take(request); Json.send(response, Map.of("tokens", List.of(1, 2, 3), "count", 3, "room", 900)); })
                .post("/jackdaw/abilities/calculator", (request, response) -> { take(request); Json.send(response, Map.of("result", "372")); })
                .get("/jackdaw/models", (_, response) -> Json.send(response, Canned.models()))
                .get("/jackdaw/privacy", (_, response) -> Json.send(response, Canned.privacy()))
                .get("/jackdaw/answers", (request, response) -> Json.send(response, Canned.answers(request.query().first("rating").orElse(""), request.query().first("text").orElse(""))))
                .get("/jackdaw/answers/{id}", (request, response) -> Json.send(response, Canned.answer(request.path().pathParameters().get("id"))))
                .delete("/jackdaw/users/{user}", (request, response) -> {
                    requests.add(new Request("DELETE " + request.path().path(), null));
                    Json.send(response, Map.of("erased", 3));
                })
                .get("/jackdaw/labels/next", (request, response) -> Json.send(response, Canned.item(request.query().first("task").orElse("ideal"), labelled.size())))
                .post("/jackdaw/labels", (request, response) -> { labelled.add(take(request)); Json.send(response, Map.of("id", "label-1")); })
                .get("/jackdaw/labels/agreement", (_, response) -> Json.send(response, Canned.agreement()))
                .get("/jackdaw/runs", (_, response) -> Json.send(response, Canned.runs(liveStep)))
                .get("/jackdaw/runs/{name}/metrics", (request, response) -> Json.send(response, Canned.metrics(request.path().pathParameters().get("name"), liveStep, Integer.parseInt(request.query().first("after").orElse("0")))))
                .get("/jackdaw/runs/{name}/samples", (_, response) -> Json.send(response, Canned.samples()));
    }

    static void main(String[] arguments) {
        PageServer server = new PageServer(arguments.length > 0 ? Integer.parseInt(arguments[0]) : 8099);
        server.pauseMillis(25);
        server.replies(Canned.ANSWER, Canned.MARKDOWN, Canned.ANSWER);
        System.out.println(server.url());
    }
}
