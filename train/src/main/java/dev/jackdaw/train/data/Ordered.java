package dev.jackdaw.train.data;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/// A conveyor: items go in one by one, are worked on by several threads, and come out in the order they went in.
///
/// The results are the same at any number of threads, since each item is worked on alone and received in order on the thread that adds.
/// Items travel in batches, and only a few batches are under way at a time, so memory stays bounded however long the input is.
final class Ordered<A, B> implements AutoCloseable {
    private static final long BATCH_BYTES = 1 << 20;
    private static final int BATCH_ITEMS = 512;

    private final int threads;
    private final Function<A, B> work;
    private final Consumer<B> receiver;
    private final ToLongFunction<A> bytes;
    private final ExecutorService pool;
    private final ArrayDeque<Future<List<B>>> underWay = new ArrayDeque<>();
    private List<A> batch = new ArrayList<>();
    private long batchBytes;

    Ordered(int threads, ToLongFunction<A> bytes, Function<A, B> work, Consumer<B> receiver) {
        if (threads < 1) {
            throw new IllegalArgumentException("data: " + threads + " threads asked for; give 1 or more");
        }
        this.threads = threads;
        this.work = work;
        this.receiver = receiver;
        this.bytes = bytes;
        this.pool = threads == 1 ? null : Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().name("jackdaw-data-", 1).factory());
    }

    void add(A item) {
        if (pool == null) {
            receiver.accept(work.apply(item));
            return;
        }
        batch.add(item);
        batchBytes += bytes.applyAsLong(item);
        if (batchBytes >= BATCH_BYTES || batch.size() >= BATCH_ITEMS) {
            send();
        }
    }

    private void send() {
        List<A> items = batch;
        batch = new ArrayList<>();
        batchBytes = 0;
        while (underWay.size() >= 2 * threads) {
            receive();
        }
        Callable<List<B>> job = () -> {
            List<B> results = new ArrayList<>(items.size());
            for (A item : items) {
                results.add(work.apply(item));
            }
            return results;
        };
        underWay.add(pool.submit(job));
    }

    private void receive() {
        try {
            underWay.remove().get().forEach(receiver);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                default -> throw new IllegalStateException(e.getCause());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataException("data: interrupted", e);
        }
    }

    /// Waits for everything that was added.
    void finish() {
        if (!batch.isEmpty()) {
            send();
        }
        while (!underWay.isEmpty()) {
            receive();
        }
    }

    @Override
    public void close() {
        if (pool != null) {
            pool.shutdownNow();
        }
    }
}
