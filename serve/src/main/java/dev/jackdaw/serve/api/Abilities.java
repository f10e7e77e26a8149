package dev.jackdaw.serve.api;

import dev.jackdaw.agent.ability.Calculator;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Map;

/// `POST /jackdaw/abilities/{name}`: carries out what a model called, for the page. The calculator is the only one: it touches nothing.
public final class Abilities implements HttpService {
    private final ApiContext context;

    public Abilities(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/jackdaw/abilities/{name}", this::call);
    }

    private void call(ServerRequest request, ServerResponse response) {
        if (!request.path().pathParameters().get("name").equals(Calculator.NAME)) {
            throw ApiError.missing("ability_not_found", "there is no such function here; there is: " + Calculator.NAME);
        }
        Fields fields = Json.read(request, context.limits().bodyBytes());
        Json.send(response, Map.of("result", Calculator.call(fields.requiredText("arguments"))));
    }
}
