package dev.jackdaw.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// A small pool of threads that share one job at a time.
///
/// A job is a number of parts; which thread takes a part is left to chance, what a part computes is not. As long as parts write to
/// different places and none sums what another wrote, the result has the same bits at any number of threads. So callers cut work by
/// fixed sizes, never by the thread count.
///
/// The calling thread works too. Between jobs the others spin for some microseconds, since the next job usually follows at once, and
/// then park. One caller at a time.
public final class Workers implements AutoCloseable {
    /// One part of a job.
    @FunctionalInterface
    public interface Part {
        void run(int part);
    }

    /// One part of a job that needs scratch memory of its own: `worker` is below [#threads()], and no two parts with the same
    /// worker run at once.
    @FunctionalInterface
    public interface WorkerPart {
        void run(int part, int worker);
    }

    private static final int SPINS = 20_000;

    private final Thread[] helpers;
    private final AtomicInteger nextPart = new AtomicInteger();
    private final AtomicInteger busyHelpers = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile int epoch;          // goes up by one with every job; helpers wait for it to change
    private volatile boolean closed;
    private WorkerPart job;
    private int parts;

    private Workers(int threads) {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("workers: " + threads + " threads asked for; give 1 to 1024");
        }
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] = Thread.ofPlatform().daemon().name("jackdaw-worker-" + worker).start(() -> serve(worker));
        }
    }

    public static Workers of(int threads) {
        return new Workers(threads);
    }

    public int threads() {
        return helpers.length + 1;
    }

    /// Runs parts `0..parts-1` and returns when all are done. The first failure of a part is thrown here.
    public void run(int parts, Part job) {
        run(parts, (part, _) -> job.run(part));
    }

    /// As [#run(int, Part)], for parts that want to know which worker runs them.
    public void run(int parts, WorkerPart job) {
        if (parts <= 1 || helpers.length == 0) {
            for (int i = 0; i < parts; i++) {
                job.run(i, 0);
            }
            return;
        }
        this.job = job;
        this.parts = parts;
        nextPart.set(0);
        busyHelpers.set(helpers.length);
        epoch = epoch + 1;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        drain(0);
        while (busyHelpers.get() != 0) {
            Thread.onSpinWait();
        }
        Throwable thrown = failure.getAndSet(null);
        switch (thrown) {
            case null -> { }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(thrown);
        }
    }

    /// Cuts `items` into pieces of `grain` (the last one may be shorter) and runs `range` on each.
    public void forRange(long items, long grain, Range range) {
        int pieces = Math.toIntExact((items + grain - 1) / grain);
        run(pieces, part -> range.run(part * grain, Math.min(items, (part + 1) * grain)));
    }

    /// Items `from` (inclusive) to `to` (exclusive).
    @FunctionalInterface
    public interface Range {
        void run(long from, long to);
    }

    private void serve(int worker) {
        int seen = 0;
        while (true) {
            for (int spins = 0; epoch == seen; spins++) {
                if (closed) {
                    return;
                }
                if (spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            seen = epoch;
            drain(worker);
            busyHelpers.decrementAndGet();
        }
    }

    private void drain(int worker) {
        try {
            for (int part = nextPart.getAndIncrement(); part < parts; part = nextPart.getAndIncrement()) {
                job.run(part, worker);
            }
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
            nextPart.set(parts);       // the rest of the job is pointless
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
