package dev.jackdaw.serve.api;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.generate.FillInTheMiddle;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.LoadedModel;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `GET /api/tags`, `/api/ps`, `/api/version` and `POST /api/show`, as Ollama's reference describes them. Models come with the server's start;
/// nothing can be pulled, copied or deleted from here.
public final class OllamaModels implements HttpService {
    /// Of Ollama, whose language this is: clients ask in order to know what they may send.
    private static final String VERSION = "0.12.6";

    private final ApiContext context;

    public OllamaModels(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/api/tags", this::tags).get("/api/ps", this::running).post("/api/show", this::show).get("/api/version", this::version);
    }

    private void version(ServerRequest request, ServerResponse response) {
        Json.send(response, Map.of("version", VERSION));
    }

    private void tags(ServerRequest request, ServerResponse response) {
        Json.send(response, Map.of("models", context.models().list().stream().map(OllamaModels::entry).toList()));
    }

    private void running(ServerRequest request, ServerResponse response) {
        Json.send(response, Map.of("models", context.models().list().stream().filter(ModelPool.Listed::isLoaded).map(model -> {
            Map<String, Object> entry = entry(model);
            entry.put("size_vram", 0);
            return entry;
        }).toList()));
    }

    private static Map<String, Object> entry(ModelPool.Listed model) {
        String name = model.name().contains(":") ? model.name() : model.name() + ":latest";
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", name);
        entry.put("model", name);
        entry.put("modified_at", Instant.ofEpochSecond(model.created()).toString());
        entry.put("size", model.bytes());
        entry.put("digest", digest(model));
        entry.put("details", details(model.base(), model.loaded()));
        return entry;
    }

    /// Tells versions apart, without reading gigabytes: of name, size and time, not of the content.
    private static String digest(ModelPool.Listed model) {
        try {
            byte[] known = (model.name() + "\n" + model.bytes() + "\n" + model.created()).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(known));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// @param model or null: it is not loaded, so little is known
    private static Map<String, Object> details(String base, LoadedModel model) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("parent_model", base == null ? "" : base);
        details.put("format", model == null || model.model().file().gguf().isPresent() ? "gguf" : "safetensors");
        details.put("family", model == null ? "" : model.spec().family());
        details.put("families", model == null ? List.of() : List.of(model.spec().family()));
        details.put("parameter_size", model == null ? "" : size(model.spec().parameterCount()));
        details.put("quantization_level", model == null ? "" : model.spec().parameters().stream().filter(parameter -> parameter.role() == ModelSpec.Role.MATRIX).findFirst()
                .map(parameter -> model.model().file().type(parameter.name()).toString()).orElse(""));
        return details;
    }

    private static String size(long parameters) {
        return parameters >= 1_000_000_000 ? String.format("%.1fB", parameters / 1e9) : parameters >= 1_000_000 ? String.format("%.0fM", parameters / 1e6) : String.format("%.0fK", parameters / 1e3);
    }

    private void show(ServerRequest request, ServerResponse response) throws InterruptedException {
        Fields fields = Json.read(request, context.limits().bodyBytes());
        String name = fields.text("model").or(() -> fields.text("name")).orElseThrow(() -> fields.absent("model", "a string"));
        fields.flag("verbose");
        try (ModelPool.Lease lease = context.models().take(name)) {
            ApiContext.nameIgnored(fields, response);
            LoadedModel model = lease.model();
            ModelSpec spec = model.spec();
            Map<String, Object> info = new LinkedHashMap<>();
            info.put("general.architecture", spec.family());
            info.put("general.parameter_count", spec.parameterCount());
            info.put(spec.family() + ".context_length", spec.context());
            info.put(spec.family() + ".embedding_length", spec.width());
            info.put(spec.family() + ".block_count", spec.layers());
            info.put(spec.family() + ".vocab_size", spec.vocabulary());
            ModelPool.Listed listed = context.models().list().stream().filter(each -> each.name().equals(lease.source())).findFirst().orElseThrow();
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("modelfile", "FROM " + listed.name() + "\n");
            body.put("parameters", "");
            body.put("template", model.model().template().orElse(""));
            body.put("details", details(listed.base(), model));
            body.put("model_info", info);
            body.put("capabilities", capabilities(model));
            body.put("modified_at", Instant.ofEpochSecond(listed.created()).toString());
            Json.send(response, body);
        }
    }

    private static List<String> capabilities(LoadedModel model) {
        List<String> all = new ArrayList<>(List.of("completion", "embedding"));
        if (model.chat().filter(Chat::canCallTools).isPresent()) {
            all.add("tools");
        }
        if (model.chat().filter(Chat::canThink).isPresent()) {
            all.add("thinking");
        }
        if (FillInTheMiddle.isKnown(model.model().tokenizer())) {
            all.add("insert");
        }
        return all;
    }
}
