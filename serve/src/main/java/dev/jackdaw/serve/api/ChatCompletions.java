package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.TokenProbability;
import dev.jackdaw.model.token.Tokenizer;
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

/// `POST /v1/chat/completions`, as OpenAI's reference describes it: whole or streamed, several choices, tools, JSON Schemas, probabilities.
/// Beyond it: `reasoning_content`, `top_k`, `min_p`, `repetition_penalty`, `grammar` (GBNF), `think_budget`, `chat_template_kwargs`.
public final class ChatCompletions implements HttpService {
    private final ApiContext context;

    public ChatCompletions(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/v1/chat/completions", this::complete);
    }

    /// What a request asks for, apart from the conversation.
    private record Wanted(String id, long created, String model, boolean stream, boolean usage, int n, String user) {
    }

    private void complete(ServerRequest request, ServerResponse response) throws InterruptedException, IOException {
        long started = System.nanoTime();
        Fields fields = Json.read(request, context.limits().bodyBytes());
        String model = fields.text("model").orElse(null);
        try (ModelPool.Lease lease = context.models().take(model, fields.text("user").orElse(ApiContext.keyOf(request)))) {
            Chat chat = lease.model().requireChat(lease.name());
            Chat.Ask ask = ChatFields.ask(fields, context.limits());
            boolean stream = fields.flag("stream", false);
            boolean usage = fields.object("stream_options").map(options -> options.flag("include_usage", false)).orElse(false);
            int n = fields.integer("n", 1, context.limits().choices()).orElse(1);
            Wanted wanted = new Wanted(Ids.of("chatcmpl-"), System.currentTimeMillis(), lease.name(), stream, usage, n, fields.text("user").orElse(null));
            ApiContext.nameIgnored(fields, response);
            try (Choices choices = Choices.start(context, lease, chat, ask, n, started)) {
                if (stream) {
                    stream(wanted, choices, chat, ask, request, response);
                } else {
                    whole(wanted, choices, chat, ask, request, response);
                }
            }
        }
    }

