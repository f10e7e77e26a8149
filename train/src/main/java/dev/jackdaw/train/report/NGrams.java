package dev.jackdaw.train.report;

import java.util.Arrays;

/// The language model of 1948: the next byte, predicted from how often it followed the last 0, 1, 2 or 3 bytes so far.
///
/// It needs no parameters, since it learns while it codes: each byte is first predicted from the counts, paid for with −log₂ p bits, then
/// counted. A decoder could do the same, so the sum is an honest code length. Unseen bytes are reached through the shorter context
/// (Witten and Bell 1991, interpolated): with `c` sightings of the byte among `n` in this context, `t` of them different,
///
/// ```
/// p_k(byte) = (c + t · p_{k-1}(byte)) / (n + t),     p_{-1} = 1/256
/// ```
final class NGrams {
    static final int ORDERS = 4;

    private NGrams() {
    }

    /// Bits that `text` costs, for orders 0 to 3.
    static double[] bits(byte[] text) {
        double[] bits = new double[ORDERS];
        Counts[] pairs = new Counts[ORDERS];         // sightings of (context, byte)
        Counts[] totals = new Counts[ORDERS];        // sightings of the context
        Counts[] kinds = new Counts[ORDERS];         // different bytes seen in it
        for (int order = 0; order < ORDERS; order++) {
            pairs[order] = new Counts();
            totals[order] = new Counts();
            kinds[order] = new Counts();
        }
        int context = 0;                             // the last three bytes, newest lowest; before the text there are zeros
        for (byte value : text) {
            int next = value & 0xff;
            double p = 1.0 / 256;
            for (int order = 0; order < ORDERS; order++) {
                int before = context & (1 << 8 * order) - 1;
                long pair = (long) before << 8 | next;
                int n = totals[order].add(before, 1);
                int c = pairs[order].add(pair, 1);
                int t = kinds[order].add(before, c == 0 ? 1 : 0);
                if (n > 0) {
                    p = (c + t * p) / (n + t);
                }
                bits[order] -= Math.log(p);
            }
            context = (context << 8 | next) & 0xffffff;
        }
        for (int order = 0; order < ORDERS; order++) {
            bits[order] /= Math.log(2);
        }
        return bits;
    }

    /// A hash table from keys of up to 63 bits to counts; open addressing, at most half full.
    private static final class Counts {
        private long[] keys = filled(1 << 10);
        private int[] counts = new int[1 << 10];
        private int used;

        /// Adds to the count of `key` and returns what it was before.
        int add(long key, int amount) {
            if (2 * used >= keys.length) {
                grow();
            }
            int slot = slot(key);
            if (keys[slot] != key) {
                keys[slot] = key;
                used++;
            }
            int before = counts[slot];
            counts[slot] = before + amount;
            return before;
        }

        private int slot(long key) {
            int mask = keys.length - 1;
            int slot = (int) (key * 0x9e3779b97f4a7c15L >>> 32) & mask;
            while (keys[slot] != key && keys[slot] >= 0) {
                slot = slot + 1 & mask;
            }
            return slot;
        }

        private void grow() {
            long[] oldKeys = keys;
            int[] oldCounts = counts;
            keys = filled(2 * oldKeys.length);
            counts = new int[keys.length];
            for (int i = 0; i < oldKeys.length; i++) {
                if (oldKeys[i] >= 0) {
                    int slot = slot(oldKeys[i]);
                    keys[slot] = oldKeys[i];
                    counts[slot] = oldCounts[i];
                }
            }
        }

        private static long[] filled(int size) {
            long[] keys = new long[size];
            Arrays.fill(keys, -1);
            return keys;
        }
    }
}
