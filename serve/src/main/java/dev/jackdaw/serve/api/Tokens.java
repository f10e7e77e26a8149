package dev.jackdaw.serve.api;

import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.node.JsonNodeFactory;

/// `POST /tokenize` and `/detokenize`, as llama.cpp's server and vLLM have them, also under `/v1`.
public final class Tokens implements HttpService {
    private final ApiContext context;

    public Tokens(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        for (String prefix : new String[] {"", "/v1"}) {
            rules.post(prefix + "/tokenize", this::tokenize).post(prefix + "/detokenize", this::detokenize);
        }
    }

    private void tokenize(ServerRequest request, ServerResponse response) throws InterruptedException {
        Fields fields = Json.read(request, context.limits().bodyBytes());
        String text = fields.text("content").or(() -> fields.text("prompt")).or(() -> fields.text("text")).orElseThrow(() -> fields.absent("content", "a string"));
        boolean special = fields.flag("add_special").or(() -> fields.flag("add_special_tokens")).orElse(false), parse = fields.flag("parse_special", false), pieces = fields.flag("with_pieces", false);
        try (ModelPool.Lease lease = context.models().take(fields.text("model").orElse(null))) {
            Tokenizer tokenizer = lease.model().model().tokenizer();
            int[] ids = tokenizer.encode(text, parse, special);
            ApiContext.nameIgnored(fields, response);
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("tokens", pieces ? Arrays.stream(ids).mapToObj(id -> Map.of("id", id, "piece", tokenizer.decode(id))).toList() : ids);
            body.put("count", ids.length);
            body.put("max_model_len", lease.model().spec().context());
            Json.send(response, body);
        }
    }

    private void detokenize(ServerRequest request, ServerResponse response) throws InterruptedException {
        Fields fields = Json.read(request, context.limits().bodyBytes());
        var array = JsonNodeFactory.instance.arrayNode();
        fields.list("tokens").orElseThrow(() -> fields.absent("tokens", "an array of token ids")).forEach(array::add);
        try (ModelPool.Lease lease = context.models().take(fields.text("model").orElse(null))) {
            String text = array.isEmpty() ? "" : lease.model().model().tokenizer().decode(Completions.ids(fields, "tokens", array, lease.model().spec().vocabulary()));
            ApiContext.nameIgnored(fields, response);
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("content", text);
            body.put("prompt", text);
            Json.send(response, body);
        }
    }
}
