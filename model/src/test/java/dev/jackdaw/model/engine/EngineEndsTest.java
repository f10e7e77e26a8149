package dev.jackdaw.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.generate.Constraint;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/// What ends early, goes wrong or is too much: nobody else is hurt, nobody waits for ever, and nothing is left behind.
class EngineEndsTest extends EngineCase {
    @Test
    void aThousandCancellationsLeaveNothingBehind() throws Exception {
        Random random = new Random(11);
        Engine engine = engine(SETTINGS.withWaiting(2000).withBuffer(32, 20_000));
        int[] survivor = new Generator(model.forward()).generate(greedy(text(100, 1), 200), new Generator.Listener() { }).ids();
        List<int[]> kept = Collections.synchronizedList(new ArrayList<>());
        Thread reader = null;
        try (engine) {
            List<TokenStream> open = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                if (i == 500) {
                    reader = Thread.ofVirtual().start(() -> {
                        try (TokenStream stream = engine.submit(greedy(text(100, 1), 200))) {
                            kept.add(stream.result().ids());
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    });
                }
                TokenStream stream = engine.submit(greedy(text(1 + random.nextInt(150), random.nextInt(5)), 1 + random.nextInt(100)));
                switch (random.nextInt(4)) {
                    case 0 -> stream.close();                                // at once
                    case 1 -> {
                        for (int k = random.nextInt(3); k > 0; k--) {
                            stream.next();
                        }
                        stream.cancel();
                    }
                    default -> open.add(stream);
                }
                while (open.size() > random.nextInt(20)) {
                    TokenStream other = open.remove(random.nextInt(open.size()));
                    if (random.nextBoolean()) {
                        Thread.ofVirtual().start(other::close);
                    } else {
                        other.close();
                    }
                }
            }
            open.forEach(TokenStream::close);
            reader.join();
            assertThat(kept).as("who stays is not disturbed").containsExactly(survivor);
            waitFor(() -> engine.statistics().running() == 0 && engine.statistics().waiting() == 0);
            Engine.Statistics after = engine.statistics();
            assertThat(after.usedPages()).as("only remembered pages are held").isEqualTo(after.idlePages());
            engine.forget();
            assertThat(engine.statistics().usedPages()).isZero();
        }
        assertThat(engine.statistics().usedPages()).isZero();
        assertThat(engine.statistics().bytes()).isZero();
    }

    @Test
    void closingEndsWhatIsRunningAndWaiting() throws Exception {
        List<TokenStream> streams = new ArrayList<>();
        Engine engine = engine(SETTINGS);
        for (int i = 0; i < 40; i++) {
            streams.add(engine.submit(greedy(text(50, i), 500)));
        }
        assertThat(streams.getFirst().next()).isTrue();
        engine.close();
        for (TokenStream stream : streams) {
            assertThat(stream.result().finishReason()).isEqualTo(Generator.FinishReason.CANCELLED);
        }
        assertThat(engine.statistics().bytes()).isZero();
        assertThatThrownBy(() -> engine.submit(greedy(text(3, 1), 3))).isInstanceOf(RejectedExecutionException.class).hasMessageContaining("closed");
        engine.close();
    }

    @Test
    void aForgottenStreamIsEnded() throws Exception {
        try (Engine engine = engine(SETTINGS.withBuffer(4, 60_000))) {
            forget(engine);
            waitFor(() -> engine.statistics().running() == 1);
            waitFor(() -> {
                System.gc();
                return engine.statistics().running() == 0;
            });
        }
    }

    private static void forget(Engine engine) {
        engine.submit(greedy(text(5, 1), 900));
    }

    @Test
    void aSlowReaderWaitsAloneAndLosesNothing() throws Exception {
        int[] expected = new Generator(model.forward()).generate(greedy(text(20, 1), 300), new Generator.Listener() { }).ids();
        try (Engine engine = engine(SETTINGS.withBuffer(4, 60_000))) {
            TokenStream slow = engine.submit(greedy(text(20, 1), 300));
            assertThat(engine.submit(greedy(text(20, 2), 200)).result().ids()).hasSize(200);
            assertThat(engine.statistics().running()).isEqualTo(1);
            assertThat(slow.result().ids()).isEqualTo(expected);
        }
    }

    @Test
    void aStreamThatNobodyReadsIsEndedInTheEnd() throws Exception {
        try (Engine engine = engine(SETTINGS.withBuffer(4, 100))) {
            TokenStream stream = engine.submit(greedy(text(20, 1), 300));
            waitFor(() -> engine.statistics().running() == 1);
            waitFor(() -> engine.statistics().running() == 0);
            for (int i = 0; i < 4; i++) {
                assertThat(stream.next()).isTrue();
            }
            assertThatThrownBy(stream::next).hasMessageContaining("nobody has read this stream for 100 ms");
        }
    }

    /// Fails after three tokens.
    private static final class Faulty implements Constraint {
        private int accepted;

