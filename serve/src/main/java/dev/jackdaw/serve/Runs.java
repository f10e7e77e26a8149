package dev.jackdaw.serve;

import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Json;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// The training runs in a folder, for the page: `GET /jackdaw/runs`, `/jackdaw/runs/{name}/metrics?after=STEP`, `/jackdaw/runs/{name}/samples`.
/// The second stage of a run is a run of its own, `NAME:assistant`.
/// Runs are read as they lie on disk, while they are being written too: a line that is not whole yet is left for the next time.
final class Runs implements HttpService {
    private static final String ASSISTANT = "assistant";
    private static final int MOST_RUNS = 500;
    private static final int MOST_LINES = 100_000;
    private static final int MOST_BYTES = 64 << 20;

    private final Path folder;

    Runs(Path folder) {
        this.folder = folder;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/jackdaw/runs", this::list).get("/jackdaw/runs/{name}/metrics", this::metrics).get("/jackdaw/runs/{name}/samples", this::samples);
    }

    private void list(ServerRequest request, ServerResponse response) throws IOException {
        List<Map<String, Object>> runs = new ArrayList<>();
        for (Path run : folders()) {
            runs.add(describe(run));
        }
        runs.sort(Comparator.comparing((Map<String, Object> run) -> (Long) run.get("changed")).reversed());
        Json.send(response, Map.of("runs", runs));
    }

    private List<Path> folders() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.flatMap(run -> Stream.of(run, run.resolve(ASSISTANT))).filter(run -> Files.isRegularFile(run.resolve("run.json"), LinkOption.NOFOLLOW_LINKS)).limit(MOST_RUNS).toList();
        }
    }

    private String name(Path run) {
        return folder.relativize(run).toString().replace("/", ":");
    }

    private Map<String, Object> describe(Path run) throws IOException {
        boolean isAssistant = run.endsWith(ASSISTANT);
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("name", name(run));
        Path metrics = run.resolve("metrics.jsonl");
        shown.put("created", Files.getLastModifiedTime(run.resolve("run.json")).toMillis());
        shown.put("changed", Files.getLastModifiedTime(Files.exists(metrics) ? metrics : run.resolve("run.json")).toMillis());
        shown.put("finished", Stream.of("params.gguf", "base.gguf", "adapter_model.safetensors").anyMatch(file -> Files.exists(run.resolve(file))) || isAssistant && Files.exists(run.resolveSibling("params.gguf")));
        try {
            JsonNode plan = Json.tree(text(run.resolve("run.json")));
            shown.put("kind", plan.path("kind").asString(isAssistant ? "finetune" : "pretrain"));
            shown.put("steps", plan.at("/settings/steps").asLong(0));
            shown.put("model", plan.at("/settings/model"));
        } catch (JacksonException | ApiError e) {
            shown.put("error", "run.json cannot be read: " + e.getMessage());
        }
        List<JsonNode> lines = lines(metrics, Long.MIN_VALUE);
        shown.put("last", lines.isEmpty() ? null : lines.getLast());
        shown.put("step", lines.isEmpty() ? 0 : lines.getLast().path("step").asLong(0));
        return shown;
    }

    private void metrics(ServerRequest request, ServerResponse response) throws IOException {
        String after = request.query().first("after").orElse("-1");
        if (!after.matches("-?\\d{1,12}")) {
            throw ApiError.bad("after", "after is " + after + "; it must be a step, a whole number");
        }
        Json.send(response, lines(run(request).resolve("metrics.jsonl"), Long.parseLong(after)));
    }

    private void samples(ServerRequest request, ServerResponse response) throws IOException {
        Json.send(response, lines(run(request).resolve("samples.jsonl"), Long.MIN_VALUE));
    }

    /// By its name among those that are there, never as a path.
    private Path run(ServerRequest request) throws IOException {
        String name = request.path().pathParameters().get("name");
        return folders().stream().filter(run -> name(run).equals(name)).findFirst().orElseThrow(() -> ApiError.missing("run_not_found", "there is no run of this name; /jackdaw/runs lists those there are"));
    }

    private static String text(Path file) throws IOException {
        if (Files.size(file) > MOST_BYTES) {
            throw ApiError.tooLarge(file.getFileName() + " has " + Files.size(file) + " bytes; at most " + MOST_BYTES + " are read");
        }
        return Files.readString(file);
    }

    private static List<JsonNode> lines(Path file, long after) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return lines;
        }
        String text = text(file);
        int at = 0;
        for (int end; (end = text.indexOf('\n', at)) >= 0 && lines.size() < MOST_LINES; at = end + 1) {
            try {
                JsonNode line = Json.tree(text.substring(at, end));
                if (line.path("step").asLong(0) > after) {
                    lines.add(line);
                }
            } catch (JacksonException _) {            // cut by a crash
                continue;
            }
        }
        return lines;
    }
}
