package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.EventStream;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `POST /v1/responses`, as OpenAI's reference describes it, whole or as its events, and `GET` and `DELETE` of `/v1/responses/{id}`.
/// What can be referred to later ([ResponseStore]) is kept in memory and not for long. No tools but functions, no background work.
public final class Responses implements HttpService {
    /// Fields whose values a response repeats, with what stands for those that were not given.
    private static final List<String> REPEATED = List.of("instructions", "max_output_tokens", "metadata", "parallel_tool_calls", "previous_response_id", "reasoning",
            "safety_identifier", "temperature", "text", "tool_choice", "tools", "top_p", "top_logprobs", "truncation", "user");
    private static final Map<String, Object> USUAL = Map.of("metadata", Map.of(), "parallel_tool_calls", true, "temperature", 1.0, "text", Map.of("format", Map.of("type", "text")),
            "tool_choice", "auto", "tools", List.of(), "top_p", 1.0, "truncation", "disabled");

    private final ApiContext context;
    private final ResponseStore store = new ResponseStore();

    public Responses(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/v1/responses", this::respond).get("/v1/responses/{id}", this::find).delete("/v1/responses/{id}", this::forget);
    }

    /// @param conversation what the next response can go on from: without the instructions
    /// @param repeated     fields of the request that the response shows again
    private record Wanted(String id, long created, String model, boolean store, List<Message> conversation, Map<String, Object> repeated, String user) {
        Map<String, Object> body(String status, List<Object> output) {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("id", id);
            body.put("object", "response");
            body.put("created_at", created / 1000);
            body.put("status", status);
            body.put("background", false);
            body.put("error", null);
            body.put("incomplete_details", status.equals("incomplete") ? Map.of("reason", "max_output_tokens") : null);
            body.put("model", model);
            body.put("output", output);
            body.put("store", store);
            body.putAll(repeated);
            body.put("usage", null);
            return body;
        }
    }

    private void respond(ServerRequest request, ServerResponse response) throws InterruptedException {
        long started = System.nanoTime();
        Fields fields = Json.read(request, context.limits().bodyBytes());
        for (String name : List.of("background", "conversation", "prompt")) {
            ChatFields.refuse(fields, name, "is not supported by this server");
        }
        try (ModelPool.Lease lease = context.models().take(fields.text("model").orElse(null))) {
            Chat chat = lease.model().requireChat(lease.name());
            List<Message> conversation = new ArrayList<>();
            fields.text("previous_response_id").ifPresent(id -> conversation.addAll(store.find(id, ApiContext.keyOf(request)).orElseThrow(() -> ApiError.bad("previous_response_not_found",
                    "previous_response_id", "there is no response " + id + "; responses are kept for " + ResponseStore.MINUTES + " minutes unless store is false")).conversation()));
            conversation.addAll(ResponseItems.messages(fields));
            Chat.Ask ask = ask(fields, conversation);
            Wanted wanted = new Wanted(Ids.of("resp_"), System.currentTimeMillis(), lease.name(), fields.flag("store", true), conversation, repeated(fields), fields.text("user").orElse(null));
            boolean stream = fields.flag("stream", false);
            fields.any("include");                        // probabilities come when top_logprobs is given
            ApiContext.nameIgnored(fields, response);
            try (Choices choices = Choices.start(context, lease, chat, ask, 1, started)) {
                if (stream) {
                    stream(wanted, choices, chat, ask, request, response);
                } else {
                    ResponseOutput output = new ResponseOutput(chat.tokenizer(), ResponseOutput.Events.NOBODY);
                    Writer.Written written = choices.write(_ -> output).getFirst();
                    Json.send(response, finished(wanted, output, written, request));
                    context.tell(wanted.id, wanted.created, wanted.model, wanted.user, ask, written, request);
                }
            }
        }
    }

