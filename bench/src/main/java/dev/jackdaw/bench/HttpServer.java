package dev.jackdaw.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.Iterator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A server under the same test, our own or llama.cpp's: asks `/v1/completions` for greedy tokens after a prompt of token ids, past any end of
/// text, as a stream. What an event of the stream says is not looked at, only when it comes; the usage at the end has to name all tokens.
final class HttpServer implements ServeBench.Server, AutoCloseable {
    private static final Pattern WRITTEN = Pattern.compile("\"completion_tokens\": ?(\\d+)");

    private final URI address;
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    HttpServer(URI server) {
        address = server.resolve("/v1/completions");
    }

    @Override
    public ServeBench.Answer ask(int[] prompt, int tokens) throws IOException, InterruptedException {
        String body = "{\"prompt\":" + Arrays.stream(prompt).mapToObj(Integer::toString).collect(Collectors.joining(",", "[", "]")) + ",\"max_tokens\":" + tokens
                + ",\"ignore_eos\":true,\"cache_prompt\":false,\"temperature\":0,\"stream\":true,\"stream_options\":{\"include_usage\":true}}";
        HttpRequest request = HttpRequest.newBuilder(address).header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build();
        long last = System.nanoTime();
        double first = 0;
        double[] between = new double[Math.max(0, tokens - 1)];
        int events = 0;
        String usage = "";
        HttpResponse<Stream<String>> response = client.send(request, HttpResponse.BodyHandlers.ofLines());
        try (Stream<String> lines = response.body()) {
            for (Iterator<String> all = lines.iterator(); all.hasNext(); ) {
                String line = all.next();
                if (response.statusCode() != 200) {
                    throw new IOException("bench serve: " + address + " answered " + response.statusCode() + ": " + line);
                }
                if (!line.startsWith("data: ") || line.equals("data: [DONE]")) {
                    continue;
                }
                usage = line.contains("\"usage\":") ? line : usage;
                long now = System.nanoTime();
                if (events == 0) {
                    first = (now - last) / 1e6;
                } else if (events < tokens) {
                    between[events - 1] = (now - last) / 1e6;
                }
                events++;
                last = now;
            }
        }
        Matcher written = WRITTEN.matcher(usage);
        if (!written.find() || Integer.parseInt(written.group(1)) != tokens) {
            throw new IOException("bench serve: " + address + " should have written " + tokens + " tokens; its usage was " + usage);
        }
        return new ServeBench.Answer(first, Arrays.copyOf(between, Math.max(0, Math.min(events, tokens) - 1)));
    }

    @Override
    public void close() {
        client.close();
    }
}
