package dev.jackdaw.model.token;

import java.util.Arrays;

/// Remembers the tokens of words. Text repeats its words so much that nearly all of tokenization is looking words up here.
///
/// A word of up to fifteen bytes is two `long`s ([WordKey]), so nothing needs comparing beyond them. Its tokens, if there are at most
/// six with ids below 2^20, are two more:
/// ```
/// key low   byte 7 … byte 0                                    8 bytes
/// key high  length · byte 14 … byte 8                          8 bytes
/// value     count · id 2 · id 1 · id 0     4 + 3 × 20 bits     8 bytes
/// value     id 5 · id 4 · id 3                 3 × 20 bits     8 bytes
/// ```
/// Two slots are neighbours that a word may be in. A new word takes the first, what was there moves to the second. So memory is
/// bounded whatever the text, and words in use stay.
///
/// In source code one word in fifty is longer, mostly indentation and camelCase, and merging it costs twenty times as much as looking
/// it up. Those have a smaller table, one place for each, with the bytes stored beside the ids. For one thread.
final class WordCache {
    static final int MOST_IDS = 6;
    private static final int ID_BITS = 20;
    private static final int ID_MASK = (1 << ID_BITS) - 1;
    private static final int FIRST_SLOTS = 1 << 10;
    private static final int MOST_SLOTS = 1 << 15;                  // 1 MiB: about a core's second-level cache
    private static final int LONG_WORDS = 1 << 12;
    private static final int LONGEST_WORD = 128;                    // longer ones rarely come again

    private long[] slots = new long[FIRST_SLOTS * 4];
    private int pairMask = FIRST_SLOTS / 2 - 1;
    private int added;
    private final LongWord[] longWords = new LongWord[LONG_WORDS];

    private record LongWord(byte[] bytes, int[] ids) {
    }

    // The word asked for last, so that `put` after a failed `append` need not work it out again.
    private long low;
    private long high;
    private int place;

    /// Appends the tokens of the word `text[from, from + length)`, if they are known.
    boolean append(byte[] text, int from, int length, TokenList ids) {
        if (length > WordKey.LONGEST) {
            return length <= LONGEST_WORD && appendLong(text, from, length, ids);
        }
        low = WordKey.low(text, from, length);
        high = WordKey.high(text, from, length);
        int slot = firstSlot();
        if (slots[slot] != low || slots[slot + 1] != high) {
            slot += 4;
            if (slots[slot] != low || slots[slot + 1] != high) {
                return false;
            }
        }
        long value = slots[slot + 2];
        int count = (int) (value >>> 60);
        ids.room(MOST_IDS);
        int[] array = ids.array();
        int at = ids.size();
        array[at] = (int) value & ID_MASK;
        if (count > 1) {
            array[at + 1] = (int) (value >>> ID_BITS) & ID_MASK;
            array[at + 2] = (int) (value >>> 2 * ID_BITS) & ID_MASK;
            if (count > 3) {
                long more = slots[slot + 3];
                array[at + 3] = (int) more & ID_MASK;
                array[at + 4] = (int) (more >>> ID_BITS) & ID_MASK;
                array[at + 5] = (int) (more >>> 2 * ID_BITS) & ID_MASK;
            }
        }
        ids.advance(count);
        return true;
    }

    private boolean appendLong(byte[] text, int from, int length, TokenList ids) {
        place = (int) WordKey.longHash(text, from, length) & LONG_WORDS - 1;
        LongWord word = longWords[place];
        if (word == null || !Arrays.equals(word.bytes, 0, word.bytes.length, text, from, from + length)) {
            return false;
        }
        ids.addAll(word.ids, 0, word.ids.length);
        return true;
    }

    /// Remembers the tokens `ids[idsFrom, …)` of the word that [#append] was just asked for and did not know.
    void put(byte[] text, int from, int length, TokenList ids, int idsFrom) {
        int count = ids.size() - idsFrom;
        if (length > WordKey.LONGEST) {
            if (length <= LONGEST_WORD) {
                longWords[place] = new LongWord(Arrays.copyOfRange(text, from, from + length), Arrays.copyOfRange(ids.array(), idsFrom, ids.size()));
            }
            return;
        }
        if (count < 1 || count > MOST_IDS) {
            return;
        }
        if (++added > pairMask && slots.length < MOST_SLOTS * 4) {
            slots = new long[slots.length * 4];
            pairMask = slots.length / 8 - 1;
            added = 1;
        }
        int slot = firstSlot();
        System.arraycopy(slots, slot, slots, slot + 4, 4);
        slots[slot] = low;
        slots[slot + 1] = high;
        slots[slot + 2] = (long) count << 60 | three(ids, idsFrom, Math.min(count, 3));
        slots[slot + 3] = count > 3 ? three(ids, idsFrom + 3, count - 3) : 0;
    }

    private static long three(TokenList ids, int from, int count) {
        long packed = 0;
        for (int i = count - 1; i >= 0; i--) {
            packed = packed << ID_BITS | ids.get(from + i);
        }
        return packed;
    }

    private int firstSlot() {
        return (WordKey.hash(low, high) & pairMask) << 3;
    }
}
