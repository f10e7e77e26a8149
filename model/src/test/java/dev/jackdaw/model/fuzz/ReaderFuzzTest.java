package dev.jackdaw.model.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.jinja.Template;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufTensor;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.format.GgufWriter;
import dev.jackdaw.model.format.HuggingFace;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.model.generate.constrain.Grammar;
import dev.jackdaw.model.generate.constrain.GrammarConstraint;
import dev.jackdaw.model.generate.constrain.TokenTrie;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.TokenizerConfig;
import dev.jackdaw.model.token.Tokenizers;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Whatever the bytes are: an answer or a clear error.
class ReaderFuzzTest {
    private static final Path REFERENCE = Path.of("src/test/resources/reference");
    private static final String TEXT = "Some text, 123  <s>[MASK]</s> \u00E9e\u0301 \uD83D\uDE00 \u4E2D\u6587\n\tand more\u0000";
    private static final long MEGABYTE = 1 << 20;

    @TempDir
    Path folder;

    /// For each test.
    double seconds() {
        return Double.parseDouble(System.getProperty("jackdaw.fuzz.seconds", "1.5"));
    }

    private Fuzz fuzz(String name, long megabytes) {
        return new Fuzz(name, seconds(), megabytes * MEGABYTE);
    }

    private static List<Path> find(String under, String end) throws IOException {
        try (Stream<Path> files = Files.walk(REFERENCE.resolve(under))) {
            return files.filter(path -> path.toString().endsWith(end)).sorted().toList();
        }
    }

