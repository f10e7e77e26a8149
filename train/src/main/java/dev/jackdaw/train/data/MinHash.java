package dev.jackdaw.train.data;

import java.util.Arrays;

/// A short sketch of a text, such that the share of equal places in two sketches estimates the share of word sequences the texts have in
/// common (Broder 1997).
///
/// The text is taken as the set of its sequences of five words ("shingles"). Instead of 128 hash functions there is one, whose top bits
/// choose one of 128 places and whose other bits compete for the minimum there ("one permutation hashing", Li, Owen and Zhang 2012); places
/// that a short text leaves empty borrow from a full one chosen by a fixed hash ("optimal densification", Shrivastava 2017). That costs one
/// hash per word, and the estimate is as good.
///
/// Of each minimum 16 bits are kept: unequal minima agree by chance once in 65,536 times.
final class MinHash {
    static final int PLACES = 128;
    static final int WORDS = 5;

    private static final long BASE = 0x9E3779B97F4A7C15L;                  // any odd number with well mixed bits
    private static final long BASE_TO_WORDS = power(BASE, WORDS);

    private MinHash() {
    }

    /// 128 places of 16 bits.
    static short[] sketch(byte[] text) {
        long[] minimum = new long[PLACES];
        Arrays.fill(minimum, -1L);                                         // as unsigned: the largest
        long[] last = new long[WORDS];
        long rolling = 0;
        int words = 0;
        long word = 0;
        int length = text.length;
        for (int i = 0; i <= length; i++) {
            int b = i < length ? text[i] : ' ';
            boolean part = b < 0 || b >= '0' && b <= '9' || (b | 0x20) >= 'a' && (b | 0x20) <= 'z' || b == '_';
            // In valid UTF-8 a byte from 0xE3 up starts a character of a script that has no spaces, or a symbol: a word of its own.
            if ((!part || (b & 0xFF) >= 0xE3) && word != 0) {
                long hash = mix(word);
                word = 0;
                int slot = words % WORDS;
                rolling = rolling * BASE + hash - (words >= WORDS ? last[slot] * BASE_TO_WORDS : 0);
                last[slot] = hash;
                words++;
                if (words >= WORDS) {
                    put(minimum, mix(rolling));
                }
            }
            if (part) {
                word = (word + (b & 0xFF) + 1) * BASE;
                word ^= word >>> 29;
            }
        }
        if (words < WORDS) {
            put(minimum, mix(rolling + words));                            // a text of four words is one shingle
        }
        return densified(minimum);
    }

    private static void put(long[] minimum, long hash) {
        int place = (int) (hash >>> 57);
        long value = hash & 0x01FF_FFFF_FFFF_FFFFL;
        if (Long.compareUnsigned(value, minimum[place]) < 0) {
            minimum[place] = value;
        }
    }

    private static short[] densified(long[] minimum) {
        short[] sketch = new short[PLACES];
        for (int place = 0; place < PLACES; place++) {
            long value = minimum[place];
            for (int attempt = 1; value == -1L; attempt++) {
                value = minimum[(int) (mix(place * 1_000_003L + attempt) >>> 57)];
            }
            sketch[place] = (short) (mix(value) >>> 48);
        }
        return sketch;
    }

    /// The estimated Jaccard similarity: 0 (nothing in common) to 1.
    static double similarity(short[] a, int aAt, short[] b, int bAt) {
        int equal = 0;
        for (int i = 0; i < PLACES; i++) {
            equal += a[aAt + i] == b[bAt + i] ? 1 : 0;
        }
        return (double) equal / PLACES;
    }

    /// The finaliser of splitmix64 (Steele, Lea and Flood 2014).
    static long mix(long x) {
        x = (x ^ x >>> 30) * 0xBF58476D1CE4E5B9L;
        x = (x ^ x >>> 27) * 0x94D049BB133111EBL;
        return x ^ x >>> 31;
    }

    private static long power(long base, int exponent) {
        long result = 1;
        for (int i = 0; i < exponent; i++) {
            result *= base;
        }
        return result;
    }
}
