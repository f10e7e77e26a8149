package dev.jackdaw.model.token;

import java.util.Arrays;

/// How often each word was seen. Open addressing, 32 bytes a slot, no object per word:
/// ```
/// key low · key high · count · where the bytes are, for a word longer than fifteen
/// ```
/// A longer word has a hash as its low key and its length, marked, as its high key; its bytes lie in one array shared by all.
/// For one thread at a time.
final class WordCounts {
    private static final long LONG_WORD = 0xFFL << 56;

    private long[] slots = new long[64 * 4];
    private int mask = 63;
    private int size;
    private byte[] longWords = new byte[256];
    private int longBytes;

    /// What is done with each word.
    @FunctionalInterface
    interface Visitor {
        /// The word is `bytes[from, from + length)`; the array may change after the call.
        void visit(byte[] bytes, int from, int length, long count);
    }

    /// Different words.
    int size() {
        return size;
    }

    /// What the words need of the memory budget, in words: long ones count more.
    long weight() {
        return size + longBytes / 32;
    }

    void add(byte[] text, int from, int length, long count) {
        if (length <= WordKey.LONGEST) {
            long low = WordKey.low(text, from, length);
            long high = WordKey.high(text, from, length);
            add(low, high, count, null, 0, length);
        } else {
            add(WordKey.longHash(text, from, length), LONG_WORD | length, count, text, from, length);
        }
    }

    private void add(long low, long high, long count, byte[] text, int from, int length) {
        int slot = (WordKey.hash(low, high) & mask) << 2;
        while (slots[slot + 2] != 0) {
            if (slots[slot] == low && slots[slot + 1] == high && (text == null || sameLong(slots[slot + 3], text, from, length))) {
                slots[slot + 2] += count;
                return;
            }
            slot = slot + 4 & (mask << 2 | 3);
        }
        if (size >= (mask + 1) / 8 * 5) {
            grow();
            add(low, high, count, text, from, length);
            return;
        }
        size++;
        slots[slot] = low;
        slots[slot + 1] = high;
        slots[slot + 2] = count;
        if (text != null) {
            slots[slot + 3] = longBytes;
            if (longWords.length - longBytes < length) {
                longWords = Arrays.copyOf(longWords, (int) Math.min(Integer.MAX_VALUE - 8, Math.max(longWords.length * 2L, (long) longBytes + length)));
            }
            System.arraycopy(text, from, longWords, longBytes, length);
            longBytes += length;
        }
    }

    private boolean sameLong(long at, byte[] text, int from, int length) {
        return Arrays.equals(longWords, (int) at, (int) at + length, text, from, from + length);
    }

    private void grow() {
        long[] old = slots;
        slots = new long[Math.multiplyExact(old.length, 2)];
        mask = slots.length / 4 - 1;
        for (int i = 0; i < old.length; i += 4) {
            if (old[i + 2] != 0) {
                int slot = (WordKey.hash(old[i], old[i + 1]) & mask) << 2;
                while (slots[slot + 2] != 0) {
                    slot = slot + 4 & (mask << 2 | 3);
                }
                System.arraycopy(old, i, slots, slot, 4);
            }
        }
    }

    /// Adds what the other one counted.
    void addAll(WordCounts other) {
        for (int i = 0; i < other.slots.length; i += 4) {
            if (other.slots[i + 2] != 0) {
                boolean isLong = other.slots[i + 1] >>> 56 == 0xFF;
                add(other.slots[i], other.slots[i + 1], other.slots[i + 2], isLong ? other.longWords : null, (int) other.slots[i + 3],
                    isLong ? (int) (other.slots[i + 1] & ~LONG_WORD) : 0);
            }
        }
    }

    /// Visits all words, in no particular order.
    void forEach(Visitor visitor) {
        byte[] word = new byte[16];
        for (int i = 0; i < slots.length; i += 4) {
            if (slots[i + 2] == 0) {
                continue;
            }
            int length = (int) (slots[i + 1] >>> 56);
            if (length == 0xFF) {
                visitor.visit(longWords, (int) slots[i + 3], (int) (slots[i + 1] & ~LONG_WORD), slots[i + 2]);
            } else {
                for (int b = 0; b < length; b++) {
                    word[b] = (byte) (slots[i + (b >> 3)] >>> 8 * (b & 7));
                }
                visitor.visit(word, 0, length, slots[i + 2]);
            }
        }
    }

    /// The words seen at least `least` times, in a table of their own.
    WordCounts atLeast(long least) {
        WordCounts kept = new WordCounts();
        forEach((bytes, from, length, count) -> {
            if (count >= least) {
                kept.add(bytes, from, length, count);
            }
        });
        return kept;
    }
}
