package dev.jackdaw.model.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Little-endian, buffered, forward-only writing of one file. Made by [AtomicFile], which decides when the file gets its name.
public final class FileOutput implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long flushed;

    FileOutput(Path path) throws IOException {
        channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /// Bytes written so far, whether they have reached the file or not.
    public long position() {
        return flushed + buffer.position();
    }

    public FileOutput putByte(int value) throws IOException {
        room(1).put((byte) value);
        return this;
    }

    public FileOutput putShort(int value) throws IOException {
        room(2).putShort((short) value);
        return this;
    }

    public FileOutput putInt(int value) throws IOException {
        room(4).putInt(value);
        return this;
    }

    public FileOutput putLong(long value) throws IOException {
        room(8).putLong(value);
        return this;
    }

    public FileOutput putFloat(float value) throws IOException {
        room(4).putFloat(value);
        return this;
    }

    public FileOutput putDouble(double value) throws IOException {
        room(8).putDouble(value);
        return this;
    }

    public FileOutput put(byte[] bytes) throws IOException {
        return put(MemorySegment.ofArray(bytes));
    }

    /// The text as UTF-8, without length or terminator.
    public FileOutput putText(String text) throws IOException {
        return put(text.getBytes(StandardCharsets.UTF_8));
    }

    public FileOutput put(MemorySegment bytes) throws IOException {
        for (long done = 0; done < bytes.byteSize(); ) {
            if (!buffer.hasRemaining()) {
                flush();
            }
            int piece = (int) Math.min(buffer.remaining(), bytes.byteSize() - done);
            MemorySegment.copy(bytes, done, MemorySegment.ofBuffer(buffer), 0, piece);
            buffer.position(buffer.position() + piece);
            done += piece;
        }
        return this;
    }

    /// Zero bytes up to the next multiple of `alignment`.
    public FileOutput align(int alignment) throws IOException {
        for (long gap = Math.floorMod(-position(), alignment); gap > 0; gap--) {
            putByte(0);
        }
        return this;
    }

    private ByteBuffer room(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            flush();
        }
        return buffer;
    }

    private void flush() throws IOException {
        buffer.flip();
        flushed += buffer.remaining();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    void force() throws IOException {
        flush();
        channel.force(true);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
