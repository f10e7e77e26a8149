package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.engine.TokenStream;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.ClientWatch;
import dev.jackdaw.serve.http.Errors;
import dev.jackdaw.serve.http.EventStream;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.models.ModelPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

/// The answers to one request while they are written, side by side. Closing ends what is not over. A deadline cuts them.
final class Choices implements AutoCloseable {
    private static final int ALIVE_SECONDS = 2;

    /// Parts of one choice on their way to the client.
    interface StreamedParts extends Writer.Parts {
        /// After the last part.
        default void end(Writer.Written written) {
        }
    }

    private final ApiContext context;
    private final List<Chat.Turn> turns = new ArrayList<>();         // null: plain text
    private final List<TokenStream> streams = new CopyOnWriteArrayList<>();       // others may end them while they are begun
    private final ScheduledFuture<?> deadline;
    private final ClientWatch.Watching watching;
    private final long started;
    private final String model;
    private final String key = Gate.caller();
    private int promptTokens;
    private boolean isSpent;
    private volatile boolean gone;

    private Choices(ApiContext context, String model, long started) {
        this.context = context;
        this.model = model;
        this.started = started;
        deadline = context.timer().schedule(this::cancel, context.limits().requestSeconds(), TimeUnit.SECONDS);
        watching = ClientWatch.current().map(watch -> watch.onGone(() -> {
            gone = true;
            cancel();
        })).orElse(() -> { });
    }

    /// Queues `n` answers that differ in their seeds.
    static Choices start(ApiContext context, ModelPool.Lease lease, Chat chat, Chat.Ask ask, int n, long started) {
        Choices choices = new Choices(context, lease.name(), started);
        try {
            for (int i = 0; i < n; i++) {
                Chat.Turn turn = chat.turn(ask);
                choices.turns.add(turn);
                choices.promptTokens = turn.request().prompt().length;
                choices.streams.add(lease.model().engine().submit(varied(turn.request(), i, context.limits().answerTokens()), lease.adapters()));
            }
            return choices.begun();
        } catch (RuntimeException e) {
            choices.close();
            throw e;
        }
    }

    private Choices begun() {
        if (gone) {
            cancel();
        }
        return this;
    }

    private static Request varied(Request request, int i, int most) {
        return new Request(request.prompt(), Math.min(request.maxTokens(), most), request.sampling().withSeed(request.sampling().seed() + i), request.isEnd(), request.stop(), request.topLogprobs(),
                request.showSpecial(), request.constraint(), request.thinking(), request.overflow());
    }

    /// Queues requests for plain text.
    static Choices start(ApiContext context, ModelPool.Lease lease, List<Request> requests, long started) {
        Choices choices = new Choices(context, lease.name(), started);
        Set<int[]> prompts = Collections.newSetFromMap(new IdentityHashMap<>());         // one that several choices share counts once
        try {
            for (Request request : requests) {
                choices.promptTokens += prompts.add(request.prompt()) ? request.prompt().length : 0;
                choices.turns.add(null);
                choices.streams.add(lease.model().engine().submit(request, lease.adapters()));
            }
            return choices.begun();
        } catch (RuntimeException e) {
            choices.close();
            throw e;
        }
    }

    /// Reads all to their ends; the parts of different choices come from different threads, those to one stream one after the other.
    ///
    /// @throws ApiError if the client has gone meanwhile
    List<Writer.Written> write(IntFunction<? extends Writer.Parts> parts) throws InterruptedException {
        List<Writer.Written> all = writeAll(parts);
        spend();
        if (gone) {
            throw new ApiError(499, "client_gone", null, "the client closed the connection before the answer was complete", 0);
        }
        return all;
    }

    private List<Writer.Written> writeAll(IntFunction<? extends Writer.Parts> parts) throws InterruptedException {
        if (streams.size() == 1) {
            return List.of(write(0, parts.apply(0)));
        }
        List<Future<Writer.Written>> running = new ArrayList<>();
        for (int i = 0; i < streams.size(); i++) {
            int index = i;
            Writer.Parts own = parts.apply(i);
            FutureTask<Writer.Written> task = new FutureTask<>(() -> write(index, own));
            Thread.startVirtualThread(task);
            running.add(task);
        }
        List<Writer.Written> all = new ArrayList<>();
        for (Future<Writer.Written> each : running) {
            try {
                all.add(each.get());
            } catch (ExecutionException e) {
                cancel();
                switch (e.getCause()) {
                    case RuntimeException failure -> throw failure;
                    case Error failure -> throw failure;
                    default -> throw new IllegalStateException(e.getCause());
                }
            }
        }
        return all;
    }

    private Writer.Written write(int i, Writer.Parts parts) throws InterruptedException {
        Chat.Turn turn = turns.get(i);
        Writer.Written written = Writer.write(streams.get(i), turn == null ? null : turn.parser(parts), parts, started);
        if (parts instanceof StreamedParts streamed) {
            streamed.end(written);
        }
        return written;
    }

    /// Tokens of the prompts, which are known before anything is written.
    int promptTokens() {
        return promptTokens;
    }

    /// Looks now and then whether the client is still there, and ends the answers if not; until closed.
    private AutoCloseable watch(EventStream out) {
        ScheduledFuture<?> watching = context.timer().scheduleWithFixedDelay(() -> Thread.startVirtualThread(() -> {
            try {
                out.keepAlive();
            } catch (IOException | RuntimeException _) {
                cancel();
            }
        }), ALIVE_SECONDS, ALIVE_SECONDS, TimeUnit.SECONDS);
        return () -> watching.cancel(false);
    }

    /// Writes something that may fail when the client has gone.
    interface Sending<T> {
        void accept(T what) throws IOException;
    }

    /// What is sent, piece by piece.
    interface Body {
        void write() throws IOException, InterruptedException;
    }

    /// An answer that goes out while it is written. What goes wrong then is told in the stream, since the status has gone out already.
    ///
    /// @return whether the client has all of it
    boolean stream(EventStream events, Body body, Sending<ApiError> failed) throws InterruptedException {
        try (EventStream out = events; AutoCloseable _ = watch(out)) {
            try {
                body.write();
                return true;
            } catch (UncheckedIOException e) {
                throw e.getCause();
            } catch (RuntimeException e) {
                cancel();
                failed.accept(Errors.logged("a stream", e));
            }
        } catch (IOException | UncheckedIOException _) {
            cancel();                                     // the client has gone
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return false;
    }

    /// Tells once what was done: before the client knows that it has everything, or when it has left.
    private void spend() {
        if (!isSpent && !streams.isEmpty()) {
            isSpent = true;
            context.listener().spent(model, key, promptTokens, streams.stream().mapToLong(TokenStream::count).sum());
        }
    }

    void cancel() {
        streams.forEach(TokenStream::cancel);
    }

    @Override
    public void close() {
        deadline.cancel(false);
        watching.close();
        streams.forEach(TokenStream::close);
        spend();
    }
}
