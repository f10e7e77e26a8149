package dev.jackdaw.train.data;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/// Remembers every document that was kept, and tells of the next one whether it is new.
///
/// Equal fingerprints are exact duplicates. Near duplicates are found by locality-sensitive hashing: a sketch of 128 places is cut into
/// bands, and two documents that agree on a whole band are compared by their sketches. With 21 bands of 6 places a pair of similarity 0.8
/// meets with probability 99.8%, one of 0.5 with 28%, and the comparison decides ("Mining of Massive Datasets", section 3.4).
///
/// The first of several stays, in the order of asking, so the result depends on the order of documents and on nothing else. Memory: about
/// 500 bytes for each document kept, however long it is. Not thread-safe; sketches are made in parallel, the questions are asked in order.
public final class Duplicates {
    private static final int BANDS = 21;
    private static final int ROWS = 6;
    /// Of documents that all agree on a band but are not similar, the first so many can be found by it: a crowd must not cost a walk through
    /// all of it for each newcomer.
    private static final int CROWD = 32;

    private final boolean exact;
    private final double similarity;
    private final Set<Fingerprint> seen = new HashSet<>();
    private short[][] blocks = new short[16][];                  // sketches of the kept, 1024 to a block
    private int kept;
    private long steps;                                          // through the tables, in all
    private final int[][] tables = new int[BANDS][1 << 10];      // open addressing; number of a kept document plus 1

    /// @param exact      whether equal fingerprints count
    /// @param similarity from which estimated Jaccard similarity two documents count as near duplicates; 0 to look for none
    public Duplicates(boolean exact, double similarity) {
        if (similarity != 0 && (similarity < 0.5 || similarity > 1)) {
            throw new IllegalArgumentException("near duplicates: similarity " + similarity + " is not between 0.5 and 1 (or 0: keep them)");
        }
        this.exact = exact;
        this.similarity = similarity;
    }

    /// Null if the document is new, and then it is remembered.
    Reason look(Fingerprint fingerprint, short[] sketch) {
        if (exact && !seen.add(fingerprint)) {
            return Reason.EXACT_DUPLICATE;
        }
        if (similarity == 0) {
            return null;
        }
        return find(sketch) < 0 ? null : Reason.NEAR_DUPLICATE;
    }

    /// Which of the texts that were asked about before is nearly this one: its number, counted from 0 over those that were new. Minus 1 if none
    /// is, and then this one is remembered.
    public int find(byte[] text) {
        return find(MinHash.sketch(text));
    }

    private int find(short[] sketch) {
        for (int band = 0; band < BANDS; band++) {
            int found = meets(band, sketch);
            if (found >= 0) {
                return found;
            }
        }
        remember(sketch);
        return -1;
    }

    /// How many places of the tables have been looked at; what a question costs.
    long steps() {
        return steps;
    }

    private int meets(int band, short[] sketch) {
        int[] table = tables[band];
        for (int slot = slot(band, sketch, 0, table.length); table[slot] != 0; slot = slot + 1 & table.length - 1) {
            steps++;
            short[] block = blocks[table[slot] - 1 >>> 10];
            int at = (table[slot] - 1 & 1023) * MinHash.PLACES;
            if (sameBand(band, sketch, 0, block, at) && MinHash.similarity(sketch, 0, block, at) >= similarity) {
                return table[slot] - 1;
            }
        }
        return -1;
    }

    private void remember(short[] sketch) {
        if (kept >>> 10 == blocks.length) {
            blocks = Arrays.copyOf(blocks, 2 * blocks.length);
        }
        if ((kept & 1023) == 0) {
            blocks[kept >>> 10] = new short[1024 * MinHash.PLACES];
        }
        System.arraycopy(sketch, 0, blocks[kept >>> 10], (kept & 1023) * MinHash.PLACES, MinHash.PLACES);
        kept++;
        for (int band = 0; band < BANDS; band++) {
            if (2 * kept > tables[band].length) {
                int[] larger = new int[2 * tables[band].length];
                for (int document = 0; document < kept - 1; document++) {
                    insert(larger, band, document);
                }
                tables[band] = larger;
            }
            insert(tables[band], band, kept - 1);
        }
    }

    private void insert(int[] table, int band, int document) {
        short[] block = blocks[document >>> 10];
        int at = (document & 1023) * MinHash.PLACES;
        int crowd = 0;
        int slot = slot(band, block, at, table.length);
        while (table[slot] != 0 && crowd < CROWD) {
            steps++;
            int other = table[slot] - 1;
            crowd += sameBand(band, block, at, blocks[other >>> 10], (other & 1023) * MinHash.PLACES) ? 1 : 0;
            slot = slot + 1 & table.length - 1;
        }
        if (crowd < CROWD) {
            table[slot] = document + 1;
        }
    }

    private static boolean sameBand(int band, short[] a, int aAt, short[] b, int bAt) {
        for (int i = band * ROWS; i < (band + 1) * ROWS; i++) {
            if (a[aAt + i] != b[bAt + i]) {
                return false;
            }
        }
        return true;
    }

    private static int slot(int band, short[] sketch, int at, int size) {
        long hash = band;
        for (int i = at + band * ROWS; i < at + (band + 1) * ROWS; i++) {
            hash = hash * 0x9E3779B97F4A7C15L + (sketch[i] & 0xFFFF);
        }
        return (int) (MinHash.mix(hash) >>> 32) & size - 1;
    }
}
