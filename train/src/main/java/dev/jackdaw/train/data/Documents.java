package dev.jackdaw.train.data;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

import org.tukaani.xz.XZInputStream;

import io.airlift.compress.v3.zstd.ZstdInputStream;

/// All documents of some files and folders, one after another, in an order that depends only on names and contents.
///
/// Folders are walked in the order of their paths; hidden files and links inside them are passed over. Zip, jar and tar files, gzip, zstd,
/// xz and JSONL are opened, also one inside another. Whatever cannot be used is counted with its reason and passed over: one bad file must not
/// cost the work of a night. Nothing is ever held in memory but the document at hand; a file of many gigabytes is cut into pieces
/// ([TextPieces]).
///
/// Does not clean ([Cleaner]) and does not decide what is a duplicate ([Duplicates]).
public final class Documents {
    /// Archives inside archives are opened this deep.
    private static final int MOST_NESTING = 4;
    /// An xz stream may ask for a dictionary of gigabytes; `xz -9` needs 65 MiB to unpack.
    private static final int MOST_XZ_KIB = 128 << 10;

    private final List<Path> sources;

    private Documents(List<Path> sources) {
        this.sources = sources;
    }

    public static Documents of(Path... sources) {
        return of(List.of(sources));
    }

    public static Documents of(List<Path> sources) {
        if (sources.isEmpty()) {
            throw new DataException("data: no source given; give a folder, a text file, a .zip, .jar, .tar, .jsonl, .gz, .zst or .xz file");
        }
        for (Path source : sources) {
            if (!Files.exists(source)) {
                throw new DataException("data: " + source + " does not exist");
            }
        }
        return new Documents(List.copyOf(sources));
    }

    public List<Path> sources() {
        return sources;
    }

    /// Hears of the documents.
    public interface Sink {
        void accept(Document document);

        /// Called often.
        ///
        /// @param fraction how much of the input files has been read, 0 to 1
        default void progress(double fraction) {
        }
    }

    /// Sends every document to `sink`, on this thread, and counts in `skipped` what is none.
    public void forEach(Sink sink, Tally skipped) {
        List<Input> inputs = new ArrayList<>();
        for (Path source : sources) {
            list(source, inputs, skipped);
        }
        long total = Math.max(1, inputs.stream().mapToLong(Input::bytes).sum());
        long before = 0;
        for (Input input : inputs) {
            long start = before;
            Reading reading = new Reading(sink::accept, skipped, (done, of) -> sink.progress((start + (double) done / Math.max(1, of) * input.bytes()) / total));
            reading.file(input);
            before += input.bytes();
            sink.progress((double) before / total);
        }
    }

