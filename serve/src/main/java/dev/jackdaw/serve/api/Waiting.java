package dev.jackdaw.serve.api;

import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.ClientWatch;

/// Whether the client of a request still waits, for work of many parts that nothing but their end tells of: asked between two of them.
/// [Choices] look after their clients themselves.
final class Waiting implements AutoCloseable {
    private final ClientWatch.Watching watching;
    private volatile boolean gone;

    private Waiting() {
        watching = ClientWatch.current().map(watch -> watch.onGone(() -> gone = true)).orElse(() -> { });
    }

    /// To be called when the request has been read, by the thread that fulfils it.
    static Waiting begin() {
        return new Waiting();
    }

    /// @throws ApiError if the client has gone
    void require() {
        if (gone) {
            throw new ApiError(499, "client_gone", null, "the client closed the connection before the answer was complete", 0);
        }
    }

    @Override
    public void close() {
        watching.close();
    }
}
