package dev.jackdaw.model.engine;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.Adapter;
import dev.jackdaw.model.arch.CacheFile;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.PagePool;
import dev.jackdaw.model.arch.PrefixTree;
import dev.jackdaw.model.arch.Segment;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sequence;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.Machine;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/// Writes many texts at once: one thread carries out pass after pass, each with a row for every text that is being written and with
/// pieces of the prompts that are still being read (continuous batching with chunked prefill; Yu et al., 2022; Agrawal et al., 2023).
///
/// A request waits in a bounded queue until there is a place and until the pages it may come to need are free, so a text that has begun is
/// never put off for want of memory. Prompts that begin like an earlier text start from its pages. Every text has the bits it would have
/// alone. An error of one text ends that text only.
///
/// While it is open, the engine alone may use the model's [Forward]; what else is to be asked of the model goes through [#ask]. Any thread may
/// call it.
public final class Engine implements AutoCloseable {
    /// How much at once.
    ///
    /// @param sequences    texts being written or read at the same time, at most as many as rows
    /// @param waiting      requests in the queue; one more is refused
    /// @param cacheBytes   of keys and values, of running and of remembered texts together
    /// @param idleBytes    of these, for texts that are over
    /// @param rows         of a pass: more make prompts faster and the wait of running texts longer
    /// @param buffer       tokens that a stream holds for its reader
    /// @param patienceMillis after so long with a full stream nobody is taken to be reading, and the text is ended
    public record Settings(int sequences, int waiting, long cacheBytes, long idleBytes, int rows, int buffer, long patienceMillis) {
        public Settings {
            if (sequences < 1 || waiting < 1 || rows < sequences || rows > Forward.ROWS || buffer < 1 || patienceMillis < 1 || cacheBytes < 1 || idleBytes < 0) {
                throw new IllegalArgumentException("engine: " + sequences + " sequences, " + waiting + " waiting, " + rows + " rows, " + buffer + " tokens of buffer, " + patienceMillis
                        + " ms, " + cacheBytes + " bytes of cache, " + idleBytes + " idle; expected at least as many rows as sequences, at most " + Forward.ROWS + ", and positive numbers");
            }
        }

        /// Up to 16 texts, a quarter of the free memory.
        public static Settings usual() {
            long free = Machine.availableBytes(), cache = free < 0 ? 1L << 30 : free / 4;
            return new Settings(16, 256, cache, cache / 2, 256, 256, 60_000);
        }

        public Settings withSequences(int other) {
            return new Settings(other, waiting, cacheBytes, idleBytes, Math.max(rows, other), buffer, patienceMillis);
        }

        public Settings withWaiting(int other) {
            return new Settings(sequences, other, cacheBytes, idleBytes, rows, buffer, patienceMillis);
        }

        public Settings withCache(long bytes, long idle) {
            return new Settings(sequences, waiting, bytes, idle, rows, buffer, patienceMillis);
        }

        public Settings withBuffer(int tokens, long patience) {
            return new Settings(sequences, waiting, cacheBytes, idleBytes, rows, tokens, patience);
        }
    }

    /// How it goes.
    ///
    /// @param passes       since the engine was opened
    /// @param readTokens   of prompts, without the shared ones
    /// @param sharedTokens of prompts, that were known already
    /// @param newTokens    chosen, those that end a text included
    /// @param usedPages    held by running texts or remembered
    /// @param idlePages    of these, only remembered
    /// @param bytes        of all pages
    public record Statistics(int running, int waiting, long passes, long readTokens, long sharedTokens, long newTokens, int usedPages, int idlePages, long bytes) {
    }

