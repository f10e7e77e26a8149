package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.serve.http.Errors;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `POST /v1/messages` and `/v1/messages/count_tokens`, as Anthropic's reference describes them, whole or as events.
public final class AnthropicMessages implements HttpService {
    private final ApiContext context;

    public AnthropicMessages(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/v1/messages", this::answer).post("/v1/messages/count_tokens", this::count);
    }

    private record Wanted(String id, long created, String model, String user) {
        Map<String, Object> message(List<Object> content, String reason, String stop, Map<String, Object> usage) {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("id", id);
            body.put("type", "message");
            body.put("role", "assistant");
            body.put("model", model);
            body.put("content", content);
            body.put("stop_reason", reason);
            body.put("stop_sequence", stop);
            body.put("usage", usage);
            return body;
        }
    }

    private void answer(ServerRequest request, ServerResponse response) throws InterruptedException {
        long started = System.nanoTime();
        Fields fields = Json.read(request, context.limits().bodyBytes());
        try (ModelPool.Lease lease = context.models().take(fields.text("model").orElse(null))) {
            Chat chat = lease.model().requireChat(lease.name());
            if (!fields.has("max_tokens")) {
                throw fields.absent("max_tokens", "a whole number");
            }
            Chat.Ask ask = AnthropicFields.ask(fields, context.limits());
            Wanted wanted = new Wanted(Ids.of("msg_"), System.currentTimeMillis(), lease.name(), fields.object("metadata").flatMap(metadata -> metadata.text("user_id")).orElse(null));
            boolean stream = fields.flag("stream", false);
            ApiContext.nameIgnored(fields, response);
            try (Choices choices = Choices.start(context, lease, chat, ask, 1, started)) {
                if (stream) {
                    stream(wanted, choices, ask, request, response);
                } else {
                    MessageBlocks blocks = new MessageBlocks(MessageBlocks.Events.NOBODY);
                    Writer.Written written = choices.write(_ -> blocks).getFirst();
                    Json.send(response, wanted.message(blocks.blocks(), reason(written), stop(written), usage(written)));
                    context.tell(wanted.id, wanted.created, wanted.model, wanted.user, ask, written, request);
                }
            }
        }
    }

    private static String reason(Writer.Written written) {
        return switch (written.finishReason()) {
            case "tool_calls" -> "tool_use";
            case "length" -> "max_tokens";
            default -> stop(written) != null ? "stop_sequence" : "end_turn";
        };
    }

    private static String stop(Writer.Written written) {
        return written.calls() ? null : written.result().stop();
    }

    /// Here, tokens that were read from memory are not among those that were read.
    private static Map<String, Object> usage(Writer.Written written) {
        Generator.Result result = written.result();
        return usage(result.promptIds().length - written.cachedTokens(), written.cachedTokens(), result.ids().length);
    }

    private static Map<String, Object> usage(int read, int cached, int wrote) {
        Map<String, Object> usage = new LinkedHashMap<>();
        usage.put("input_tokens", read);
        usage.put("cache_creation_input_tokens", 0);
        usage.put("cache_read_input_tokens", cached);
        usage.put("output_tokens", wrote);
        return usage;
    }

    private void stream(Wanted wanted, Choices choices, Chat.Ask ask, ServerRequest request, ServerResponse response) throws InterruptedException {
        EventStream out = EventStream.events(response);
        MessageBlocks.Events events = (type, more) -> {
            Map<String, Object> event = new LinkedHashMap<>();
            event.put("type", type);
            event.putAll(more);
            try {
                out.send(type, Json.bytes(event));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
        Writer.Written[] written = new Writer.Written[1];
        boolean complete = choices.stream(out, () -> {
            events.send("message_start", Map.of("message", wanted.message(List.of(), null, null, usage(choices.promptTokens(), 0, 0))));
            events.send("ping", Map.of());
            MessageBlocks blocks = new MessageBlocks(events);
            written[0] = choices.write(_ -> blocks).getFirst();
            Map<String, Object> delta = new LinkedHashMap<>();
            delta.put("stop_reason", reason(written[0]));
            delta.put("stop_sequence", stop(written[0]));
            events.send("message_delta", Map.of("delta", delta, "usage", usage(written[0])));
            events.send("message_stop", Map.of());
        }, error -> out.send("error", Json.bytes(Errors.form("/v1/messages", error))));
        if (complete) {
            context.tell(wanted.id, wanted.created, wanted.model, wanted.user, ask, written[0], request);
        }
    }

    private void count(ServerRequest request, ServerResponse response) throws InterruptedException {
        Fields fields = Json.read(request, context.limits().bodyBytes());
        try (ModelPool.Lease lease = context.models().take(fields.text("model").orElse(null))) {
            Chat chat = lease.model().requireChat(lease.name());
            Chat.Ask ask = AnthropicFields.ask(fields, context.limits());
            ApiContext.nameIgnored(fields, response);
            int tokens;
            try {
                tokens = chat.turn(ask).request().prompt().length;
            } catch (Chat.TooLong e) {
                tokens = e.promptTokens();
            }
            Json.send(response, Map.of("input_tokens", tokens));
        }
    }
}