    private static byte[] read(Path path) {
        try {
            if (path.toString().endsWith(".gz")) {
                try (var in = new GZIPInputStream(Files.newInputStream(path))) {
                    return in.readAllBytes();
                }
            }
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static <T> T one(Random random, List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    /// The first and the last byte: outside the file they would crash the JVM.
    private static void touch(Tensor tensor) {
        if (tensor.bytes() > 0) {
            Memory.getByte(tensor.address());
            Memory.getByte(tensor.address() + tensor.bytes() - 1);
        }
    }

    private void use(ModelFile file) {
        for (ModelSpec.Parameter parameter : file.spec().parameters()) {
            touch(file.tensor(parameter.name()));
        }
    }

    private void compute(ModelFile file) {
        if (file.spec().parameterCount() > 4_000_000) {
            return;
        }
        try (Device device = Device.cpu(1); Forward forward = new Forward(file.spec(), device, file); KvCache cache = forward.newCache(12)) {
            forward.allHidden(cache, new int[] {1, 2, 3, 4, 5}, (_, _) -> { });
        }
    }

    @Test
    void gguf() throws Exception {
        List<byte[]> files = find("gguf", ".gguf").stream().map(ReaderFuzzTest::read).toList();
        Path path = folder.resolve("x.gguf");
        Fuzz.Result result = fuzz("gguf", 64).run(random -> random.nextInt(10) == 0 ? Mutations.noise(random, 3000) : Mutations.bytes(random, one(random, files), 20_000), bytes -> {
            Files.write(path, bytes);
            try (Arena arena = Arena.ofConfined()) {
                Gguf file = Gguf.open(path, arena);
                file.metadata().values().forEach(value -> value.preview(100));
                for (GgufTensor tensor : file.tensors()) {
                    if (tensor.type().dtype().isPresent()) {
                        touch(file.tensor(tensor.name()));
                    }
                }
                use(ModelFile.open(path, arena));
                Tokenizers.read(file).encode(TEXT, true, true);
            }
        });
        assertThat(result.refused()).isPositive().isLessThan(result.rounds());
    }

    /// Headers that are whole, but say something else, as far as a computation.
    @Test
    void ggufMetadata() throws Exception {
        List<Path> files = find("gguf", ".gguf");
        Path path = folder.resolve("y.gguf");
        Fuzz.Result result = fuzz("gguf metadata", 400).run(random -> changedHeader(random, one(random, files)), bytes -> {
            Files.write(path, bytes);
            try (Arena arena = Arena.ofShared()) {
                Gguf file = Gguf.open(path, arena);
                Tokenizer tokenizer = Tokenizers.read(file);
                tokenizer.decode(tokenizer.encode(TEXT, true, true), false);
                compute(ModelFile.open(path, arena));
            }
        });
        assertThat(result.refused()).isPositive().isLessThan(result.rounds());
    }

    private byte[] changedHeader(Random random, Path original) {
        try (Arena arena = Arena.ofConfined()) {
            Gguf good = Gguf.open(original, arena);
            List<String> keys = new ArrayList<>(good.metadata().keySet());
            Map<String, GgufValue> values = new java.util.LinkedHashMap<>(good.metadata());
            for (int i = 1 + random.nextInt(3); i > 0; i--) {
                String key = one(random, keys);
                GgufValue value = switch (random.nextInt(10)) {
                    case 0 -> GgufValue.u32(random.nextInt(1000));
                    case 1 -> GgufValue.u32(0xffff_ffffL);
                    case 2 -> GgufValue.f32((float) Math.exp(40 * random.nextGaussian()));
                    case 3 -> GgufValue.f32(random.nextBoolean() ? Double.NaN : -1);
                    case 4 -> GgufValue.of("yarn");
                    case 5 -> GgufValue.i32s(1, 2, -3);
                    case 6 -> GgufValue.texts(List.of("a", "", "b c"));
                    case 7 -> GgufValue.of(random.nextBoolean());
                    case 8 -> values.get(one(random, keys));
                    default -> null;
                };
                if (value == null) {
                    values.remove(key);
                } else if (!key.equals("general.alignment")) {
                    values.put(key, value);
                }
            }
            GgufWriter writer = new GgufWriter();
            values.forEach((key, value) -> {
                if (value != null) {
                    writer.put(key, value);
                }
            });
            int lost = random.nextInt(3 * good.tensors().size());
            for (GgufTensor tensor : good.tensors()) {
                if (lost-- != 0) {
                    writer.add(tensor.name(), tensor.type(), tensor.shape(), good.bytes(tensor.name()));
                }
            }
            Path path = folder.resolve("made.gguf");
            writer.write(path);
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void safetensors() throws Exception {
        List<byte[]> files = find("transformers", ".safetensors").stream().map(ReaderFuzzTest::read).toList();
        Path path = folder.resolve("x.safetensors");
        Fuzz.Result result = fuzz("safetensors", 64).run(random -> random.nextInt(10) == 0 ? Mutations.noise(random, 300) : header(random, one(random, files)), bytes -> {
            Files.write(path, bytes);
            try (Arena arena = Arena.ofConfined()) {
                Safetensors file = Safetensors.open(path, arena);
                for (Safetensors.Entry entry : file.entries()) {
                    file.bytes(entry.name());
                    touch(file.tensor(entry.name()));
                }
            }
        });
        assertThat(result.refused()).isPositive().isLessThan(result.rounds());
    }

    /// Damage of the bytes, or of the JSON in the header with its length put right.
    private static byte[] header(Random random, byte[] good) {
        int length = good[0] & 255 | (good[1] & 255) << 8 | (good[2] & 255) << 16;
        if (random.nextBoolean()) {
            return Mutations.bytes(random, good, 8 + length);
        }
        byte[] json = Mutations.json(random, JsonMapper.shared().readTree(new String(good, 8, length, StandardCharsets.UTF_8)));
        byte[] bytes = new byte[8 + json.length + good.length - 8 - length];
        for (int i = 0; i < 4; i++) {
            bytes[i] = (byte) (json.length >> 8 * i);
        }
        System.arraycopy(json, 0, bytes, 8, json.length);
        System.arraycopy(good, 8 + length, bytes, 8 + json.length, good.length - 8 - length);
        return bytes;
    }

    @Test
    void config() throws Exception {
        List<Path> folders = Stream.concat(find("transformers", "config.json").stream(), find("families", "config.json").stream()).map(Path::getParent).toList();
        List<JsonNode> configs = new ArrayList<>();
        for (Path from : folders) {
            configs.add(HuggingFace.readJson(from.resolve("config.json")));
        }
        Fuzz.Result result = fuzz("config.json", 400).run(random -> {
            int which = random.nextInt(folders.size());
            byte[] json = random.nextInt(40) == 0 ? Mutations.noise(random, 200) : Mutations.json(random, configs.get(which));
            byte[] bytes = java.util.Arrays.copyOf(json, json.length + 1);
            bytes[json.length] = (byte) which;
            return bytes;
        }, bytes -> {
            int which = bytes[bytes.length - 1];
            Path weights = folder.resolve("model.safetensors");
            Files.deleteIfExists(weights);
            Files.createSymbolicLink(weights, folders.get(which).resolve("model.safetensors").toAbsolutePath());
            Files.write(folder.resolve("config.json"), java.util.Arrays.copyOf(bytes, bytes.length - 1));
            try (Arena arena = Arena.ofShared()) {
                compute(ModelFile.open(folder, arena));
            }
        });
        assertThat(result.refused()).isPositive().isLessThan(result.rounds());
    }

    @Test
    void tokenizerJson() throws Exception {
        List<byte[]> files = Stream.concat(find("tokenizers", "tokenizer.json").stream(), find("tokenizers", "tokenizer.json.gz").stream()).map(ReaderFuzzTest::read)
                .filter(bytes -> bytes.length < 500_000).toList();
        List<JsonNode> trees = files.stream().map(bytes -> JsonMapper.shared().readTree(bytes)).toList();
        Path path = folder.resolve("tokenizer.json");
        Fuzz.Result result = fuzz("tokenizer.json", 256).run(random -> switch (random.nextInt(12)) {
            case 0 -> Mutations.noise(random, 300);
            case 1, 2 -> Mutations.bytes(random, one(random, files), 2000);
            default -> Mutations.json(random, one(random, trees));
        }, bytes -> {
            Files.write(path, bytes);
            encode(Tokenizers.read(path));
        });
        assertThat(result.refused()).isPositive().isLessThan(result.rounds());
    }

    private static void encode(Tokenizer tokenizer) {
        tokenizer.decode(tokenizer.encode(TEXT, false, true), true);
        tokenizer.decode(tokenizer.encode(TEXT, true, false), false);
    }

    @Test
    void tokenizerModel() throws Exception {
        List<byte[]> files = Stream.concat(find("tokenizers", "tokenizer.model").stream(), find("tokenizers", "tokenizer.model.gz").stream()).map(ReaderFuzzTest::read).toList();
        Path path = folder.resolve("tokenizer.model");
        Fuzz.Result result = fuzz("tokenizer.model", 256).run(random -> random.nextInt(10) == 0 ? Mutations.noise(random, 300) : tail(random, one(random, files)), bytes -> {
            Files.write(path, bytes);
            encode(Tokenizers.read(path));
        });
        assertThat(result.refused()).isPositive().isLessThan(result.rounds());
    }

    /// Settings stand at the end of the file, pieces before them.
    private static byte[] tail(Random random, byte[] good) {
        byte[] bytes = Mutations.bytes(random, good, 2000);
        for (int i = random.nextInt(4); i > 0 && bytes.length > 400; i--) {
            bytes[bytes.length - 1 - random.nextInt(400)] = (byte) random.nextInt();
        }
        return bytes;
    }

    @Test
    void tokenizerConfig() throws Exception {
        List<JsonNode> files = find("models", "tokenizer_config.json").stream().map(path -> JsonMapper.shared().readTree(read(path))).toList();
        fuzz("tokenizer_config.json", 64).run(random -> random.nextInt(10) == 0 ? Mutations.noise(random, 300) : Mutations.json(random, one(random, files)),
                bytes -> TokenizerConfig.parse(bytes, "tokenizer_config.json"));
    }

    private static final List<String> JINJA = List.of("{{", "}}", "{%", "%}", "{#", "#}", "-", "if", "endif", "else", "elif", "for", "endfor", "in", "set", "endset", "macro", "endmacro", "(", ")", "[", "]",
        "{", "}", "|", "~", "+", "*", "**", "//", "%", "==", "!=", "<", ">", "is", "not", "and", "or", "defined", "none", "loop.index", "loop.first", "messages", "tools", "namespace(", "range(",
        "raise_exception(", "strftime_now(", "|tojson", "|trim", "|join('')", "|replace('a','b')", "|map(attribute='role')", "|selectattr('role','equalto','user')", "'", "\"", "\\", "0", "1",
        "99999999999999999999", "1e400", ".", ",", ":", "break", "continue", "filter", "call", "generation", "message['content']", "[::-1]", "[1:]", ".split(' ')", "|length", "|list", "\n", " ");

    @Test
    void jinja() throws Exception {
        List<String> good = find("chat-templates", ".jinja").stream().map(path -> new String(read(path), StandardCharsets.UTF_8)).toList();
        List<Message> messages = List.of(Message.of("system", "Be brief."), Message.of("user", "Hi <|im_end|>"), Message.of("assistant", "Ho"), Message.of("user", "He"));
        Fuzz.Result result = fuzz("jinja", 1500).run(random -> (random.nextInt(20) == 0 ? new String(Mutations.noise(random, 200), StandardCharsets.UTF_8)
                : random.nextInt(10) == 0 ? Mutations.text(random, List.of(""), JINJA) : Mutations.text(random, good, JINJA)).getBytes(StandardCharsets.UTF_8), bytes -> {
            Template template = Template.of(new String(bytes, StandardCharsets.UTF_8));
            List<Map<String, Object>> maps = messages.stream().map(m -> Map.<String, Object>of("role", m.role(), "content", m.content())).toList();
            template.render(Map.of("bos_token", "<s>", "eos_token", "</s>", "add_generation_prompt", true), Map.of("messages", maps));
        });
        assertThat(result.refused()).isPositive().isLessThan(result.rounds());
    }

    private static TokenTrie trie() throws IOException {
        return TokenTrie.of(Tokenizers.read(REFERENCE.resolve("tokenizers/bpe-llama3")));
    }

    /// A few steps of a text within the grammar.
    private static void walk(Grammar grammar, TokenTrie trie, Random random, int vocabulary) {
        GrammarConstraint constraint = new GrammarConstraint(grammar, trie);
        for (int step = 0; step < 6; step++) {
            float[] logits = new float[vocabulary];
            constraint.mask(logits);
            int from = random.nextInt(vocabulary), chosen = -1;
            for (int i = 0; i < vocabulary && chosen < 0; i++) {
                chosen = logits[(from + i) % vocabulary] == 0 ? (from + i) % vocabulary : -1;
            }
            if (chosen < 0) {
                return;
            }
            constraint.accept(chosen);
        }
    }

    private void language(String name, List<String> good, List<String> words, java.util.function.Function<String, Grammar> parser) throws Exception {
        TokenTrie trie = trie();
        int vocabulary = Tokenizers.read(REFERENCE.resolve("tokenizers/bpe-llama3")).vocabularySize();
        Fuzz.Result result = fuzz(name, 3000).run(random -> (random.nextInt(20) == 0 ? new String(Mutations.noise(random, 100), StandardCharsets.UTF_8) : Mutations.text(random, good, words))
                .getBytes(StandardCharsets.UTF_8), bytes -> walk(parser.apply(new String(bytes, StandardCharsets.UTF_8)), trie, new Random(bytes.length), vocabulary));
        assertThat(result.refused()).isPositive().isLessThan(result.rounds());
    }

    @Test
    void gbnf() throws Exception {
        language("gbnf", List.of("root ::= \"a\" | [b-z]+ digits? \"\\n\"\ndigits ::= [0-9]{1,3} (\",\" [0-9]{3})*\n", "root ::= object\nobject ::= \"{\" pair (\",\" pair)* \"}\"\npair ::= string \":\" value\n"
                        + "value ::= object | string | \"null\"\nstring ::= \"\\\"\" [^\"\\\\]* \"\\\"\"\n", "# note\nroot ::= ( \"x\" root \"y\" )?", "root ::= .{2,5} \"\\x41\\u00e9\" [^\\n]*"),
                List.of("root", "::=", "|", "(", ")", "[", "]", "\"", "*", "+", "?", "{", "}", "{0,}", "{5}", "{99999}", "^", "-", "\\", "\\x", "\\u", "\\U0010FFFF", ".", "\n", "#", "digits", "a", " "), Grammar::ofGbnf);
    }

    @Test
    void regex() throws Exception {
        language("regex", List.of("[a-z]+@[a-z]+\\.(com|org)", "(a|b)*c{2,4}", "\\d{4}-\\d\\d-\\d\\d", "(?:x|y(?:z))?\\w+\\s*", "\\p{L}+[^\\d\\s]*", "^abc$", ".*", "(?i)yes|no", "[\\u0041-\\u005a]{0,20}"),
                List.of("(", ")", "[", "]", "{", "}", "|", "*", "+", "?", "^", "$", ".", "\\", "\\d", "\\p{", "\\p{Lu}", "\\b", "(?", "(?=", "(?<n>", "(?:", "{0,10000}", "{3,}", "{,3}", "-", "\\x4", "\\u12", "a", "\\Q", "&&"), Grammar::ofRegex);
    }

    @Test
    void jsonSchema() throws Exception {
        List<JsonNode> good = Stream.of("""
                {"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":20},"age":{"type":"integer","minimum":0,"maximum":150},"tags":{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":5}},"required":["name"],"additionalProperties":false}""", """
                {"$defs":{"node":{"type":"object","properties":{"value":{"type":"number"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["value","next"]}},"$ref":"#/$defs/node"}""", """
                {"enum":["a",1,null,{"b":[true]}]}""", """
                {"type":"string","pattern":"^[a-z]{2,4}$"}""", """
                {"oneOf":[{"type":"string","format":"date"},{"type":["integer","null"],"exclusiveMinimum":-5}]}""", """
                {"type":"array","prefixItems":[{"type":"boolean"},{"const":"x"}],"items":false}""", """
                {"type":"number","multipleOf":0.5,"minimum":-1.5,"maximum":1e3}""").map(JsonMapper.shared()::readTree).toList();
        TokenTrie trie = trie();
        int vocabulary = Tokenizers.read(REFERENCE.resolve("tokenizers/bpe-llama3")).vocabularySize();
        Fuzz.Result result = fuzz("json schema", 3000).run(random -> random.nextInt(30) == 0 ? Mutations.noise(random, 100) : Mutations.json(random, one(random, good)),
                bytes -> walk(Grammar.ofJsonSchema(new String(bytes, StandardCharsets.UTF_8)), trie, new Random(bytes.length), vocabulary));
        assertThat(result.refused()).isPositive().isLessThan(result.rounds());
    }
}
