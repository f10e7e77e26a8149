package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.ServerSettings.Keep;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeedbackRecorderTest {
    @TempDir
    Path folder;

    private static Answer answer(String id, String text) {
        return new Answer(id, 1, "tiny", "", List.of(Map.of("role", "user", "content", "xyzzy")), Map.of("role", "assistant", "content", text), "stop", Answer.Cost.UNKNOWN, Map.of());
    }

    private static final class Log extends Handler implements AutoCloseable {
        private final Logger logger = Logger.getLogger(FeedbackRecorder.class.getName());
        private final List<String> lines = new ArrayList<>();

        Log() {
            logger.addHandler(this);
            logger.setUseParentHandlers(false);
        }

        @Override
        public synchronized void publish(LogRecord line) {
            lines.add(line.getMessage());
        }

        @Override
        public void flush() {
        }

        @Override
        public void close() {
            logger.removeHandler(this);
            logger.setUseParentHandlers(true);
        }
    }

    private FeedbackRecorder recorder(Database database, Guard guard, int places, PrometheusRegistry registry) {
        FeedbackRecorder recorder = new FeedbackRecorder(database, new Answers(database), new Flags(database), new Checks(Checks.Limits.STANDARD, guard), new Privacy(Keep.EVERYTHING, 0, true),
                new People(database, true), places, registry);
        recorder.start();
        return recorder;
    }

    @Test
    void dropsAndCountsWhatDoesNotFitAndSaysSoOnce() throws Exception {
        CountDownLatch holds = new CountDownLatch(1), held = new CountDownLatch(1);
        PrometheusRegistry registry = new PrometheusRegistry();
        try (Log log = new Log(); Database database = Database.open(folder.resolve("f.db").toString());
                FeedbackRecorder recorder = recorder(database, _ -> {
                    held.countDown();
                    try {
                        holds.await(30, TimeUnit.SECONDS);
                    } catch (InterruptedException _) {
                        Thread.currentThread().interrupt();
                    }
                    return Optional.empty();
                }, 4, registry)) {
            recorder.answered(answer("first", "t"));
            assertThat(held.await(20, TimeUnit.SECONDS)).isTrue();
            for (int i = 0; i < 10; i++) {
                recorder.answered(answer("a" + i, "t"));
            }
            assertThat(recorder.dropped()).isEqualTo(6);
            assertThat(recorder.flush(Duration.ofMillis(1))).as("what is behind cannot be written in time").isFalse();
            holds.countDown();
            assertThat(recorder.flush(Duration.ofSeconds(20))).isTrue();
            assertThat(new Answers(database).page(Answers.Filter.ALL, null, 100).answers()).hasSize(5);
            recorder.answered(answer("huge", "t".repeat(16_000_001)));
            assertThat(recorder.dropped()).isEqualTo(7);
            assertThat(log.lines).singleElement().asString().contains("jackdaw_answers_dropped_total");
            assertThat(registry.scrape().stream().map(each -> each.getMetadata().getName())).contains("jackdaw_answers_dropped", "jackdaw_answers_stored", "jackdaw_answer_flags");
        }
    }

    @Test
    void goesOnAfterWhatCannotBeStoredOrChecked() throws Exception {
        try (Log log = new Log(); Database database = Database.open(folder.resolve("f.db").toString());
                FeedbackRecorder recorder = recorder(database, answer -> {
                    if (answer.id().equals("upsets")) {
                        throw new IllegalStateException("plugh");
                    }
                    return Optional.empty();
                }, 100, new PrometheusRegistry())) {
            database.jdbi().useHandle(handle -> handle.execute("create trigger refuse before insert on answer when new.id = 'refused' begin select raise(abort, 'plugh'); end"));
            for (String id : List.of("before", "refused", "upsets", "after")) {
                recorder.answered(answer(id, "xyzzy"));
            }
            assertThat(recorder.flush(Duration.ofSeconds(20))).isTrue();
            assertThat(new Answers(database).page(Answers.Filter.ALL, null, 100).answers()).extracting(each -> each.answer().id()).containsExactly("upsets", "before", "after");
            assertThat(recorder.dropped()).isEqualTo(1);
            assertThat(log.lines).isNotEmpty().allSatisfy(line -> assertThat(line).as("no words of people or models").doesNotContain("xyzzy", "plugh"));
        }
    }

    @Test
    void writesWhatWaitsWhenItIsClosed() {
        String where = folder.resolve("f.db").toString();
        try (Database database = Database.open(where)) {
            FeedbackRecorder recorder = recorder(database, Guard.NONE, 1000, new PrometheusRegistry());
            for (int i = 0; i < 700; i++) {
                recorder.answered(answer("a" + i, "t"));
            }
            recorder.close();
            recorder.answered(answer("late", "t"));
            assertThat(recorder.dropped()).isEqualTo(1);
            assertThat(new Answers(database).page(Answers.Filter.ALL, null, 1000).answers()).hasSize(700);
        }
    }
}
