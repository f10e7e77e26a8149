package dev.jackdaw.serve.models;

import dev.jackdaw.model.arch.Adapter;
import dev.jackdaw.model.engine.Engine;
import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.improve.Deployment;
import dev.jackdaw.serve.improve.Deployments;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The models that may be asked for. One is loaded when it is first wanted; where memory is short, those go that nobody uses, the longest
/// unused first. A name is looked up in the list and never taken for a path.
public final class ModelPool implements AutoCloseable {
    /// How each model is loaded.
    record Loading(int threads, Activations activations, CacheType cacheType, Engine.Settings engine) {
    }

    /// A model that is being used; closing gives it back.
    public final class Lease implements AutoCloseable {
        private final String name;
        private final Entry entry;
        private final List<Adapter> adapters;      // or null
        private boolean isOpen = true;

        private Lease(String name, Entry entry, List<Adapter> adapters) {
            this.name = name;
            this.entry = entry;
            this.adapters = adapters;
        }

        /// As the client asked for it; of a deployment with the version that answers, `birds@v3`.
        public String name() {
            return name;
        }

        public LoadedModel model() {
            return entry.loaded;
        }

        /// Of this name, or null: the model as it is.
        public List<Adapter> adapters() {
            return adapters;
        }

        @Override
        public void close() {
            synchronized (ModelPool.this) {
                if (isOpen) {
                    isOpen = false;
                    entry.users--;
                    entry.lastUse = System.nanoTime();
                    ModelPool.this.notifyAll();
                }
            }
        }
    }

    /// One model by its name.
    ///
    /// @param base  of an adapter, or null
    /// @param bytes of its files
    public record Listed(String name, Path path, String base, boolean isLoaded, int users, long bytes, long created) {
    }

    private static final class Entry {
        private final ModelSource.File source;
        private final ReentrantLock loading = new ReentrantLock();
        private LoadedModel loaded;
        private long bytes;
        private int users;
        private long lastUse;

        Entry(ModelSource.File source) {
            this.source = source;
        }
    }

    private static final Pattern VERSION = Pattern.compile("@v(\\d{1,6})$");

    private final ServerSettings.Models settings;
    private final Deployments deployments = Deployments.here();
    private final Map<String, ModelSource> sources = new LinkedHashMap<>();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Lock turn = new ReentrantLock(true);
    private boolean closed;

    public ModelPool(ServerSettings.Models settings) {
        this.settings = settings;
        for (ModelSource source : settings.sources()) {
            if (sources.putIfAbsent(source.name(), source) != null) {
                throw new IllegalArgumentException("serve: two models are called " + source.name() + "; give one of them another name: NAME=PATH");
            }
        }
        for (ModelSource source : settings.sources()) {
            switch (source) {
                case ModelSource.File file -> entries.put(file.name(), new Entry(file));
                case ModelSource.Deployed deployed -> version(deployed, null, null);
                case ModelSource.Adapted adapted -> {
                    if (!(sources.get(adapted.base()) instanceof ModelSource.File)) {
                        throw new IllegalArgumentException("serve: adapter " + adapted.name() + " is for model " + adapted.base() + ", which is not served; served: " + names());
                    }
                }
            }
        }
    }

    /// The same, for nobody in particular.
    public Lease take(String name) throws InterruptedException {
        return take(name, null);
    }

    /// In the order in which they were given.
    public synchronized List<String> names() {
        return List.copyOf(sources.keySet());
    }

