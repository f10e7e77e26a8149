package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.JsonNode;

class TokenizerFilesTest {
    static final List<String> kinds = Reference.KINDS;

    private static void assertEncodesLikeTheReference(String kind, BytePairSpec spec) {
        BytePairTokenizer tokenizer = new BytePairTokenizer(spec);
        for (JsonNode row : Reference.lines(kind + "/vectors.jsonl")) {
            assertThat(tokenizer.encode(row.path("text").stringValue(), row.path("parse_special").booleanValue(), row.path("add_special").booleanValue()))
                .as(row.toString()).isEqualTo(Reference.ids(row.path("ids")));
        }
    }

    @ParameterizedTest
    @FieldSource("kinds")
    void tokenizerJsonSurvivesWritingAndReading(String kind) {
        byte[] written = TokenizerJson.write(Reference.spec(kind));
        BytePairSpec read = TokenizerJson.parse(written, "written");
        assertEncodesLikeTheReference(kind, read);
        assertThat(TokenizerJson.write(read)).isEqualTo(written);
    }

    @ParameterizedTest
    @FieldSource("kinds")
    void ggufArraysSurviveWritingAndReading(String kind) {
        GgufTokenizer arrays = GgufTokenizer.of(Reference.spec(kind), null);
        assertThat(arrays.model()).isEqualTo("gpt2");
        assertThat(arrays.addBos()).isEqualTo(kind.equals("bpe-llama3"));
        assertEncodesLikeTheReference(kind, arrays.spec());
    }

    @ParameterizedTest
    @EnumSource
    void everySplitIsWrittenAndRead(Split split) {
        BytePairSpec base = Reference.spec("bpe-gpt2");
        BytePairSpec spec = new BytePairSpec(base.pieces(), base.merges(), base.added(), split, null, false, false, new int[0], new int[0], -1, -1);
        assertThat(TokenizerJson.parse(TokenizerJson.write(spec), "written").split()).isEqualTo(split);
        assertThat(GgufTokenizer.of(spec, null).spec().split()).isEqualTo(split);
    }

    @Test
    void ourTokenizerIsWrittenAsLlamaBpe() {
        BytePairSpec spec = BpeTrainer.train(List.of(Reference.bytes("bpe-train/input.txt")), BpeTrainer.Settings.of(400, 1), BpeTrainer.Progress.none()).spec();
        GgufTokenizer arrays = GgufTokenizer.of(spec, SpecialTokens.CHAT_TEMPLATE);
        assertThat(arrays.pre()).isEqualTo("llama-bpe");
        assertThat(arrays.addBos()).isTrue();
        assertThat(arrays.addEos()).isFalse();
        assertThat(arrays.tokens()).hasSize(400);
        assertThat(arrays.types()[377]).isEqualTo(GgufTokenizer.CONTROL);
        assertThat(arrays.tokens()[377]).isEqualTo("<|endoftext|>");
        assertThat(arrays.bos()).isEqualTo(377);
        assertThat(arrays.merges()).hasSize(121);
        assertThat(TokenizerJson.write(arrays.spec())).isEqualTo(TokenizerJson.write(spec));
    }

