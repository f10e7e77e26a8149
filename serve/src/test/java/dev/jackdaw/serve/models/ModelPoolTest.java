package dev.jackdaw.serve.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.TinyModel;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Loading, unloading and leases when several want something at once. Models are real and tiny; latches decide who is where.
@Timeout(60)
class ModelPoolTest {
    @TempDir
    private static Path folder;
    private static Path file;
    private static long bytes;

    private final List<CountDownLatch> latches = new ArrayList<>();
    private final List<LoadedModel> opened = new ArrayList<>();
    private ModelPool pool;

    @BeforeAll
    static void write() throws IOException {
        file = folder.resolve("tiny.gguf");
        TinyModel.write(file, "qwen3", DType.F32, 1, 32, 64);
        bytes = Files.size(file);
    }

    /// Nobody waits for ever, whatever a test found.
    @AfterEach
    void release() {
        latches.forEach(CountDownLatch::countDown);
        if (pool != null) {
            pool.close();
        }
    }

    private CountDownLatch latch() {
        CountDownLatch latch = new CountDownLatch(1);
        latches.add(latch);
        return latch;
    }

    /// Models of these names, of which so many have room at the same time.
    private ModelPool pool(int places, ModelPool.Opener opener, String... names) {
        List<ModelSource> sources = new ArrayList<>();
        for (String name : names) {
            sources.add(new ModelSource.File(name, file));
        }
        return pool(places, opener, sources);
    }

    private ModelPool pool(int places, ModelPool.Opener opener, List<ModelSource> sources) {
        pool = new ModelPool(new ServerSettings.Models(sources, places * bytes, 2, 16, 1 << 20, 1, Activations.F32, CacheType.F32), (path, loading, turn) -> {
            LoadedModel model = opener.open(path, loading, turn);
            synchronized (opened) {
                opened.add(model);
            }
            return model;
        });
        return pool;
    }

    private int users(String name) {
        return pool.list().stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow().users();
    }

    private static final class Asking<T> {
        private final FutureTask<T> task;
        private final Thread thread;

        Asking(java.util.concurrent.Callable<T> what) {
            task = new FutureTask<>(what);
            thread = Thread.ofPlatform().daemon().start(task);
        }

        T get() throws Exception {
            try {
                return task.get(30, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                switch (e.getCause()) {
                    case Exception failure -> throw failure;
                    case Error failure -> throw failure;
                    default -> throw e;
                }
            }
        }

        /// Until it can go no further by itself, or is over.
        Asking<T> waits() {
            while (!task.isDone() && thread.getState() != Thread.State.WAITING && thread.getState() != Thread.State.BLOCKED) {
                Thread.onSpinWait();
            }
            return this;
        }
    }

    private Asking<ModelPool.Lease> ask(String name) {
        return new Asking<>(() -> pool.take(name));
    }

    /// The engine of a model is busy with something until the latch is counted down, so that unloading the model waits, too.
    private void occupy(LoadedModel model, CountDownLatch until) throws InterruptedException {
        CountDownLatch begun = latch();
        new Asking<>(() -> model.engine().ask(() -> {
            begun.countDown();
            while (until.getCount() > 0) {
                Thread.onSpinWait();
            }
            return null;
        }));
        begun.await();
    }

    /// The model a: loaded, no longer used, and busy.
    private LoadedModel unusedButBusy(CountDownLatch until) throws InterruptedException {
        try (ModelPool.Lease a = pool.take("a")) {
            occupy(a.model(), until);
            return a.model();
        }
    }

    private static boolean isClosed(LoadedModel model) throws InterruptedException {
        try {
            return model.engine().ask(() -> false);
        } catch (RejectedExecutionException _) {
            return true;
        }
    }

    @Test
    void whatIsBeingUnloadedIsBookedAndWaitedFor() throws Exception {
        pool(1, LoadedModel::new, "a", "b");
        CountDownLatch busy = latch();
        LoadedModel first = unusedButBusy(busy);
        Asking<ModelPool.Lease> b = ask("b").waits();
        assertThat(opened).as("b is not loaded before a has gone").hasSize(1);
        Asking<ModelPool.Lease> again = ask("b").waits();
        busy.countDown();
        try (ModelPool.Lease one = b.get(); ModelPool.Lease two = again.get()) {
            assertThat(one.model()).isSameAs(two.model());
            assertThat(isClosed(first)).isTrue();
        }
    }

    @Test
    void anotherThatNeedsTheRoomWaitsForTheSameUnloading() throws Exception {
        pool(2, LoadedModel::new, "a", "b", "c", "d");
        CountDownLatch busy = latch();
        unusedButBusy(busy);
        ModelPool.Lease b = pool.take("b");
        Asking<ModelPool.Lease> c = ask("c").waits();             // unloads a
        Asking<ModelPool.Lease> a = ask("a").waits();             // comes too late for the old one, and there is no place for a new one
        busy.countDown();
        Object[] both = {outcome(c), outcome(a)};
        assertThat(both).as("one finds the place, the other hears that there is none").satisfiesOnlyOnce(each -> assertThat(each).isInstanceOf(ModelPool.Lease.class))
                .satisfiesOnlyOnce(each -> assertThat(each).isInstanceOfSatisfying(ApiError.class, error -> assertThat(error.code()).isEqualTo("out_of_memory")));
        for (Object each : both) {
            if (each instanceof ModelPool.Lease lease) {
                lease.close();
            }
        }
        try (ModelPool.Lease _ = pool.take("d")) {
            assertThat(pool.loaded()).as("d took the place of the one that nobody uses").containsOnlyKeys("b", "d");
        }
        b.close();
    }

