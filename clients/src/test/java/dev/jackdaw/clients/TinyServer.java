package dev.jackdaw.clients;

import dev.jackdaw.model.TinyModel;
import dev.jackdaw.serve.Server;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.models.ModelSource;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// A server on a free port with a model of random numbers.
final class TinyServer implements AutoCloseable {
    private final Server server;

    TinyServer(Path folder) throws IOException {
        Path model = folder.resolve("tiny.gguf");
        TinyModel.write(model, "qwen3", DType.F32, 2, 64, 1024);
        ServerSettings usual = ServerSettings.of(0, List.of(new ModelSource.File("tiny", model)));
        ServerSettings.Models models = usual.models();
        server = Server.start(new ServerSettings(usual.network(), usual.limits(), new ServerSettings.Models(models.sources(), models.memoryBytes(), 4, 16, 64L << 20, 1, Activations.F32, CacheType.F32),
                new ServerSettings.Data("jdbc:sqlite:" + folder.resolve("feedback.db"), ServerSettings.Keep.NOTHING, 0, folder.resolve("runs"), false)));
    }

    String address() {
        return "http://127.0.0.1:" + server.port();
    }

    @Override
    public void close() {
        server.close();
    }
}