    private Chat.Ask ask(Fields fields, List<Message> conversation) {
        List<Message> messages = new ArrayList<>();
        fields.text("instructions").ifPresent(text -> messages.add(Message.of("system", text)));
        messages.addAll(conversation);
        List<Map<String, Object>> tools = ChatFields.tools(fields);
        String schema = fields.object("text").flatMap(text -> text.object("format")).map(ChatFields::schema).orElse(null);
        Integer budget = fields.object("reasoning").map(reasoning -> ChatFields.budget(reasoning, "effort")).orElse(null);
        Overflow overflow = switch (fields.text("truncation").orElse("disabled")) {
            case "disabled" -> Overflow.REFUSE;
            case "auto" -> Overflow.TRIM_START;
            case String other -> throw fields.wrong("truncation", "is " + other + "; it must be auto or disabled");
        };
        return new Chat.Ask(messages, tools, ChatFields.choice(fields, tools), fields.flag("parallel_tool_calls", true), schema, null,
                ChatFields.limit(fields, "max_output_tokens", context.limits()), ChatFields.sampling(fields, 1), budget, ChatFields.stop(fields, "stop"),
                fields.integer("top_logprobs", 0, ChatFields.MOST_LOGPROBS).orElse(-1), overflow, ChatFields.variables(fields));
    }

    private static Map<String, Object> repeated(Fields fields) {
        Map<String, Object> repeated = new LinkedHashMap<>();
        REPEATED.forEach(name -> repeated.put(name, fields.any(name).<Object>map(node -> node).orElse(USUAL.get(name))));
        return repeated;
    }

    /// The response with its end, which is kept if it shall be.
    private Map<String, Object> finished(Wanted wanted, ResponseOutput output, Writer.Written written, ServerRequest request) {
        boolean whole = !written.finishReason().equals("length");
        Map<String, Object> body = wanted.body(whole ? "completed" : "incomplete", output.items());
        int read = written.result().promptIds().length, wrote = written.result().ids().length;
        Map<String, Object> usage = new LinkedHashMap<>();
        usage.put("input_tokens", read);
        usage.put("input_tokens_details", Map.of("cached_tokens", written.cachedTokens(), "cache_write_tokens", 0));        // nobody pays for it here
        usage.put("output_tokens", wrote);
        usage.put("output_tokens_details", Map.of("reasoning_tokens", written.result().thoughtTokens()));
        usage.put("total_tokens", read + wrote);
        body.put("usage", usage);
        if (wanted.store) {
            List<Message> conversation = new ArrayList<>(wanted.conversation);
            conversation.add(written.message());
            store.put(wanted.id, new ResponseStore.Kept(Json.text(body), List.copyOf(conversation), ApiContext.keyOf(request)));
        }
        return body;
    }

    private void stream(Wanted wanted, Choices choices, Chat chat, Chat.Ask ask, ServerRequest request, ServerResponse response) throws InterruptedException {
        EventStream out = EventStream.events(response);
        Numbered events = new Numbered(out);
        Writer.Written[] written = new Writer.Written[1];
        boolean complete = choices.stream(out, () -> {
            ResponseOutput output = new ResponseOutput(chat.tokenizer(), events);
            events.send("response.created", Map.of("response", wanted.body("in_progress", List.of())));
            events.send("response.in_progress", Map.of("response", wanted.body("in_progress", List.of())));
            written[0] = choices.write(_ -> output).getFirst();
            Map<String, Object> body = finished(wanted, output, written[0], request);
            events.send("response." + body.get("status"), Map.of("response", body));
        }, error -> {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("code", error.code());
            fields.put("message", error.getMessage());
            fields.put("param", error.param());
            events.send("error", fields);
        });
        if (complete) {
            context.tell(wanted.id, wanted.created, wanted.model, wanted.user, ask, written[0], request);
        }
    }

    /// Events count from 0.
    private static final class Numbered implements ResponseOutput.Events {
        private final EventStream out;
        private int number;

        Numbered(EventStream out) {
            this.out = out;
        }

        @Override
        public void send(String type, Map<String, Object> fields) {
            Map<String, Object> event = new LinkedHashMap<>();
            event.put("type", type);
            event.put("sequence_number", number++);
            event.putAll(fields);
            try {
                out.send(type, Json.bytes(event));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private ResponseStore.Kept kept(ServerRequest request) {
        String id = request.path().pathParameters().get("id");
        return store.find(id, ApiContext.keyOf(request)).orElseThrow(() -> ApiError.missing("response_not_found", "there is no response of this id; responses are kept in memory for "
                + ResponseStore.MINUTES + " minutes unless store is false"));
    }

    private void find(ServerRequest request, ServerResponse response) {
        Json.send(response, Json.tree(kept(request).body()));
    }

    private void forget(ServerRequest request, ServerResponse response) {
        kept(request);
        String id = request.path().pathParameters().get("id");
        store.remove(id);
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", id);
        body.put("object", "response");
        body.put("deleted", true);
        Json.send(response, body);
    }
}
