package dev.jackdaw.serve.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.TestServer;
import dev.jackdaw.serve.http.Json;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// Texts as vectors, and documents in the order of what they have to do with a query.
class EmbeddingsTest {
    @AutoClose
    private static final TestServer server = TestServer.start();

    @Test
    void theFormsAgree() throws Exception {
        JsonNode plain = server.json("/v1/embeddings", "{\"input\":[\"the cat\",\"a jackdaw\"]}");
        assertThat(plain.at("/usage/prompt_tokens").asInt()).isPositive().isEqualTo(plain.at("/usage/total_tokens").asInt());
        JsonNode coded = server.json("/v1/embeddings", "{\"input\":[\"the cat\",\"a jackdaw\"],\"encoding_format\":\"base64\"}");
        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(coded.at("/data/1/embedding").asString())).order(ByteOrder.LITTLE_ENDIAN);
        for (JsonNode each : plain.at("/data/1/embedding")) {
            assertThat(bytes.getFloat()).isEqualTo(each.floatValue());
        }
        assertThat(bytes.hasRemaining()).isFalse();
        JsonNode shorter = server.json("/v1/embeddings", "{\"input\":\"the cat\",\"dimensions\":3}").at("/data/0/embedding");
        double length = 0;
        for (JsonNode each : shorter) {
            length += each.asDouble() * each.asDouble();
        }
        assertThat(shorter.size()).isEqualTo(3);
        assertThat(length).isBetween(0.9999, 1.0001);
    }

    @Test
    void documentsAreRanked() throws Exception {
        JsonNode ranked = server.json("/v1/rerank", "{\"query\":\"the cat\",\"documents\":[\"a jackdaw on the wall\",\"the cat\",{\"text\":\"hello\"}],\"return_documents\":true}");
        assertThat(ranked.at("/results/0/index").asInt()).isEqualTo(1);
        assertThat(ranked.at("/results/0/relevance_score").asDouble()).isBetween(0.999, 1.001);
        assertThat(ranked.at("/results/0/document/text").asString()).isEqualTo("the cat");
        assertThat(ranked.path("results").size()).isEqualTo(3);
        assertThat(server.json("/v1/rerank", "{\"query\":\"the cat\",\"documents\":[\"a\",\"b\"],\"top_n\":1}").path("results").size()).isEqualTo(1);
        HttpResponse<String> wrong = server.post("/v1/rerank", "{\"query\":\"the cat\",\"documents\":[\"a\",\"" + "the cat ".repeat(600) + "\"]}");
        assertThat(wrong.statusCode()).isEqualTo(400);
        assertThat(Json.tree(wrong.body()).at("/error/param").asString()).isEqualTo("documents[1]");
    }

    /// The rest of the texts is not read, and what was read counts.
    @ParameterizedTest
    @CsvSource({"/v1/embeddings, input, ''", "/api/embed, input, '\"model\":\"tiny\",'", "/v1/rerank, documents, '\"query\":\"cat\",'"})
    void aClientThatLeavesEndsTheWork(String path, String field, String more) throws Exception {
        server.json(path, "{" + more + "\"" + field + "\":[\"the cat\"]}");
        String text = "the cat sat on the mat ".repeat(8);
        long before = read();
        server.json(path, "{" + more + "\"" + field + "\":[\"" + text + "\"]}");
        long whole = (read() - before) * 2048;
        assertThat(whole).as("tokens of an answer that somebody waited for are counted").isPositive();
        before = read();
        byte[] body = ("{" + more + "\"" + field + "\":[" + String.join(",", Collections.nCopies(2048, "\"" + text + "\"")) + "]}").getBytes(StandardCharsets.UTF_8);
        try (Socket socket = new Socket("127.0.0.1", server.server.port())) {
            socket.getOutputStream().write(("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + body.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().write(body);
            for (int i = 0; i < 30_000 && server.server.models().list().getFirst().users() == 0; i++) {
                Thread.sleep(1);
            }
            assertThat(server.server.models().list().getFirst().users()).isPositive();
        }
        for (int i = 0; i < 6000 && server.server.models().list().getFirst().users() > 0; i++) {
            Thread.sleep(10);
        }
        assertThat(server.server.models().list().getFirst().users()).isZero();
        assertThat(read() - before).as("of %d tokens", whole).isLessThan(whole / 2);
    }

    private static long read() throws Exception {
        Matcher found = Pattern.compile("jackdaw_tokens_total\\{kind=\"prompt\",model=\"tiny\"} ([\\d.E+]+)").matcher(server.get("/metrics").body());
        return found.find() ? (long) Double.parseDouble(found.group(1)) : 0;
    }
}
