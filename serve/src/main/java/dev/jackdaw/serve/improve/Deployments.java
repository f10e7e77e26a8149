package dev.jackdaw.serve.improve;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.tensor.Switches;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Models under names that stay while their versions change.
///
/// ```
/// NAME/deployment.json     which version is served; the only file that ever changes
/// NAME/v1/params.gguf      a version: its weights,
/// NAME/v1/lineage.json     and where it comes from
/// NAME/kept/               what improvements need of the first model's run, see [Kept]
/// NAME/improvements/1/     what an improvement left at each stage, see [Improvement]
/// ```
/// A version is written aside, synced and renamed before anything names it; to promote, to try and to go back are one rename of
/// `deployment.json`. So a process that is killed at any instant leaves the deployment as it was, or as it was to become. Those who change it wait
/// for each other; those who read it never wait, and see a change at their next question.
public final class Deployments {
    static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .changeDefaultPropertyInclusion(inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_NULL)).build();
    private static final String FILE = "deployment.json";
    /// A name becomes a folder and a part of addresses.
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern VERSION = Pattern.compile("v([1-9][0-9]{0,8})");
    /// A lock of a file holds between processes only.
    private static final ReentrantLock MINE = new ReentrantLock();

    /// As the file has it; the name and the folder are known from where it is.
    private record Written(int current, List<Integer> earlier, Integer previous, Integer canary, double share, String changed) {
    }

    /// A state of the file, by which a change is noticed: a rename brings another inode and time.
    private record Stamp(Object inode, FileTime time, long bytes) {
        static Stamp of(Path file) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Stamp(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size());
        }
    }

    private record Known(Stamp stamp, Deployment deployment) {
    }

    /// Work on a deployment that nobody else changes meanwhile.
    @FunctionalInterface
    private interface Work<T> {
        T run(Path folder) throws IOException;
    }

    private final Path root;
    private final Consumer<String> after;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    public Deployments(Path root) {
        this(root, _ -> { });
    }

    /// @param after told of each step that is done; tests stop here
    Deployments(Path root, Consumer<String> after) {
        this.root = root;
        this.after = after;
    }

    /// Those of this user, in `deployments` of our folder.
    public static Deployments here() {
        return new Deployments(Switches.data().resolve("deployments"));
    }

    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    // ---- reading

    /// Which versions are served now. Asks the file system for one file's time; reads it only when that is another one. Empty if there is no such
    /// deployment, whatever `name` is.
    public Optional<Deployment> current(String name) throws IOException {
        if (!isName(name)) {
            return Optional.empty();
        }
        Path folder = root.resolve(name), file = folder.resolve(FILE);
        try {
            Stamp stamp = Stamp.of(file);                   // before reading: what is read is as new as this, or newer
            Known before = known.get(name);
            if (before == null || !before.stamp.equals(stamp)) {
                before = new Known(stamp, read(name, folder, file));
                known.put(name, before);
            }
            return Optional.of(before.deployment);
        } catch (NoSuchFileException e) {
            known.remove(name);
            return Optional.empty();
        }
    }

    private static Deployment read(String name, Path folder, Path file) throws IOException {
        try {
            Written written = JSON.readValue(Files.readAllBytes(file), Written.class);
            return new Deployment(name, folder, written.current, written.earlier == null ? List.of() : written.earlier, written.canary, written.share, written.changed);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new IOException(file + ": " + (e instanceof JacksonException json ? json.getOriginalMessage() : e.getMessage()), e);
        }
    }

    /// All, by name.
    public List<Deployment> list() throws IOException {
        List<Deployment> all = new ArrayList<>();
        if (Files.isDirectory(root)) {
            try (DirectoryStream<Path> folders = Files.newDirectoryStream(root)) {
                for (Path folder : folders) {
                    current(folder.getFileName().toString()).ifPresent(all::add);
                }
            }
        }
        all.sort(java.util.Comparator.comparing(Deployment::name));
        return all;
    }

    /// The deployment, or an error that lists those there are.
    public Deployment require(String name) throws IOException {
        Optional<Deployment> found = current(name);
        if (found.isEmpty()) {
            List<String> names = list().stream().map(Deployment::name).toList();
            throw new IOException("there is no deployment " + name + (names.isEmpty() ? "; there are none yet" : "; there are " + String.join(", ", names))
                    + "; make one with jackdaw deploy create NAME MODEL");
        }
        return found.get();
    }

    /// Numbers of all versions, served or not, ascending.
    public List<Integer> versions(String name) throws IOException {
        return versionsIn(require(name).folder());
    }

    private static List<Integer> versionsIn(Path folder) throws IOException {
        List<Integer> versions = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "v*")) {
            for (Path entry : entries) {
                var version = VERSION.matcher(entry.getFileName().toString());
                if (version.matches()) {
                    versions.add(Integer.parseInt(version.group(1)));
                }
            }
        }
        versions.sort(null);
        return versions;
    }

    public Lineage lineage(String name, int version) throws IOException {
        Path file = require(name).folder().resolve("v" + version).resolve(Lineage.FILE);
        try {
            return JSON.readValue(Files.readAllBytes(file), Lineage.class);
        } catch (NoSuchFileException e) {
            throw new IOException("deployment " + name + " has no version " + version + "; it has " + versions(name), e);
        } catch (JacksonException e) {
            throw new IOException(file + ": " + e.getOriginalMessage(), e);
        }
    }

    // ---- changing

    /// Makes a deployment of a model: its first version, and what improvements need of its run.
    ///
    /// @param model a GGUF file with everything in it
    /// @param kept  see [Kept]
    public Deployment create(String name, Path model, Kept kept, Lineage.Program program) throws IOException {
        if (!isName(name)) {
            throw new IOException("deployment " + name + ": give a name of up to 64 letters, digits, and . _ -, that begins with a letter or a digit");
        }
        return alone(name, folder -> {
            if (Files.exists(folder.resolve(FILE))) {
                throw new IOException("there is a deployment " + name + " already; give another name, or change this one with jackdaw improve, or jackdaw deploy rollback");
            }
            AtomicFile.deleteTree(folder.resolve("kept"));          // of a creation that was stopped; nothing names them
            AtomicFile.deleteTree(folder.resolve("v1"));
            List<Lineage.FileFacts> files = kept.keep(folder.resolve("kept"));
            after.accept("kept");
            writeVersion(folder, 1, model, false, facts -> new Lineage(1, null, now(), kept.origin(), facts, files, List.of(), kept.settings(), null, null, program, null));
            Deployment first = new Deployment(name, folder, 1, List.of(), null, 0, now());
            write(first);
            return first;
        });
    }

    /// Adds a version that is not served yet.
    ///
    /// @param candidate its weights, which nobody changes afterwards: the version links to the file where it can
    /// @param lineage   is given with the version 0 and no weights
    /// @return its number
    public int add(String name, Path candidate, Lineage lineage) throws IOException {
        require(name);
        return alone(name, folder -> {
            List<Integer> versions = versionsIn(folder);
            int number = versions.isEmpty() ? 1 : versions.getLast() + 1;
            writeVersion(folder, number, candidate, true, facts -> new Lineage(number, lineage.parent(), lineage.created(), lineage.origin(), facts, lineage.data(), lineage.corrections(),
                    lineage.settings(), lineage.evaluation(), lineage.verdict(), lineage.program(), lineage.forgotten()));
            return number;
        });
    }

    /// Notes that so many corrections were taken out of a version's data.
    ///
    /// @param improvement the folder with the data
    void forgot(String name, int version, Path improvement, int count) throws IOException {
        alone(name, folder -> {
            Lineage old = lineage(name, version);
            List<Lineage.FileFacts> data = new ArrayList<>();
            for (Lineage.FileFacts facts : old.data()) {
                Path file = improvement.resolve(Path.of(facts.name()).getFileName());
                try (var lines = Files.lines(file)) {
                    data.add(facts(facts.name(), file, lines.count()));
                }
            }
            AtomicFile.write(folder.resolve("v" + version).resolve(Lineage.FILE), JSON.writeValueAsString(new Lineage(old.version(), old.parent(), old.created(), old.origin(), old.parameters(), data,
                    old.corrections(), old.settings(), old.evaluation(), old.verdict(), old.program(), (old.forgotten() == null ? 0 : old.forgotten()) + count)) + "\n");
            return null;
        });
    }

    private void writeVersion(Path folder, int number, Path model, boolean mayLink, java.util.function.Function<Lineage.FileFacts, Lineage> lineage) throws IOException {
        AtomicFile.writeFolder(folder.resolve("v" + number), aside -> {
            Path parameters = aside.resolve(Lineage.PARAMETERS);
            if (!mayLink || !link(parameters, model)) {             // somebody else's file may be written to: it is copied
                Files.copy(model, parameters);
            }
            after.accept("parameters");
            Files.writeString(aside.resolve(Lineage.FILE), JSON.writeValueAsString(lineage.apply(facts(Lineage.PARAMETERS, parameters, 0))) + "\n");
            after.accept("lineage");
        });
        after.accept("version");
    }

    private static boolean link(Path link, Path file) {
        try {
            Files.createLink(link, file);
            return true;
        } catch (IOException | UnsupportedOperationException e) {   // another file system, or one without links
            return false;
        }
    }

    /// Serves a version to everybody. The canary ends.
    public Deployment promote(String name, int version) throws IOException {
        return change(name, version, now -> now.promoted(version, now()));
    }

    /// Serves a version to a share of the keys.
    public Deployment canary(String name, int version, double share) throws IOException {
        if (!(share > 0 && share <= 1)) {
            throw new IOException("deployment " + name + ": a canary share of " + share + "; give more than 0 and at most 1, 0.1 for a tenth");
        }
        return change(name, version, now -> {
            if (now.current() == version) {
                throw new IllegalArgumentException("deployment " + name + ": version " + version + " is served to everybody; a canary must be another one");
            }
            return now.trying(version, share, now());
        });
    }

    /// Ends the canary if there is one; otherwise serves again what was served before.
    public Deployment rollback(String name) throws IOException {
        return change(name, null, now -> {
            if (now.canary() == null && now.previous() == null) {
                throw new IllegalArgumentException("deployment " + name + ": version " + now.current() + " is the first that was served; there is nothing to go back to");
            }
            return now.rolledBack(now());
        });
    }

    private Deployment change(String name, Integer version, UnaryOperator<Deployment> decision) throws IOException {
        require(name);
        return alone(name, folder -> {
            Deployment before = read(name, folder, folder.resolve(FILE));
            if (version != null) {
                lineage(name, version);
            }
            Deployment next;
            try {
                next = decision.apply(before);
            } catch (IllegalArgumentException e) {
                throw new IOException(e.getMessage(), e);
            }
            if (!Files.isRegularFile(next.version(next.current()).model())) {
                throw new IOException("deployment " + name + ": version " + next.current() + " has no " + Lineage.PARAMETERS + " any more; nothing was changed");
            }
            after.accept("decided");
            write(next);
            return next;
        });
    }

    private void write(Deployment d) throws IOException {
        AtomicFile.write(d.folder().resolve(FILE), JSON.writeValueAsString(new Written(d.current(), d.earlier(), d.previous(), d.canary(), d.share(), d.changed())) + "\n");
        after.accept("deployment");
    }

    private <T> T alone(String name, Work<T> work) throws IOException {
        Path folder = root.resolve(name);
        Files.createDirectories(folder);
        MINE.lock();
        try (FileChannel channel = FileChannel.open(folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE); var _ = channel.lock()) {
            return work.run(folder);
        } finally {
            MINE.unlock();
        }
    }

    static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }

    static Lineage.FileFacts facts(String name, Path file, long count) throws IOException {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            long bytes = in.transferTo(java.io.OutputStream.nullOutputStream());
            return new Lineage.FileFacts(name, HexFormat.of().formatHex(((DigestInputStream) in).getMessageDigest().digest()), bytes, count);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
