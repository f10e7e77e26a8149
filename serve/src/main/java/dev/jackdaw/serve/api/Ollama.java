package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.serve.http.EventStream;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.LoadedModel;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `POST /api/chat`, `/api/generate`, `/api/embed` and the older `/api/embeddings`, as Ollama's reference describes them. Answers are lines
/// of JSON unless `stream` is false; times are nanoseconds. What models there are: [OllamaModels].
public final class Ollama implements HttpService {
    private static final int MOST_TEXTS = 2048;

    private final ApiContext context;

    public Ollama(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/api/chat", this::chat).post("/api/generate", this::generate).post("/api/embed", this::embed).post("/api/embeddings", this::embedOne);
    }

    /// @param turns        a conversation goes on, else a text
    /// @param begun        nanoseconds
    /// @param loadingNanos that the model took to be there
    private record Wanted(String id, long created, String model, boolean stream, boolean turns, long begun, long loadingNanos) {
        Map<String, Object> head() {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("model", model);
            body.put("created_at", Instant.now().toString());
            return body;
        }

        Map<String, Object> said(String content, String thinking, List<Message.ToolCall> calls) {
            Map<String, Object> body = head();
            Map<String, Object> at = turns ? new LinkedHashMap<>() : body;
            if (turns) {
                at.put("role", "assistant");
                body.put("message", at);
            }
            at.put(turns ? "content" : "response", content);
            if (thinking != null) {
                at.put("thinking", thinking);
            }
            if (!calls.isEmpty()) {
                at.put("tool_calls", calls.stream().map(Ollama::call).toList());
            }
            body.put("done", false);
            return body;
        }

        void end(Map<String, Object> body, Writer.Written written) {
            Generator.Result result = written.result();
            body.put("done", true);
            body.put("done_reason", written.finishReason().equals("length") ? "length" : "stop");
            body.put("total_duration", System.nanoTime() - begun);
            body.put("load_duration", loadingNanos);
            body.put("prompt_eval_count", result.promptIds().length);
            body.put("prompt_eval_duration", result.prefillNanos());
            body.put("eval_count", result.ids().length);
            body.put("eval_duration", result.decodeNanos());
        }
    }

