package dev.jackdaw.model.store;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import tools.jackson.databind.json.JsonMapper;

/// A server that speaks the hub's API on a free port of this machine, and misbehaves when told to. Large files are behind a redirect to a
/// second port, as the real hub sends one to another host.
final class FakeHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    final Map<String, byte[]> files = new LinkedHashMap<>();
    /// Every request: `hub GET /path range=… token=…`, `cdn GET …`.
    final List<String> requests = new CopyOnWriteArrayList<>();
    /// How the next answers for file contents end: `drop:N` after N bytes, `stall:N`, `503`, `416`; taken one by one, then all is well.
    final List<String> troubles = new CopyOnWriteArrayList<>();
    boolean ignoresRanges;
    boolean lies;                    // about checksums
    String token;
    byte[] listAnswer;               // instead of the true one
    String eTag = "\"one\"";

    private final HttpServer hub;
    private final HttpServer cdn;

    FakeHub() throws IOException {
        hub = server("hub");
        cdn = server("cdn");
    }

    private HttpServer server(String who) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            try (exchange) {
                answer(who, exchange);
            } catch (IOException e) {
                // the client has gone, or we dropped it
            }
        });
        server.start();
        return server;
    }

    String endpoint() {
        return "http://127.0.0.1:" + hub.getAddress().getPort();
    }

    String cdn() {
        return "http://127.0.0.1:" + cdn.getAddress().getPort();
    }

    private void answer(String who, HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String range = exchange.getRequestHeaders().getFirst("Range");
        String authorization = exchange.getRequestHeaders().getFirst("Authorization");
        requests.add(who + " " + path + (range == null ? "" : " " + range) + (authorization == null ? "" : " " + authorization));
        if (who.equals("hub") && token != null && !("Bearer " + token).equals(authorization)) {
            send(exchange, 401, "who are you?");
        } else if (path.equals("/api/models/org/repo")) {
            byte[] answer = listAnswer != null ? listAnswer : list().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
            exchange.getResponseBody().write(answer);
        } else if (who.equals("hub") && path.startsWith("/loop/")) {
            redirect(exchange, path);
        } else if (who.equals("hub") && path.startsWith("/away/")) {
            redirect(exchange, "file:///etc/passwd");
        } else if (who.equals("hub") && path.startsWith("/org/repo/resolve/" + COMMIT + "/")) {
            String name = path.substring(("/org/repo/resolve/" + COMMIT + "/").length());
            if (isLarge(name)) {
                redirect(exchange, cdn() + "/blob/" + java.net.URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20"));
            } else {
                content(exchange, name, range);
            }
        } else if (path.startsWith("/blob/")) {
            content(exchange, path.substring("/blob/".length()), range);
        } else {
            send(exchange, 404, "not found");
        }
    }

    private static boolean isLarge(String name) {
        return name.endsWith(".gguf") || name.endsWith(".safetensors");
    }

    String list() {
        List<Map<String, Object>> siblings = new ArrayList<>();
        files.forEach((name, bytes) -> {
            Map<String, Object> sibling = new LinkedHashMap<>(Map.of("rfilename", name, "size", bytes.length, "blobId", gitSha1(bytes)));
            if (isLarge(name)) {
                sibling.put("lfs", Map.of("size", bytes.length, "sha256", lies ? "00".repeat(32) : sha256(bytes)));
            }
            siblings.add(sibling);
        });
        return JsonMapper.shared().writeValueAsString(Map.of("id", "org/repo", "sha", COMMIT, "siblings", siblings));
    }

    static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(Download.digest("SHA-256").digest(bytes));
    }

    private static String gitSha1(byte[] bytes) {
        MessageDigest sha1 = Download.digest("SHA-1");
        sha1.update(("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII));
        return HexFormat.of().formatHex(sha1.digest(bytes));
    }

    private static void redirect(HttpExchange exchange, String to) throws IOException {
        exchange.getResponseHeaders().add("Location", to);
        exchange.sendResponseHeaders(302, -1);
    }

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private void content(HttpExchange exchange, String name, String range) throws IOException {
        byte[] bytes = files.get(name);
        if (bytes == null) {
            send(exchange, 404, "not found");
            return;
        }
        String trouble = troubles.isEmpty() ? "" : troubles.removeFirst();
        if (trouble.matches("\\d+")) {
            send(exchange, Integer.parseInt(trouble), "trouble");
            return;
        }
        exchange.getResponseHeaders().add("ETag", eTag);
        String ifRange = exchange.getRequestHeaders().getFirst("If-Range");
        int from = 0;
        if (range != null && !ignoresRanges && (ifRange == null || ifRange.equals(eTag))) {
            from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
            exchange.getResponseHeaders().add("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
            exchange.sendResponseHeaders(206, bytes.length - from);
        } else {
            exchange.sendResponseHeaders(200, bytes.length);
        }
        OutputStream out = exchange.getResponseBody();
        int count = bytes.length - from;
        if (trouble.contains(":")) {
            count = Math.min(count, Integer.parseInt(trouble.substring(trouble.indexOf(':') + 1)));
        }
        out.write(bytes, from, count);
        out.flush();
        if (trouble.startsWith("stall")) {
            try {
                Thread.sleep(20_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        hub.stop(0);
        cdn.stop(0);
    }
}
