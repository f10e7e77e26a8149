package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.BytePairTokenizer;
import dev.jackdaw.model.token.GgufTokenizer;
import dev.jackdaw.model.token.Tokenizers;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.reflect.AccessibleObject;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
import tools.jackson.databind.json.JsonMapper;

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

    private static Shape shape(ModelSpec spec, String name) {
        return Shape.of(spec.parameters().stream().filter(parameter -> parameter.name().equals(name)).findFirst().orElseThrow().sizes());
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

    /// The engine with float32 activations, on texts it tokenizes itself.
    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16", "Q8_0"})
    void computesWhatTheEngineComputes(String type) throws Exception {
        Path path = folder.resolve(type + ".gguf");
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            BytePairTokenizer tokenizer = Tokenizers.readBytePair(Path.of("src/test/resources/reference/tokenizers/bpe-llama3/tokenizer.json"));
            ModelSpec header = ModelSpec.plain("qwen3", tokenizer.vocabularySize(), 2, 96, 3, 1, 32, 160, 256, 1e-6f, 1e4f, true, true);
            GgufExport.write(path, "test", header, name -> random(arena, shape(header, name), name.hashCode()), DType.valueOf(type),
                GgufTokenizer.of(tokenizer.spec(), null).metadata(), Map.of());
            try (Model model = Model.open(path, device)) {
                for (String text : List.of("The cat sat on the mat. DON'T you'LL 12345!", "  \n\n\tdéjà vu 日本語\u00a0🎉 x^2 <|im_end|>", "")) {
                    int[] ids = model.tokenizer().encode(text, false, true);
                    assertThat(ids).isNotEmpty();                                // this tokenizer puts a beginning before every text
                    float[] expected = model.forward().logits(model.forward().newCache(ids.length), ids);
                    float[] found = floats(run(path, text, "--logits").out);
                    assertThat(found).hasSameSizeAs(expected);
                    for (int i = 0; i < found.length; i++) {
                        assertThat(found[i]).as("logit " + i + " after " + text).isCloseTo(expected[i], within(2e-4f));
                    }
                    int[] tokens = new Generator(model.forward()).generate(ids, 24, Sampling.greedy(), id -> id == model.tokenizer().eos().orElse(-1), _ -> { }).ids();
                    assertThat(run(path, text, "--max-tokens", "24").out).isEqualTo(text + model.tokenizer().decode(tokens, true) + "\n");
                }
            }
        }
    }

    private static Tensor random(Arena arena, Shape shape, int seed) {
        Random random = new Random(seed);
        Tensor tensor = Tensor.zeros(arena, shape.toArray());
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.set(i, (float) random.nextGaussian() * (shape.rank() == 1 ? 1 : 0.2f));
        }
        return tensor;
    }

    private static float[] floats(String line) {
        String[] words = line.strip().split(" ");
        float[] values = new float[words.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.parseFloat(words[i]);
        }
        return values;
    }

    /// The same ids as the reference tokenizer's, on all of its plain texts.
    @ParameterizedTest
    @ValueSource(strings = {"bpe-llama3", "bpe-qwen2"})
    void cutsTextAsTheReferenceTokenizer(String name) throws Exception {
        Path tokenizers = Path.of("src/test/resources/reference/tokenizers").resolve(name);
        GgufWriter writer = new GgufWriter().put("general.architecture", "qwen3");
        GgufTokenizer.of(Tokenizers.readBytePair(tokenizers.resolve("tokenizer.json")).spec(), null).metadata().forEach(writer::put);
        writer.write(folder.resolve(name + ".gguf"));
        try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            var makeFile = loader.loadClass("GgufFile").getDeclaredConstructor(Path.class);
            var makeTokenizer = loader.loadClass("Tokenizer").getDeclaredConstructor(loader.loadClass("GgufFile"));
            var encode = loader.loadClass("Tokenizer").getDeclaredMethod("encode", String.class);
            for (AccessibleObject each : List.of(makeFile, makeTokenizer, encode)) {
                each.setAccessible(true);
            }
            Object tokenizer = makeTokenizer.newInstance(makeFile.newInstance(folder.resolve(name + ".gguf")));
            int compared = 0;
            for (String line : Files.readAllLines(tokenizers.resolve("vectors.jsonl"))) {
                JsonNode vector = JsonMapper.shared().readTree(line);
                String text = vector.path("text").asString();
                boolean isPlain = !vector.path("parse_special").booleanValue() || !text.contains("<");
                if (isPlain && Normalizer.isNormalized(text, Normalizer.Form.NFC)) {
                    int[] ids = (int[]) encode.invoke(tokenizer, text);
                    boolean hasBeginning = name.equals("bpe-llama3") && !vector.path("add_special").booleanValue();
                    assertThat(hasBeginning ? Arrays.copyOfRange(ids, 1, ids.length) : ids).as(line).isEqualTo(ints(vector.path("ids")));
                    compared++;
                }
            }
            assertThat(compared).isGreaterThan(100);
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
        assertThat(run(model, "a", "--max-tokens", "many").error).contains("not a number");
        fails(run(model, "a ".repeat(2000)), "the prompt has 2001 tokens; this model takes at most 1024");
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
