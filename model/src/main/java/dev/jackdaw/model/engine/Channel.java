package dev.jackdaw.model.engine;

import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.TokenProbability;
import java.util.concurrent.locks.LockSupport;

/// Tokens on their way from the engine to one reader: a ring of fixed size. The engine never waits: it asks [#hasRoom] before it makes
/// another token. Knows nothing of the [TokenStream] that reads it, so that a forgotten stream can be collected.
///
/// The reader parks and the engine unparks it: a virtual thread that waits for a monitor would be woken by way of another thread, which at one
/// text costs as much as all else that a server does for a token.
final class Channel implements Generator.Listener {
    private final int[] ids;
    private final String[] texts;
    private final TokenProbability[] probabilities;
    private final Runnable wake;              // the engine, when there is room again or the reader has left
    private Thread reader;                    // parked or about to be, or null
    private int read;
    private int size;
    private int pending = -1;                 // a token whose text is not known yet
    private TokenProbability pendingProbability;
    private StringBuilder pieces;
    private Generator.Result result;
    private int shared;
    private Throwable failure;
    private boolean over;
    private volatile boolean cancelled;
    private volatile long fullSince;

    /// @param capacity tokens
    Channel(int capacity, Runnable wake) {
        ids = new int[capacity + 1];          // one more for the text that is left at the end
        texts = new String[capacity + 1];
        probabilities = new TokenProbability[capacity + 1];
        this.wake = wake;
    }

    // the engine's side

    @Override
    public void probability(TokenProbability probability) {
        flush();
        pendingProbability = probability;
    }

    @Override
    public void token(int id) {
        flush();
        pending = id;
    }

    @Override
    public void text(String piece) {
        if (pieces == null) {
            pieces = new StringBuilder();
        }
        pieces.append(piece);
    }

    @Override
    public boolean isCancelled() {
        return cancelled;
    }

    /// Hands over what the last token brought.
    void flush() {
        if (pending < 0 && (pieces == null || pieces.isEmpty())) {
            return;
        }
        put(pending, pieces == null ? "" : pieces.toString(), pending < 0 ? null : pendingProbability);
        if (pending >= 0) {
            pendingProbability = null;
        }
        pending = -1;
        if (pieces != null) {
            pieces.setLength(0);
        }
    }

    private void put(int id, String text, TokenProbability probability) {
        Thread waiting;
        synchronized (this) {
            if (size == ids.length) {
                throw new IllegalStateException("stream: more tokens than it has room for");
            }
            int at = (read + size) % ids.length;
            ids[at] = id;
            texts[at] = text;
            probabilities[at] = probability;
            size++;
            if (!hasRoom()) {
                fullSince = System.nanoTime();
            }
            waiting = reader;
        }
        LockSupport.unpark(waiting);
    }

    synchronized boolean hasRoom() {
        return size < ids.length - 1;
    }

    /// When the reader last let it fill up; it may have been emptied since.
    long fullSince() {
        return fullSince;
    }

    /// @param shared prompt tokens that were known already
    void finish(Generator.Result result, int shared) {
        Thread waiting;
        synchronized (this) {
            this.result = result;
            this.shared = shared;
            over = true;
            waiting = reader;
        }
        LockSupport.unpark(waiting);
    }

    void fail(Throwable failure) {
        Thread waiting;
        synchronized (this) {
            this.failure = failure;
            over = true;
            waiting = reader;
        }
        LockSupport.unpark(waiting);
    }

    // the reader's side

    /// Waits for a token; copies it to `into`. False at the end.
    boolean take(TokenStream into) throws InterruptedException {
        boolean wasFull;
        while (isToWait()) {
            LockSupport.park(this);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        synchronized (this) {
            if (size == 0) {
                if (failure != null) {
                    throw failure();
                }
                return false;
            }
            into.set(ids[read], texts[read], probabilities[read]);
            texts[read] = null;
            probabilities[read] = null;
            wasFull = !hasRoom();
            read = (read + 1) % ids.length;
            size--;
        }
        if (wasFull) {
            wake.run();
        }
        return true;
    }

    /// Nothing has come yet: whoever brings something wakes this thread.
    private synchronized boolean isToWait() {
        boolean nothing = size == 0 && !over;
        reader = nothing ? Thread.currentThread() : null;
        return nothing;
    }

    private IllegalStateException failure() {
        return new IllegalStateException(failure.getMessage(), failure);
    }

    synchronized Generator.Result result() {
        return result;
    }

    synchronized int shared() {
        return shared;
    }

    void cancel() {
        cancelled = true;
        wake.run();
    }
}
