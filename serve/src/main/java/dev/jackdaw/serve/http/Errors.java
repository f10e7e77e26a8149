package dev.jackdaw.serve.http;

import dev.jackdaw.model.chat.Chat;
import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpException;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

/// From what a handler threw to an answer, in the form that the path's clients know. What is our own fault is logged and told without
/// details; nothing of a prompt reaches the log.
public final class Errors {
    private static final System.Logger LOG = System.getLogger(Errors.class.getName());
    private static final int RETRY_SECONDS = 2;

    private Errors() {
    }

    public static void install(HttpRouting.Builder routing) {
        routing.error(Throwable.class, (request, response, thrown) -> answer(request, response, thrown));
    }

    /// What a thrown object means to a client.
    public static ApiError of(Throwable thrown) {
        return switch (thrown) {
            case ApiError error -> error;
            case Chat.TooLong tooLong -> ApiError.bad("context_length_exceeded", "messages", tooLong.getMessage());
            case RejectedExecutionException full -> ApiError.tooMany("queue_full", full.getMessage(), RETRY_SECONDS);
            case IllegalArgumentException wrong -> ApiError.bad(null, wrong.getMessage());
            case IllegalStateException ended when ended.getCause() instanceof IllegalArgumentException wrong -> ApiError.bad(null, wrong.getMessage());     // of a text, while it was written
            case HttpException http -> new ApiError(http.status().code(), "http_error", null, http.getMessage(), 0);
            case Throwable gone when isGone(gone) -> new ApiError(499, "client_gone", null, "the client closed the connection", 0);
            default -> new ApiError(500, "internal_error", null, "the server failed; its log says why", 0);
        };
    }

    /// The same; what is our own fault goes to the log.
    ///
    /// @param what failed
    public static ApiError logged(String what, Throwable thrown) {
        ApiError error = of(thrown);
        if (error.status() >= 500 && !(thrown instanceof ApiError)) {
            LOG.log(System.Logger.Level.ERROR, what + " failed", thrown);
        }
        return error;
    }

    private static void answer(ServerRequest request, ServerResponse response, Throwable thrown) {
        ApiError error = logged(request.prologue().method() + " " + request.path().path(), thrown);
        if (response.isSent()) {
            return;
        }
        response.status(error.status());
        if (error.retryAfterSeconds() > 0) {
            response.header(HeaderNames.RETRY_AFTER, Integer.toString(error.retryAfterSeconds()));
        }
        if (error.status() == 401) {
            response.header(HeaderNames.WWW_AUTHENTICATE, "Bearer");
        }
        Json.send(response, form(request.path().path(), error));
    }

    /// Each protocol has its own form of an error.
    public static Map<String, Object> form(String path, ApiError error) {
        if (path.startsWith("/v1/messages")) {
            return Map.of("type", "error", "error", Map.of("type", error.status() == 429 ? "rate_limit_error" : error.status() == 503 ? "overloaded_error" : error.status() < 500 ? error.type() : "api_error",
                    "message", error.getMessage()));
        }
        return path.startsWith("/api/") ? Map.of("error", error.getMessage()) : error.toMap();
    }

    /// A request that ended early, or an answer that could not be sent. Only those read or write while handlers run.
    private static boolean isGone(Throwable thrown) {
        return thrown instanceof ServerConnectionException || thrown instanceof DataReader.InsufficientDataAvailableException || thrown instanceof SocketException
                || thrown instanceof UncheckedIOException && thrown.getCause() instanceof SocketException;
    }
}