    private static Object outcome(Asking<?> asking) throws Exception {
        try {
            return asking.get();
        } catch (ApiError error) {
            return error;
        }
    }

    /// The name that is being unloaded is asked for again: the new one must be booked also when the old one has gone.
    @Test
    void aModelThatComesBackIsBooked() throws Exception {
        pool(1, LoadedModel::new, "a", "b", "c");
        CountDownLatch busy = latch();
        unusedButBusy(busy);
        Asking<ModelPool.Lease> b = ask("b").waits();
        Asking<ModelPool.Lease> a = ask("a").waits();
        busy.countDown();
        Object[] both = {outcome(b), outcome(a)};
        assertThat(both).as("there is room for one").satisfiesOnlyOnce(each -> assertThat(each).isInstanceOf(ModelPool.Lease.class));
        assertThatThrownBy(() -> pool.take("c")).isInstanceOfSatisfying(ApiError.class, error -> assertThat(error.code()).isEqualTo("out_of_memory"));
    }

    @Test
    void nothingGoesForAModelThatWouldNotFitAnyway() throws Exception {
        Path large = folder.resolve("large.gguf");
        TinyModel.write(large, "qwen3", DType.F32, 3, 64, 64);
        pool(2, LoadedModel::new, List.of(new ModelSource.File("a", file), new ModelSource.File("b", file), new ModelSource.File("large", large)));
        assertThat(Files.size(large)).isGreaterThan(bytes);
        try (ModelPool.Lease _ = pool.take("a")) {
            pool.take("b").close();
            assertThatThrownBy(() -> pool.take("large")).isInstanceOfSatisfying(ApiError.class, error -> assertThat(error.status()).isEqualTo(503));
            assertThat(pool.loaded()).containsOnlyKeys("a", "b");
        }
    }

    @Test
    void whoIsInterruptedWhileAnotherLoadsGivesItsLeaseBack() throws Exception {
        CountDownLatch loading = latch(), go = latch();
        pool(1, (path, how, turn) -> {
            loading.countDown();
            await(go);
            return new LoadedModel(path, how, turn);
        }, "a");
        Asking<ModelPool.Lease> first = ask("a");
        loading.await();
        Asking<ModelPool.Lease> second = ask("a").waits();
        second.thread.interrupt();
        assertThatThrownBy(second::get).isInstanceOf(InterruptedException.class);
        assertThat(users("a")).isOne();
        go.countDown();
        first.get().close();
        assertThat(users("a")).isZero();
    }

    @Test
    void whoIsInterruptedWhileAnAdapterIsReadGivesItsLeaseBack() throws Exception {
        pool(1, LoadedModel::new, List.of(new ModelSource.File("a", file), new ModelSource.Adapted("b", "a", folder.resolve("none"), 1)));
        unusedButBusy(latch());
        Asking<ModelPool.Lease> b = ask("b").waits();
        b.thread.interrupt();
        assertThatThrownBy(b::get).isInstanceOf(InterruptedException.class);
        assertThat(users("a")).isZero();
    }

    @Test
    void anAdapterThatCannotBeReadSaysSo() {
        pool(1, LoadedModel::new, List.of(new ModelSource.File("a", file), new ModelSource.Adapted("b", "a", folder.resolve("none"), 1)));
        assertThatThrownBy(() -> pool.take("b")).isInstanceOfSatisfying(ApiError.class, error -> {
            assertThat(error.status()).isEqualTo(503);
            assertThat(error.code()).isEqualTo("adapter_not_readable");
        });
        assertThat(users("a")).isZero();
    }

    @Test
    void aFailureToLoadLeavesNothingBooked() throws Exception {
        boolean[] fails = {true};
        pool(1, (path, how, turn) -> {
            if (fails[0]) {
                throw new OutOfMemoryError("off-heap");
            }
            return new LoadedModel(path, how, turn);
        }, "a", "b");
        assertThatThrownBy(() -> pool.take("a")).isInstanceOf(OutOfMemoryError.class);
        assertThat(users("a")).isZero();
        fails[0] = false;
        pool.take("b").close();
        assertThat(pool.loaded()).containsOnlyKeys("b");
        pool.take("a").close();
        assertThat(pool.loaded()).containsOnlyKeys("a");
    }

    @Test
    void aModelThatComesAfterTheEndIsClosed() throws Exception {
        CountDownLatch loading = latch(), go = latch();
        pool(1, (path, how, turn) -> {
            LoadedModel model = new LoadedModel(path, how, turn);
            loading.countDown();
            await(go);
            return model;
        }, "a");
        Asking<ModelPool.Lease> a = ask("a");
        loading.await();
        Asking<ModelPool.Lease> waiting = ask("a").waits();
        pool.close();
        assertThatThrownBy(waiting::get).isInstanceOfSatisfying(ApiError.class, error -> assertThat(error.code()).isEqualTo("shutting_down"));
        go.countDown();
        assertThatThrownBy(a::get).isInstanceOfSatisfying(ApiError.class, error -> assertThat(error.code()).isEqualTo("shutting_down"));
        assertThat(isClosed(opened.getFirst())).isTrue();
    }

    @Test
    void closingTwiceClosesOnce() throws Exception {
        pool(1, LoadedModel::new, "a");
        try (ModelPool.Lease lease = pool.take("a")) {
            pool.close();
            pool.close();
            assertThat(lease.model()).as("whoever still has it is told by the engine").isSameAs(opened.getFirst());
            assertThat(isClosed(lease.model())).isTrue();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
