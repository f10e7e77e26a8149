package dev.jackdaw.serve.feedback;

import dev.jackdaw.serve.api.Answered;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// Hears of every answer, after it was given: checks it and stores what the privacy setting allows, on a thread of its own and in batches.
/// A request never waits for it and never fails by it. What does not fit into its queue is dropped, counted and said once; what people say
/// does not pass here, it is written before it is acknowledged.
public final class FeedbackRecorder implements Answered.Listener, AutoCloseable {
    private static final Logger LOG = System.getLogger(FeedbackRecorder.class.getName());
    private static final int BATCH = 256;
    /// Of all that waits; long conversations would fill the memory before they fill a queue of so many places.
    private static final long MOST_CHARACTERS = 16_000_000;
    private static final Duration CLOSING = Duration.ofSeconds(10);

    private sealed interface Entry {
        record Given(Answer answer) implements Entry {
        }

        /// Everything before it is written.
        record Mark(CountDownLatch passed) implements Entry {
        }
    }

    private record Checked(Answer answer, List<Flag> flags) {
    }

    private final Database database;
    private final Answers answers;
    private final Flags flags;
    private final Checks checks;
    private final Privacy privacy;
    private final People people;
    private final BlockingQueue<Entry> queue;
    private final AtomicLong waiting = new AtomicLong();
    private final AtomicBoolean saidFull = new AtomicBoolean();
    private final Counter stored;
    private final Counter dropped;
    private final Counter flagged;
    private final Thread writer = Thread.ofPlatform().daemon().name("feedback-writer").unstarted(this::run);
    private volatile boolean closing;
    private volatile long deadline = Long.MAX_VALUE;

    /// @param places   how many answers may wait
    /// @param registry of the metrics `jackdaw_answers_stored_total`, `jackdaw_answers_dropped_total` and `jackdaw_answer_flags_total`
    FeedbackRecorder(Database database, Answers answers, Flags flags, Checks checks, Privacy privacy, People people, int places, PrometheusRegistry registry) {
        this.database = database;
        this.answers = answers;
        this.flags = flags;
        this.checks = checks;
        this.privacy = privacy;
        this.people = people;
        queue = new ArrayBlockingQueue<>(places);
        stored = Counter.builder().name("jackdaw_answers_stored_total").help("Answers written into the feedback database").register(registry);
        dropped = Counter.builder().name("jackdaw_answers_dropped_total").help("Answers that were neither checked nor stored, or could not be stored").register(registry);
        flagged = Counter.builder().name("jackdaw_answer_flags_total").help("Flags that automatic checks raised").labelNames("kind").register(registry);
    }

    void start() {
        writer.start();
    }

    @Override
    public void answered(Answered given) {
        Answer answer;
        try {
            answer = Answer.of(given);
        } catch (RuntimeException e) {                         // whatever it is, the request must not suffer
            drop(1);
            return;
        }
        answered(answer);
    }

    /// Call it when an answer is complete. Returns at once and throws nothing.
    public void answered(Answer answer) {
        long size = answer.size();
        if (closing || waiting.get() + size > MOST_CHARACTERS) {
            drop(1);
            return;
        }
        waiting.addAndGet(size);
        if (!queue.offer(new Entry.Given(answer))) {
            waiting.addAndGet(-size);
            drop(1);
        }
    }

    private void drop(long count) {
        dropped.inc(count);
        if (saidFull.compareAndSet(false, true)) {
            LOG.log(Level.WARNING, "feedback: answers come faster than " + database.name()
                    + " takes them, or it cannot be written; the metric jackdaw_answers_dropped_total counts those that are not kept");
        }
    }

    /// How many were dropped so far.
    public long dropped() {
        return (long) dropped.get();
    }

    /// Waits until everything that was answered before is written.
    ///
    /// @return whether that happened in time
    public boolean flush(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        CountDownLatch passed = new CountDownLatch(1);
        return queue.offer(new Entry.Mark(passed), patience.toNanos(), TimeUnit.NANOSECONDS) && passed.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
    }

