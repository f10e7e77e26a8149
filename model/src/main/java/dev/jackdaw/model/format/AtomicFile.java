package dev.jackdaw.model.format;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/// Files that are either the old one or the new one, never half of the new one, whatever happens to the process or the power.
///
/// Written aside in the same folder, forced to disk, renamed over the target, and the folder itself forced to disk, since the rename is
/// a change of the folder. A failure (a full disk, an exception of the caller) deletes what was written aside and leaves the target alone.
/// A killed process leaves its `.NAME.PID-N.part` behind; the next write of the same target removes it.
public final class AtomicFile {
    private static final AtomicLong COUNTER = new AtomicLong();

    /// Writes the content of one file.
    @FunctionalInterface
    public interface Body {
        void writeTo(FileOutput out) throws IOException;
    }

    /// Writes files into a new folder.
    @FunctionalInterface
    public interface FolderBody {
        void writeTo(Path folder) throws IOException;
    }

    private static final String UNCHANGED = "; nothing was changed there";

    private AtomicFile() {
    }

    public static void write(Path target, Body body) throws IOException {
        Path aside = aside(target);
        try {
            try (FileOutput out = new FileOutput(aside)) {
                body.writeTo(out);
                out.force();
            }
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            syncFolder(folderOf(target));
        } catch (IOException e) {
            throw new IOException("writing " + target + ": " + e.getMessage() + UNCHANGED, e);
        } finally {
            Files.deleteIfExists(aside);
        }
    }

    public static void write(Path target, byte[] content) throws IOException {
        write(target, out -> out.put(content));
    }

    public static void write(Path target, String content) throws IOException {
        write(target, content.getBytes(StandardCharsets.UTF_8));
    }

    /// The same promise for a whole folder: `body` fills one written aside, every file in it is forced to disk, then it is renamed.
    /// A folder cannot replace one that holds files, so `target` must not exist yet (or be empty).
    public static void writeFolder(Path target, FolderBody body) throws IOException {
        Path aside = aside(target);
        try {
            Files.createDirectory(aside);
            body.writeTo(aside);
            syncTree(aside);
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
            syncFolder(folderOf(target));
        } catch (IOException e) {
            throw new IOException("writing folder " + target + ": " + e.getMessage().replace(UNCHANGED, "") + UNCHANGED, e);
        } finally {
            deleteTree(aside);
        }
    }

    /// Forces the names in a folder to disk, so that a rename or a deletion in it survives a power failure.
    public static void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /// Removes a file, or a folder with everything in it; a missing one is fine. Links are removed, not followed.
    public static void deleteTree(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> paths = Files.walk(path)) {
            deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path each : deepestFirst) {
            Files.deleteIfExists(each);
        }
    }

    private static void syncTree(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                syncFolder(path);       // the same call forces a file's content
            }
        }
    }

    /// A name beside the target that no other writer uses; whatever dead writers of this target left behind goes away.
    private static Path aside(Path target) throws IOException {
        Path folder = folderOf(target);
        String prefix = "." + target.getFileName() + ".";
        try (DirectoryStream<Path> siblings = Files.newDirectoryStream(folder,
                path -> path.getFileName().toString().startsWith(prefix) && path.getFileName().toString().endsWith(".part"))) {
            for (Path left : siblings) {
                String middle = left.getFileName().toString().substring(prefix.length());
                String pid = middle.substring(0, Math.max(0, middle.indexOf('-')));
                if (pid.matches("\\d{1,9}") && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
                    deleteTree(left);
                }
            }
        }
        return folder.resolve(prefix + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet() + ".part");
    }

    private static Path folderOf(Path target) throws IOException {
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || target.getFileName() == null) {
            throw new IOException("writing " + target + ": this is not the name of a file");
        }
        Files.createDirectories(folder);
        return folder;
    }
}
