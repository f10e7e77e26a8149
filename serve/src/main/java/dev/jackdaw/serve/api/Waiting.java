package dev.jackdaw.serve.api;

import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.ClientWatch;
import java.util.concurrent.TimeUnit;

/// Whether the client of a request still waits and may still wait, for work of many parts that nothing but their end tells of: asked between two of
/// them. [Choices] look after their clients and their time themselves.
final class Waiting implements AutoCloseable {
    private final long begun = System.nanoTime();
    private final int seconds;
    private final ClientWatch.Watching watching;
    private volatile boolean gone;

    private Waiting(int seconds) {
        this.seconds = seconds;
        watching = ClientWatch.current().map(watch -> watch.onGone(() -> gone = true)).orElse(() -> { });
    }

    /// To be called when the request has been read, by the thread that fulfils it.
    static Waiting begin(ApiContext context) {
        return new Waiting(context.limits().requestSeconds());
    }

    /// @throws ApiError if the client has gone, or its time is over
    void require() {
        if (gone) {
            throw new ApiError(499, "client_gone", null, "the client closed the connection before the answer was complete", 0);
        }
        if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(seconds)) {
            throw new ApiError(503, "request_timeout", null, "the answer was not complete after " + seconds + " seconds; send fewer or shorter texts in a request", 0);
        }
    }

    @Override
    public void close() {
        watching.close();
    }
}