    private final Forward forward;
    private final Tokenizer tokenizer;
    private final Settings settings;
    private final PagePool pool;
    private final PrefixTree tree;
    private final Schedule schedule;
    private final Thread thread;
    private final ArrayDeque<Task> queue = new ArrayDeque<>();       // guarded by itself
    private final ArrayDeque<FutureTask<?>> questions = new ArrayDeque<>();     // guarded by the queue
    private final Lock turn;
    private final List<Task> running = new ArrayList<>();
    private final ArrayDeque<float[]> spare = new ArrayDeque<>();    // logits of texts that are over
    private final List<Task> ready = new ArrayList<>();
    private long promised;                                           // pages
    private volatile boolean closed;
    private volatile int active;
    private volatile long passes;
    private volatile long readTokens;
    private volatile long sharedTokens;
    private volatile long newTokens;

    /// @param tokenizer or null: then streams have no text
    public Engine(Forward forward, Tokenizer tokenizer, Settings settings) {
        this(forward, tokenizer, settings, new ReentrantLock());
    }

    /// @param turn held during each pass: engines that share the processors' cores take turns
    public Engine(Forward forward, Tokenizer tokenizer, Settings settings, Lock turn) {
        this.turn = turn;
        this.forward = forward;
        this.tokenizer = tokenizer;
        this.settings = settings;
        pool = new PagePool(forward.spec(), forward.cacheType(), settings.cacheBytes);
        tree = new PrefixTree(pool, settings.idleBytes);
        schedule = new Schedule(settings.rows);
        thread = Thread.ofPlatform().daemon().name("jackdaw-engine").start(this::run);
    }

    public static Engine of(Model model, Settings settings) {
        return of(model, settings, new ReentrantLock());
    }

    public static Engine of(Model model, Settings settings, Lock turn) {
        return new Engine(model.forward(), model.hasTokenizer() ? model.tokenizer() : null, settings, turn);
    }

