package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.getByte;
import static dev.jackdaw.tensor.Memory.putByte;

/// How the formats lay out numbers of few bits.
///
/// ```
/// 32 numbers of 4 bits, 16 bytes:     byte j holds number j in its low half, number j + 16 in its high half
/// 64 numbers of 4 bits, 32 bytes:     the same with 32:  byte j holds numbers j and j + 32
/// 128 numbers of 2 bits, 32 bytes:    byte j holds numbers j, j + 32, j + 64 and j + 96, from low bits to high
/// ```
final class Bits {
    private Bits() {
    }

    static int unsigned(long address) {
        return getByte(address) & 0xff;
    }

    /// Number `i` among blocks of `2 · half` four-bit numbers.
    static int nibble(long bytes, int i, int half) {
        int octet = unsigned(bytes + (long) i / (2 * half) * half + i % half);
        return i / half % 2 == 0 ? octet & 15 : octet >> 4;
    }

    /// `count` four-bit numbers `q`, of which only the low four bits are looked at.
    static void putNibbles(long bytes, int[] q, int count, int half) {
        for (int group = 0; group < count; group += 2 * half) {
            for (int j = 0; j < half; j++) {
                putByte(bytes + group / 2 + j, (byte) (q[group + j] & 15 | (q[group + half + j] & 15) << 4));
            }
        }
    }

    /// Number `i` among 256 two-bit numbers in 64 bytes.
    static int pair(long bytes, int i) {
        return unsigned(bytes + i / 128 * 32 + i % 32) >> 2 * (i % 128 / 32) & 3;
    }

    /// 256 two-bit numbers in 64 bytes.
    static void putPairs(long bytes, int[] q) {
        for (int j = 0; j < 64; j++) {
            int first = j / 32 * 128 + j % 32;
            putByte(bytes + j, (byte) (q[first] & 3 | (q[first + 32] & 3) << 2 | (q[first + 64] & 3) << 4 | (q[first + 96] & 3) << 6));
        }
    }

    // The same on bytes that were copied to the heap as words of four, for packing.

    /// The low half of each of four bytes, and the lowest bit.
    static final int NIBBLES = 0x0f0f_0f0f;
    static final int ONES = 0x0101_0101;

    /// The four bytes from byte `at` on.
    static int word(int[] words, int at) {
        int i = at >> 2, shift = 8 * (at & 3);
        return shift == 0 ? words[i] : words[i] >>> shift | words[i + 1] << 32 - shift;
    }

    static int octet(int[] words, int at) {
        return words[at >> 2] >>> 8 * (at & 3) & 0xff;
    }

    /// An F16, or another two bytes.
    static int half(int[] words, int at) {
        return octet(words, at) | octet(words, at + 1) << 8;
    }

    /// 32 four-bit numbers as bytes.
    static void nibbles16(int[] words, int at, int[] q) {
        for (int v = 0; v < 4; v++) {
            int word = word(words, at + 4 * v);
            q[v] = word & NIBBLES;
            q[v + 4] = word >>> 4 & NIBBLES;
        }
    }

    /// Bit i is the fifth bit of number i.
    static void addFifths(int high, int[] q) {
        for (int v = 0; v < 8; v++) {
            q[v] |= ((high >>> 4 * v & 15) * 0x0020_4081 & ONES) << 4;     // four bits to the lowest bits of four bytes
        }
    }

    /// Numbers `32 · group + 4 · v` and the next three among 256 two-bit numbers.
    static int pairs(int[] words, int at, int group, int v) {
        return word(words, at + 32 * (group / 4) + 4 * v) >>> 2 * (group % 4) & 0x0303_0303;
    }
}