    /// Waits until the model is loaded.
    ///
    /// @param name or null: the first
    /// @param key  of the user or the session, which decides who gets a deployment's canary; or null
    /// @throws ApiError 404 with the list of names, 503 if memory does not suffice
    public Lease take(String name, String key) throws InterruptedException {
        String wanted = name == null || name.isEmpty() ? names().stream().findFirst().orElse("") : name;
        ModelSource source = find(wanted);
        if (source == null) {
            throw ApiError.missing("model_not_found", "there is no model " + shortened(wanted) + "; there are: " + String.join(", ", names()));
        }
        return switch (source) {
            case ModelSource.File file -> new Lease(wanted, use(entries.get(file.name())), null);
            case ModelSource.Deployed deployed -> {
                Deployment.Version version = version(deployed, wanted, key);
                Entry entry;
                synchronized (this) {
                    entry = entries.computeIfAbsent(version.id(), id -> new Entry(new ModelSource.File(id, version.model())));
                }
                yield new Lease(version.id(), use(entry), null);
            }
            case ModelSource.Adapted adapted -> {
                Lease base = new Lease(wanted, use(entries.get(adapted.base())), null);
                try {
                    Adapter adapter = base.model().adapter(adapted.adapter(), adapted.scale());
                    yield new Lease(wanted, base.entry, List.of(adapter));
                } catch (IOException e) {
                    base.close();
                    throw new ApiError(503, "adapter_not_readable", "model", "adapter " + adapted.name() + ": " + e.getMessage(), 0);
                } catch (RuntimeException e) {
                    base.close();
                    throw e;
                }
            }
        };
    }

    /// By its name; Ollama's clients write `name:latest`, and a deployment's version is `name@vN`.
    private synchronized ModelSource find(String name) {
        ModelSource source = sources.get(name);
        if (source == null && name.endsWith(":latest")) {
            return sources.get(name.substring(0, name.length() - ":latest".length()));
        }
        return source == null && VERSION.matcher(name).find() && sources.get(name.replaceFirst("@v\\d+$", "")) instanceof ModelSource.Deployed deployed ? deployed : source;
    }

    /// Which version answers: the one that the name says, else the one the deployment chooses for the key.
    private Deployment.Version version(ModelSource.Deployed deployed, String wanted, String key) {
        try {
            Deployment deployment = deployments.require(deployed.name());
            Matcher version = VERSION.matcher(wanted == null ? "" : wanted);
            if (!version.find()) {
                return deployment.pick(key);
            }
            int number = Integer.parseInt(version.group(1));
            List<Integer> known = deployments.versions(deployed.name());
            if (!known.contains(number)) {
                throw ApiError.missing("model_not_found", "deployment " + deployed.name() + " has no version " + number + "; it has " + known);
            }
            return deployment.version(number);
        } catch (IOException e) {
            throw new ApiError(503, "deployment_not_readable", "model", "deployment " + deployed.name() + ": " + e.getMessage(), 0);
        }
    }

    private static String shortened(String name) {
        return "\"" + (name.length() > 100 ? name.substring(0, 100) + "…" : name) + "\"";
    }

    private Entry use(Entry entry) throws InterruptedException {
        synchronized (this) {
            if (closed) {
                throw new ApiError(503, "shutting_down", null, "the server is ending", 0);
            }
            entry.users++;
            if (entry.loaded != null) {
                return entry;
            }
        }
        boolean done = false;
        entry.loading.lockInterruptibly();               // others who want this model wait here
        try {
            if (entry.loaded == null) {
                load(entry);
            }
            done = true;
            return entry;
        } catch (IOException e) {
            throw new ApiError(503, "model_not_readable", "model", "model " + entry.source.name() + " could not be loaded: " + e.getMessage(), 0);
        } finally {
            entry.loading.unlock();
            if (!done) {
                synchronized (this) {
                    entry.users--;
                }
            }
        }
    }

    private void load(Entry entry) throws IOException {
        Path path = ModelStore.resolve(entry.source.path());
        long need = bytesOf(path);
        makeRoom(entry, need);
        Engine.Settings usual = Engine.Settings.usual();
        long cache = settings.cacheBytes() > 0 ? settings.cacheBytes() : Math.max(64L << 20, usual.cacheBytes());
        Engine.Settings engine = usual.withSequences(settings.sequences()).withWaiting(settings.waiting()).withCache(cache, cache / 2);
        LoadedModel loaded;
        try {
            loaded = new LoadedModel(path, new Loading(settings.threads(), settings.activations(), settings.cacheType(), engine), turn);
        } catch (IOException | RuntimeException e) {
            synchronized (this) {
                entry.bytes = 0;
            }
            throw e;
        }
        synchronized (this) {
            entry.loaded = loaded;
        }
    }

