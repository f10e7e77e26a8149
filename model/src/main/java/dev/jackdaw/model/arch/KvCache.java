package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.kernel.CachedAttention;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// The keys and values of every position so far, so that a new token costs one position of work and not the whole text.
///
/// One page holds 64 positions of one layer and one key/value head; pages are taken as the text grows.
public final class KvCache implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final ModelSpec spec;
    private final int capacity;
    private final long[][][] pages;           // [layer][key/value head][page]
    private int length;

    /// Room for up to `capacity` positions.
    public KvCache(ModelSpec spec, int capacity) {
        this.spec = spec;
        this.capacity = capacity;
        pages = new long[spec.layers()][spec.kvHeads()][0];
    }

    /// Positions stored so far.
    public int length() {
        return length;
    }

    public int capacity() {
        return capacity;
    }

    /// Forgets everything after the first `positions`.
    public void truncate(int positions) {
        if (positions < 0 || positions > length) {
            throw new IllegalArgumentException("KV cache: cannot keep " + positions + " of " + length + " positions");
        }
        length = positions;
    }

    long[][] pages(int layer) {
        return pages[layer];
    }

    /// Makes room for `rows` more positions.
    void reserve(int rows) {
        if (length + rows > capacity) {
            throw new IllegalArgumentException("context: " + length + " positions and " + rows + " new ones exceed the " + capacity + " that fit; shorten the prompt or ask for fewer tokens");
        }
        int have = pages[0][0].length, need = CachedAttention.pages(length + rows);
        if (need <= have) {
            return;
        }
        long bytes = CachedAttention.pageBytes(spec.headWidth());
        long address = arena.allocate(bytes * (need - have) * spec.layers() * spec.kvHeads(), Memory.ALIGNMENT).address();
        for (long[][] layer : pages) {
            for (int head = 0; head < layer.length; head++) {
                layer[head] = Arrays.copyOf(layer[head], need);
                for (int page = have; page < need; page++, address += bytes) {
                    layer[head][page] = address;
                }
            }
        }
    }

    void advance(int rows) {
        length += rows;
    }

    @Override
    public void close() {
        arena.close();
    }
}