    /// One file as a stream, unpacked if its name ends in `.gz`, `.zst` or `.xz`.
    ///
    /// @throws IOException also while reading, if the file is broken or unpacks to more than any real text does
    static InputStream open(Path file) throws IOException {
        InputStream in = Files.newInputStream(file);
        try {
            String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
            if (!name.endsWith(".gz") && !name.endsWith(".zst") && !name.endsWith(".xz")) {
                return in;
            }
            Guarded raw = Guarded.counting(in, _ -> { });
            return Guarded.against(Reading.unpacked(name, raw), raw);
        } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    /// One file to read.
    ///
    /// @param alone it is a whole source, not found in a folder
    record Input(Path path, String id, long bytes, boolean alone) {
    }

    private static void list(Path source, List<Input> inputs, Tally skipped) {
        if (!Files.isDirectory(source)) {
            inputs.add(new Input(source, source.getFileName().toString(), size(source), true));
            return;
        }
        List<Input> found = new ArrayList<>();
        try {
            Files.walkFileTree(source, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                    if (!folder.equals(source) && isHidden(folder)) {
                        skipped.add(Reason.HIDDEN, id(folder), 0);
                        return FileVisitResult.SKIP_SUBTREE;
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (isHidden(file)) {
                        skipped.add(Reason.HIDDEN, id(file), attributes.size());
                    } else if (attributes.isSymbolicLink()) {
                        skipped.add(Reason.LINK, id(file), 0);
                    } else if (attributes.isRegularFile()) {
                        found.add(new Input(file, id(file), attributes.size(), false));
                    } else {
                        skipped.add(Reason.UNREADABLE, id(file), 0);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException failure) {
                    skipped.add(Reason.UNREADABLE, id(file), 0);
                    return FileVisitResult.CONTINUE;
                }

                private String id(Path path) {
                    return source.relativize(path).toString().replace('\\', '/');
                }
            });
        } catch (IOException e) {
            throw new DataException("data: folder " + source + " could not be listed: " + e.getMessage(), e);
        }
        found.sort(Comparator.comparing(Input::id));
        inputs.addAll(found);
    }

    private static boolean isHidden(Path path) {
        return path.getFileName().toString().startsWith(".");
    }

    private static long size(Path path) {
        try {
            return Files.size(path);
        } catch (IOException e) {
            return 0;
        }
    }

    /// Told how many bytes of a file have been read.
    @FunctionalInterface
    interface Read {
        void bytes(long done, long of);
    }

    /// Reading one input file, whatever is inside.
    static final class Reading {
        private final Consumer<Document> sink;
        private final Tally skipped;
        private final Read read;

        Reading(Consumer<Document> sink, Tally skipped, Read read) {
            this.sink = sink;
            this.skipped = skipped;
            this.read = read;
        }

        void file(Input input) {
            if (input.bytes() == 0) {
                skipped.add(Reason.EMPTY, input.id(), 0);
                return;
            }
            if (Kind.isBinaryName(input.id())) {
                skipped.add(Reason.BINARY, input.id(), input.bytes());
                return;
            }
            if (!Files.isReadable(input.path())) {
                skipped.add(Reason.UNREADABLE, input.id(), input.bytes());
                return;
            }
            try {
                if (isZip(input.id())) {
                    Archives.zipFile(input.path(), prefix(input), this);
                } else {
                    try (InputStream in = Files.newInputStream(input.path())) {
                        Guarded raw = Guarded.counting(in, done -> read.bytes(done, input.bytes()));
                        stream(input.id(), raw, 0);
                    }
                }
            } catch (Guarded.Bomb e) {
                skipped.add(Reason.BOMB, input.id(), input.bytes());
            } catch (ZipException | java.io.EOFException e) {
                skipped.add(Reason.CORRUPT, input.id(), input.bytes());
            } catch (IOException e) {
                skipped.add(Reason.UNREADABLE, input.id(), input.bytes());
            }
        }

        /// An archive that is the whole source gives its entries plain names; one inside a folder puts its own name before them.
        private static String prefix(Input input) {
            return input.alone() ? "" : input.id() + "!/";
        }

        /// One stream named `id`: unpacks what its name says is packed, and hands the rest to the reader of its kind.
        void stream(String id, Guarded in, int depth) throws IOException {
            String name = id.toLowerCase(Locale.ROOT);
            boolean packed = name.endsWith(".gz") || name.endsWith(".tgz") || name.endsWith(".zst") || name.endsWith(".xz");
            boolean archive = isZip(name) || name.endsWith(".tar");
            if ((packed || archive) && depth >= MOST_NESTING) {
                skipped.add(Reason.TOO_DEEP, id, 0);
            } else if (packed || archive) {
                try {
                    if (packed) {
                        stream(unpackedName(id), Guarded.against(unpacked(name, in), in), depth + 1);
                    } else if (isZip(name)) {
                        Archives.zipStream(in, id + "!/", this, depth + 1);
                    } else {
                        Tar.read(in, id + "!/", this, depth + 1);
                    }
                } catch (Guarded.Bomb e) {
                    skipped.add(Reason.BOMB, id, in.count());
                } catch (IOException e) {
                    skipped.add(Reason.CORRUPT, id, in.count());
                }
            } else if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
                JsonLines.read(id, new BufferedInputStream(in, 1 << 16), sink, skipped);
            } else if (Kind.isBinaryName(name)) {
                skipped.add(Reason.BINARY, id, 0);
            } else {
                TextPieces.read(id, in, sink, skipped);
            }
        }

        private static InputStream unpacked(String name, InputStream in) throws IOException {
            return name.endsWith(".zst") ? new Unzstd(in) : name.endsWith(".xz") ? new XZInputStream(in, MOST_XZ_KIB) : new GZIPInputStream(in, 1 << 16);
        }

        private static String unpackedName(String id) {
            String inner = id.substring(0, id.lastIndexOf('.'));
            return id.toLowerCase(Locale.ROOT).endsWith(".tgz") ? inner + ".tar" : inner;
        }

        Tally skipped() {
            return skipped;
        }

        void progress(long done, long of) {
            read.bytes(done, of);
        }
    }

    /// The decoder reports broken input by unchecked exceptions, which must not be taken for a failure of whoever receives the documents.
    private static final class Unzstd extends FilterInputStream {
        Unzstd(InputStream packed) {
            super(new ZstdInputStream(packed));
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            try {
                return in.read(to, offset, length);
            } catch (RuntimeException e) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }

    static boolean isZip(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".zip") || lower.endsWith(".jar") || lower.endsWith(".war");
    }
}