    /// Unloads what nobody uses until there is room, and books it.
    private void makeRoom(Entry entry, long need) {
        while (true) {
            Entry idle = null;
            LoadedModel leaving;
            synchronized (this) {
                long used = entries.values().stream().mapToLong(each -> each.bytes).sum();
                if (used + need <= settings.memoryBytes() || used == 0) {         // one alone is tried in any case: it may run from its file
                    entry.bytes = need;
                    return;
                }
                for (Entry each : entries.values()) {
                    if (each.loaded != null && each.users == 0 && (idle == null || each.lastUse < idle.lastUse)) {
                        idle = each;
                    }
                }
                if (idle == null) {
                    throw new ApiError(503, "out_of_memory", "model", "model " + entry.source.name() + " needs " + need + " bytes; of " + settings.memoryBytes() + " for models, " + used
                            + " are taken by models in use; try again later, or start the server with more --memory", 5);
                }
                leaving = idle.loaded;
                idle.loaded = null;
            }
            leaving.close();
            synchronized (this) {
                idle.bytes = 0;
            }
        }
    }

    static long bytesOf(Path path) throws IOException {
        Path at = Files.isDirectory(path) && Files.exists(path.resolve("params.gguf")) ? path.resolve("params.gguf") : path;
        if (Files.isRegularFile(at)) {
            return Files.size(at);
        }
        if (!Files.isDirectory(at)) {
            return 0;                                     // the loader says what is wrong
        }
        try (Stream<Path> files = Files.list(at)) {
            return files.filter(file -> file.toString().endsWith(".safetensors")).mapToLong(file -> {
                try {
                    return Files.size(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }).sum();
        }
    }

    public List<Listed> list() {
        List<Listed> all = new ArrayList<>();
        List<ModelSource> known;
        synchronized (this) {
            known = List.copyOf(sources.values());
        }
        for (ModelSource source : known) {
            Path path = switch (source) {
                case ModelSource.File file -> file.path();
                case ModelSource.Adapted adapted -> adapted.adapter();
                case ModelSource.Deployed deployed -> version(deployed, null, null).model();
            };
            long bytes = 0, created = 0;
            try {
                path = ModelStore.resolve(path);
                bytes = bytesOf(path);
                created = Files.getLastModifiedTime(path).toMillis() / 1000;
            } catch (IOException | UncheckedIOException _) {       // gone since the start; asking for it says so
            }
            String base = source instanceof ModelSource.Adapted adapted ? adapted.base() : null;
            synchronized (this) {
                Entry entry = entries.get(source instanceof ModelSource.Deployed deployed ? version(deployed, null, null).id() : base == null ? source.name() : base);
                all.add(new Listed(source.name(), path, base, entry != null && entry.loaded != null, entry == null ? 0 : entry.users, bytes, created));
            }
        }
        return all;
    }

    /// The models that are in memory now.
    public synchronized Map<String, LoadedModel> loaded() {
        Map<String, LoadedModel> all = new LinkedHashMap<>();
        entries.forEach((name, entry) -> {
            if (entry.loaded != null) {
                all.put(name, entry.loaded);
            }
        });
        return all;
    }

    /// Ends all texts and unloads all models.
    @Override
    public void close() {
        List<LoadedModel> leaving = new ArrayList<>();
        synchronized (this) {
            closed = true;
            for (Entry entry : entries.values()) {
                if (entry.loaded != null) {
                    leaving.add(entry.loaded);
                }
            }
        }
        leaving.forEach(LoadedModel::close);
    }
}
