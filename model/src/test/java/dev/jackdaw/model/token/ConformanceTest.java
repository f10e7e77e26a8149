package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// All tokenizers against what the libraries they come from gave: a compact copy here, and the whole collection where it lies beside the
/// project.
class ConformanceTest {
    static final List<String> files = List.of("bpe-gpt2/tokenizer.json", "bpe-llama3/tokenizer.json", "bpe-qwen2/tokenizer.json", "bpe-o200k/tokenizer.json",
        "wordpiece-bert/tokenizer.json", "sp-bpe-small/tokenizer.json", "sp-bpe-small/tokenizer.model", "sp-bpe-gemma/tokenizer.json", "sp-bpe-gemma/tokenizer.model",
        "sp-unigram-bytefallback/tokenizer.json", "sp-unigram-bytefallback/tokenizer.model", "sp-unigram/tokenizer.model");

    @ParameterizedTest
    @FieldSource("files")
    void givesTheReferenceIdsAndTexts(String file) throws IOException {
        assertThat(check(Reference.ROOT.resolve(file))).isGreaterThan(50);
    }

    @ParameterizedTest
    @MethodSource("wholeCollection")
    void givesTheReferenceIdsAndTextsOfTheWholeCollection(Path file) throws IOException {
        assertThat(check(file)).isGreaterThan(600);
    }

    static Stream<Path> wholeCollection() throws IOException {
        Path root = Reference.collection().resolve("tokenizers");
        assumeTrue(Files.isDirectory(root), "the collection of fixtures is not beside the project: shared/fixtures");
        List<Path> found = new ArrayList<>();
        try (Stream<Path> all = Files.walk(root, 2)) {
            all.filter(file -> file.getFileName().toString().matches("tokenizer\\.(json|model)")).sorted().forEach(found::add);
        }
        return found.stream();
    }

    /// Checks all vectors for this tokenizer and gives their number.
    private static int check(Path file) throws IOException {
        Tokenizer tokenizer = Reference.open(file);
        boolean isModel = file.toString().endsWith(".model");
        Path vectors = file.resolveSibling(isModel || !Files.exists(file.resolveSibling("vectors_json.jsonl")) ? "vectors.jsonl" : "vectors_json.jsonl");
        List<String> wrong = new ArrayList<>();
        int rows = 0;
        for (JsonNode row : Reference.lines(vectors)) {
            rows++;
            String text = row.path("text").stringValue();
            int[] expected = Reference.ids(row.path("ids"));
            int[] ids = tokenizer.encode(text, row.path("parse_special").booleanValue(), row.path("add_special").booleanValue());
            compare(wrong, "ids", row, List.of(boxed(expected)), List.of(boxed(ids)));
            compare(wrong, "decoded", row, row.path("decoded").stringValue(), tokenizer.decode(expected, false));
            compare(wrong, "streamed", row, tokenizer.decode(expected, false), streamed(tokenizer, expected, false));
            if (row.has("decoded_skip_special")) {
                compare(wrong, "decoded_skip_special", row, row.path("decoded_skip_special").stringValue(), tokenizer.decode(expected, true));
                compare(wrong, "streamed_skip_special", row, tokenizer.decode(expected, true), streamed(tokenizer, expected, true));
            }
        }
        if (!isModel) {
            for (JsonNode row : Reference.lines(file.resolveSibling("decode.jsonl"))) {
                compare(wrong, "decode", row, row.path("decoded").stringValue(), tokenizer.decode(Reference.ids(row.path("ids"))));
                rows++;
            }
        }
        assertThat(wrong).as("%s: %d of %d", file, wrong.size(), rows).isEmpty();
        return rows;
    }

    private static String streamed(Tokenizer tokenizer, int[] ids, boolean skipSpecial) {
        TextStream stream = tokenizer.stream(skipSpecial);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(stream.next(id));
        }
        return text.append(stream.end()).toString();
    }

    private static String boxed(int[] ids) {
        return java.util.Arrays.toString(ids);
    }

    private static void compare(List<String> wrong, String what, JsonNode row, Object expected, Object found) {
        if (!expected.equals(found) && wrong.size() < 40) {
            wrong.add(what + "\n  row      " + row + "\n  expected " + expected + "\n  found    " + found);
        }
    }

    /// The tokenizers inside of whole models, with what `transformers` and llama.cpp made of the prompts.
    @ParameterizedTest
    @MethodSource("models")
    void givesTheReferenceIdsOfModels(Path source) throws IOException {
        Path expected = source.toString().endsWith(".gguf") ? source.resolveSibling(source.getFileName().toString().replace(".gguf", ".expected.json"))
            : source.resolve("expected.json");
        Tokenizer tokenizer = Tokenizers.read(source);
        JsonNode json = Reference.JSON.readTree(Files.readAllBytes(expected));
        int checked = 0;
        for (JsonNode prompt : json.path("prompts")) {
            if (prompt.path("text").isString() && prompt.path("input_ids").isArray()) {
                assertThat(tokenizer.encode(prompt.path("text").stringValue(), true, true)).as("%s: %s", source, prompt.path("text")).isEqualTo(Reference.ids(prompt.path("input_ids")));
                checked++;
            }
        }
        for (JsonNode text : json.path("texts")) {                    // of models that make vectors
            assertThat(tokenizer.encode(text.path("text").stringValue(), true, true)).as("%s: %s", source, text.path("text")).isEqualTo(Reference.ids(text.path("input_ids")));
            checked++;
        }
        JsonNode chat = json.path("chat");
        for (String field : new String[] {"ids", "input_ids"}) {
            if (chat.path(field).isArray()) {
                String text = chat.path("rendered").asString(chat.path("text").asString(null));
                assertThat(tokenizer.encode(text, true, false)).as("%s: chat", source).isEqualTo(Reference.ids(chat.path(field)));
                checked++;
            }
        }
        assertThat(checked).isPositive();
    }

    static Stream<Path> models() throws IOException {
        Path root = Reference.collection();
        assumeTrue(Files.isDirectory(root), "the collection of fixtures is not beside the project: shared/fixtures");
        List<Path> found = new ArrayList<>();
        try (Stream<Path> all = Files.list(root.resolve("models"))) {
            all.filter(folder -> Files.exists(folder.resolve("expected.json"))).sorted().forEach(found::add);
        }
        try (Stream<Path> all = Files.list(root.resolve("gguf"))) {
            all.filter(file -> file.toString().endsWith(".gguf")).sorted().forEach(found::add);
        }
        return found.stream();
    }
}
