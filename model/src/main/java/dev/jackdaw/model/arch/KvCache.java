package dev.jackdaw.model.arch;

import dev.jackdaw.model.arch.PagePool.Page;
import dev.jackdaw.tensor.kernel.CacheType;
import java.util.Arrays;
import java.util.List;

/// The keys and values of every position so far, so that a new token costs one position of work and not the whole text.
///
/// They lie in pages of 64 positions, taken from a [PagePool] as the text grows. A page may be shared with other texts that begin alike
/// ([PrefixTree]); before a text writes into a shared page it takes a copy. The tokens themselves are kept too, since a text that
/// outgrows the context a model was first made for may have to be read again.
public final class KvCache implements AutoCloseable {
    private final PagePool pool;
    private final int capacity;
    private final List<Adapter> adapters;
    private final long[][][] addresses;       // [layer][key/value head][page]
    private Page[] pages = new Page[4];
    private int held;                         // pages
    private int[] tokens = new int[16];
    private int length;
    private boolean longText;
    private boolean closed;

    /// Room for up to `capacity` positions.
    KvCache(PagePool pool, int capacity) {
        this(pool, capacity, List.of());
    }

    KvCache(PagePool pool, int capacity, List<Adapter> adapters) {
        this.pool = pool;
        this.capacity = capacity;
        this.adapters = adapters;
        PageLayout layout = pool.layout();
        addresses = new long[layout.layers()][][];
        for (int layer = 0; layer < addresses.length; layer++) {
            addresses[layer] = new long[layout.heads(layer)][pages.length];
        }
    }

    /// Positions stored so far.
    public int length() {
        return length;
    }

    public int capacity() {
        return capacity;
    }

    /// What changes the model for this text, and with it the keys and values here.
    public List<Adapter> adapters() {
        return adapters;
    }

    /// The tokens at the positions stored so far.
    public int[] tokens() {
        return Arrays.copyOf(tokens, length);
    }

    /// Pages held.
    public int pages() {
        return held;
    }

    /// Forgets everything after the first `positions`.
    public void truncate(int positions) {
        if (positions < 0 || positions > length) {
            throw new IllegalArgumentException("KV cache: cannot keep " + positions + " of " + length + " positions");
        }
        length = positions;
        release(PageLayout.pages(positions));
    }

    PagePool pool() {
        return pool;
    }

    /// How keys and values are kept.
    public CacheType type() {
        return pool.type();
    }

    long[][] pages(int layer) {
        return addresses[layer];
    }

    Page page(int index) {
        return pages[index];
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
        if (closed) {
            throw new IllegalStateException("KV cache: it was closed");
        }
        pool.requireOpen();
        if ((long) length + rows > capacity) {
            throw new IllegalArgumentException("context: " + length + " positions and " + rows + " new ones exceed the " + capacity + " that fit; shorten the prompt or ask for fewer tokens");
        }
    }

    /// Makes room for `rows` more positions that are this text's own.
    void reserve(int rows) {
        require(rows);
        int last = length / PageLayout.POSITIONS;
        if (last < held) {                              // a page that is partly filled, perhaps by somebody else as well
            put(last, pool.own(pages[last]));
        }
        int need = PageLayout.pages(length + rows);
        while (held < need) {
            put(held, pool.take());
            held++;
        }
    }

    /// Begins with pages that others hold too: `tokens` at their positions. The cache must be empty.
    void begin(Page[] shared, int[] tokens, int length) {
        for (int i = 0; i < PageLayout.pages(length); i++) {
            put(i, pool.hold(shared[i]));
            held++;
        }
        advance(tokens, 0, length);
    }

    private void put(int index, Page page) {
        if (index == pages.length) {
            pages = Arrays.copyOf(pages, 2 * index);
            for (long[][] layer : addresses) {
                for (int head = 0; head < layer.length; head++) {
                    layer[head] = Arrays.copyOf(layer[head], pages.length);
                }
            }
        }
        if (pages[index] == page) {
            return;
        }
        pages[index] = page;
        PageLayout layout = pool.layout();
        for (int layer = 0; layer < addresses.length; layer++) {
            for (int head = 0; head < addresses[layer].length; head++) {
                addresses[layer][head][index] = page.address() + layout.offset(layer, head);
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

    private void release(int keep) {
        while (held > keep) {
            pool.letGo(pages[--held]);
            pages[held] = null;
        }
    }

    /// Lets go of its pages.
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            length = 0;
            release(0);
        }
    }
}
