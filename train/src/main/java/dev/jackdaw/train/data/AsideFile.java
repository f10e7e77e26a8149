package dev.jackdaw.train.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/// A file that appears under its name only when it is complete: written aside, forced to the disk, renamed. Closed before
/// [#commit()], it leaves nothing behind, and what was there under the name before is untouched.
final class AsideFile implements AutoCloseable {
    private final Path target;
    private final Path aside;
    private final String what;
    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
    private final CRC32C checksum = new CRC32C();
    private long flushed;
    private boolean committed;

    private AsideFile(Path target, Path aside, String what, FileChannel channel) {
        this.target = target;
        this.aside = aside;
        this.what = what;
        this.channel = channel;
    }

    /// @param what for messages: `corpus`, `token shard`
    static AsideFile create(Path target, String what) {
        Path absolute = target.toAbsolutePath();
        Path aside = absolute.resolveSibling(absolute.getFileName() + ".part-" + ProcessHandle.current().pid());
        try {
            Files.createDirectories(absolute.getParent());
            return new AsideFile(absolute, aside, what, FileChannel.open(aside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw new DataException(what + ": " + aside + " could not be created: " + reason(e) + "; give a folder that can be written to", e);
        }
    }

    /// Bytes written so far.
    long position() {
        return flushed + buffer.position();
    }

    void write(byte[] bytes) {
        write(bytes, 0, bytes.length);
    }

    void write(byte[] bytes, int from, int length) {
        while (length > 0) {
            int n = Math.min(length, room(1).remaining());
            buffer.put(bytes, from, n);
            from += n;
            length -= n;
        }
    }

    void writeByte(int value) {
        room(1).put((byte) value);
    }

    void writeShort(int value) {
        room(2).putShort((short) value);
    }

    void writeInt(int value) {
        room(4).putInt(value);
    }

    void writeLong(long value) {
        room(8).putLong(value);
    }

    void pad(int alignment) {
        while (position() % alignment != 0) {
            writeByte(0);
        }
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            flush();
        }
        return buffer;
    }

    private void flush() {
        buffer.flip();
        checksum.update(buffer.duplicate());
        flushed += buffer.remaining();
        writeAll(buffer, flushed - buffer.remaining());
        buffer.clear();
    }

    private void writeAll(ByteBuffer bytes, long at) {
        try {
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        } catch (IOException e) {
            throw new DataException(what + ": writing " + target + " failed after " + at + " bytes: " + reason(e)
                + "; free space there or give another folder", e);
        }
    }

    /// CRC-32C of what was written since this was last asked.
    int checksum() {
        flush();
        int value = (int) checksum.getValue();
        checksum.reset();
        return value;
    }

    /// Overwrites the beginning; for headers, which are known last.
    void writeFirst(byte[] header) {
        flush();
        writeAll(ByteBuffer.wrap(header), 0);
    }

    /// From now on the file is there, under its name, whatever happens to the machine.
    void commit() {
        flush();
        try {
            channel.force(true);
            channel.close();
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel folder = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
                folder.force(true);
            } catch (IOException e) {
                // Not every file system lets a folder be forced; the rename itself has been done.
            }
            committed = true;
        } catch (IOException e) {
            throw new DataException(what + ": finishing " + target + " failed: " + reason(e) + "; free space there or give another folder", e);
        }
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    @Override
    public void close() {
        try {
            channel.close();
            if (!committed) {
                Files.deleteIfExists(aside);
            }
        } catch (IOException e) {
            System.getLogger(AsideFile.class.getName()).log(System.Logger.Level.DEBUG, "left behind: " + aside, e);
        }
    }
}
