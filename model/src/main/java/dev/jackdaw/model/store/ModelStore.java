package dev.jackdaw.model.store;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.tensor.Switches;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The folder of models by name. A model is there whole or not at all; its files are never changed afterwards.
public final class ModelStore {
    private static final String MANIFEST = "model.json";
    private static final String PARTIAL = ".partial";
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /// What `model.json` says. @param commit of the repository, or null
    public record Manifest(String source, String commit, String added, List<StoredFile> files) {
        public long bytes() {
            return files.stream().mapToLong(StoredFile::bytes).sum();
        }
    }

    public record StoredFile(String name, long bytes, String sha256) { }

    public record Stored(String name, Path folder, Manifest manifest) {
        /// The GGUF file (the first of a split one), or the folder of a Hugging Face model.
        public Path model() {
            return manifest.files.stream().map(StoredFile::name).filter(file -> file.toLowerCase(Locale.ROOT).endsWith(".gguf")).sorted().findFirst()
                .map(folder::resolve).orElse(folder);
        }
    }

    /// @param sha256 of a file behind a plain address, or null
    public record Options(String name, String sha256, String hub, String token, Download.Patience patience) {
        public static Options usual() {
            return new Options(null, null, Switches.hub(), System.getenv("HF_TOKEN"), Download.Patience.usual());
        }

        public Options named(String name, String sha256) {
            return new Options(name, sha256, hub, token, patience);
        }
    }

    private final Path folder;

    public ModelStore(Path home) {
        folder = home.resolve("models");
    }

    /// The store of this user.
    public static ModelStore home() {
        return new ModelStore(Switches.data());
    }

    /// What a MODEL argument means: a path that exists is itself, anything else a name in the store of this user.
    public static Path resolve(Path argument) throws IOException {
        return Files.exists(argument) ? argument : home().find(argument.toString()).map(Stored::model).orElse(argument);
    }

