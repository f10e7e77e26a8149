package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.format.GgufWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// SentencePiece, Unigram and WordPiece through a GGUF file.
class GgufPiecesTest {
    @TempDir
    Path folder;

    private Tokenizer throughGguf(Map<String, GgufValue> metadata) throws IOException {
        GgufWriter writer = new GgufWriter().put("general.architecture", "llama");
        metadata.forEach(writer::put);
        Path file = folder.resolve("model.gguf");
        writer.write(file);
        return Tokenizers.read(file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sp-bpe-small/tokenizer.json", "sp-bpe-small/tokenizer.model", "sp-bpe-gemma/tokenizer.json", "sp-bpe-gemma/tokenizer.model",
        "sp-unigram/tokenizer.model", "sp-unigram-bytefallback/tokenizer.model", "wordpiece-bert/tokenizer.json", "bpe-llama3/tokenizer.json"})
    void givesTheReferenceIds(String source) throws IOException {
        Tokenizer original = Reference.open(Reference.ROOT.resolve(source));
        Tokenizer tokenizer = throughGguf(GgufTokenizer.metadata(original, "{{ messages }}"));
        String vectors = source.endsWith(".model") || !source.startsWith("sp-") ? "vectors.jsonl" : "vectors_json.jsonl";
        int rows = 0;
        int unknown = source.endsWith(".model") ? original.token(TokenRole.UNKNOWN).orElse(-1) : -1;
        for (JsonNode row : Reference.lines(Reference.ROOT.resolve(source).resolveSibling(vectors))) {
            String text = row.path("text").stringValue();
            assertThat(tokenizer.encode(text, row.path("parse_special").booleanValue(), row.path("add_special").booleanValue())).as("%s", row)
                .isEqualTo(Reference.ids(row.path("ids")));
            rows++;
            if (java.util.Arrays.stream(Reference.ids(row.path("ids"))).anyMatch(id -> id == unknown)) {
                continue;                                // SentencePiece has a text of its own for it, and GGUF no place for that
            }
            assertThat(tokenizer.decode(Reference.ids(row.path("ids")), false)).as("%s", row).isEqualTo(original.decode(Reference.ids(row.path("ids")), false));
        }
        assertThat(rows).isGreaterThan(50);
        for (TokenRole role : TokenRole.values()) {
            if (original.token(role).isPresent()) {
                assertThat(tokenizer.token(role)).as(role.toString()).isEqualTo(original.token(role));
            }
        }
        for (int id = 0; id < original.vocabularySize(); id++) {
            assertThat(tokenizer.piece(id)).isEqualTo(original.piece(id));
            assertThat(tokenizer.bytes(id == unknown ? -1 : id)).as("%d %s", id, original.piece(id)).isEqualTo(original.bytes(id == unknown ? -1 : id));
        }
    }

    @Test
    void namesTheRolesThatAFileGives() throws IOException {
        Map<String, GgufValue> metadata = GgufTokenizer.metadata(Reference.open(Reference.ROOT.resolve("sp-bpe-small/tokenizer.model")), null);
        metadata.put("tokenizer.ggml.prefix_token_id", GgufValue.u32(300));
        metadata.put("tokenizer.ggml.fim_suf_token_id", GgufValue.u32(301));
        metadata.put("tokenizer.ggml.eot_token_id", GgufValue.u32(302));
        Tokenizer tokenizer = throughGguf(metadata);
        assertThat(tokenizer.token(TokenRole.FILL_PREFIX)).hasValue(300);
        assertThat(tokenizer.token(TokenRole.FILL_SUFFIX)).hasValue(301);
        assertThat(tokenizer.token(TokenRole.FILL_MIDDLE)).isEmpty();
        assertThat(tokenizer.ends(302)).isTrue();
        assertThat(tokenizer.ends(2)).isTrue();
        assertThat(tokenizer.ends(303)).isFalse();
        assertThat(tokenizer.bos()).hasValue(1);
        assertThat(tokenizer.token(TokenRole.UNKNOWN)).hasValue(0);
    }

    @Test
    void saysWhatIsWrong() {
        Map<String, GgufValue> good = GgufTokenizer.metadata(Reference.tokenizer("bpe-gpt2"), null);
        assertThatThrownBy(() -> throughGguf(with(good, "model", GgufValue.of("plamo2")))).hasMessageContaining("tokenizer.ggml.model = plamo2 is not supported");
        assertThatThrownBy(() -> throughGguf(with(good, "pre", GgufValue.of("unheard-of")))).hasMessageContaining("tokenizer.ggml.pre = unheard-of is not known")
            .hasMessageContaining("deepseek-v3").hasMessageContaining("qwen2");
        assertThatThrownBy(() -> throughGguf(with(good, "token_type", GgufValue.i32s(1, 2)))).hasMessageContaining("token_type has 2 entries");
        assertThatThrownBy(() -> throughGguf(with(good, "eot_token_id", GgufValue.u32(99_999)))).hasMessageContaining("eot_token_id = 99999");
        Map<String, GgufValue> llama = with(with(good, "model", GgufValue.of("llama")), "scores", GgufValue.f32s(1, 2));
        assertThatThrownBy(() -> throughGguf(llama)).hasMessageContaining("tokenizer.ggml.scores has 2 entries");
        Map<String, GgufValue> broken = with(with(good, "model", GgufValue.of("t5")), "precompiled_charsmap", new GgufValue.Ints(GgufValue.Kind.U8, new long[] {9, 0, 0, 0, 1}));
        assertThatThrownBy(() -> throughGguf(broken)).hasMessageContaining("precompiled_charsmap: at byte 0 the trie has 9 bytes");
    }

    private static Map<String, GgufValue> with(Map<String, GgufValue> metadata, String key, GgufValue value) {
        Map<String, GgufValue> changed = new java.util.LinkedHashMap<>(metadata);
        changed.put("tokenizer.ggml." + key, value);
        return changed;
    }

    @Test
    void whatGgufCannotSayIsNotExported() {
        PieceMerges model = PieceMerges.ranked(new String[] {"a"}, new PieceMerges.Ranked(new int[0]), -1, false, false, false);
        PieceDecoder decoder = new PieceDecoder(List.of(), false, 0, ' ', PieceDecoder.Broken.SEQUENCE, false, null);
        Tokenizer tokenizer = new PipelineTokenizer(new PipelineTokenizer.Parts(model, List.of(), new Normalization.Lowercase(), null, decoder, new int[0], new int[0]),
            new TokenRole.Ids());
        assertThatThrownBy(() -> GgufTokenizer.metadata(tokenizer, null)).hasMessageContaining("Lowercase");
    }
}