    @Test
    void theConfigBesideATokenizerNamesItsEnds(@TempDir Path folder) throws IOException {
        BytePairSpec spec = BpeTrainer.train(List.of(Reference.bytes("bpe-train/input.txt")), BpeTrainer.Settings.of(400, 1), BpeTrainer.Progress.none()).spec();
        Files.write(folder.resolve("tokenizer.json"), TokenizerJson.write(spec));
        Files.write(folder.resolve("tokenizer_config.json"), TokenizerConfig.ofOurs(512).write());
        Tokenizer tokenizer = Tokenizers.read(folder);
        assertThat(tokenizer.bos()).hasValue(377);
        assertThat(tokenizer.eos()).hasValue(377);
        TokenizerConfig config = TokenizerConfig.read(folder.resolve("tokenizer_config.json"));
        assertThat(config.chatTemplate()).isEqualTo(SpecialTokens.CHAT_TEMPLATE).contains("'\\n'").doesNotContain("\n");
        assertThat(config.maxLength()).isEqualTo(512);
        Files.writeString(folder.resolve("chat_template.jinja"), "other");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": {\"content\": \"<|im_end|>\"}, \"model_max_length\": 1e30}");
        assertThat(TokenizerConfig.read(folder.resolve("tokenizer_config.json"))).isEqualTo(new TokenizerConfig(null, "<|im_end|>", "other", 0));
        assertThat(Tokenizers.read(folder).eos()).hasValue(379);
        assertThatThrownBy(() -> Tokenizers.read(folder.resolve("nothing"))).isInstanceOf(IOException.class).hasMessageContaining("nothing");
    }

    private static void assertRefused(String json, String find, String replacement, String message) {
        assertThat(json).contains(find);
        byte[] broken = json.replace(find, replacement).getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> new BytePairTokenizer(TokenizerJson.parse(broken, "broken.json")))
            .as("%s instead of %s", replacement, find).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }

    @Test
    void saysWhatIsWrongInATokenizerJson() {
        String json = Reference.JSON.readTree(TokenizerJson.write(Reference.spec("bpe-llama3"))).toString();      // on one line
        assertRefused(json, "\"\u0120t\":256", "\"\u0120t\":9999999", "model.vocab[\"\u0120t\"] = 9999999; expected an id from 0 to 1048575");
        assertRefused(json, "\"\u0120t\":256", "\"\u0120t\":-1", "model.vocab[\"\u0120t\"] = -1");
        assertRefused(json, "\"\u0120t\":256", "\"\u0120t\":\"x\"", "model.vocab[\"\u0120t\"] = \"x\"");
        assertRefused(json, "\"\u0120t\":256", "\"\u0120t\":255", "id 255 is given to both");
        assertRefused(json, "\"\u0120t\":256,", "", "names \"\u0120t\", which model.vocab does not have");
        assertRefused(json, "[\"\u0120\",\"t\"]", "[\"\u0120\",\"~\"]", "the vocabulary has no \"\u0120~\"");
        assertRefused(json, "[\"\u0120\",\"t\"]", "\"\u0120\"", "model.merges[0] = \"\u0120\"; expected");
        assertRefused(json, "[\"\u0120\",\"t\"]", "7", "model.merges[0] = 7; expected");
        assertRefused(json, "\"merges\":", "\"mergers\":", "model.merges is not an array");
        assertRefused(json, "\"vocab\":", "\"vocabulary\":", "model.vocab is not an object");
        assertRefused(json, "\"type\":\"BPE\"", "\"type\":\"Unigram\"", "model type Unigram");
        assertRefused(json, "\"byte_fallback\":false", "\"byte_fallback\":true", "SentencePiece");
        assertRefused(json, "\\\\p{N}{1,3}", "\\\\p{N}{1,3", "the regular expression");
        assertRefused(json, "\"Isolated\"", "\"Remove\"", "behavior Remove is not known");
        assertRefused(json, "\"normalizer\":null", "\"normalizer\":{\"type\":\"Lowercase\"}", "normalizer {\"type\":\"Lowercase\"} is not supported");
        assertRefused(json, "\"ids\":[1016]", "\"ids\":[]", "special token \"<|begin_of_text|>\"");
        assertRefused(json, "\"content\":\"<|eot_id|>\"", "\"content\":\"\"", "added_tokens[6] has no content");
        assertRefused(json, "{", "[", "broken.json: not valid JSON");
        assertRefused("[]", "[]", "[]", "is this a tokenizer.json?");
        assertRefused("", "", "", "broken.json:");
    }

    /// Whatever happens to the bytes, there is a tokenizer or one clear error.
    @Test
    void damagedFilesAreRefusedOrWork() {
        byte[] json = TokenizerJson.write(Reference.spec("bpe-qwen2"));
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            byte[] damaged = random.nextBoolean() ? json.clone() : Arrays.copyOf(json, random.nextInt(json.length));
            for (int i = random.nextInt(4); i > 0 && damaged.length > 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            try {
                new BytePairTokenizer(TokenizerJson.parse(damaged, "damaged.json")).encode("some text <|im_end|>", true, true);
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).as("seed %d", seed).isNotBlank().hasSizeLessThan(1500);
            }
        }
    }

    @Test
    void readsOlderWaysToWriteTheSame() {
        String json = new String(Reference.bytes("bpe-gpt2/tokenizer.json"), StandardCharsets.UTF_8);
        assertThat(Reference.JSON.readTree(json).path("model").path("merges").get(0).isString()).isTrue();
        BytePairSpec spec = TokenizerJson.parse(json.replace("\"add_prefix_space\": false", "\"add_prefix_space\": true").getBytes(StandardCharsets.UTF_8), "gpt2");
        assertThat(spec.prefixSpace()).isTrue();
        BytePairTokenizer tokenizer = new BytePairTokenizer(spec);
        assertThat(tokenizer.decode(tokenizer.encode("day"))).isEqualTo(" day");
        assertThat(tokenizer.encode("day")).isEqualTo(Reference.tokenizer("bpe-gpt2").encode(" day"));
    }

    @Test
    void saysWhatIsWrongInGgufArrays() {
        GgufTokenizer good = GgufTokenizer.of(Reference.spec("bpe-llama3"), null);
        assertThatThrownBy(() -> new GgufTokenizer("llama", good.pre(), good.tokens(), good.types(), good.merges(), 0, 0, null, null, null).spec())
            .hasMessageContaining("tokenizer.ggml.model = llama");
        assertThatThrownBy(() -> new GgufTokenizer("gpt2", "no-such", good.tokens(), good.types(), good.merges(), 0, 0, null, null, null).spec())
            .hasMessageContaining("tokenizer.ggml.pre = no-such").hasMessageContaining("llama-bpe");
        assertThatThrownBy(() -> new GgufTokenizer("gpt2", "gpt-2", good.tokens(), new int[3], good.merges(), 0, 0, null, null, null))
            .hasMessageContaining("token_type has 3 entries");
        assertThatThrownBy(() -> new GgufTokenizer("gpt2", "gpt-2", good.tokens(), good.types(), new String[] {"ab"}, 0, 0, null, null, null).spec())
            .hasMessageContaining("merges[0] = \"ab\"");
        assertThatThrownBy(() -> new GgufTokenizer("gpt2", "gpt-2", good.tokens(), good.types(), good.merges(), 5000, 0, null, null, null).spec())
            .hasMessageContaining("special id 5000");
    }

    @Test
    void addedTokensMayStripAndStandAlone() {
        BytePairSpec base = Reference.spec("bpe-llama3");
        BytePairTokenizer tokenizer = new BytePairTokenizer(base.withAdded(List.of(
            new AddedToken(2000, "<mask>", true, false, true, false, false),
            new AddedToken(2001, "<right>", true, false, false, true, false),
            new AddedToken(2002, "word", false, true, false, false, false),
            AddedToken.of(2003, "<m", false),
            AddedToken.of(2004, "<mas", false))));
        assertThat(tokenizer.encode("a  <mask> b", true, false)).isEqualTo(joined(tokenizer.encode("a"), 2000, tokenizer.encode(" b")));
        assertThat(tokenizer.encode("a <right>  b", true, false)).isEqualTo(joined(tokenizer.encode("a "), 2001, tokenizer.encode("b")));
        assertThat(tokenizer.encode("a word.")).isEqualTo(joined(tokenizer.encode("a "), 2002, tokenizer.encode(".")));
        assertThat(tokenizer.encode("swords")).doesNotContain(2002);
        assertThat(tokenizer.encode("<mast")).isEqualTo(joined(new int[0], 2004, tokenizer.encode("t")));      // the longest, not the first
        assertThat(tokenizer.encode("<ma")).isEqualTo(joined(new int[0], 2003, tokenizer.encode("a")));
    }

    private static int[] joined(int[] before, int id, int[] after) {
        TokenList ids = new TokenList();
        ids.addAll(before);
        ids.add(id);
        ids.addAll(after);
        return ids.toArray();
    }

    @Test
    void addedTokensMayBeLookedForAfterNormalization() {
        BytePairSpec base = Reference.spec("bpe-qwen2");
        assertThat(base.normalizer()).isEqualTo(Normalizer.Form.NFC);
        BytePairTokenizer tokenizer = new BytePairTokenizer(base.withAdded(List.of(
            new AddedToken(2000, "caf\u00E9", false, false, false, false, true), AddedToken.of(2001, "na\u00EFf", false))));
        assertThat(tokenizer.encode("cafe\u0301")).containsExactly(2000);
        assertThat(tokenizer.encode("nai\u0308f")).doesNotContain(2001);
    }
}
