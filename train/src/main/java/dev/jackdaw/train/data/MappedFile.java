package dev.jackdaw.train.data;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// A file of ours, mapped for reading, whose header has been checked.
///
/// Header, little-endian, 128 bytes: magic (8), version (4), then what the format puts there, and in the last four bytes the CRC-32C of
/// the 124 before.
final class MappedFile implements AutoCloseable {
    static final int HEADER = 128;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final String what;
    private final Arena arena;
    private final MemorySegment segment;

    private MappedFile(Path path, String what, Arena arena, MemorySegment segment) {
        this.path = path;
        this.what = what;
        this.arena = arena;
        this.segment = segment;
    }

    /// @param what  for messages
    /// @param magic eight characters
    static MappedFile open(Path path, String what, String magic, int version) {
        if (!Files.isRegularFile(path)) {
            throw new DataException(what + ": " + path + (Files.exists(path) ? " is not a file" : " does not exist"));
        }
        Arena arena = Arena.ofShared();
        MappedFile file = null;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            file = new MappedFile(path, what, arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
            file.checkHeader(magic, version);
            return file;
        } catch (IOException e) {
            arena.close();
            throw new DataException(what + ": " + path + " could not be opened: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private void checkHeader(String magic, int version) {
        require(size() >= HEADER, "it has " + size() + " bytes, the header alone has " + HEADER);
        byte[] found = bytes(0, 8);
        require(Arrays.equals(found, magic(magic)), "it does not begin with " + magic);
        require(getInt(HEADER - 4) == checksum(0, HEADER - 4), "the checksum of its header does not match");
        require(getInt(8) == version, "it has version " + getInt(8) + ", this program reads version " + version);
    }

    static byte[] magic(String magic) {
        byte[] bytes = magic.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        if (bytes.length != 8) {
            throw new IllegalArgumentException("magic " + magic + " is not 8 characters");
        }
        return bytes;
    }

    /// Puts the checksum into a header.
    static byte[] sealed(byte[] header) {
        CRC32C crc = new CRC32C();
        crc.update(header, 0, HEADER - 4);
        MemorySegment.ofArray(header).set(INT, HEADER - 4, (int) crc.getValue());
        return header;
    }

    /// Or the file is refused.
    void require(boolean holds, String found) {
        if (!holds) {
            throw damaged(found);
        }
    }

    DataException damaged(String found) {
        return new DataException(what + ": " + path + " is damaged or incomplete: " + found + "; make it again");
    }

    Path path() {
        return path;
    }

    long size() {
        return segment.byteSize();
    }

    MemorySegment segment() {
        return segment;
    }

    int getByte(long at) {
        return segment.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    }

    int getShort(long at) {
        return segment.get(SHORT, at) & 0xFFFF;
    }

    int getInt(long at) {
        return segment.get(INT, at);
    }

    long getLong(long at) {
        return segment.get(LONG, at);
    }

    byte[] bytes(long at, int length) {
        byte[] bytes = new byte[length];
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at, bytes, 0, length);
        return bytes;
    }

    int checksum(long from, long length) {
        CRC32C crc = new CRC32C();
        for (long at = from; at < from + length; at += 1 << 24) {
            crc.update(segment.asSlice(at, Math.min(1 << 24, from + length - at)).asByteBuffer());
        }
        return (int) crc.getValue();
    }

    @Override
    public void close() {
        arena.close();
    }
}
