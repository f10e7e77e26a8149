package dev.jackdaw.model.generate.constrain;

import java.util.Arrays;

/// Tokens that may come next. Most places of a grammar allow a handful of a large vocabulary, which are kept by their ids; the inside of a
/// string allows nearly all, one bit each.
sealed interface TokenSet {
    /// Ids in ascending order.
    record Few(int[] ids) implements TokenSet {
        @Override
        public void addTo(long[] bits) {
            for (int id : ids) {
                bits[id >>> 6] |= 1L << id;
            }
        }

        @Override
        public void mask(float[] logits) {
            int from = 0;
            for (int id : ids) {
                if (id < logits.length) {
                    Arrays.fill(logits, from, id, Float.NEGATIVE_INFINITY);
                    from = id + 1;
                }
            }
            Arrays.fill(logits, from, logits.length, Float.NEGATIVE_INFINITY);
        }

        @Override
        public long bytes() {
            return 4L * ids.length;
        }
    }

    record Many(long[] bits) implements TokenSet {
        @Override
        public void addTo(long[] all) {
            for (int i = 0; i < all.length; i++) {
                all[i] |= bits[i];
            }
        }

        @Override
        public void mask(float[] logits) {
            for (int word = 0; word * 64 < logits.length; word++) {
                long allowed = word < bits.length ? bits[word] : 0;
                if (allowed == -1) {
                    continue;
                }
                int end = Math.min(logits.length, word * 64 + 64);
                for (int id = word * 64; id < end; id++) {
                    if ((allowed >>> id & 1) == 0) {
                        logits[id] = Float.NEGATIVE_INFINITY;
                    }
                }
            }
        }

        @Override
        public long bytes() {
            return 8L * bits.length;
        }
    }

    /// @param bits one for each token; not to be changed afterwards
    static TokenSet of(long[] bits) {
        int count = 0;
        for (long word : bits) {
            count += Long.bitCount(word);
        }
        if (count > bits.length) {                    // ids would take more than half of what the bits take
            return new Many(bits);
        }
        int[] ids = new int[count];
        int n = 0;
        for (int word = 0; word < bits.length; word++) {
            for (long rest = bits[word]; rest != 0; rest &= rest - 1) {
                ids[n++] = word << 6 | Long.numberOfTrailingZeros(rest);
            }
        }
        return new Few(ids);
    }

    /// Sets the bits of these tokens.
    void addTo(long[] bits);

    /// Rules out all other tokens: their logits become minus infinity.
    void mask(float[] logits);

    /// That it takes in memory.
    long bytes();
}
