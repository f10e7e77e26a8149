package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// `run/Run.java`, the one-file program, as a user starts it: another process, a GGUF file, text on standard output.
class RunTest {
    private static final Path SOURCE = Path.of("../run/Run.java");
    private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    @TempDir
    static Path folder;

    record Result(int status, String out, String error) { }

    /// Compiled once, for the oldest Java it promises; that also shows that it needs no preview feature and no incubating module.
    @BeforeAll
    static void compile() {
        int status = ToolProvider.getSystemJavaCompiler().run(null, System.out, System.err,
            "-Xlint:all", "-Werror", "--release", "22", "-d", folder.toString(), SOURCE.toString());
        assertThat(status).isZero();
    }

    private static Result run(Object... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(JAVA.toString(), "-XX:TieredStopAtLevel=1", "-cp", folder.toString(), "Run"));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return start(command);
    }

    private static Result start(List<String> command) throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", "");
        Path error = Files.createTempFile(folder, "error", "");
        Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(error.toFile()).start();
        try {
            assertThat(process.waitFor(300, TimeUnit.SECONDS)).as("ended in time: " + command).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Result(process.exitValue(), new String(Files.readAllBytes(out), StandardCharsets.UTF_8), Files.readString(error));
    }

    private static JsonNode prompt(String model, int index) throws IOException {
        return HuggingFace.readJson(Fixtures.gguf(model + ".expected.json")).path("prompts").path(index);
    }

    private static int[] ints(JsonNode array) {
        return IntStream.range(0, array.size()).map(i -> array.path(i).intValue()).toArray();
    }

    private static String ids(JsonNode prompt) {
        return Arrays.stream(ints(prompt.path("input_ids"))).mapToObj(Integer::toString).collect(Collectors.joining(","));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3-F32", "qwen3-F16", "qwen3-Q8_0"})
    void choosesTheTokensOfTheReference(String model) throws Exception {
        JsonNode prompt = prompt(model, 0);
        Result result = run(Fixtures.gguf(model + ".gguf"), "--ids", ids(prompt), "--max-tokens", 32, "--ignore-eos");
        assertThat(result.error).isEmpty();
        assertThat(Arrays.stream(result.out.strip().split(",")).mapToInt(Integer::parseInt)).containsExactly(box(ints(prompt.path("dequantized_float32").path("greedy_32"))));
    }

    private static Integer[] box(int[] values) {
        return Arrays.stream(values).boxed().toArray(Integer[]::new);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3-F32", "qwen3-F16", "qwen3-Q8_0"})
    void givesTheScoresOfTheReferenceForAText(String model) throws Exception {
        JsonNode prompt = prompt(model, 1);
        Result result = run(Fixtures.gguf(model + ".gguf"), prompt.path("text").asString(), "--logits");
        assertThat(result.error).isEmpty();
        String[] logits = result.out.strip().split(" ");
        assertThat(logits).hasSize(640);
        JsonNode expected = prompt.path("dequantized_float32").path("logits_last");
        for (int i = 0; i < expected.size(); i++) {
            assertThat(Float.parseFloat(logits[i])).as("logit " + i).isCloseTo((float) expected.path(i).doubleValue(), within(2e-3f));
        }
    }

    @Test
    void startsFromSourceAndPrintsPromptAndContinuation() throws Exception {
        String text = prompt("qwen3-F32", 0).path("text").asString();
        Result result = start(List.of(JAVA.toString(), SOURCE.toString(), Fixtures.gguf("qwen3-F32.gguf").toString(), text, "--max-tokens", "3"));
        assertThat(result).isEqualTo(new Result(0, text + "...\n", ""));         // token 13, three times, is a dot
    }

    @Test
    void theSeedDecidesTheDraw() throws Exception {
        Path model = Fixtures.gguf("qwen3-Q8_0.gguf");
        String first = run(model, "--ids", "1,2,3", "--temperature", "1.5", "--seed", "7", "--max-tokens", "20", "--ignore-eos").out;
        assertThat(run(model, "--ids", "1,2,3", "--temperature", "1.5", "--seed", "7", "--max-tokens", "20", "--ignore-eos").out).isEqualTo(first);
        assertThat(run(model, "--ids", "1,2,3", "--temperature", "1.5", "--seed", "8", "--max-tokens", "20", "--ignore-eos").out).isNotEqualTo(first);
    }

    @Test
    void saysWhatIsWrong() throws Exception {
        Path model = Fixtures.gguf("qwen3-F32.gguf");
        assertThat(run().status).isEqualTo(2);
        assertThat(run(model, "a", "b").error).contains("usage: java run/Run.java MODEL.gguf");
        assertThat(run(model, "--frobnicate", "a").status).isEqualTo(2);
        fails(run(model, ""), "the prompt has 0 tokens; this model takes 1 to 1024");
        fails(run(model, "--ids", "1,640"), "token id 640 does not exist; the vocabulary has 640 tokens, 0 to 639");
        fails(run(Fixtures.gguf("qwen3-Q4_0.gguf"), "--ids", "1"), "has type 2; this program reads F32 (0), F16 (1), Q8_0 (8) and BF16 (30)");
        fails(run(folder.resolve("nothing.gguf"), "a"), "missing, truncated or corrupt");
        Path cut = folder.resolve("cut.gguf");
        Files.write(cut, Arrays.copyOf(Files.readAllBytes(model), 100_000));
        fails(run(cut, "a"), "missing, truncated or corrupt");
    }

    private static void fails(Result result, String message) {
        assertThat(result.status).isEqualTo(1);
        assertThat(result.out).isEmpty();
        assertThat(result.error).contains(message).hasLineCount(1);
    }
}
