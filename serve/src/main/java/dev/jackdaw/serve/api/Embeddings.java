package dev.jackdaw.serve.api;

import dev.jackdaw.model.embed.Reranker;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.LoadedModel;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// `POST /v1/embeddings` as OpenAI's reference describes it, and `POST /v1/rerank` as Jina's and Cohere's do. Each text is one question to the
/// engine, so conversations go on between two of them.
public final class Embeddings implements HttpService {
    private static final int MOST = 2048;

    private final ApiContext context;

    public Embeddings(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/v1/embeddings", this::embed).post("/v1/rerank", this::rerank);
    }

    private void embed(ServerRequest request, ServerResponse response) throws InterruptedException {
        Fields fields = Json.read(request, context.limits().bodyBytes());
        String format = fields.text("encoding_format").orElse("float");
        if (!format.equals("float") && !format.equals("base64")) {
            throw fields.wrong("encoding_format", "is " + format + "; it must be float or base64");
        }
        try (ModelPool.Lease lease = context.models().take(fields.text("model").orElse(null))) {
            LoadedModel model = lease.model();
            int width = model.spec().width(), dimensions = fields.integer("dimensions", 1, width).orElse(width);
            List<int[]> inputs = inputs(fields, model);
            ApiContext.nameIgnored(fields, response);
            inputs.forEach(ids -> requireFits(ids.length, model, "input"));
            int tokens = inputs.stream().mapToInt(ids -> ids.length).sum();
            List<Object> data = new ArrayList<>();
            for (float[] vector : vectors(context, lease, inputs, dimensions)) {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("object", "embedding");
                entry.put("index", data.size());
                entry.put("embedding", format.equals("base64") ? base64(vector) : vector);
                data.add(entry);
            }
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("object", "list");
            body.put("data", data);
            body.put("model", lease.name());
            body.put("usage", Map.of("prompt_tokens", tokens, "total_tokens", tokens));
            Json.send(response, body);
        }
    }

    /// One text after the other, as long as the client waits; what was read counts in any case.
    static List<float[]> vectors(ApiContext context, ModelPool.Lease lease, List<int[]> texts, int dimensions) throws InterruptedException {
        List<float[]> all = new ArrayList<>();
        long tokens = 0;
        try (Waiting client = Waiting.begin(context)) {
            for (int[] ids : texts) {
                client.require();
                all.add(shortened(lease.model().embed(ids), dimensions));
                tokens += ids.length;
            }
            return all;
        } finally {
            context.listener().spent(lease.name(), Gate.caller(), tokens, 0);
        }
    }

    static void requireFits(int tokens, LoadedModel model, String param) {
        if (tokens > model.spec().context()) {
            throw ApiError.bad("context_length_exceeded", param, "a text has " + tokens + " tokens; the model reads at most " + model.spec().context());
        }
    }

    private static List<int[]> inputs(Fields fields, LoadedModel model) {
        JsonNode input = fields.any("input").orElseThrow(() -> fields.absent("input", "a string, an array of strings, or token ids"));
        int vocabulary = model.spec().vocabulary();
        if (input.isString()) {
            return List.of(ids(model, input.asString(), "input"));
        }
        if (!input.isArray() || input.isEmpty()) {
            throw fields.wrong("input", "must be a string, or an array of strings or token ids that is not empty");
        }
        if (input.get(0).isNumber()) {
            return List.of(Completions.ids(fields, "input", input, vocabulary));
        }
        if (input.size() > MOST) {
            throw fields.wrong("input", "has " + input.size() + " texts; at most " + MOST + " are accepted");
        }
        List<int[]> all = new ArrayList<>();
        for (JsonNode each : input) {
            String name = "input[" + all.size() + "]";
            if (!each.isString() && !each.isArray()) {
                throw fields.wrongType(name, each, "a string or an array of token ids");
            }
            all.add(each.isString() ? ids(model, each.asString(), name) : Completions.ids(fields, name, each, vocabulary));
        }
        return all;
    }

    static int[] ids(LoadedModel model, String text, String param) {
        int[] ids = model.model().tokenizer().encode(text, false, true);
        if (ids.length == 0) {
            throw ApiError.bad(param, param + " has no tokens; leave empty texts out");
        }
        return ids;
    }

    /// The first numbers, brought to length 1 again (Matryoshka embeddings, Kusupati et al., 2022).
    static float[] shortened(float[] vector, int dimensions) {
        if (dimensions == vector.length) {
            return vector;
        }
        float[] first = Arrays.copyOf(vector, dimensions);
        double length = 0;
        for (float each : first) {
            length += (double) each * each;
        }
        for (int i = 0; i < first.length; i++) {
            first[i] = length == 0 ? 0 : (float) (first[i] / Math.sqrt(length));
        }
        return first;
    }

    private static String base64(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float each : vector) {
            bytes.putFloat(each);
        }
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    private void rerank(ServerRequest request, ServerResponse response) throws InterruptedException {
        Fields fields = Json.read(request, context.limits().bodyBytes());
        String query = fields.requiredText("query");
        List<String> documents = new ArrayList<>();
        for (JsonNode each : fields.list("documents").orElseThrow(() -> fields.absent("documents", "an array of strings"))) {
            String name = "documents[" + documents.size() + "]";
            if (!each.isString() && !(each.isObject() && each.path("text").isString())) {
                throw fields.wrongType(name, each, "a string or an object with a text");
            }
            documents.add(each.isString() ? each.asString() : each.path("text").asString());
        }
        if (documents.isEmpty() || documents.size() > MOST) {
            throw fields.wrong("documents", "has " + documents.size() + " texts; give 1 to " + MOST);
        }
        boolean whole = fields.flag("return_documents", false);
        int top = fields.integer("top_n", 1, Integer.MAX_VALUE).orElse(documents.size());
        try (ModelPool.Lease lease = context.models().take(fields.text("model").orElse(null))) {
            LoadedModel model = lease.model();
            int asked = ids(model, query, "query").length, tokens = 0;
            for (int i = 0; i < documents.size(); i++) {
                String name = "documents[" + i + "]";
                int own = ids(model, documents.get(i), name).length;
                requireFits(asked + own, model, name);
                tokens += asked + own;
            }
            ApiContext.nameIgnored(fields, response);
            List<Object> results = new ArrayList<>();
            List<Reranker.Ranked> ranked = ranked(lease, query, documents, asked);
            for (Reranker.Ranked each : ranked.subList(0, Math.min(top, ranked.size()))) {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("index", each.index());
                entry.put("relevance_score", each.relevance());
                if (whole) {
                    entry.put("document", Map.of("text", each.document()));
                }
                results.add(entry);
            }
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("model", lease.name());
            body.put("results", results);
            body.put("usage", Map.of("prompt_tokens", tokens, "total_tokens", tokens));
            Json.send(response, body);
        }
    }

    private List<Reranker.Ranked> ranked(ModelPool.Lease lease, String query, List<String> documents, int asked) throws InterruptedException {
        LoadedModel model = lease.model();
        List<Reranker.Ranked> ranked = new ArrayList<>();
        long tokens = 0;
        try (Waiting client = Waiting.begin(context)) {
            LoadedModel.Relevance relevance = model.relevance(query);
            for (String document : documents) {
                client.require();
                ranked.add(new Reranker.Ranked(ranked.size(), document, relevance.of(document)));
                tokens += asked + model.model().tokenizer().encode(document, false, true).length;
            }
            return Reranker.sorted(ranked);
        } finally {
            context.listener().spent(lease.name(), Gate.caller(), tokens, 0);
        }
    }
}
