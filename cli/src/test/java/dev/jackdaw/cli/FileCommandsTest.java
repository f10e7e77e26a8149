package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.sun.net.httpserver.HttpServer;
import dev.jackdaw.model.TinyModel;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `quantize`, `merge` and the commands of the store, end to end on a tiny model.
class FileCommandsTest {
    @TempDir
    private Path folder;

    private Path model;

    @BeforeEach
    void prepare() throws IOException {
        System.setProperty("jackdaw.data", folder.resolve("home").toString());
        model = folder.resolve("Tiny Model.gguf");
        TinyModel.write(model);
    }

    @AfterEach
    void restore() {
        System.clearProperty("jackdaw.data");
        System.clearProperty("jackdaw.hub");
    }

    private static Cli ok(String... args) {
        Cli run = Cli.run(args);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run;
    }

    @Test
    void quantizesAndTheResultCanBeShown() {
        Path out = folder.resolve("q.gguf");
        var json = ok("quantize", model.toString(), "--type", "q4_k_m", "--out", out.toString(), "--json").json();
        assertThat(json.at("/type").asString()).isEqualTo("Q4_K_M");
        assertThat(json.at("/tensors/Q5_0").asInt()).isPositive();          // rows of 64 do not fill blocks of 256
        assertThat(json.at("/bytesAfter").asLong()).isLessThan(json.at("/bytesBefore").asLong() / 3);
        var shown = ok("show", out.toString(), "--json").json();
        assertThat(shown.at("/metadata/general.file_type").asInt()).isEqualTo(15);
        assertThat(shown.at("/memory/weightBytes").asLong()).isEqualTo(json.at("/bytesAfter").asLong());
        assertThat(shown.at("/memory/cacheBytesPerToken").asLong()).isEqualTo(2 * 4 * 2 * 32);
        assertThat(shown.at("/memory/context").asInt()).isEqualTo(TinyModel.CONTEXT);
        assertThat(ok("show", out.toString()).out()).contains("memory: ", "for 64 tokens");
    }

    @Test
    void quantizesAFolderAndMeasuresTheLoss() throws IOException {
        Path hf = folder.resolve("hf");
        ok("export", model.toString(), "--hf", hf.toString());
        Path text = Files.writeString(folder.resolve("text.txt"), "The cat sat on a mat and the jackdaw sat on a cat. ".repeat(5));
        Path out = folder.resolve("q.gguf");
        var json = ok("quantize", hf.toString(), "--type", "q8_0", "--out", out.toString(), "--data", text.toString(), "--json").json();
        double before = json.at("/perplexityBefore").asDouble();
        assertThat(before).isGreaterThan(10).isLessThan(1000);
        assertThat(json.at("/perplexityAfter").asDouble()).isCloseTo(before, within(0.02 * before)).isNotEqualTo(before);
        try (var left = Files.list(folder)) {
            assertThat(left).noneMatch(path -> path.getFileName().toString().contains("import"));
        }
    }

    @Test
    void saysWhatIsWrongWithAQuantization() {
        Path out = folder.resolve("q.gguf");
        Cli unknown = Cli.run("quantize", model.toString(), "--type", "Q9", "--out", out.toString());
        assertThat(unknown.exitCode()).isEqualTo(2);
        assertThat(unknown.err()).contains("type Q9 is not known; known: F32, F16, BF16, Q4_0");
        assertThat(ok("quantize", model.toString(), "--type", "q4_k", "--out", folder.resolve("k.gguf").toString(), "--json").json().at("/type").asString()).isEqualTo("Q4_K_M");
        ok("quantize", model.toString(), "--type", "Q8_0", "--out", out.toString());
        Cli again = Cli.run("quantize", out.toString(), "--type", "Q4_0", "--out", folder.resolve("r.gguf").toString());
        assertThat(again.exitCode()).isEqualTo(1);
        assertThat(again.err()).contains("--requantize");
        ok("quantize", out.toString(), "--type", "Q4_0", "--requantize", "--out", folder.resolve("r.gguf").toString());
    }

