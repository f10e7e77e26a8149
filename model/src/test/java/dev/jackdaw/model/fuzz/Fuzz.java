package dev.jackdaw.model.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/// Feeds a reader with inputs made from seeds until the time is over. For each it must give an answer or a clear error, in time, without
/// allocating much more than the input is worth. A failure names the seed and keeps the input under `target/fuzz`.
public final class Fuzz {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    /// Processor time of one input. Other work may slow the clock on the wall.
    private static final double MOST_SECONDS = 10;
    private static final int LONGEST_MESSAGE = 2000;

    /// What is done with one input.
    @FunctionalInterface
    public interface Reader {
        void read(byte[] input) throws IOException;
    }

    /// @param rounds  inputs that were tried
    /// @param refused of them, those that were refused
    public record Result(int rounds, int refused, long mostBytes, double mostSeconds) {
    }

    private final String name;
    private final double seconds;
    private final long mostBytes;
    private long firstSeed;
    private volatile long seed;
    private volatile byte[] input;
    private volatile long startedAt;                 // processor time of the worker
    private volatile boolean busy;

    /// @param mostBytes what reading one input may allocate on the heap
    public Fuzz(String name, double seconds, long mostBytes) {
        this.name = name;
        this.seconds = seconds;
        this.mostBytes = mostBytes;
        firstSeed = Long.getLong("jackdaw.fuzz.seed", 1);
    }

    public Result run(Function<Random, byte[]> inputs, Reader reader) throws Exception {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicReference<Result> result = new AtomicReference<>();
        Thread worker = Thread.ofPlatform().daemon().name("fuzz " + name).unstarted(() -> {
            try {
                result.set(work(inputs, reader));
            } catch (Throwable e) {
                failure.set(e);
            }
        });
        worker.start();
        while (worker.isAlive()) {
            worker.join(200);
            double spent = (THREADS.getThreadCpuTime(worker.threadId()) - startedAt) / 1e9;
            if (worker.isAlive() && busy && spent > MOST_SECONDS) {
                AssertionError hang = new AssertionError(describe("still at work after " + spent + " s of processor time"));
                hang.setStackTrace(worker.getStackTrace());
                throw hang;
            }
        }
        if (failure.get() != null) {
            throw new AssertionError(failure.get().getMessage(), failure.get());
        }
        System.err.printf("fuzz %s: %d inputs, %d refused, at most %,d bytes and %.2f s for one%n", name, result.get().rounds, result.get().refused, result.get().mostBytes, result.get().mostSeconds);
        return result.get();
    }

    private Result work(Function<Random, byte[]> inputs, Reader reader) throws IOException {
        long end = System.nanoTime() + (long) (seconds * 1e9), most = 0, slowest = 0;
        int rounds = 0, refused = 0;
        for (long s = firstSeed; System.nanoTime() < end; s++, rounds++) {
            seed = s;
            input = inputs.apply(new Random(s));
            long before = THREADS.getCurrentThreadAllocatedBytes();
            startedAt = THREADS.getCurrentThreadCpuTime();
            busy = true;
            try {
                reader.read(input);
            } catch (Throwable e) {
                refused++;
                check(e);
            } finally {
                busy = false;
            }
            slowest = Math.max(slowest, THREADS.getCurrentThreadCpuTime() - startedAt);
            long bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
            most = Math.max(most, bytes);
            if (bytes > mostBytes) {
                throw new AssertionError(describe("allocated " + bytes + " bytes for an input of " + input.length + "; at most " + mostBytes + " are allowed"));
            }
        }
        return new Result(rounds, refused, most, slowest / 1e9);
    }

    /// A refusal is one of the kinds that say what is wrong, in so many words; its subclasses that the JDK throws on its own account are not.
    private void check(Throwable e) throws IOException {
        boolean kind = e.getClass() == IllegalArgumentException.class || e.getClass() == IOException.class || e.getClass().getName().startsWith("dev.jackdaw.");
        String message = e.getMessage();
        if (!kind || e instanceof Error || message == null || message.length() < 10 || message.length() > LONGEST_MESSAGE) {
            throw new AssertionError(describe(e.getClass().getName() + ": " + (message == null ? null : message.substring(0, Math.min(300, message.length())))), e);
        }
    }

    private String describe(String what) {
        try {
            Path kept = Path.of("target/fuzz", name.replace(' ', '-') + "-" + seed);
            Files.createDirectories(kept.getParent());
            Files.write(kept, input);
            return "fuzz " + name + ", seed " + seed + " (input kept in " + kept + ", it begins with \"" + preview() + "\"): " + what;
        } catch (IOException e) {
            return "fuzz " + name + ", seed " + seed + ": " + what;
        }
    }

    private String preview() {
        return new String(Arrays.copyOf(input, Math.min(80, input.length)), java.nio.charset.StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", "?");
    }
}