        @Override
        public void mask(float[] logits) {
            if (accepted == 3) {
                throw new IllegalStateException("a faulty grammar");
            }
        }

        @Override
        public boolean mayEnd() {
            return false;
        }

        @Override
        public void accept(int token) {
            accepted++;
        }
    }

    @Test
    void anErrorOfOneTextHurtsNoOther() throws Exception {
        int[] expected = new Generator(model.forward()).generate(greedy(text(30, 2), 50), new Generator.Listener() { }).ids();
        try (Engine engine = engine(SETTINGS)) {
            TokenStream bad = engine.submit(new Request(text(30, 1), 50, Sampling.greedy(), _ -> false, List.of(), -1, false, new Faulty(), null, Overflow.REFUSE));
            TokenStream good = engine.submit(greedy(text(30, 2), 50));
            assertThat(good.result().ids()).isEqualTo(expected);
            assertThatThrownBy(bad::result).hasMessageContaining("a faulty grammar");
            waitFor(() -> engine.statistics().running() == 0);
            assertThat(engine.statistics().usedPages()).isEqualTo(engine.statistics().idlePages());
        }
    }

    @Test
    void refusesWhatCouldNeverBeDoneAndWhatIsTooMuchNow() throws Exception {
        try (Engine engine = engine(new Engine.Settings(1, 2, 4 * pageBytes(), 0, 64, 2, 60_000))) {
            assertThatThrownBy(() -> engine.submit(greedy(new int[0], 3))).hasMessageContaining("no tokens");
            assertThatThrownBy(() -> engine.submit(greedy(new int[] {1, 5000}, 3))).hasMessageContaining("token id 5000").hasMessageContaining("640");
            assertThatThrownBy(() -> engine.submit(greedy(text(1000, 1), 100))).hasMessageContaining("1000 prompt tokens and 100 new ones");
            assertThatThrownBy(() -> engine.submit(greedy(text(900, 1), 100))).hasMessageContaining("needs 16 pages").hasMessageContaining("larger cache");
            TokenStream running = engine.submit(greedy(text(5, 1), 200));               // takes all pages
            assertThat(running.next()).isTrue();
            TokenStream second = engine.submit(greedy(text(5, 2), 5)), third = engine.submit(greedy(text(5, 3), 5));
            assertThatThrownBy(() -> engine.submit(greedy(text(5, 4), 5))).isInstanceOf(RejectedExecutionException.class).hasMessageContaining("2 requests are waiting");
            assertThat(running.result().ids()).hasSize(200);
            assertThat(second.result().ids()).hasSize(5);
            assertThat(third.result().ids()).hasSize(5);
        }
        assertThatThrownBy(() -> SETTINGS.withSequences(10_000)).hasMessageContaining("10000 sequences");
    }

    @Test
    void manyReadersAndLittleMemory() throws Exception {
        try (Engine engine = engine(SETTINGS.withCache(10 * pageBytes(), 3 * pageBytes()).withWaiting(200))) {
            List<Thread> readers = new ArrayList<>();
            List<String> wrong = Collections.synchronizedList(new ArrayList<>());
            for (int i = 0; i < 60; i++) {
                Request request = greedy(text(10 + i * 5, i), 1 + i);
                readers.add(Thread.ofVirtual().start(() -> {
                    try (TokenStream stream = engine.submit(request)) {
                        int n = stream.result().ids().length;
                        if (n != request.maxTokens()) {
                            wrong.add(n + " of " + request.maxTokens());
                        }
                    } catch (Exception e) {
                        wrong.add(e.toString());
                    }
                }));
            }
            for (Thread reader : readers) {
                assertThat(reader.join(Duration.ofSeconds(60))).isTrue();
            }
            assertThat(wrong).isEmpty();
        }
    }

    /// A question that parks takes the wake-up of whoever comes meanwhile.
    @Test
    void whatComesDuringAQuestionIsNotForgotten() throws Exception {
        for (boolean closes : new boolean[] {false, true}) {
            Engine engine = engine(SETTINGS);
            CountDownLatch asked = new CountDownLatch(1), go = new CountDownLatch(1);
            Thread first = Thread.ofVirtual().start(() -> ask(engine, () -> {
                asked.countDown();
                go.await();
                return 1;
            }));
            asked.await();
            Thread second = Thread.ofPlatform().daemon().start(() -> {
                if (closes) {
                    engine.close();
                } else {
                    ask(engine, () -> 2);
                }
            });
            while (second.getState() != Thread.State.WAITING) {
                Thread.onSpinWait();
            }
            go.countDown();
            assertThat(first.join(Duration.ofSeconds(20)) && second.join(Duration.ofSeconds(20))).as(closes ? "closing" : "another question").isTrue();
            engine.close();
        }
    }

    private static void ask(Engine engine, Callable<Integer> question) {
        try {
            engine.ask(question);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
