package dev.jackdaw.model.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Reads a file's header from front to back, little-endian, and never past its end.
///
/// Every count is compared with the bytes that are left before anything is allocated for it, so a header that lies about a count costs
/// an error message and no memory.
final class ByteCursor {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Bytes of texts that are copied at once.
    private static final int PIECE = 256 << 10;

    private final MappedFile file;
    private final MemorySegment bytes;
    private long position;

    ByteCursor(MappedFile file) {
        this.file = file;
        this.bytes = file.bytes();
    }

    long position() {
        return position;
    }

    long left() {
        return bytes.byteSize() - position;
    }

    /// An error at the current byte.
    FormatException error(String message) {
        return error(position, message);
    }

    FormatException error(long at, String message) {
        return new FormatException(file.path(), at, message);
    }

    private long take(long count, String what) {
        long left = bytes.byteSize() - position;
        if (count > left) {
            throw error(what + " needs " + count + " bytes, but the file ends after " + left + " more; it is truncated or corrupt");
        }
        long at = position;
        position += count;
        return at;
    }

    byte i8(String what) {
        return bytes.get(ValueLayout.JAVA_BYTE, take(1, what));
    }

    short i16(String what) {
        return bytes.get(SHORT, take(2, what));
    }

    int i32(String what) {
        return bytes.get(INT, take(4, what));
    }

    long i64(String what) {
        return bytes.get(LONG, take(8, what));
    }

    boolean bool(String what) {
        byte value = i8(what);
        if (value != 0 && value != 1) {
            throw error(position - 1, what + ": a boolean is 0 or 1, found " + value);
        }
        return value == 1;
    }

    /// A count of things of at least `minimumBytes` each: at most as many as the rest of the file can hold, and at most `most`.
    int count(String what, int minimumBytes, int most) {
        long at = position;
        long count = i64(what);
        long fitting = (bytes.byteSize() - position) / minimumBytes;
        if (count < 0 || count > fitting) {
            throw error(at, what + " is " + Long.toUnsignedString(count) + ", but at most " + fitting + " fit into the rest of the file");
        }
        if (count > most) {
            throw error(at, what + " is " + count + "; this reader takes at most " + most);
        }
        return (int) count;
    }

    /// Length as U64, then that many bytes of UTF-8; broken sequences become U+FFFD.
    String text(String what, int most) {
        int length = count("the length of " + what, 1, most);
        byte[] utf8 = new byte[length];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, take(length, what), utf8, 0, length);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    /// Some of `count` texts that follow each other, one at least: those that lie wholly in the next piece of the file. A piece is copied at
    /// once, which is quick also while the JVM is cold; reading each length by itself is not.
    void texts(String what, int count, int most, List<String> to) {
        int size = (int) Math.min(PIECE, left()), at = 0, done = 0;
        byte[] piece = new byte[size];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, position, piece, 0, size);
        while (done < count && size - at >= 8) {
            int length = piece[at] & 0xff | (piece[at + 1] & 0xff) << 8 | (piece[at + 2] & 0xff) << 16 | piece[at + 3] << 24;
            int upper = piece[at + 4] | piece[at + 5] | piece[at + 6] | piece[at + 7];
            if (upper != 0 || length < 0 || length > most || length > size - at - 8) {
                break;
            }
            to.add(new String(piece, at + 8, length, StandardCharsets.UTF_8));
            at += 8 + length;
            done++;
        }
        position += at;
        if (done == 0) {
            to.add(text(what, most));               // longer than a piece, or wrong
        }
    }

    /// Numbers of four bytes.
    int[] i32s(String what, int count) {
        int[] values = new int[count];
        MemorySegment.copy(bytes, INT, take(4L * count, what), values, 0, count);
        return values;
    }
}