    private void run() {
        List<Entry> batch = new ArrayList<>();
        try {
            while (!(closing && queue.isEmpty())) {
                Entry first = queue.poll(100, TimeUnit.MILLISECONDS);
                if (first == null) {
                    continue;
                }
                batch.add(first);
                queue.drainTo(batch, BATCH - 1);
                write(batch);
                batch.clear();
            }
        } catch (InterruptedException _) {
            drop(queue.size() + (long) batch.size());          // closed, and out of patience
        }
    }

    private void write(List<Entry> batch) throws InterruptedException {
        List<Checked> kept = new ArrayList<>();
        List<CountDownLatch> marks = new ArrayList<>();
        for (Entry entry : batch) {
            switch (entry) {
                case Entry.Given(Answer answer) -> {
                    waiting.addAndGet(-answer.size());
                    List<Flag> found = check(answer);
                    if (privacy.keeps(found)) {
                        kept.add(new Checked(answer, found));
                    }
                }
                case Entry.Mark(CountDownLatch passed) -> marks.add(passed);
            }
        }
        store(kept);
        marks.forEach(CountDownLatch::countDown);
    }

    private List<Flag> check(Answer answer) {
        try {
            List<Flag> found = checks.of(answer);
            found.forEach(flag -> flagged.labelValues(flag.kind().label()).inc());
            return found;
        } catch (RuntimeException e) {                         // of a guard, for instance: the answer is stored without
            LOG.log(Level.WARNING, "feedback: a check of answer " + answer.id() + " failed with " + e.getClass().getName());
            return List.of();
        }
    }

    /// Tries until it works, as long as the database cannot be reached; what a reachable one refuses twice is dropped. (Once may have been its going,
    /// noticed when it was back.)
    private void store(List<Checked> kept) throws InterruptedException {
        boolean said = false, wasRefused = false;
        while (!kept.isEmpty()) {
            try {
                put(kept);
                stored.inc(kept.size());
                return;
            } catch (RuntimeException e) {
                boolean isReachable = database.isReachable();
                if (isReachable && !wasRefused) {
                    wasRefused = true;
                    continue;
                }
                wasRefused = isReachable;
                if (isReachable && kept.size() > 1) {
                    for (Checked each : kept) {
                        store(List.of(each));
                    }
                    return;
                }
                if (isReachable || System.nanoTime() - deadline > 0) {
                    drop(kept.size());
                    LOG.log(Level.WARNING, "feedback: answer " + kept.getFirst().answer().id() + " could not be stored: " + cause(e));
                    return;
                }
                if (!said) {
                    LOG.log(Level.WARNING, "feedback: " + database.name() + " cannot be reached; answers wait in memory, at most " + queue.remainingCapacity() + " more");
                    said = true;
                }
                Thread.sleep(1000);
            }
        }
    }

    private void put(List<Checked> kept) {
        database.jdbi().useTransaction(handle -> {
            for (Checked each : kept) {
                answers.put(handle, each.answer(), people.of(each.answer().user()));
                flags.put(handle, each.answer().id(), each.flags(), each.answer().created());
            }
        });
    }

    /// The class only: messages of databases may repeat values.
    static String cause(Throwable e) {
        return e.getCause() == null ? e.getClass().getSimpleName()
                : e.getCause().getClass().getSimpleName() + (e.getCause() instanceof java.sql.SQLException sql ? ", SQL state " + sql.getSQLState() + ", code " + sql.getErrorCode() : "");
    }

    /// Writes what waits, for ten seconds at most.
    @Override
    public void close() {
        deadline = System.nanoTime() + CLOSING.toNanos();
        closing = true;
        try {
            if (!writer.join(CLOSING)) {
                writer.interrupt();
                writer.join(Duration.ofSeconds(2));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
