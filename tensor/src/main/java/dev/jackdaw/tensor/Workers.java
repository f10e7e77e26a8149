package dev.jackdaw.tensor;

import java.util.concurrent.atomic.AtomicInteger;
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

    private final Thread[] helpers;
    private volatile Job job;            // null between jobs
    private volatile boolean closed;

    /// What is being done now. A helper that arrives late holds on to a job in which nothing is left to take.
    private static final class Job {
        final int parts;
        final WorkerPart body;
        final AtomicInteger taken = new AtomicInteger();
        final AtomicInteger done = new AtomicInteger();
        volatile Throwable failure;

        Job(int parts, WorkerPart body) {
            this.parts = parts;
            this.body = body;
        }

        void work(int worker) {
            for (int part = taken.getAndIncrement(); part < parts; part = taken.getAndIncrement()) {
                try {
                    if (failure == null) {              // after one, the rest is pointless
                        body.run(part, worker);
                    }
                } catch (Throwable thrown) {
                    failure = thrown;
                } finally {
                    done.getAndIncrement();
                }
            }
        }
    }

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
        Job now = new Job(parts, job);
        this.job = now;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        now.work(0);
        for (int spins = 0; now.done.get() < parts; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();          // the machine has other work; a helper may be waiting for this processor
            }
        }
        this.job = null;
        Throwable thrown = now.failure;
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
        Job last = null;
        int spins = 0;
        while (!closed) {
            Job now = job;
            if (now != null && now != last) {
                now.work(worker);
                last = now;
                spins = 0;
            } else if (spins++ < SPINS) {
                Thread.onSpinWait();
            } else {
                last = null;             // let go of what the job held
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
