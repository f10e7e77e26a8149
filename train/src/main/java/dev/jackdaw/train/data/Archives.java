package dev.jackdaw.train.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/// Zip and jar files: from the directory at their end where they lie on disk, front to back where they lie inside something else.
///
/// Entry names are only names here, nothing is written anywhere; still, one that tries to climb out (`../x`, `/x`) marks an archive made
/// to do harm, and is passed over. Sizes in headers may lie, so what counts is what comes out ([Guarded]).
final class Archives {
    private Archives() {
    }

    static void zipFile(Path path, String prefix, Documents.Reading reading) throws IOException {
        long fileBytes = Files.size(path);
        long unpacked = 0;
        long done = 0;
        try (ZipFile zip = new ZipFile(path.toFile())) {
            List<ZipEntry> entries = new ArrayList<>(Collections.list(zip.entries()).stream().filter(e -> !e.isDirectory()).toList());
            entries.sort(Comparator.comparing(ZipEntry::getName));
            if (entries.isEmpty()) {
                reading.skipped().add(Reason.EMPTY, path.getFileName().toString(), fileBytes);
            }
            for (ZipEntry entry : entries) {
                String id = prefix + entry.getName();
                done += entry.getCompressedSize();
                if (isUnwanted(entry.getName(), id, entry.getSize(), reading)) {
                    continue;
                }
                Guarded in = null;
                try (InputStream raw = zip.getInputStream(entry)) {
                    in = Guarded.against(raw, Math.max(1, entry.getCompressedSize()));
                    reading.stream(id, in, 1);
                } catch (Guarded.Bomb e) {
                    reading.skipped().add(Reason.BOMB, id, entry.getCompressedSize());
                } catch (IOException e) {
                    reading.skipped().add(Reason.CORRUPT, id, entry.getCompressedSize());
                }
                // Entries may share their packed bytes, so that each looks harmless and all together are not.
                unpacked += in == null ? 0 : in.count();
                if (unpacked > Guarded.FREE_BYTES && unpacked > Guarded.MOST_GROWTH * fileBytes) {
                    throw new Guarded.Bomb(fileBytes, unpacked);
                }
                reading.progress(Math.min(done, fileBytes), fileBytes);
            }
        }
    }

    static void zipStream(Guarded in, String prefix, Documents.Reading reading, int depth) throws IOException {
        ZipInputStream zip = new ZipInputStream(in);
        int entries = 0;
        for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
            entries++;
            if (!entry.isDirectory() && !isUnwanted(entry.getName(), prefix + entry.getName(), 0, reading)) {
                reading.stream(prefix + entry.getName(), Guarded.against(new Unclosed(zip), in), depth);
            }
        }
        if (entries == 0) {
            throw new ZipException("no entry");
        }
    }

    /// Counts and refuses an entry by its name.
    static boolean isUnwanted(String name, String id, long bytes, Documents.Reading reading) {
        if (name.startsWith("/") || name.startsWith("\\") || name.contains("..") && ("/" + name.replace('\\', '/') + "/").contains("/../")
            || name.length() > 1 && name.charAt(1) == ':' || name.indexOf('\0') >= 0) {
            reading.skipped().add(Reason.UNSAFE_NAME, id, Math.max(0, bytes));
            return true;
        }
        if (name.startsWith(".") || name.contains("/.")) {
            reading.skipped().add(Reason.HIDDEN, id, Math.max(0, bytes));
            return true;
        }
        if (Kind.isBinaryName(name)) {
            reading.skipped().add(Reason.BINARY, id, Math.max(0, bytes));
            return true;
        }
        return false;
    }

    /// Closing an entry must not close the archive it is in.
    private static final class Unclosed extends FilterInputStream {
        Unclosed(InputStream in) {
            super(in);
        }

        @Override
        public void close() {
        }
    }
}