    @Test
    void fromGgufToAFolderAndBackLosesNothing() {
        for (String type : List.of("f32", "bf16", "f16")) {
            Path original = folder.resolve(type + ".gguf");
            ok("quantize", model.toString(), "--type", type, "--out", original.toString());
            Path hf = folder.resolve("hf-" + type);
            ok("export", original.toString(), "--hf", hf.toString());
            Path back = folder.resolve(type + "-back.gguf");
            ok("import", hf.toString(), "--out", back.toString());
            try (Arena arena = Arena.ofConfined()) {
                Gguf first = Gguf.open(original, arena);
                Gguf second = Gguf.open(back, arena);
                assertThat(second.tensors()).hasSameSizeAs(first.tensors());
                for (var tensor : first.tensors()) {
                    assertThat(second.tensorInfo(tensor.name()).type()).isEqualTo(tensor.type());
                    assertThat(second.bytes(tensor.name()).mismatch(first.bytes(tensor.name()))).as(tensor.name()).isEqualTo(-1);
                }
                assertThat(second.texts("tokenizer.ggml.tokens")).isEqualTo(first.texts("tokenizer.ggml.tokens"));
                assertThat(second.texts("tokenizer.ggml.merges")).isEqualTo(first.texts("tokenizer.ggml.merges"));
                assertThat(second.text("tokenizer.chat_template")).isEqualTo(first.text("tokenizer.chat_template"));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    @Test
    void mergesSplitFiles() throws IOException {
        List<Path> parts;
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(model, arena);
            GgufWriter writer = new GgufWriter();
            file.metadata().forEach(writer::put);
            file.tensors().forEach(tensor -> writer.add(tensor.name(), tensor.type(), tensor.shape(), file.bytes(tensor.name())));
            parts = writer.writeSplit(folder, "part", 20_000);
        }
        assertThat(ok("show", parts.getFirst().toString()).out()).contains(parts.size() + " files, from ", " 1:");
        Path whole = folder.resolve("whole.gguf");
        var json = ok("merge", parts.getLast().toString(), "--out", whole.toString(), "--json").json();
        assertThat(json.at("/files").asInt()).isEqualTo(parts.size());
        assertThat(whole).hasSameBinaryContentAs(model);
    }

    @Test
    void aPulledModelIsUsedByItsName() {
        assertThat(ok("list").out()).contains("no models in the store yet");
        var pulled = ok("pull", model.toString(), "--json").json();
        assertThat(pulled.at("/name").asString()).isEqualTo("tiny-model");
        assertThat(ok("list").out()).contains("tiny-model", model.toString());
        assertThat(ok("run", "tiny-model", "The", "--max-tokens", "3", "--greedy", "--json").json().at("/ids").size()).isEqualTo(3);
        assertThat(ok("show", "Tiny-Model", "--json").json().at("/format").asString()).isEqualTo("gguf");
        ok("cp", "tiny-model", "second");
        assertThat(ok("quantize", "second", "--type", "q8_0", "--out", folder.resolve("s.gguf").toString()).out()).contains("bits a weight");
        assertThat(ok("list", "--json").json().at("/models").size()).isEqualTo(2);
        ok("rm", "tiny-model", "second");
        Cli gone = Cli.run("rm", "tiny-model");
        assertThat(gone.exitCode()).isEqualTo(1);
        assertThat(Cli.run("run", "tiny-model", "x").err()).contains("no model of this name in the store");
    }

    @Test
    void pullsFromARepositoryAndOffline() throws IOException {
        byte[] bytes = Files.readAllBytes(model);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            byte[] answer = path.startsWith("/api/") ? ("{\"sha\":\"0123456\",\"siblings\":[{\"rfilename\":\"tiny-F32.gguf\",\"size\":" + bytes.length + "}]}").getBytes() : bytes;
            try (exchange) {
                exchange.sendResponseHeaders(200, answer.length);
                exchange.getResponseBody().write(answer);
            }
        });
        server.start();
        try {
            System.setProperty("jackdaw.hub", "http://127.0.0.1:" + server.getAddress().getPort());
            Cli before = Cli.run("pull", "hf.co/a/b", "--offline");
            assertThat(before.exitCode()).isEqualTo(1);
            assertThat(before.err()).contains("--offline forbids");
            Cli run = ok("pull", "hf.co/a/b");
            assertThat(run.out()).contains("tiny-f32: ");
            assertThat(run.err()).contains("pull  ", "bytes in ");
        } finally {
            server.stop(0);
        }
        assertThat(ok("pull", "hf.co/a/b", "--offline", "--json").json().at("/bytes").asLong()).isEqualTo(bytes.length);
    }
}
