package dev.jackdaw.serve.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.task.InterruptableTask;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.FutureTask;

/// Notices that a client has gone while its answer is still being written, also where nothing is sent before the end. Helidon reads a
/// connection only when it expects a request, so this reads ahead meanwhile, as Go's server does: what comes is kept for the next request,
/// and the end of the stream means that nobody waits any more. (A client that closes only its sending side is taken to be gone, too.)
///
/// A connection is handled on one thread, which finds its watch by [#current].
public final class ClientWatch {
    /// Ends the watching, not the connection.
    public interface Watching extends AutoCloseable {
        @Override
        void close();
    }

    private static final ScopedValue<ClientWatch> CURRENT = ScopedValue.newInstance();

    private final DataReader below;
    private FutureTask<byte[]> ahead;                     // of the connection's thread
    private Runnable action;
    private boolean gone;
    private boolean isLast;                               // of the connection's thread: no request follows

    private ClientWatch(DataReader below) {
        this.below = below;
    }

    /// HTTP/1.1 on connections that are watched.
    public static ServerConnectionSelector selector(Http1Config config) {
        return new Selector(Http1ConnectionSelector.builder().config(config).build());
    }

    /// That of the connection whose request this thread is fulfilling; empty elsewhere.
    public static Optional<ClientWatch> current() {
        return CURRENT.isBound() ? Optional.of(CURRENT.get()) : Optional.empty();
    }

    /// A filter: a connection ends with the answer to a request that says `Connection: close` (RFC 9112, 9.6), which Helidon 4.5 repeats in its
    /// answer and forgets.
    public static void ends(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        try {
            chain.proceed();
        } finally {
            current().ifPresent(watch -> watch.isLast |= request.headers().containsToken(HeaderValues.CONNECTION_CLOSE));
        }
    }

    /// Runs `action`, on another thread, when the client goes. To be called when the request has been read, by the thread that fulfils it.
    public Watching onGone(Runnable action) {
        boolean over;
        synchronized (this) {
            this.action = action;
            over = gone;
        }
        if (over) {
            action.run();
        } else if (ahead == null) {
            FutureTask<byte[]> task = new FutureTask<>(this::read);
            ahead = task;
            Thread.startVirtualThread(() -> {
                task.run();
                if (task.state() == FutureTask.State.FAILED || task.resultNow() == null) {
                    leave();
                }
            });
        }
        return () -> {
            synchronized (this) {
                this.action = null;
            }
        };
    }

    private synchronized void leave() {
        gone = true;
        if (action != null) {
            action.run();
        }
    }

    private byte[] read() {
        try {
            below.ensureAvailable();
            return below.readBytes(below.available());
        } catch (DataReader.InsufficientDataAvailableException _) {
            return null;
        }
    }

    /// What comes next, on the connection's thread; null at the end.
    private byte[] next() {
        FutureTask<byte[]> begun = ahead;
        ahead = null;
        if (isLast) {
            return null;
        }
        if (begun == null) {
            return read();
        }
        try {
            return begun.get();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new CloseConnectionException("the server is ending");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new CloseConnectionException("the connection failed", e.getCause());
        }
    }

    private record Selector(ServerConnectionSelector http1) implements ServerConnectionSelector {
        @Override
        public int bytesToIdentifyConnection() {
            return http1.bytesToIdentifyConnection();
        }

        @Override
        public Support supports(BufferData data) {
            return http1.supports(data);
        }

        @Override
        public Set<String> supportedApplicationProtocols() {
            return http1.supportedApplicationProtocols();
        }

        @Override
        public ServerConnection connection(ConnectionContext context) {
            ClientWatch watch = new ClientWatch(context.dataReader());
            return new Connection(http1.connection(new Context(context, DataReader.create(watch::next))), watch);
        }
    }

    /// Helidon's, with the watch at hand.
    private record Connection(ServerConnection http1, ClientWatch watch) implements ServerConnection, InterruptableTask<Void> {
        @Override
        public void handle(Limit limit) throws InterruptedException {
            ScopedValue.where(CURRENT, watch).<Void, InterruptedException>call(() -> {
                http1.handle(limit);
                return null;
            });
        }

        @Override
        public Duration idleTime() {
            return http1.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            http1.close(interrupt);
        }

        @Override
        public boolean canInterrupt() {
            return http1 instanceof InterruptableTask<?> task && task.canInterrupt();
        }
    }

    private record Context(ConnectionContext below, DataReader dataReader) implements ConnectionContext {
        @Override
        public ListenerContext listenerContext() {
            return below.listenerContext();
        }

        @Override
        public ExecutorService executor() {
            return below.executor();
        }

        @Override
        public DataWriter dataWriter() {
            return below.dataWriter();
        }

        @Override
        public Router router() {
            return below.router();
        }

        @Override
        public Optional<ProxyProtocolData> proxyProtocolData() {
            return below.proxyProtocolData();
        }

        @Override
        public HelidonSocket serverSocket() {
            return below.serverSocket();
        }

        @Override
        public PeerInfo remotePeer() {
            return below.remotePeer();
        }

        @Override
        public PeerInfo localPeer() {
            return below.localPeer();
        }

        @Override
        public boolean isSecure() {
            return below.isSecure();
        }

        @Override
        public String socketId() {
            return below.socketId();
        }

        @Override
        public String childSocketId() {
            return below.childSocketId();
        }
    }
}
