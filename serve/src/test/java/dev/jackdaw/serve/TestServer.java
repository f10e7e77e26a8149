package dev.jackdaw.serve;

import dev.jackdaw.model.TinyModel;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.ModelSource;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;

/// A server on a free port with a model of random numbers, and a client that knows nothing of the API.
public final class TestServer implements AutoCloseable {
    public static final int CONTEXT = 512;

    public final Server server;
    public final HttpClient client = HttpClient.newHttpClient();
    public final Path model;
    private Path own;                       // null: the folder is somebody else's

    /// One for all tests of a class, in a folder of its own that goes with it: `@AutoClose private static final TestServer server = TestServer.start();`
    public static TestServer start() {
        try {
            Path folder = Files.createTempDirectory("jackdaw-server");
            TestServer started = new TestServer(folder);
            started.own = folder;
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public TestServer(Path folder) throws IOException {
        this(folder, settings -> settings);
    }

    public TestServer(Path folder, UnaryOperator<ServerSettings> change) throws IOException {
        model = folder.resolve("tiny.gguf");
        TinyModel.write(model, "qwen3", DType.F32, 2, 64, CONTEXT);
        ServerSettings usual = ServerSettings.of(0, List.of(new ModelSource.File("tiny", model)));
        ServerSettings.Models models = usual.models();
        server = Server.start(change.apply(new ServerSettings(usual.network(), usual.limits(), new ServerSettings.Models(models.sources(), models.memoryBytes(), 4, 16, 64L << 20, 1, Activations.F32,
                CacheType.F32), new ServerSettings.Data("jdbc:sqlite:" + folder.resolve("feedback.db"), ServerSettings.Keep.EVERYTHING, 0, folder.resolve("runs"), false))));
    }

    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    public HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    public HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(uri(path)).header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /// The answer to a request that must succeed.
    public JsonNode json(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, body);
        if (response.statusCode() != 200) {
            throw new AssertionError(path + " answered " + response.statusCode() + ": " + response.body());
        }
        return Json.tree(response.body());
    }

    /// What a stream says, event by event, without the `[DONE]` at its end, which must be there.
    public List<JsonNode> events(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, body);
        if (response.statusCode() != 200) {
            throw new AssertionError(path + " answered " + response.statusCode() + ": " + response.body());
        }
        List<JsonNode> events = new ArrayList<>();
        boolean done = false;
        for (String line : response.body().split("\n")) {
            if (line.equals("data: [DONE]")) {
                done = true;
            } else if (line.startsWith("data: ")) {
                events.add(Json.tree(line.substring("data: ".length())));
            }
        }
        if (!done) {
            throw new AssertionError(path + ": the stream ended without [DONE]: " + response.body());
        }
        return events;
    }

    /// Every event of a stream, whatever its end.
    public List<JsonNode> all(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, body);
        if (response.statusCode() != 200) {
            throw new AssertionError(path + " answered " + response.statusCode() + ": " + response.body());
        }
        return response.body().lines().filter(line -> line.startsWith("data: ") || line.startsWith("{")).map(line -> Json.tree(line.startsWith("{") ? line : line.substring("data: ".length()))).toList();
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
        if (own != null) {
            AtomicFile.deleteTree(own);
        }
    }
}
