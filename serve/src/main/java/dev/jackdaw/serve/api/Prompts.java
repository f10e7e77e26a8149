package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/// `POST /jackdaw/prompt`: the token ids that a model would see for a conversation, and behind them the first words of its answer, if some are
/// given. Continued by `/v1/completions`, they let a client change a word of an answer and go on from there. Takes the fields of a chat
/// completion, and `prefix`.
public final class Prompts implements HttpService {
    private final ApiContext context;

    public Prompts(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/jackdaw/prompt", this::prompt);
    }

    private void prompt(ServerRequest request, ServerResponse response) throws InterruptedException {
        Fields fields = Json.read(request, context.limits().bodyBytes());
        String prefix = fields.text("prefix").orElse("");
        try (ModelPool.Lease lease = context.models().take(fields.text("model").orElse(null))) {
            Chat chat = lease.model().requireChat(lease.name());
            int[] asked = chat.turn(ChatFields.ask(fields, context.limits())).request().prompt(), begun = chat.tokenizer().encode(prefix, false, false);
            int room = lease.model().spec().context() - asked.length - begun.length;
            if (room < 1) {
                throw ApiError.bad("context_length_exceeded", "prefix", "the conversation has " + asked.length + " tokens and the beginning of the answer " + begun.length + "; the model's context is "
                        + lease.model().spec().context());
            }
            ApiContext.nameIgnored(fields, response);
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("tokens", IntStream.concat(IntStream.of(asked), IntStream.of(begun)).toArray());
            body.put("count", asked.length + begun.length);
            body.put("room", room);
            Json.send(response, body);
        }
    }
}
