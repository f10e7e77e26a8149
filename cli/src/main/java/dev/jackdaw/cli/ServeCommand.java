package dev.jackdaw.cli;

import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.serve.KeyFile;
import dev.jackdaw.serve.Server;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.http.LogLines;
import dev.jackdaw.serve.improve.Deployments;
import dev.jackdaw.serve.models.ModelSource;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw serve`: models over HTTP.
@Command(name = "serve", defaultValueProvider = ServeDefaults.class, description = {"Serve models over HTTP: the APIs of OpenAI, Anthropic and Ollama, and a web page.",
        "Every option can also stand in the file that --config names (port: 8080) or in the environment (JACKDAW_SERVE_PORT=8080); what is typed counts first, then the environment."})
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @Parameters(paramLabel = "MODEL", arity = "0..*", split = ",", description = "GGUF files, Hugging Face folders, directories of training runs, names of deployments or in the store; NAME=MODEL gives one "
            + "another name. The first is the usual one. Default: all models of the store.", showDefaultValue = Visibility.NEVER)
    private List<String> models = List.of();

    @Option(names = "--config", paramLabel = "FILE", description = "YAML with options, each by its name.", showDefaultValue = Visibility.NEVER)
    private Path config;

    @Option(names = "--host", paramLabel = "ADDRESS", defaultValue = "127.0.0.1", description = "Address to listen on; one that other machines reach needs --keys. Default: 127.0.0.1", showDefaultValue = Visibility.NEVER)
    private String host;

    @Option(names = "--port", paramLabel = "P", description = "Port to listen on; 0: any that is free.")
    private int port = 8080;

    @Option(names = "--keys", paramLabel = "FILE", description = "YAML with the API keys that are accepted, their roles, limits and quotas.", showDefaultValue = Visibility.NEVER)
    private Path keys;

    @Option(names = "--allow-origin", paramLabel = "ORIGIN", split = ",", description = "Pages, besides our own, that a browser may call from: https://example.org", showDefaultValue = Visibility.NEVER)
    private List<String> origins = List.of();

    @Option(names = "--tls-certificate", paramLabel = "FILE", description = "Certificate chain in PEM, for HTTPS.", showDefaultValue = Visibility.NEVER)
    private Path certificate;

    @Option(names = "--tls-key", paramLabel = "FILE", description = "Its private key in PEM.", showDefaultValue = Visibility.NEVER)
    private Path privateKey;

    @Option(names = "--adapter", paramLabel = "NAME=MODEL:PATH", split = ",", description = "A LoRA adapter of one of the models, to be asked for by its own name.", showDefaultValue = Visibility.NEVER)
    private List<String> adapters = List.of();

    @Option(names = "--memory", paramLabel = "SIZE", description = "Of all loaded models together, as 8g; the longest unused go first. Default: four fifths of what is free.", showDefaultValue = Visibility.NEVER)
    private String memory;

    @Option(names = "--cache", paramLabel = "SIZE", description = "Of keys and values of one model, as 2g. Default: a quarter of the memory that is free.", showDefaultValue = Visibility.NEVER)
    private String cacheSize;

    @Option(names = "--sequences", paramLabel = "N", description = "Answers that a model writes at the same time.")
    private int sequences = 16;

    @Option(names = "--waiting", paramLabel = "N", description = "Requests that wait for a model; one more is answered 429.")
    private int waiting = 256;

    @Option(names = "--max-body", paramLabel = "SIZE", description = "Of a request.")
    private String body = "16m";

    @Option(names = "--max-answer", paramLabel = "N", description = "Tokens of an answer at most.")
    private int answer = 4096;

    @Option(names = "--max-seconds", paramLabel = "S", description = "After which an answer is cut.")
    private int seconds = 600;

    @Option(names = "--grace", paramLabel = "S", description = "Seconds that running answers have when the server is told to end.")
    private int grace = 20;

    @Option(names = "--database", paramLabel = "URL", description = "Where feedback is kept: a file, or jdbc:postgresql://HOST/NAME?user=…&password=…. Default: feedback.db in ~/.jackdaw", showDefaultValue = Visibility.NEVER)
    private String database;

    @Option(names = "--keep", paramLabel = "WHAT", description = "What is kept of conversations: nothing; feedback, what people send in; flagged, also what a check objects to; or everything.")
    private ServerSettings.Keep keep = ServerSettings.Keep.FEEDBACK;

    @Option(names = "--keep-days", paramLabel = "N", description = "For how long; 0: until it is erased.")
    private int days = 90;

    @Option(names = "--runs", paramLabel = "DIR", description = "Training runs that the page shows.")
    private Path runs = Path.of("runs");

    @Option(names = "--refusals", paramLabel = "FILE", description = "Further ways in which models decline, which flag an answer: a regular expression a line. Known already: English, German, French, "
            + "Spanish, Italian, Portuguese, Chinese and Japanese.", showDefaultValue = Visibility.NEVER)
    private Path refusals;

    @Option(names = "--log-prompts", description = "Also write what was asked and answered to the log.", showDefaultValue = Visibility.NEVER)
    private boolean logPrompts;

    @Override
    public Integer call() throws Exception {
        LogLines.install();
        ServerSettings settings = settings();
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
            String address = (certificate == null ? "http://" : "https://") + (host.contains(":") ? "[" + host + "]" : host) + ":" + server.port();
            common.output().line("%s at %s", common.output().bold(String.join(", ", server.models().names())), address);
            common.output().note("OpenAI's API at %s/v1, the page at %s; Ctrl-C ends", address, address);
            common.output().json(Map.of("address", address, "models", server.models().names()));
            end.await();
            common.output().note("ending; running answers have %d s", grace);
        } finally {
            ended.countDown();
        }
        return 0;
    }

    private ServerSettings settings() throws IOException {
        if ((certificate == null) != (privateKey == null)) {
            throw common.wrong("--tls-certificate and --tls-key belong together; give both");
        }
        if (port < 0 || port > 65535 || sequences < 1 || sequences > 256 || waiting < 1 || answer < 1 || seconds < 1 || grace < 0 || days < 0) {
            throw common.wrong("--port must be from 0 to 65535, --sequences from 1 to 256, --waiting, --max-answer and --max-seconds at least 1, --grace and --keep-days not negative");
        }
        if (keys == null && !Gate.isLoopback(host)) {
            throw common.wrong("--host " + host + " can be reached from other machines; name a file of API keys with --keys");
        }
        List<ModelSource> sources = sources();
        ServerSettings.Models usual = ServerSettings.Models.of(sources);
        ServerSettings.Data data = ServerSettings.Data.usual();
        ServerSettings.Limits limits = ServerSettings.Limits.usual();
        return new ServerSettings(
                new ServerSettings.Network(host, port, keys == null ? List.of() : KeyFile.read(keys), origins, certificate, privateKey),
                new ServerSettings.Limits(bytes("--max-body", body), answer, seconds, limits.choices(), grace),
                new ServerSettings.Models(sources, memory == null ? usual.memoryBytes() : bytes("--memory", memory), sequences, waiting, cacheSize == null ? usual.cacheBytes() : bytes("--cache", cacheSize),
                        common.threads(), activations.fast(common), cache.type(CacheType.F16, common)),
                new ServerSettings.Data(database == null ? data.database() : database, keep, days, runs, logPrompts, refusals));
    }

    private long bytes(String option, String size) {
        String text = size.toLowerCase(Locale.ROOT);
        if (!text.matches("[1-9]\\d{0,12}[kmgt]?b?")) {
            throw common.wrong(option + " " + size + ": give a number of bytes, or one with k, m or g as in 512m");
        }
        long number = Long.parseLong(text.replaceAll("\\D", ""));
        return number << 10 * " kmgt".indexOf(text.replaceAll("[\\db]", "").isEmpty() ? " " : text.replaceAll("[\\db]", ""));
    }

    private List<ModelSource> sources() throws IOException {
        Map<String, ModelSource> sources = new LinkedHashMap<>();
        for (String model : models) {
            int at = model.indexOf('=');
            boolean isNamed = at > 0 && !Files.exists(Path.of(model));
            Path path = Path.of(isNamed ? model.substring(at + 1) : model);
            if (!isNamed && !Files.exists(path) && Deployments.isName(model) && Deployments.here().current(model).isPresent()) {
                put(sources, new ModelSource.Deployed(model));
                continue;
            }
            if (!Files.exists(ModelStore.resolve(path))) {
                throw new NoSuchFileException("serve: " + path + ": there is no such file or folder, and neither a deployment nor a model of this name in the store");
            }
            put(sources, new ModelSource.File(isNamed ? model.substring(0, at) : ModelSource.nameOf(path), path));
        }
        if (models.isEmpty()) {
            for (ModelStore.Stored stored : ModelStore.home().list()) {
                put(sources, new ModelSource.File(stored.name(), stored.model()));
            }
        }
        if (sources.isEmpty()) {
            throw common.wrong("give a MODEL: the store is empty, and there is nothing to serve");
        }
        for (String adapter : adapters) {
            String[] parts = adapter.split("[=:]", 3);
            if (parts.length != 3 || !Files.exists(Path.of(parts[2]))) {
                throw common.wrong("--adapter " + adapter + ": give NAME=MODEL:PATH, where PATH is an adapter's folder or file");
            }
            put(sources, new ModelSource.Adapted(parts[0], parts[1], Path.of(parts[2]), 1));
        }
        return new ArrayList<>(sources.values());
    }

    private void put(Map<String, ModelSource> sources, ModelSource source) {
        if (sources.putIfAbsent(source.name(), source) != null) {
            throw common.wrong("two models are called " + source.name() + "; give one of them another name: NAME=MODEL");
        }
    }
}