    private static Map<String, Object> call(Message.ToolCall call) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", call.id());
        map.put("function", Map.of("name", call.name(), "arguments", ChatFields.arguments(call)));
        return map;
    }

    private void chat(ServerRequest request, ServerResponse response) throws InterruptedException {
        answer(request, response, true);
    }

    private void generate(ServerRequest request, ServerResponse response) throws InterruptedException {
        answer(request, response, false);
    }

    private void answer(ServerRequest request, ServerResponse response, boolean turns) throws InterruptedException {
        long begun = System.nanoTime();
        Fields fields = Json.read(request, context.limits().bodyBytes());
        try (ModelPool.Lease lease = context.models().take(fields.requiredText("model"))) {
            LoadedModel model = lease.model();
            boolean stream = fields.flag("stream", true);
            fields.any("keep_alive");                     // memory decides here
            Wanted wanted = new Wanted(Ids.of("chatcmpl-"), System.currentTimeMillis(), lease.name(), stream, turns, begun, System.nanoTime() - begun);
            OllamaFields asked = new OllamaFields(fields, context.limits());
            if (turns ? fields.list("messages").orElse(List.of()).isEmpty() : fields.text("prompt").orElse("").isEmpty() && asked.suffix() == null) {
                Map<String, Object> body = wanted.said("", null, List.of());
                body.put("done", true);
                body.put("done_reason", "load");
                Json.send(response, body);
                return;
            }
            boolean plain = !turns && (asked.isRaw() || model.chat().isEmpty());
            Chat.Ask ask = plain ? null : asked.ask(turns ? asked.messages() : asked.prompt(), model.requireChat(lease.name()));
            Request text = plain ? asked.plain(model) : null;
            ApiContext.nameIgnored(fields, response);
            try (Choices choices = plain ? Choices.start(context, lease, List.of(text), begun) : Choices.start(context, lease, model.chat().get(), ask, 1, begun)) {
                Writer.Written written = stream ? stream(wanted, choices, response) : whole(wanted, choices, response);
                if (written != null && ask != null) {
                    context.tell(wanted.id, wanted.created, wanted.model, null, ask, written, request);
                }
            }
        }
    }

    private static Writer.Written whole(Wanted wanted, Choices choices, ServerResponse response) throws InterruptedException {
        Writer.Written written = choices.write(_ -> Writer.Parts.NONE).getFirst();
        Message message = written.message();
        Map<String, Object> body = wanted.said(message.content(), message.reasoning(), message.toolCalls());
        wanted.end(body, written);
        Json.send(response, body);
        return written;
    }

    private static Writer.Written stream(Wanted wanted, Choices choices, ServerResponse response) throws InterruptedException {
        EventStream out = EventStream.lines(response);
        Writer.Written[] written = new Writer.Written[1];
        boolean complete = choices.stream(out, () -> {
            written[0] = choices.write(_ -> new Lines(wanted, out)).getFirst();
            Map<String, Object> last = wanted.said("", null, List.of());
            wanted.end(last, written[0]);
            out.send(Json.bytes(last));
        }, error -> out.send(Json.bytes(Map.of("error", error.getMessage()))));
        return complete ? written[0] : null;
    }

    /// An answer, piece by piece.
    private record Lines(Wanted wanted, EventStream out) implements Writer.Parts {
        @Override
        public void content(String piece) {
            send(wanted.said(piece, null, List.of()));
        }

        @Override
        public void reasoning(String piece) {
            send(wanted.said("", piece, List.of()));
        }

        @Override
        public void toolCall(Message.ToolCall call) {
            send(wanted.said("", null, List.of(call)));
        }

        private void send(Map<String, Object> body) {
            try {
                out.send(Json.bytes(body));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void embed(ServerRequest request, ServerResponse response) throws InterruptedException {
        long begun = System.nanoTime();
        Fields fields = Json.read(request, context.limits().bodyBytes());
        try (ModelPool.Lease lease = context.models().take(fields.requiredText("model"))) {
            long loading = System.nanoTime() - begun;
            List<String> texts = fields.texts("input");
            if (!fields.has("input") || texts.size() > MOST_TEXTS) {
                throw fields.wrong("input", "has " + texts.size() + " texts; give a string, or an array of at most " + MOST_TEXTS);
            }
            int width = lease.model().spec().width(), dimensions = fields.integer("dimensions", 1, width).orElse(width), tokens = 0;
            boolean cut = fields.flag("truncate", true);
            fields.any("keep_alive");
            fields.any("options");
            ApiContext.nameIgnored(fields, response);
            List<int[]> inputs = new ArrayList<>();
            for (String text : texts) {
                inputs.add(ids(lease.model(), text, cut, "input"));
                tokens += inputs.getLast().length;
            }
            List<float[]> vectors = Embeddings.vectors(context, lease, inputs, dimensions);
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("model", lease.name());
            body.put("embeddings", vectors);
            body.put("total_duration", System.nanoTime() - begun);
            body.put("load_duration", loading);
            body.put("prompt_eval_count", tokens);
            Json.send(response, body);
        }
    }

    private static int[] ids(LoadedModel model, String text, boolean cut, String param) {
        int[] ids = Embeddings.ids(model, text, param);
        if (cut && ids.length > model.spec().context()) {
            return Arrays.copyOf(ids, model.spec().context());
        }
        Embeddings.requireFits(ids.length, model, param);
        return ids;
    }

    private void embedOne(ServerRequest request, ServerResponse response) throws InterruptedException {
        Fields fields = Json.read(request, context.limits().bodyBytes());
        try (ModelPool.Lease lease = context.models().take(fields.requiredText("model"))) {
            fields.any("keep_alive");
            fields.any("options");
            int[] ids = ids(lease.model(), fields.requiredText("prompt"), true, "prompt");
            ApiContext.nameIgnored(fields, response);
            Json.send(response, Map.of("embedding", Embeddings.vectors(context, lease, List.of(ids), lease.model().spec().width()).getFirst()));
        }
    }
}
