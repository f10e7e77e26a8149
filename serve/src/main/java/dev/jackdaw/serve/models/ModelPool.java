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
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The models that may be asked for. One is loaded when it is first wanted; where memory is short, those go that nobody uses, the longest
/// unused first. A name is looked up in the list and never taken for a path.
///
/// **Memory.** A model is booked from before it is loaded until after it is unloaded, so the budget holds at every moment; who needs the room of
/// one that is leaving waits until it has gone. **Leases.** One is counted from the moment somebody wants the model, so that what is waited for
/// does not go, and is given back however the wait ends. All of it is guarded by the pool's monitor; files are read, and models loaded and
/// unloaded, outside of it, by the thread that marked the entry as busy.
public final class ModelPool implements AutoCloseable {
    /// How each model is loaded.
    record Loading(int threads, Activations activations, CacheType cacheType, Engine.Settings engine) {
    }

    /// How a model comes into memory.
    @FunctionalInterface
    interface Opener {
        LoadedModel open(Path path, Loading loading, Lock turn) throws IOException;
    }

    /// A model that is being used; closing gives it back.
    public final class Lease implements AutoCloseable {
        private final String name;
        private final String source;
        private final Entry entry;
        private final LoadedModel model;
        private final List<Adapter> adapters;      // or null
        private boolean isOpen = true;

        private Lease(String name, String source, Entry entry, LoadedModel model, List<Adapter> adapters) {
            this.name = name;
            this.source = source;
            this.entry = entry;
            this.model = model;
            this.adapters = adapters;
        }

        /// As the client asked for it; of a deployment with the version that answers, `birds@v3`.
        public String name() {
            return name;
        }

        /// As it is listed, whatever the client added to the name.
        public String source() {
            return source;
        }

