package dev.jackdaw.cli;

import dev.jackdaw.model.TinyModel;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.serve.Server;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.http.LogLines;
import dev.jackdaw.serve.models.ModelSource;
import dev.jackdaw.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// Runs a few commands into nothing. The launcher records one such run in the start-up cache (`-XX:AOTCacheOutput`), so that the
/// classes they load and the profiles they leave are there at once next time.
@Command(name = "warm-up", hidden = true, description = "Exercise the program for the launcher's start-up cache.")
final class WarmUpCommand implements Callable<Integer> {
    @Override
    public Integer call() throws IOException {
        Path folder = Files.createTempDirectory("jackdaw-warm-up");
        Path file = folder.resolve("tiny.gguf"), quantised = folder.resolve("quantised.gguf");
        try {
            TinyModel.write(file);
            TinyModel.write(quantised, "llama", DType.Q8_0, 2, 64, TinyModel.CONTEXT);
            String model = file.toString();
            quietly("--help");
            quietly("--version", "--help");
            quietly("doctor", "--json", "--quick");
            quietly("doctor", "--quick");
            quietly("show", model);
            quietly("next", model, "The jackdaw sat on a");
            quietly("next", model, "The jackdaw sat on a", "--json");
            quietly("run", model, "The jackdaw", "--max-tokens", "16");
            quietly("run", model, "The jackdaw", "--max-tokens", "16", "--greedy", "--json");
            quietly("run", model, "The jackdaw", "--max-tokens", "8", "--regex", "[a-z ]{1,9}");
            quietly("run", quantised.toString(), "--ids", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20", "--max-tokens", "16", "--greedy", "--json", "--activations", "q8");
            quietly("run", quantised.toString(), "The jackdaw", "--max-tokens", "16");
            quietly("chat", model, "--message", "The jackdaw", "--max-tokens", "8");
            quietly("template", model);
            quietly("tokenizer", "encode", model, "The jackdaw");
            quietly("no-such-command");
            serve(quantised, folder);
        } finally {
            AtomicFile.deleteTree(folder);
        }
        return 0;
    }

    /// A server that is asked for its page, for an answer at once and in pieces, and told what to think of it.
    private static void serve(Path model, Path folder) throws IOException {
        LogLines.install();
        ServerSettings usual = ServerSettings.of(0, List.of(new ModelSource.File("tiny", model)));
        ServerSettings.Data data = new ServerSettings.Data(folder.resolve("feedback.db").toString(), ServerSettings.Keep.EVERYTHING, 0, folder, false);
        try (Server server = Server.start(new ServerSettings(usual.network(), usual.limits(), usual.models(), data))) {
            for (String path : List.of("/", "/assets/main.js", "/health", "/v1/models", "/jackdaw/models", "/metrics")) {
                request(server.port(), "GET " + path, "");
            }
            for (String more : List.of("", ",\"stream\":true", ",\"stream\":true,\"logprobs\":true,\"top_logprobs\":2")) {
                request(server.port(), "POST /v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"max_tokens\":32" + more + "}");
            }
            request(server.port(), "POST /jackdaw/feedback", "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"answer\":{\"role\":\"assistant\",\"content\":\"hi\"},\"rating\":\"up\"}");
        }
    }

    /// By hand, so that no client's classes get into the cache.
    private static void request(int port, String what, String body) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write((what + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII));
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        }
    }

    private static void quietly(String... args) {
        JackdawCommand.run(InputStream.nullInputStream(), OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), args);
    }
}
