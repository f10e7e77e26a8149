package dev.jackdaw.model.token;

import java.util.Arrays;

/// Byte-pair merging of one word: again and again, join the neighbours whose merge was learned first; of equal ones the leftmost.
///
/// Words are short, so a plain scan over an array of ranks beats every cleverer structure. But a word may also be a megabyte of `a`;
/// beyond [#SHORT] tokens a heap and a linked list keep the time at n·log n. Both give the same result.
///
/// Not for more than one thread at a time; the tables behind it are shared.
final class Merger {
    /// Up to this many tokens the scan is faster.
    static final int SHORT = 64;
    private static final int NEVER = Integer.MAX_VALUE;

    private final LongIntMap rankOfPair;
    private final int[] resultOfRank;
    private final int[] orderOfRank;          // null: the rank itself says when a pair is merged
    private int[] ids = new int[SHORT];
    private int[] ranks = new int[SHORT];     // ranks[i]: when ids[i] and the one after it would be merged
    private int[] next = new int[0];
    private int[] previous = new int[0];
    private final LongHeap heap = new LongHeap();

    /// `rankOfPair`: two ids to the place of their merge in the list of merges; `resultOfRank`: that place to the id of the result.
    Merger(LongIntMap rankOfPair, int[] resultOfRank) {
        this(rankOfPair, resultOfRank, null);
    }

    /// With `orderOfRank`, pairs of equal order are merged from left to right, whichever they are; SentencePiece gives many pairs one score.
    Merger(LongIntMap rankOfPair, int[] resultOfRank, int[] orderOfRank) {
        this.rankOfPair = rankOfPair;
        this.resultOfRank = resultOfRank;
        this.orderOfRank = orderOfRank;
    }

    /// Appends the tokens of `text[from, to)`, one word. Bytes without an id (-1) are left out.
    void merge(byte[] text, int from, int to, int[] idOfByte, TokenList out) {
        room(to - from);
        int size = 0;
        for (int i = from; i < to; i++) {
            int id = idOfByte[text[i] & 0xFF];
            if (id >= 0) {
                ids[size++] = id;
            }
        }
        finish(size, out);
    }

    /// Appends what becomes of these tokens.
    void merge(TokenList symbols, TokenList out) {
        room(symbols.size());
        System.arraycopy(symbols.array(), 0, ids, 0, symbols.size());
        finish(symbols.size(), out);
    }

    private void room(int n) {
        if (ids.length < n) {
            ids = new int[n];
            ranks = new int[n];
        }
    }

    private void finish(int length, TokenList out) {
        int size = length;
        if (size <= SHORT) {
            size = scan(size);
        } else {
            size = heap(size);
        }
        out.addAll(ids, 0, size);
        if (ids.length > 1 << 16) {           // do not keep the memory of a monster
            ids = new int[SHORT];
            ranks = new int[SHORT];
            next = new int[0];
            previous = new int[0];
        }
    }

    private int rank(int left, int right) {
        int rank = rankOfPair.get(LongIntMap.pair(left, right));
        return rank < 0 ? NEVER : orderOfRank == null ? rank : orderOfRank[rank];
    }

    private int result(int rank, int left, int right) {
        return resultOfRank[orderOfRank == null ? rank : rankOfPair.get(LongIntMap.pair(left, right))];
    }

    private int scan(int size) {
        for (int i = 0; i + 1 < size; i++) {
            ranks[i] = rank(ids[i], ids[i + 1]);
        }
        while (size > 1) {
            int best = 0;
            int bestRank = ranks[0];
            for (int i = 1; i < size - 1; i++) {
                if (ranks[i] < bestRank) {
                    bestRank = ranks[i];
                    best = i;
                }
            }
            if (bestRank == NEVER) {
                break;
            }
            ids[best] = result(bestRank, ids[best], ids[best + 1]);
            size--;
            for (int i = best + 1; i < size; i++) {
                ids[i] = ids[i + 1];
                ranks[i] = ranks[i + 1];
            }
            if (best + 1 < size) {
                ranks[best] = rank(ids[best], ids[best + 1]);
            }
            if (best > 0) {
                ranks[best - 1] = rank(ids[best - 1], ids[best]);
            }
        }
        return size;
    }

    private int heap(int size) {
        if (next.length < size) {
            next = new int[size];
            previous = new int[size];
        }
        heap.clear();
        for (int i = 0; i < size; i++) {
            previous[i] = i - 1;
            next[i] = i + 1;
        }
        for (int i = 0; i < size; i++) {
            offer(i, size);
        }
        while (!heap.isEmpty()) {
            long first = heap.removeFirst();
            int at = (int) first;
            int rank = (int) (first >>> 32);
            if (ranks[at] != rank) {
                continue;                     // one of the two has been merged elsewhere since
            }
            int gone = next[at];
            ids[at] = result(rank, ids[at], ids[gone]);
            ranks[gone] = NEVER;
            next[at] = next[gone];
            if (next[gone] < size) {
                previous[next[gone]] = at;
            }
            offer(at, size);
            if (previous[at] >= 0) {
                offer(previous[at], size);
            }
        }
        int left = 0;
        for (int i = 0; i < size; i = next[i]) {
            ids[left++] = ids[i];
        }
        return left;
    }

    private void offer(int at, int size) {
        int rank = next[at] < size ? rank(ids[at], ids[next[at]]) : NEVER;
        ranks[at] = rank;
        if (rank != NEVER) {
            heap.add((long) rank << 32 | at);
        }
    }

    /// The smallest `long` first.
    private static final class LongHeap {
        private long[] heap = new long[SHORT];
        private int size;

        void clear() {
            size = 0;
            if (heap.length > 1 << 17) {
                heap = new long[SHORT];
            }
        }

        boolean isEmpty() {
            return size == 0;
        }

        void add(long value) {
            if (size == heap.length) {
                heap = Arrays.copyOf(heap, size * 2);
            }
            int at = size++;
            while (at > 0) {
                int parent = (at - 1) >>> 1;
                if (heap[parent] <= value) {
                    break;
                }
                heap[at] = heap[parent];
                at = parent;
            }
            heap[at] = value;
        }

        long removeFirst() {
            long first = heap[0];
            long last = heap[--size];
            int at = 0;
            while (true) {
                int child = 2 * at + 1;
                if (child >= size) {
                    break;
                }
                if (child + 1 < size && heap[child + 1] < heap[child]) {
                    child++;
                }
                if (heap[child] >= last) {
                    break;
                }
                heap[at] = heap[child];
                at = child;
            }
            heap[at] = last;
            return first;
        }
    }
}
