package dev.jackdaw.serve.http;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/// An answer that goes out piece by piece and at once: server-sent events (`data: …`, WHATWG HTML 9.2) or lines of JSON (NDJSON). A client
/// that has gone is an [IOException] at the next write. Several threads may write, each a whole event. Written by hand, because Helidon's own sink refuses clients whose `Accept` does not
/// name event streams, as several do.
public final class EventStream implements AutoCloseable {
    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ALIVE = ": still working\n\n".getBytes(StandardCharsets.US_ASCII);

    private final OutputStream out;
    private final boolean lines;

    private EventStream(ServerResponse response, String type, boolean lines) {
        response.status(200).header(HeaderNames.CONTENT_TYPE, type).header(HeaderNames.CACHE_CONTROL, "no-store").header(HeaderNames.create("X-Accel-Buffering"), "no");
        out = response.outputStream();
        this.lines = lines;
    }

    public static EventStream events(ServerResponse response) {
        return new EventStream(response, "text/event-stream; charset=utf-8", false);
    }

    /// One JSON value a line, as Ollama streams.
    public static EventStream lines(ServerResponse response) {
        return new EventStream(response, "application/x-ndjson", true);
    }

    /// Sends a JSON text, which contains no line break.
    public void send(byte[] json) throws IOException {
        send(null, json);
    }

    /// @param event its name, or null
    public synchronized void send(String event, byte[] json) throws IOException {
        if (lines) {
            out.write(json);
            out.write('\n');
        } else {
            if (event != null) {
                out.write(("event: " + event + "\n").getBytes(StandardCharsets.UTF_8));
            }
            out.write(DATA);
            out.write(json);
            out.write(END);
        }
        out.flush();
    }

    /// `[DONE]`, with which OpenAI's streams end.
    public synchronized void done() throws IOException {
        out.write(DONE);
        out.flush();
    }

    /// Finds out whether the client is still there, while there is nothing to say.
    public synchronized void keepAlive() throws IOException {
        if (!lines) {
            out.write(ALIVE);
            out.flush();
        }
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
