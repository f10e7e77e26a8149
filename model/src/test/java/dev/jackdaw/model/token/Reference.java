package dev.jackdaw.model.token;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The stored results of `tokenizers` 0.23.1, under `reference/tokenizers`; how they were made is said in the README there.
final class Reference {
    static final JsonMapper JSON = JsonMapper.builder().build();
    static final List<String> KINDS = List.of("bpe-gpt2", "bpe-llama3", "bpe-qwen2", "bpe-o200k");

    private Reference() {
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
