package dev.jackdaw.tensor;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// A small pool of threads that share one job at a time.
///
/// A job is a number of parts; which thread takes a part is left to chance, what a part computes is not. As long as parts write to
/// different places and none sums what another wrote, the result has the same bits at any number of threads. So callers cut work by
/// fixed sizes, never by the thread count.
///
/// The calling thread works too, and waits for parts that others have begun, never for a thread that has not woken up yet. Between jobs
/// the others spin for some microseconds, since the next job usually follows at once, and then park. One caller at a time, and a part
/// must not start a job.
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

    /// About a quarter of a millisecond: longer than the gap between two operations of a model, shorter than a scheduler's time slice.
    private static final int SPINS = 10_000;

    /// In the lower half of [#next]: there is no job. Larger than any number of parts.
    private static final int CLOSED = Integer.MAX_VALUE;

    private final Thread[] helpers;
    /// The upper half counts jobs, so that a helper which was held up cannot take a part of a later job by mistake; the lower half is the
    /// next part to take. One number and no object for each job: a training step has hundreds.
    private final AtomicLong next = new AtomicLong(CLOSED);
    private final AtomicInteger done = new AtomicInteger();
    private WorkerPart body;            // this and `parts` are written only while there is no job
    private int parts;
    private volatile Throwable failure;
    private volatile boolean closed;

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
        this.parts = parts;
        body = job;
        failure = null;
        done.set(0);
        long opened = (next.get() >>> 32) + 1 << 32;
        next.set(opened);
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        work(0);
        for (int spins = 0; done.get() < parts; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();          // the machine has other work; a helper may be waiting for this processor
            }
        }
        // An exchange, not a mere write: whoever took a part before it has also read the body before it is overwritten.
        next.getAndSet(opened | CLOSED);
        body = null;
        Throwable thrown = failure;
        if (thrown != null) {                // asked first: preparing the switch costs a cold process milliseconds
            switch (thrown) {
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw new IllegalStateException(thrown);
            }
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

    /// Takes parts until there are none; false if there were none.
    private boolean work(int worker) {
        boolean worked = false;
        while (true) {
            long now = next.get();
            int part = (int) now;
            WorkerPart job = body;
            if (part == CLOSED || part >= parts) {
                return worked;
            }
            if (!next.compareAndSet(now, now + 1)) {
                continue;                // somebody else took it, or the job is over; then `job` may be another's
            }
            worked = true;
            try {
                if (failure == null) {   // after one, the rest is pointless
                    job.run(part, worker);
                }
            } catch (Throwable thrown) {
                failure = thrown;
            } finally {
                done.getAndIncrement();
            }
        }
    }

    private void serve(int worker) {
        int spins = 0;
        while (!closed) {
            if (work(worker)) {
                spins = 0;
            } else if (spins++ < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
            }
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
