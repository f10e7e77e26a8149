package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.kernel.CacheType;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.function.BooleanSupplier;

/// The pages that the [KvCache]s of a model are made of. Several texts may read one page, so each page counts who holds it; the last one
/// to let go gives it back. Some of the pages given back are kept for the next text, the memory of the others is returned at once.
///
/// Counting is safe on any thread; what is in the pages belongs to whoever runs the model.
public final class PagePool implements AutoCloseable {
    /// Bytes of given-back pages that are kept: enough for texts that grow and shrink, too little to matter.
    private static final long KEPT_BYTES = 64 << 20;

    /// 64 positions of all layers.
    static final class Page {
        private final Arena arena = Arena.ofShared();
        private final long address;
        private int holders;

        private Page(long bytes) {
            address = arena.allocate(bytes, Memory.ALIGNMENT).address();
        }

        long address() {
            return address;
        }
    }

    private final PageLayout layout;
    private final long most;
    private final ArrayDeque<Page> free = new ArrayDeque<>();
    private BooleanSupplier reclaim = () -> false;
    private int used;
    private volatile boolean closed;

    /// Pages of plain F32, without a limit but memory.
    public PagePool(ModelSpec spec) {
        this(spec, Long.MAX_VALUE);
    }

    /// Pages of plain F32.
    public PagePool(ModelSpec spec, long mostBytes) {
        this(spec, CacheType.F32, mostBytes);
    }

    /// @param type      how keys and values are kept
    /// @param mostBytes of pages in use; at least one page is always allowed
    public PagePool(ModelSpec spec, CacheType type, long mostBytes) {
        layout = new PageLayout(spec, type);
        most = Math.max(1, mostBytes / layout.bytes());
    }

    /// Positions in a page.
    public static int positions() {
        return PageLayout.POSITIONS;
    }

    /// How keys and values are kept.
    public CacheType type() {
        return layout.type();
    }

    /// Bytes of one page.
    public long pageBytes() {
        return layout.bytes();
    }

    /// How many pages may be in use at once.
    public long most() {
        return most;
    }

    /// Pages that somebody holds.
    public synchronized int used() {
        return used;
    }

    /// Bytes of all pages, held or kept for later.
    public synchronized long bytes() {
        return (used + free.size()) * layout.bytes();
    }

    PageLayout layout() {
        return layout;
    }

    /// What to do when the limit is reached: let go of a page and say true, or say false.
    synchronized void whenFull(BooleanSupplier reclaim) {
        this.reclaim = reclaim;
    }

    /// A page for one holder; its contents mean nothing.
    synchronized Page take() {
        requireOpen();
        while (used >= most) {
            if (!reclaim.getAsBoolean()) {
                throw new IllegalStateException("KV cache: all " + most + " pages of " + layout.bytes() + " bytes are in use; end a text, or allow more memory for the cache");
            }
        }
        return fresh();
    }

    private Page fresh() {
        Page page = free.isEmpty() ? new Page(layout.bytes()) : free.pop();
        page.holders = 1;
        used++;
        return page;
    }

    /// One more holder.
    synchronized Page hold(Page page) {
        page.holders++;
        return page;
    }

    synchronized void letGo(Page page) {
        if (--page.holders > 0) {
            return;
        }
        used--;
        if (!closed && (free.size() + 1) * layout.bytes() <= KEPT_BYTES) {
            free.push(page);
        } else {
            page.arena.close();
        }
    }

    synchronized boolean isShared(Page page) {
        return page.holders > 1;
    }

    /// The page itself if `page` has one holder only, else a copy in its stead, beyond the limit if need be: the caller gives one for one.
    synchronized Page own(Page page) {
        if (page.holders == 1) {
            return page;
        }
        Page copy = fresh();
        Memory.copy(page.address, copy.address, layout.bytes());
        letGo(page);
        return copy;
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("KV cache: its model was closed");
        }
    }

    /// Returns the memory of free pages; pages still held follow when they are let go.
    @Override
    public synchronized void close() {
        closed = true;
        while (!free.isEmpty()) {
            free.pop().arena.close();
        }
    }
}
