package dev.jackdaw.model.token;

import java.util.Arrays;

/// A binary heap of pairs: the highest count first, of equal counts the smallest pair of ids. Holds its entries in plain arrays.
final class PairQueue {
    private long[] counts = new long[1 << 12];
    private long[] pairs = new long[1 << 12];
    private int[] indexes = new int[1 << 12];
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    void add(long count, long pair, int index) {
        if (size == counts.length) {
            counts = Arrays.copyOf(counts, size * 2);
            pairs = Arrays.copyOf(pairs, size * 2);
            indexes = Arrays.copyOf(indexes, size * 2);
        }
        int at = size++;
        while (at > 0) {
            int parent = (at - 1) >>> 1;
            if (!before(count, pair, counts[parent], pairs[parent])) {
                break;
            }
            move(parent, at);
            at = parent;
        }
        set(at, count, pair, index);
    }

    long firstCount() {
        return counts[0];
    }

    /// Takes the first entry out and gives its index.
    int removeFirst() {
        int first = indexes[0];
        size--;
        long count = counts[size];
        long pair = pairs[size];
        int index = indexes[size];
        int at = 0;
        while (2 * at + 1 < size) {
            int child = 2 * at + 1;
            if (child + 1 < size && before(counts[child + 1], pairs[child + 1], counts[child], pairs[child])) {
                child++;
            }
            if (!before(counts[child], pairs[child], count, pair)) {
                break;
            }
            move(child, at);
            at = child;
        }
        set(at, count, pair, index);
        return first;
    }

    private static boolean before(long count, long pair, long otherCount, long otherPair) {
        return count != otherCount ? count > otherCount : pair < otherPair;
    }

    private void move(int from, int to) {
        set(to, counts[from], pairs[from], indexes[from]);
    }

    private void set(int at, long count, long pair, int index) {
        counts[at] = count;
        pairs[at] = pair;
        indexes[at] = index;
    }
}
