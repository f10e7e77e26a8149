package dev.jackdaw.train.assistant;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.DoubleConsumer;
import java.util.function.IntFunction;

/// Independent pieces of work on a few threads, with the results in order.
final class Chunks {
    private Chunks() {
    }

    static <T> List<T> map(int count, int threads, IntFunction<T> work, DoubleConsumer progress) {
        List<T> results = new ArrayList<>(count);
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int number = i;
                futures.add(pool.submit(() -> work.apply(number)));
            }
            for (Future<T> future : futures) {
                results.add(future.get());
                progress.accept((double) results.size() / count);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("facts: interrupted", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
        return results;
    }
}
