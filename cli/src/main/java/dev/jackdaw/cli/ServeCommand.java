package dev.jackdaw.cli;

import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.serve.Server;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.models.ModelSource;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw serve`: models over HTTP.
@Command(name = "serve", description = "Serve models over HTTP: the APIs of OpenAI, Anthropic and Ollama, and a web page.")
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @Parameters(paramLabel = "MODEL", arity = "0..*", description = "GGUF files, Hugging Face folders, directories of training runs, or names in the store; NAME=MODEL gives one another name. "
            + "The first is the usual one. Default: all models of the store.")
    private List<String> models = List.of();

    @Option(names = "--host", paramLabel = "ADDRESS", defaultValue = "127.0.0.1", description = "Address to listen on.")
    private String host;

    @Option(names = "--port", paramLabel = "P", defaultValue = "8080", description = "Port to listen on; 0: any that is free.")
    private int port;

    @Option(names = "--adapter", paramLabel = "NAME=MODEL:PATH", description = "A LoRA adapter of one of the models, to be asked for by its own name.")
    private List<String> adapters = List.of();

    @Option(names = "--sequences", paramLabel = "N", defaultValue = "16", description = "Answers that a model writes at the same time.")
    private int sequences;

    @Override
    public Integer call() throws Exception {
        List<ModelSource> sources = sources();
        ServerSettings.Models usual = ServerSettings.Models.of(sources);
        ServerSettings.Network network = ServerSettings.Network.loopback(port);
        ServerSettings settings = new ServerSettings(new ServerSettings.Network(host, port, network.keys(), network.origins(), null, null), ServerSettings.Limits.usual(),
                new ServerSettings.Models(sources, usual.memoryBytes(), sequences, usual.waiting(), usual.cacheBytes(), common.threads(), activations.fast(common), cache.type(CacheType.F16, common)),
                ServerSettings.Data.usual());
        CountDownLatch end = new CountDownLatch(1), ended = new CountDownLatch(1);
        try (Server server = Server.start(settings)) {
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> {
                end.countDown();
                try {
                    ended.await();
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                }
            }));
            String address = "http://" + host + ":" + server.port();
            common.output().line("serving %s at %s", String.join(", ", server.models().names()), address);
            common.output().json(Map.of("address", address, "models", server.models().names()));
            end.await();
        } finally {
            ended.countDown();
        }
        return 0;
    }

    private List<ModelSource> sources() throws IOException {
        List<ModelSource> sources = new ArrayList<>();
        for (String model : models) {
            int at = model.indexOf('=');
            boolean named = at > 0 && !Files.exists(Path.of(model));
            Path path = Path.of(named ? model.substring(at + 1) : model);
            if (!Files.exists(ModelStore.resolve(path))) {
                throw new NoSuchFileException("serve: " + path + ": there is no such file or folder, and no model of this name in the store");
            }
            sources.add(new ModelSource.File(named ? model.substring(0, at) : ModelSource.nameOf(path), path));
        }
        if (models.isEmpty()) {
            for (ModelStore.Stored stored : ModelStore.home().list()) {
                sources.add(new ModelSource.File(stored.name(), stored.model()));
            }
        }
        if (sources.isEmpty()) {
            throw common.wrong("give a MODEL: the store is empty, and there is nothing to serve");
        }
        for (String adapter : adapters) {
            String[] parts = adapter.split("[=:]", 3);
            if (parts.length != 3) {
                throw common.wrong("--adapter " + adapter + ": give NAME=MODEL:PATH");
            }
            sources.add(new ModelSource.Adapted(parts[0], parts[1], Path.of(parts[2]), 1));
        }
        return sources;
    }
}
