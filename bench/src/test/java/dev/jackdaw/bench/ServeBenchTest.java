package dev.jackdaw.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The other program's side of `bench serve`, with a server that says what llama-server says.
class ServeBenchTest {
    private static final ServeBench.Settings SETTINGS = new ServeBench.Settings(3, 2, 5, 4, 2, 1, 1, Activations.F32, CacheType.F32);

    private final AtomicInteger asked = new AtomicInteger();
    private HttpServer server;
    private volatile int says = 4;
    private volatile int status = 200;
    private volatile String lastBody = "";

    @BeforeEach
    void open() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/v1/completions", exchange -> {
            asked.incrementAndGet();
            lastBody = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, 0);
            try (OutputStream out = exchange.getResponseBody()) {
                for (int i = 0; i < 4; i++) {
                    out.write("data: {\"choices\":[{\"index\":0,\"text\":\"\"}]}\n\n".getBytes(StandardCharsets.UTF_8));
                    out.flush();
                }
                out.write(("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":" + says + "}}\n\ndata: [DONE]\n\n").getBytes(StandardCharsets.UTF_8));
            }
        });
        server.start();
    }

    @AfterEach
    void close() {
        server.stop(0);
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    @Test
    void asksAnotherProgramInTheSameWay() throws Exception {
        ServeBench.Result result = ServeBench.run(address(), 100, SETTINGS);
        assertThat(asked.get()).as("a round to warm up and two measured, of three clients with two requests").isEqualTo(3 * 3 * 2);
        assertThat(lastBody).contains("\"max_tokens\":4", "\"cache_prompt\":false", "\"ignore_eos\":true").containsPattern("\"prompt\":\\[(\\d{1,2},){4}\\d{1,2}]");
        assertThat(result.rounds()).hasSize(2);
        assertThat(result.median().tokensPerSecond()).isPositive();
        assertThat(result.median().firstTokenMillis().median()).isPositive();
    }

    @Test
    void aServerThatWritesLessIsNoPeer() {
        says = 3;
        assertThatThrownBy(() -> ServeBench.run(address(), 100, SETTINGS)).hasMessageContaining("should have written 4 tokens");
        status = 500;
        assertThatThrownBy(() -> ServeBench.run(address(), 100, SETTINGS)).hasMessageContaining("answered 500");
    }
}
