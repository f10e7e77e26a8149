package dev.jackdaw.model.token;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The stored results of `tokenizers` 0.23.1, under `reference/tokenizers`; how they were made is said in the README there.
final class Reference {
    static final JsonMapper JSON = JsonMapper.builder().build();
    static final List<String> KINDS = List.of("bpe-gpt2", "bpe-llama3", "bpe-qwen2", "bpe-o200k");

    static final Path ROOT = Path.of("src/test/resources/reference/tokenizers");

    private Reference() {
    }

    /// The whole collection of fixtures, `shared/fixtures` in a folder above the project; it need not be there.
    static Path collection() {
        Path folder = Path.of("").toAbsolutePath();
        while (folder.getParent() != null && !Files.isDirectory(folder.resolve("shared/fixtures"))) {
            folder = folder.getParent();
        }
        return folder.resolve("shared/fixtures");
    }

    /// The tokenizer in a file; big ones are kept compressed, with `.gz` behind their name.
    static Tokenizer open(Path file) throws IOException {
        Path compressed = file.resolveSibling(file.getFileName() + ".gz");
        if (!Files.exists(compressed)) {
            return Tokenizers.read(file);
        }
        try (var in = new GZIPInputStream(Files.newInputStream(compressed))) {
            byte[] bytes = in.readAllBytes();
            return file.toString().endsWith(".json") ? TokenizerJson.tokenizer(bytes, file.toString(), null) : SentencePieceModel.read(bytes, file.toString(), null);
        }
    }

    static List<JsonNode> lines(Path file) throws IOException {
        return Files.readAllLines(file).stream().map(JSON::readTree).toList();
    }

    static byte[] bytes(String path) {
        try (var in = Reference.class.getResourceAsStream("/reference/tokenizers/" + path)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<JsonNode> lines(String path) {
        return new String(bytes(path), StandardCharsets.UTF_8).lines().map(JSON::readTree).toList();
    }

    static BytePairTokenizer tokenizer(String kind) {
        return new BytePairTokenizer(spec(kind));
    }

    static BytePairSpec spec(String kind) {
        return TokenizerJson.parse(bytes(kind + "/tokenizer.json"), kind + "/tokenizer.json");
    }

    static int[] ids(JsonNode array) {
        int[] ids = new int[array.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = array.get(i).intValue();
        }
        return ids;
    }
}
