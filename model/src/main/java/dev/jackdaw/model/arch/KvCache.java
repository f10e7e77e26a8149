package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.kernel.CacheType;
import dev.jackdaw.tensor.kernel.CachedAttention;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// The keys and values of every position so far, so that a new token costs one position of work and not the whole text.
///
/// One page holds 64 positions of one layer and one key/value head (of latent attention: the latent); pages are taken as the text grows.
/// The tokens themselves are kept too, since a text that outgrows the context a model was first made for may have to be read again.
public final class KvCache implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final int capacity;
    private final CacheType type;
    private final int[] keyWidths;            // [layer]
    private final long[][][] pages;           // [layer][key/value head][page]
    private int[] tokens = new int[16];
    private int length;
    private boolean longText;

    /// Room for up to `capacity` positions, kept as plain F32.
    public KvCache(ModelSpec spec, int capacity) {
        this(spec, capacity, CacheType.F32);
    }

    /// Room for up to `capacity` positions.
    public KvCache(ModelSpec spec, int capacity, CacheType type) {
        this.capacity = capacity;
        this.type = type;
        pages = new long[spec.layers()][][];
        keyWidths = new int[spec.layers()];
        for (int i = 0; i < pages.length; i++) {
            switch (spec.blocks().get(i).attention()) {
                case Attention.Grouped a -> {
                    pages[i] = new long[a.kvHeads()][0];
                    keyWidths[i] = a.headWidth();
                }
                case Attention.Latent a -> {
                    pages[i] = new long[1][0];
                    keyWidths[i] = a.rank() + a.turned();
                }
            }
        }
    }

    /// Positions stored so far.
    public int length() {
        return length;
    }

    public int capacity() {
        return capacity;
    }

    /// The tokens at the positions stored so far.
    public int[] tokens() {
        return Arrays.copyOf(tokens, length);
    }

    /// Forgets everything after the first `positions`.
    public void truncate(int positions) {
        if (positions < 0 || positions > length) {
            throw new IllegalArgumentException("KV cache: cannot keep " + positions + " of " + length + " positions");
        }
        length = positions;
    }

    /// How keys and values are kept.
    public CacheType type() {
        return type;
    }

    long[][] pages(int layer) {
        return pages[layer];
    }

    /// The keys were turned by the angles of a long text.
    boolean isLongText() {
        return longText;
    }

    void longText(boolean value) {
        longText = value;
    }

    /// Refuses more than fits.
    void require(int rows) {
        if ((long) length + rows > capacity) {
            throw new IllegalArgumentException("context: " + length + " positions and " + rows + " new ones exceed the " + capacity + " that fit; shorten the prompt or ask for fewer tokens");
        }
    }

    /// Makes room for `rows` more positions.
    void reserve(int rows) {
        require(rows);
        int have = pages[0][0].length, need = CachedAttention.pages(length + rows);
        if (need <= have) {
            return;
        }
        for (int layer = 0; layer < pages.length; layer++) {
            long bytes = type.pageBytes(keyWidths[layer]);
            long address = arena.allocate(bytes * (need - have) * pages[layer].length, Memory.ALIGNMENT).address();
            for (int head = 0; head < pages[layer].length; head++) {
                pages[layer][head] = Arrays.copyOf(pages[layer][head], need);
                for (int page = have; page < need; page++, address += bytes) {
                    pages[layer][head][page] = address;
                }
            }
        }
    }

    void advance(int[] ids, int from, int rows) {
        if (length + rows > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(length + rows, (int) Math.min(capacity, 2L * tokens.length)));
        }
        System.arraycopy(ids, from, tokens, length, rows);
        length += rows;
    }

    @Override
    public void close() {
        arena.close();
    }
}
