package dev.jackdaw.serve.api;

import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.LoadedModel;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `GET /v1/models` and `/v1/models/{id}`, as OpenAI's reference describes them, and `GET /jackdaw/models`, which says more.
public final class Models implements HttpService {
    private final ApiContext context;

    public Models(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/v1/models", this::list).get("/v1/models/{+id}", this::one).get("/jackdaw/models", this::details);
    }

    private void list(ServerRequest request, ServerResponse response) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("object", "list");
        body.put("data", context.models().list().stream().map(Models::entry).toList());
        Json.send(response, body);
    }

    private void one(ServerRequest request, ServerResponse response) {
        String id = request.path().pathParameters().get("id");
        List<ModelPool.Listed> all = context.models().list();
        Json.send(response, all.stream().filter(model -> model.name().equals(id)).findFirst().map(Models::entry).orElseThrow(() -> ApiError.missing("model_not_found",
                "there is no model of this name; there are: " + String.join(", ", all.stream().map(ModelPool.Listed::name).toList()))));
    }

    private static Map<String, Object> entry(ModelPool.Listed model) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("id", model.name());
        entry.put("object", "model");
        entry.put("created", model.created());
        entry.put("owned_by", "jackdaw");
        if (model.base() != null) {
            entry.put("parent", model.base());
        }
        return entry;
    }

    private void details(ServerRequest request, ServerResponse response) {
        Json.send(response, Map.of("models", context.models().list().stream().map(model -> {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("id", model.name());
            entry.put("file", model.path().getFileName().toString());
            entry.put("base", model.base());
            entry.put("loaded", model.isLoaded());
            entry.put("users", model.users());
            entry.put("bytes", model.bytes());
            LoadedModel in = model.loaded();
            if (in != null) {
                entry.put("hasTemplate", in.chat().isPresent());
                entry.put("canThink", in.chat().map(chat -> chat.canThink()).orElse(false));
                entry.put("canCallTools", in.chat().map(chat -> chat.canCallTools()).orElse(false));
                entry.put("context", in.spec().context());
                entry.put("layers", in.spec().layers());
                entry.put("width", in.spec().width());
                entry.put("vocabulary", in.spec().vocabulary());
                entry.put("engine", in.engine().statistics());
            }
            return entry;
        }).toList()));
    }
}
