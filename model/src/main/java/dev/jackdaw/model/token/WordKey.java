package dev.jackdaw.model.token;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// A word of up to fifteen bytes as two `long`s: `low` holds its first eight bytes, `high` the rest and, in its top byte, the length.
/// Two words are equal exactly when both are, so no table has to keep or compare the bytes.
final class WordKey {
    static final int LONGEST = 15;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private WordKey() {
    }

    static long low(byte[] text, int from, int length) {
        if (from + 8 > text.length) {
            return partial(text, from, Math.min(length, 8));
        }
        long bytes = (long) LONG.get(text, from);
        return length < 8 ? bytes & (1L << 8 * length) - 1 : bytes;
    }

    static long high(byte[] text, int from, int length) {
        long size = (long) length << 56;
        if (length <= 8) {
            return size;
        }
        if (from + 16 > text.length) {
            return size | partial(text, from + 8, length - 8);
        }
        return size | (long) LONG.get(text, from + 8) & (1L << 8 * (length - 8)) - 1;
    }

    static int hash(long low, long high) {
        long h = (low ^ high * 0xD6E8FEB86659FD93L) * 0x9E3779B97F4A7C15L;
        return (int) (h >>> 32);
    }

    /// A hash of any number of bytes.
    static long longHash(byte[] text, int from, int length) {
        long h = length * 0xD6E8FEB86659FD93L;
        int at = from;
        for (; at + 8 <= from + length; at += 8) {
            h = (Long.rotateLeft(h, 29) ^ (long) LONG.get(text, at)) * 0x9E3779B97F4A7C15L;
        }
        h = (Long.rotateLeft(h, 29) ^ partial(text, at, from + length - at)) * 0x9E3779B97F4A7C15L;
        return h ^ h >>> 31;
    }

    private static long partial(byte[] text, int from, int length) {
        long value = 0;
        for (int i = length - 1; i >= 0; i--) {
            value = value << 8 | text[from + i] & 0xFF;
        }
        return value;
    }
}