        public LoadedModel model() {
            return model;
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
                    leave(entry);
                }
            }
        }
    }

    /// One model by its name.
    ///
    /// @param base   of an adapter, or null
    /// @param loaded the model, an adapter's base, or the version that a deployment serves; null: not in memory
    /// @param bytes  of its files
    public record Listed(String name, Path path, String base, LoadedModel loaded, int users, long bytes, long created) {
        public boolean isLoaded() {
            return loaded != null;
        }
    }

    /// Guarded by the pool.
    private static final class Entry {
        private final ModelSource.File source;
        private LoadedModel loaded;
        private boolean isBusy;                    // being loaded or unloaded: others wait
        private boolean isLeaving;                 // of these, unloaded
        private long bytes;                        // booked
        private int users;
        private long lastUse;

        Entry(ModelSource.File source) {
            this.source = source;
        }

        boolean isIdle() {
            return users == 0 && loaded != null;
        }
    }

    private static final Pattern VERSION = Pattern.compile("@v(\\d{1,6})$");

    private final ServerSettings.Models settings;
    private final Opener opener;
    private final Deployments deployments = Deployments.here();
    private final Map<String, ModelSource> sources = new LinkedHashMap<>();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Lock turn = new ReentrantLock(true);
    private boolean closed;

    public ModelPool(ServerSettings.Models settings) {
        this(settings, LoadedModel::new);
    }

    ModelPool(ServerSettings.Models settings, Opener opener) {
        this.settings = settings;
        this.opener = opener;
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
            case ModelSource.File file -> lease(wanted, file.name(), file.name());
            case ModelSource.Deployed deployed -> {
                Deployment.Version version = version(deployed, wanted, key);
                Entry entry;
                synchronized (this) {
                    entry = entries.computeIfAbsent(version.id(), id -> new Entry(new ModelSource.File(id, version.model())));
                }
                yield lease(version.id(), deployed.name(), entry);
            }
            case ModelSource.Adapted adapted -> {
                Lease base = lease(wanted, adapted.name(), adapted.base());
                try {
                    yield new Lease(wanted, adapted.name(), base.entry, base.model, List.of(base.model.adapter(adapted.adapter(), adapted.scale())));
                } catch (IOException e) {
                    base.close();
                    throw new ApiError(503, "adapter_not_readable", "model", "adapter " + adapted.name() + ": " + e.getMessage(), 0);
                } catch (InterruptedException | RuntimeException | Error e) {
                    base.close();
                    throw e;
                }
            }
        };
    }

    private Lease lease(String wanted, String source, String file) throws InterruptedException {
        Entry entry;
        synchronized (this) {
            entry = entries.get(file);
        }
        return lease(wanted, source, entry);
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

    private Lease lease(String wanted, String source, Entry entry) throws InterruptedException {
        synchronized (this) {
            requireOpen();
            entry.users++;
        }
        try {
            return new Lease(wanted, source, entry, loaded(entry), null);
        } catch (IOException | UncheckedIOException e) {
            leave(entry);
            throw new ApiError(503, "model_not_readable", "model", "model " + entry.source.name() + " could not be loaded: " + e.getMessage(), 0);
        } catch (InterruptedException | RuntimeException | Error e) {
            leave(entry);
            throw e;
        }
    }

    private synchronized void leave(Entry entry) {
        entry.users--;
        entry.lastUse = System.nanoTime();
        notifyAll();
    }

    private void requireOpen() {
        if (closed) {
            throw ending();
        }
    }

    private static ApiError ending() {
        return new ApiError(503, "shutting_down", null, "the server is ending", 0);
    }

    /// The entry's model, by this thread or, if another is at it already, by that one.
    private LoadedModel loaded(Entry entry) throws IOException, InterruptedException {
        synchronized (this) {
            requireOpen();
            while (entry.isBusy) {
                wait();
                requireOpen();
            }
            if (entry.loaded != null) {
                return entry.loaded;
            }
            entry.isBusy = true;
        }
        LoadedModel loaded = null;
        boolean isLate;
        try {
            loaded = load(entry);
        } finally {
            synchronized (this) {
                isLate = closed;
                entry.isBusy = false;
                entry.loaded = isLate ? null : loaded;
                entry.bytes = entry.loaded == null ? 0 : entry.bytes;
                notifyAll();
            }
        }
        if (isLate) {
            loaded.close();
            throw ending();
        }
        return loaded;
    }

    private LoadedModel load(Entry entry) throws IOException, InterruptedException {
        Path path = ModelStore.resolve(entry.source.path());
        makeRoom(entry, bytesOf(path));
        Engine.Settings usual = Engine.Settings.usual();
        long cache = settings.cacheBytes() > 0 ? settings.cacheBytes() : Math.max(64L << 20, usual.cacheBytes());
        Engine.Settings engine = usual.withSequences(settings.sequences()).withWaiting(settings.waiting()).withCache(cache, cache / 2);
        return opener.open(path, new Loading(settings.threads(), settings.activations(), settings.cacheType(), engine), turn);
    }

    /// Unloads what nobody uses until there is room, and books it. What would not fit beside the models in use unloads nothing.
    private void makeRoom(Entry entry, long need) throws InterruptedException {
        while (true) {
            Entry leaving = null;
            LoadedModel model;
            synchronized (this) {
                requireOpen();
                long held = 0, leavingBytes = 0, used = 0;
                for (Entry each : entries.values()) {
                    used += each.bytes;
                    leavingBytes += each.isLeaving ? each.bytes : 0;
                    held += each.isLeaving || each.isIdle() ? 0 : each.bytes;
                    if (each.isIdle() && (leaving == null || each.lastUse - leaving.lastUse < 0)) {
                        leaving = each;
                    }
                }
                if (fits(used, need)) {
                    entry.bytes = need;
                    return;
                }
                if (!fits(held, need)) {
                    throw new ApiError(503, "out_of_memory", "model", "model " + entry.source.name() + " needs " + need + " bytes; of " + settings.memoryBytes() + " for models, " + held
                            + " are taken by models in use; try again later, or start the server with more --memory", 5);
                }
                if (leaving == null || fits(used - leavingBytes, need)) {
                    wait();                               // for what is leaving already
                    continue;
                }
                model = leaving.loaded;
                leaving.loaded = null;
                leaving.isBusy = true;
                leaving.isLeaving = true;
            }
            try {
                model.close();
            } finally {
                synchronized (this) {
                    leaving.bytes = 0;
                    leaving.isBusy = false;
                    leaving.isLeaving = false;
                    notifyAll();
                }
            }
        }
    }

    /// One alone is tried in any case: it may run from its file.
    private boolean fits(long used, long need) {
        return used == 0 || used + need <= settings.memoryBytes();
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
            Path path;
            String base = null, key = source.name();
            switch (source) {
                case ModelSource.File file -> path = file.path();
                case ModelSource.Adapted adapted -> {
                    path = adapted.adapter();
                    key = base = adapted.base();
                }
                case ModelSource.Deployed deployed -> {
                    Deployment.Version served = version(deployed, null, null);
                    path = served.model();
                    key = served.id();
                }
            }
            long bytes = 0, created = 0;
            try {
                path = ModelStore.resolve(path);
                bytes = bytesOf(path);
                created = Files.getLastModifiedTime(path).toMillis() / 1000;
            } catch (IOException | UncheckedIOException _) {       // gone since the start; asking for it says so
            }
            synchronized (this) {
                Entry entry = entries.get(key);
                all.add(new Listed(source.name(), path, base, entry == null ? null : entry.loaded, entry == null ? 0 : entry.users, bytes, created));
            }
        }
        return all;
    }

    /// Why no model can be asked; empty if at least one can: in memory, or where its files should be.
    public Optional<String> problem() {
        List<Listed> all;
        try {
            all = list();
        } catch (ApiError _) {                            // says more than probes may know
            return Optional.of("a deployment cannot be read");
        }
        return all.stream().anyMatch(each -> each.isLoaded() || each.base() == null && each.bytes() > 0) ? Optional.empty()
                : Optional.of("no files are where those of " + String.join(", ", all.stream().map(Listed::name).toList()) + " should be");
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

    /// Ends all texts and unloads all models. One that is still being loaded is closed by the thread that loads it.
    @Override
    public void close() {
        List<LoadedModel> leaving = new ArrayList<>();
        synchronized (this) {
            closed = true;
            for (Entry entry : entries.values()) {
                if (entry.loaded != null) {
                    leaving.add(entry.loaded);
                    entry.loaded = null;
                    entry.bytes = 0;
                }
            }
            notifyAll();
        }
        leaving.forEach(LoadedModel::close);
    }
}