    /// Asks the model something else than to write, a vector for instance, between two passes: texts being written wait for it, so a question
    /// should be short. Waits for the answer.
    ///
    /// @throws RejectedExecutionException if too many questions are waiting, or the engine is closed
    public <T> T ask(Callable<T> question) throws InterruptedException {
        FutureTask<T> task = new FutureTask<>(question);
        synchronized (queue) {
            if (closed) {
                throw new RejectedExecutionException("engine: it was closed");
            }
            if (questions.size() >= settings.waiting) {
                throw new RejectedExecutionException("engine: " + questions.size() + " questions are waiting already, as many as the queue holds; try again later");
            }
            questions.add(task);
        }
        wake();
        try {
            return task.get();
        } catch (InterruptedException e) {
            task.cancel(false);
            throw e;
        } catch (CancellationException _) {
            throw new RejectedExecutionException("engine: it was closed");
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                default -> throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
            }
        }
    }

    /// Queues a request.
    ///
    /// @throws IllegalArgumentException   if it could never be fulfilled
    /// @throws RejectedExecutionException if the queue is full, or the engine closed
    public TokenStream submit(Request request) {
        return submit(request, null);
    }

    /// The same for a text that uses these adapters of the model, in this order; null: the usual ones.
    public TokenStream submit(Request request, List<Adapter> adapters) {
        Channel channel = new Channel(settings.buffer, this::wake);
        Sequence sequence = new Sequence(request, tokenizer, forward.spec().context(), channel);
        for (int token : sequence.prompt()) {
            if (token < 0 || token >= forward.spec().vocabulary()) {
                throw new IllegalArgumentException("engine: token id " + token + " is outside the vocabulary of " + forward.spec().vocabulary());
            }
        }
        long pages = (sequence.most() + PagePool.positions() - 1) / PagePool.positions();
        if (pages > pool.most()) {
            throw new IllegalArgumentException("engine: a text of up to " + sequence.most() + " tokens needs " + pages + " pages of " + pool.pageBytes() + " bytes, the cache has "
                    + pool.most() + "; ask for fewer tokens, or open the engine with a larger cache");
        }
        Task task = new Task(sequence, channel, pages, adapters);
        TokenStream stream = new TokenStream(channel);
        synchronized (queue) {
            if (closed) {
                throw new RejectedExecutionException("engine: it was closed");
            }
            if (queue.size() >= settings.waiting) {
                throw new RejectedExecutionException("engine: " + queue.size() + " requests are waiting already, as many as the queue holds; try again later");
            }
            queue.add(task);
        }
        wake();
        return stream;
    }

    private void wake() {
        LockSupport.unpark(thread);
    }

    public Statistics statistics() {
        int waiting;
        synchronized (queue) {
            waiting = queue.size();
        }
        return new Statistics(active, waiting, passes, readTokens, sharedTokens, newTokens, pool.used(), tree.idle(), pool.bytes());
    }

    /// Bytes that the engine's thread has allocated on the Java heap so far; 0 where the JVM does not count.
    public long allocatedBytes() {
        return ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean bean && bean.isThreadAllocatedMemorySupported()
                ? Math.max(0, bean.getThreadAllocatedBytes(thread.threadId())) : 0;
    }

    /// Saves what it remembers of texts that are over, and the full pages of those that are not. It goes on meanwhile.
    public void save(Path file) throws IOException {
        CacheFile.save(file, tree, pool, forward.fingerprint());
    }

    /// Remembers what was saved by an engine with the same model; the number of pages.
    public int restore(Path file) throws IOException {
        return CacheFile.restore(file, tree, pool, forward.fingerprint());
    }

    /// Forgets all texts that are over.
    public void forget() {
        tree.clear();
    }

    // what follows runs on the engine's thread

    private void run() {
        try {
            while (!closed) {
                answer();
                admit();
                leave();
                List<Segment> segments = schedule.plan(running, tree);
                if (segments.isEmpty()) {
                    if (isIdle()) {
                        LockSupport.parkNanos(this, running.isEmpty() ? Long.MAX_VALUE : 10_000_000);
                    }
                    continue;
                }
                turn.lock();
                try {
                    pass(segments);
                } finally {
                    turn.unlock();
                }
            }
        } catch (Throwable e) {
            fail(e);
        }
        end();
    }

    /// Nothing has come since it was looked for. A call that came during a question or a pass may have found this thread parked there, waiting
    /// for the device or for its turn, and then left nothing to wake it a second time.
    private boolean isIdle() {
        synchronized (queue) {
            return !closed && questions.isEmpty() && (queue.isEmpty() || !running.isEmpty());
        }
    }

    /// One question, so that texts go on between two of them.
    private void answer() {
        FutureTask<?> question;
        synchronized (queue) {
            question = questions.poll();
        }
        if (question != null) {
            turn.lock();
            try {
                question.run();
            } finally {
                turn.unlock();
            }
        }
    }

    /// Tasks that find a place, in the order they came. One that needs much memory is waited for, not overtaken, lest it wait for ever.
    private void admit() {
        int busy = 0;
        for (Task running : running) {
            busy += running.channel.hasRoom() ? 1 : 0;             // one that waits for its reader takes no place from others, only memory
        }
        for (; busy < settings.sequences; busy++) {
            Task task;
            synchronized (queue) {
                task = queue.peek();
                if (task == null || !task.channel.isCancelled() && promised + task.pages > pool.most()) {
                    return;
                }
                queue.remove();
            }
            if (task.channel.isCancelled()) {
                over(task);
                busy--;
                continue;
            }
            try {
                task.start(cache(task), spare.isEmpty() ? new float[forward.spec().vocabulary()] : spare.pop());
            } catch (RuntimeException e) {                         // adapters of another model
                task.failure = e;
                over(task);
                busy--;
                continue;
            }
            promised += task.pages;
            running.add(task);
            schedule.add(task);
            active = running.size();
        }
    }

    private KvCache cache(Task task) {
        return task.adapters == null ? forward.newCache(pool, task.sequence.most()) : forward.newCache(pool, task.sequence.most(), task.adapters);
    }

    /// Ends what nobody wants any more.
    private void leave() {
        for (int i = running.size() - 1; i >= 0; i--) {
            Task task = running.get(i);
            if (task.channel.isCancelled()) {
                finish(task);
            } else if (!task.channel.hasRoom() && System.nanoTime() - task.channel.fullSince() > settings.patienceMillis * 1_000_000) {
                task.failure = new IllegalStateException("engine: nobody has read this stream for " + settings.patienceMillis + " ms, and it is full; the text was ended");
                finish(task);
            }
        }
        synchronized (queue) {
            for (Iterator<Task> tasks = queue.iterator(); tasks.hasNext(); ) {
                Task task = tasks.next();
                if (task.channel.isCancelled()) {
                    tasks.remove();
                    over(task);
                }
            }
        }
    }

    private void pass(List<Segment> segments) {
        List<Task> tasks = schedule.chosen();
        tasks.forEach(Task::begin);
        try {
            forward.logits(segments, this::result);
        } catch (RuntimeException e) {
            oneByOne(segments, tasks, e);
        }
        passes++;
        ready.clear();
        for (int i = 0; i < segments.size(); i++) {
            Task task = tasks.get(i);
            int count = segments.get(i).count();
            if (task.failure != null) {
                finish(task);
                continue;
            }
            if (task.isReading()) {
                readTokens += count;
                tree.add(task.cache(), false, null);
            }
            if (task.hasLogits()) {
                if (task.isReading()) {
                    schedule.remove(task);
                    sharedTokens += task.shared();
                }
                ready.add(task);
            }
        }
        forward.device().families().forEach(ready.size(), i -> choose(ready.get(i)));
        newTokens += ready.size();
        for (Task task : ready) {
            if (task.failure != null || task.sequence.isOver()) {
                finish(task);
            }
        }
    }

    private void result(int segment, int index, Tensor logits) {
        schedule.chosen().get(segment).take(logits);
    }

    /// Something went wrong with a batch: finds out with whom.
    private void oneByOne(List<Segment> segments, List<Task> tasks, RuntimeException cause) {
        for (int i = 0; i < segments.size(); i++) {
            Task task = tasks.get(i);
            if (segments.size() == 1 || task.isAhead()) {           // nobody else to blame, or too late to do it again
                task.failure = cause;
                continue;
            }
            try {
                forward.logits(List.of(segments.get(i)), (_, _, logits) -> task.take(logits));
            } catch (RuntimeException e) {
                task.failure = e;
            }
        }
    }

    private static void choose(Task task) {
        try {
            task.next();
        } catch (Throwable e) {
            task.failure = e;
        }
    }

    /// A running task ends: its pages are remembered or given back.
    private void finish(Task task) {
        running.remove(task);
        schedule.remove(task);
        active = running.size();
        promised -= task.pages;
        if (task.failure == null) {
            tree.add(task.cache(), true, null);
        }
        task.cache().close();
        tree.trim();
        spare.push(task.logits());
        over(task);
    }

    private static void over(Task task) {
        if (task.failure == null) {
            try {
                task.sequence.cancel();              // if it is not over
                task.channel.flush();
            } catch (RuntimeException e) {
                task.failure = e;
            }
        }
        if (task.failure == null) {
            task.channel.finish(task.sequence.result(), task.shared());
        } else {
            task.channel.fail(task.failure);
        }
    }

    private void fail(Throwable e) {
        for (Task task : running) {
            task.failure = e;
        }
    }

    private void end() {
        while (!running.isEmpty()) {
            finish(running.getLast());
        }
        synchronized (queue) {
            closed = true;
            queue.forEach(Engine::over);
            queue.clear();
            questions.forEach(question -> question.cancel(false));
            questions.clear();
        }
        tree.close();
        pool.close();
    }

    /// Ends all texts where they are and returns all memory.
    @Override
    public void close() {
        synchronized (queue) {
            closed = true;
        }
        wake();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
