package dev.jackdaw.model.format;

import dev.jackdaw.tensor.SystemMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A whole file as memory, of any size, read as it is touched.
///
/// The segment is the mapping re-wrapped by address, so it looks like any other native memory to the JIT (see
/// [dev.jackdaw.tensor.Memory]) and still lives exactly as long as its arena. A file that another process shortens while it is mapped
/// takes its last pages away: the JVM reports that as an `InternalError`. Our own writers never do this, they replace files by renaming.
record MappedFile(Path path, MemorySegment bytes) {
    private static final long PIECE = 16 << 20;

    static MappedFile open(Path path, Arena arena) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw Files.exists(path)
                ? new IOException(path + ": is not a regular file; a model file is expected here")
                : new NoSuchFileException(path.toString(), null, "no such file");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size == 0) {
                throw new FormatException(path, 0, "the file is empty");
            }
            MemorySegment mapping = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            return new MappedFile(path, MemorySegment.ofAddress(mapping.address()).reinterpret(size, arena, null).asReadOnly());
        }
    }

    /// Asks for a piece at a time, since a system that has many requests waiting lets the next one wait.
    void prefetch() {
        for (long from = 0; from < size(); from += PIECE) {
            SystemMemory.prefetch(bytes.address() + from, Math.min(PIECE, size() - from));
        }
    }

    /// No page stays in memory; what is read again is read from the file again.
    void release() {
        SystemMemory.release(bytes);
    }

    long size() {
        return bytes.byteSize();
    }
}