    static void requireName(String name) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")) {
            throw new IllegalArgumentException("model name \"" + name + "\": use letters, digits, dots, dashes and underscores, beginning with a letter or digit");
        }
    }

    /// The model of that name, whatever the case of its letters.
    public Optional<Stored> find(String name) throws IOException {
        return list().stream().filter(stored -> stored.name.equalsIgnoreCase(name)).findFirst();
    }

    private Stored required(String name) throws IOException {
        return find(name).orElseThrow(() -> {
            try {
                List<String> names = list().stream().map(Stored::name).toList();
                return new NoSuchFileException(name, null, "there is no model of this name in the store; " + (names.isEmpty() ? "it is empty, see jackdaw pull" : "it has " + String.join(", ", names)));
            } catch (IOException e) {
                return new NoSuchFileException(name, null, e.getMessage());
            }
        });
    }

    /// All models, by name. A folder whose `model.json` cannot be read is left out; `rm` and `pull` can replace it.
    public List<Stored> list() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Stored> found = new ArrayList<>();
        try (Stream<Path> folders = Files.list(folder)) {
            for (Path each : folders.sorted().toList()) {
                Path manifest = each.resolve(MANIFEST);
                if (!each.getFileName().toString().startsWith(".") && Files.isRegularFile(manifest)) {
                    try {
                        Manifest read = JSON.readValue(Files.readAllBytes(manifest), Manifest.class);
                        if (read != null && read.files != null && read.files.stream().allMatch(file -> file != null && file.name != null && Hub.isSafe(file.name))) {
                            found.add(new Stored(each.getFileName().toString(), each, read));
                        }
                    } catch (JacksonException e) {
                        continue;
                    }
                }
            }
        }
        return found;
    }

    /// Brings a model into the store, replacing one of the same name.
    public Stored pull(ModelSource source, Options options, Download.Progress progress) throws IOException {
        URI hub = URI.create(options.hub);
        String token = options.token == null || options.token.isBlank() ? null : options.token.strip();
        try (Download download = new Download(options.patience, token, hub.getAuthority())) {
            return switch (source) {
                case ModelSource.Repository repository -> {
                    Hub.Selection selection = new Hub(options.hub, download).select(repository);
                    yield fetch(name(options, selection.title()), source, selection.commit(), selection.files(), download, progress);
                }
                case ModelSource.Address(URI uri) -> {
                    String file = ModelSource.fileName(uri);
                    if (!Hub.isSafe(file)) {
                        throw new IllegalArgumentException("pull " + uri + ": \"" + file + "\" is no name for a file here");
                    }
                    yield fetch(name(options, file.replaceFirst("(?i)\\.gguf$", "")), source, null,
                        List.of(new Hub.RemoteFile(file, uri, new Download.Expected(-1, options.sha256, null))), download, progress);
                }
                case ModelSource.Local(Path path) -> copyIn(name(options, path.toAbsolutePath().normalize().getFileName().toString().replaceFirst("(?i)(-\\d{5}-of-\\d{5})?\\.gguf$", "")),
                    source, path, progress);
            };
        }
    }

    private static String name(Options options, String title) {
        String name = options.name != null ? options.name : title.toLowerCase(Locale.ROOT).replaceFirst("[-.]gguf$", "").replaceAll("[^a-z0-9._-]+", "-").replaceFirst("^[^a-z0-9]+", "");
        requireName(name);
        return name;
    }

    private Stored fetch(String name, ModelSource source, String commit, List<Hub.RemoteFile> files, Download download, Download.Progress progress) throws IOException {
        return locked(name, aside -> {
            long total = files.stream().mapToLong(file -> Math.max(0, file.expected().bytes())).sum();
            progress.total(total);
            requireRoom(aside, total);
            List<StoredFile> stored = new ArrayList<>();
            long before = 0;
            for (Hub.RemoteFile file : files) {
                Path target = aside.resolve(file.name());
                Files.createDirectories(target.getParent());
                Optional<Path> already = sameFile(file);
                if (already.isPresent() && !Files.exists(target)) {
                    link(already.get(), target);
                }
                String sha256 = download.file(file.uri(), target, file.expected(), before, progress);
                stored.add(new StoredFile(file.name(), Files.size(target), sha256));
                before += Files.size(target);
            }
            return new Manifest(source.toString(), commit, now(), stored);
        });
    }

    /// A file of another model, or of this one pulled before, that has the same checksum: nothing needs to be downloaded.
    private Optional<Path> sameFile(Hub.RemoteFile file) throws IOException {
        if (file.expected().sha256() == null) {
            return Optional.empty();
        }
        for (Stored stored : list()) {
            for (StoredFile each : stored.manifest.files) {
                Path path = stored.folder.resolve(each.name);
                if (file.expected().sha256().equalsIgnoreCase(each.sha256) && Files.isRegularFile(path) && Files.size(path) == file.expected().bytes()) {
                    return Optional.of(path);
                }
            }
        }
        return Optional.empty();
    }

    private static void requireRoom(Path aside, long total) throws IOException {
        long have = 0;
        try (Stream<Path> files = Files.walk(aside)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                have += Files.size(file);
            }
        }
        long room = Files.getFileStore(aside).getUsableSpace();
        if (total - have > room) {
            throw new IOException("pull: " + (total - have) + " bytes are still to come, but the disk of " + aside + " has room for " + room);
        }
    }

    private Stored copyIn(String name, ModelSource source, Path path, Download.Progress progress) throws IOException {
        return locked(name, aside -> {
            List<Path> files = Local.files(path);
            Path base = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
            long total = 0;
            for (Path file : files) {
                total += Files.size(file);
            }
            progress.total(total);
            AtomicFile.deleteTree(aside);
            Files.createDirectories(aside);
            requireRoom(aside, total);
            List<StoredFile> stored = new ArrayList<>();
            long done = 0;
            for (Path file : files) {
                String relative = base.toAbsolutePath().relativize(file.toAbsolutePath()).toString();
                Path target = aside.resolve(relative);
                Files.createDirectories(target.getParent());
                stored.add(new StoredFile(relative, Files.size(file), Local.copy(file, target, done, progress)));
                done += Files.size(file);
            }
            return new Manifest(source.toString(), null, now(), stored);
        });
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private interface Filling {
        Manifest into(Path aside) throws IOException;
    }

    /// Fills the folder aside while no other process does, then puts it in the place of the model.
    private Stored locked(String name, Filling filling) throws IOException {
        Path partial = folder.resolve(PARTIAL);
        Path aside = partial.resolve(name);
        Files.createDirectories(aside);
        Path lockFile = partial.resolve(name + ".lock");
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE); FileLock lock = tryLock(channel)) {
            if (lock == null) {
                throw new IOException("pull: another process is pulling " + name + " right now");
            }
            Manifest manifest = filling.into(aside);
            AtomicFile.write(aside.resolve(MANIFEST), JSON.writeValueAsBytes(manifest));
            Path target = folder.resolve(name);
            Path old = partial.resolve(name + ".old");
            AtomicFile.deleteTree(old);
            if (Files.exists(target)) {
                Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
            }
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
            AtomicFile.syncFolder(folder);
            AtomicFile.deleteTree(old);
            return new Stored(name, target, manifest);
        }
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    /// Removes a model; returns the bytes freed. What an interrupted pull of that name left goes too.
    public long remove(String name) throws IOException {
        requireName(name);
        Path partial = folder.resolve(PARTIAL).resolve(name);
        Path whole = folder.resolve(name);
        if (find(name).isEmpty() && (Files.exists(partial) || Files.isDirectory(whole))) {
            AtomicFile.deleteTree(partial);
            AtomicFile.deleteTree(whole);
            return 0;
        }
        Stored stored = required(name);
        AtomicFile.deleteTree(partial);
        AtomicFile.deleteTree(stored.folder);
        return stored.manifest.bytes();
    }

    /// The same model under another name; the files are shared where the disk can do that.
    public Stored copy(String from, String to) throws IOException {
        requireName(to);
        Stored source = required(from);
        if (find(to).isPresent()) {
            throw new FileAlreadyExistsException(to);
        }
        return locked(to, aside -> {
            AtomicFile.deleteTree(aside);
            for (StoredFile file : source.manifest.files) {
                Path target = aside.resolve(file.name);
                Files.createDirectories(target.getParent());
                link(source.folder.resolve(file.name), target);
            }
            return source.manifest;
        });
    }

    private static void link(Path from, Path to) throws IOException {
        try {
            Files.createLink(to, from);
        } catch (UnsupportedOperationException | IOException e) {
            Files.copy(from, to);
        }
    }
}
