package dev.jackdaw.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void runsEveryPartOfEveryJobOnce(int threads) {
        try (Workers workers = Workers.of(threads)) {
            for (int job = 0; job < 2_000; job++) {
                int parts = job % 17;
                var counts = new AtomicIntegerArray(17);
                workers.run(parts, part -> counts.incrementAndGet(part));
                for (int part = 0; part < 17; part++) {
                    assertThat(counts.get(part)).as("job " + job + ", part " + part).isEqualTo(part < parts ? 1 : 0);
                }
            }
        }
    }

    @Test
    void noWorkerRunsTwoPartsAtOnce() {
        try (Workers workers = Workers.of(4)) {
            var busy = new AtomicIntegerArray(4);
            var clashes = new AtomicIntegerArray(4);
            for (int job = 0; job < 200; job++) {
                workers.run(64, (_, worker) -> {
                    if (busy.incrementAndGet(worker) != 1) {
                        clashes.incrementAndGet(worker);
                    }
                    Thread.onSpinWait();
                    busy.decrementAndGet(worker);
                });
            }
            assertThat(clashes.toString()).isEqualTo("[0, 0, 0, 0]");
        }
    }

    @Test
    void partsRunAtTheSameTime() {
        try (Workers workers = Workers.of(2)) {
            var bothHere = new CountDownLatch(2);
            workers.run(2, _ -> {
                bothHere.countDown();
                try {
                    bothHere.await();                 // returns only if another thread is in the other part
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(bothHere.getCount()).isZero();
        }
    }

    @Test
    void throwsTheFailureOfAPartAndGoesOnWorking() {
        try (Workers workers = Workers.of(3)) {
            assertThatThrownBy(() -> workers.run(10, part -> {
                if (part == 7) {
                    throw new IllegalArgumentException("part 7");
                }
            })).isInstanceOf(IllegalArgumentException.class).hasMessage("part 7");
            var counts = new AtomicIntegerArray(10);
            workers.run(10, part -> counts.incrementAndGet(part));
            assertThat(counts.toString()).isEqualTo("[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]");
        }
    }

    @Test
    void rangesCoverAllItems() {
        try (Workers workers = Workers.of(2)) {
            var counts = new AtomicIntegerArray(103);
            workers.forRange(103, 10, (from, to) -> {
                for (long i = from; i < to; i++) {
                    counts.incrementAndGet((int) i);
                }
            });
            for (int i = 0; i < 103; i++) {
                assertThat(counts.get(i)).as("item " + i).isEqualTo(1);
            }
        }
    }

    @Test
    void refusesNoThreads() {
        assertThatThrownBy(() -> Workers.of(0)).hasMessageContaining("0 threads");
    }
}