    private void whole(Wanted wanted, Choices choices, Chat chat, Chat.Ask ask, ServerRequest request, ServerResponse response) throws InterruptedException, IOException {
        List<LogprobList> logprobs = new ArrayList<>();
        for (int i = 0; i < wanted.n; i++) {
            logprobs.add(new LogprobList(chat.tokenizer()));
        }
        List<Writer.Written> all = choices.write(i -> new Writer.Parts() {
            @Override
            public void token(int id, TokenProbability probability) {
                logprobs.get(i).add(probability);
            }
        });
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            Writer.Written written = all.get(i);
            Map<String, Object> choice = new LinkedHashMap<>();
            choice.put("index", i);
            choice.put("message", message(written.message()));
            choice.put("logprobs", ask.topLogprobs() >= 0 ? logprobs.get(i).takeMap() : null);
            choice.put("finish_reason", written.finishReason());
            list.add(choice);
        }
        Map<String, Object> body = head(wanted, "chat.completion");
        body.put("choices", list);
        body.put("usage", usage(all));
        Json.send(response, body);
        tell(wanted, ask, all, request);
    }

    private static Map<String, Object> head(Wanted wanted, String object) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", wanted.id);
        body.put("object", object);
        body.put("created", wanted.created / 1000);
        body.put("model", wanted.model);
        return body;
    }

    static Map<String, Object> message(Message message) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("role", "assistant");
        map.put("content", message.content().isEmpty() && !message.toolCalls().isEmpty() ? null : message.content());
        map.put("refusal", null);
        if (message.reasoning() != null) {
            map.put("reasoning_content", message.reasoning());
        }
        if (!message.toolCalls().isEmpty()) {
            map.put("tool_calls", message.toolCalls().stream().map(ChatCompletions::call).toList());
        }
        return map;
    }

    private static Map<String, Object> call(Message.ToolCall call) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", call.id());
        map.put("type", "function");
        map.put("function", Map.of("name", call.name(), "arguments", call.arguments()));
        return map;
    }

    static Map<String, Object> usage(List<Writer.Written> all) {
        int completion = 0, thought = 0;
        for (Writer.Written written : all) {
            completion += written.result().ids().length;
            thought += written.result().thoughtTokens();
        }
        return usage(all.getFirst().result().promptIds().length, all.getFirst().cachedTokens(), completion, thought);
    }

    static Map<String, Object> usage(int prompt, int cached, int completion, int thought) {
        Map<String, Object> usage = new LinkedHashMap<>();
        usage.put("prompt_tokens", prompt);
        usage.put("completion_tokens", completion);
        usage.put("total_tokens", prompt + completion);
        usage.put("prompt_tokens_details", Map.of("cached_tokens", cached));
        usage.put("completion_tokens_details", Map.of("reasoning_tokens", thought));
        return usage;
    }

    private void stream(Wanted wanted, Choices choices, Chat chat, Chat.Ask ask, ServerRequest request, ServerResponse response) throws InterruptedException {
        EventStream out = EventStream.events(response);
        List<Writer.Written> all = new ArrayList<>();
        boolean complete = choices.stream(out, () -> {
            all.addAll(choices.write(i -> new Deltas(wanted, i, out, chat.tokenizer())));
            if (wanted.usage) {
                Map<String, Object> last = head(wanted, "chat.completion.chunk");
                last.put("choices", List.of());
                last.put("usage", usage(all));
                out.send(Json.bytes(last));
            }
            out.done();
        }, error -> out.send(Json.bytes(error.toMap())));
        if (complete) {
            tell(wanted, ask, all, request);
        }
    }

    /// One choice, as pieces.
    private final class Deltas implements Choices.StreamedParts {
        private final Wanted wanted;
        private final int index;
        private final EventStream out;
        private final LogprobList logprobs;
        private boolean begun;
        private int calls;

        Deltas(Wanted wanted, int index, EventStream out, Tokenizer tokenizer) {
            this.wanted = wanted;
            this.index = index;
            this.out = out;
            logprobs = new LogprobList(tokenizer);
        }

        @Override
        public void token(int id, TokenProbability probability) {
            logprobs.add(probability);
        }

        @Override
        public void content(String piece) {
            send(delta("content", piece), null);
        }

        @Override
        public void reasoning(String piece) {
            send(delta("reasoning_content", piece), null);
        }

        @Override
        public void toolCall(Message.ToolCall call) {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("index", calls++);
            map.putAll(call(call));
            send(delta("tool_calls", List.of(map)), null);
        }

        @Override
        public void end(Writer.Written written) {
            String reason = written.finishReason();
            if (!begun) {
                send(delta("content", ""), null);
            }
            send(new LinkedHashMap<>(), reason);
        }

        private Map<String, Object> call(Message.ToolCall call) {
            return ChatCompletions.call(call);
        }

        private Map<String, Object> delta(String name, Object value) {
            Map<String, Object> delta = new LinkedHashMap<>();
            if (!begun) {
                delta.put("role", "assistant");
                begun = true;
            }
            delta.put(name, value);
            return delta;
        }

        private void send(Map<String, Object> delta, String reason) {
            Map<String, Object> choice = new LinkedHashMap<>();
            choice.put("index", index);
            choice.put("delta", delta);
            choice.put("logprobs", logprobs.isEmpty() ? null : logprobs.takeMap());
            choice.put("finish_reason", reason);
            Map<String, Object> body = head(wanted, "chat.completion.chunk");
            body.put("choices", List.of(choice));
            try {
                out.send(Json.bytes(body));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void tell(Wanted wanted, Chat.Ask ask, List<Writer.Written> all, ServerRequest request) {
        for (Writer.Written written : all) {
            context.tell(wanted.n == 1 ? wanted.id : wanted.id + "-" + all.indexOf(written), wanted.created, wanted.model, wanted.user, ask, written, request);
        }
    }
}
