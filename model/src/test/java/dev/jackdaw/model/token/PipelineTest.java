package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// The components of `tokenizer.json` one by one.
class PipelineTest {
    /// A vocabulary of all lower-case letters and a few signs, which shows what the text was before it was cut.
    private static final String LETTERS = "\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"1\":4,\"2\":5,\".\":6,\"ab\":7,\"##b\":8,\"[UNK]\":9,\"\u2581\":10,\"\u2581a\":11,\"e\":12,\"-\":13";

    private static Tokenizer tokenizer(String normalizer, String preTokenizer, String decoder) {
        String json = """
            {"added_tokens": [], "normalizer": %s, "pre_tokenizer": %s, "post_processor": null, "decoder": %s, "model":
            {"type": "WordPiece", "vocab": {%s}, "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}}""".formatted(normalizer, preTokenizer,
            decoder, LETTERS);
        return TokenizerJson.tokenizer(json.getBytes(StandardCharsets.UTF_8), "test.json", null);
    }

    private static String pieces(Tokenizer tokenizer, String text) {
        List<String> pieces = new ArrayList<>();
        for (int id : tokenizer.encode(text)) {
            pieces.add(tokenizer.piece(id));
        }
        return String.join(" ", pieces);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '#', value = {
        "{'type':'Lowercase'} # AB # ab",
        "{'type':'NFKC'} # \u2460 # 1",
        "{'type':'NFD'} # \u00E9 # [UNK]",
        "{'type':'Sequence','normalizers':[{'type':'NFD'},{'type':'StripAccents'}]} # \u00E9 # e",
        "{'type':'Prepend','prepend':'a'} # b # ab",
        "{'type':'Replace','pattern':{'String':'x'},'content':'b'} # ax # ab",
        "{'type':'Replace','pattern':{'Regex':'x{2,}'},'content':'b'} # axxx # ab",
        "{'type':'Strip','strip_left':true,'strip_right':true} # ' ab ' # ab",
        "{'type':'Nmt'} # a\u0001b # ab",
        "{'type':'BertNormalizer','clean_text':true,'handle_chinese_chars':true,'strip_accents':null,'lowercase':true} # A\u200Db\u0301 # ab"})
    void normalizers(String normalizer, String text, String expected) {
        assertThat(pieces(tokenizer(normalizer.replace('\'', '"'), "null", "null"), text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '#', value = {
        "{'type':'WhitespaceSplit'} # 'a b. ' # a [UNK]",
        "{'type':'Whitespace'} # 'a b.' # a b .",
        "{'type':'BertPreTokenizer'} # 'ab.-c' # ab . - c",
        "{'type':'Punctuation','behavior':'Isolated'} # a..b # a . . b",
        "{'type':'Punctuation','behavior':'Contiguous'} # a..b # a [UNK] b",
        "{'type':'Punctuation','behavior':'Removed'} # a..b # a b",
        "{'type':'Digits','individual_digits':true} # a12 # a 1 2",
        "{'type':'Digits','individual_digits':false} # a12b # a [UNK] b",
        "{'type':'Split','pattern':{'String':'-'},'behavior':'MergedWithPrevious','invert':false} # b-d-c # [UNK] [UNK] c",
        "{'type':'Split','pattern':{'String':'a'},'behavior':'MergedWithNext','invert':false} # bab # b ab",
        "{'type':'Split','pattern':{'Regex':'[a-b]+'},'behavior':'Removed','invert':true} # ab1ab # ab ab",
        "{'type':'CharDelimiterSplit','delimiter':'-'} # ab-c # ab c",
        "{'type':'Metaspace','replacement':'\u2581','prepend_scheme':'always','split':true} # 'a a' # \u2581a \u2581a",
        "{'type':'Metaspace','replacement':'\u2581','prepend_scheme':'never','split':true} # 'a a' # a \u2581a",
        "{'type':'Metaspace','replacement':'\u2581','add_prefix_space':true} # 'a  a' # \u2581a \u2581 \u2581a",
        "{'type':'Sequence','pretokenizers':[{'type':'WhitespaceSplit'},{'type':'Digits','individual_digits':true}]} # 'a1 b' # a 1 b"})
    void preTokenizers(String preTokenizer, String text, String expected) {
        assertThat(pieces(tokenizer("null", preTokenizer.replace('\'', '"'), "null"), text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '~', value = {
        "null ~ a b c",
        "{'type':'WordPiece','prefix':'##','cleanup':false} ~ a b c",
        "{'type':'Fuse'} ~ abc",
        "{'type':'Sequence','decoders':[{'type':'Replace','pattern':{'String':'b'},'content':' '},{'type':'Fuse'}]} ~ a c",
        "{'type':'Sequence','decoders':[{'type':'Fuse'},{'type':'Strip','content':'a','start':1,'stop':0}]} ~ bc"})
    void decoders(String decoder, String expected) {
        assertThat(tokenizer("null", "null", decoder.replace('\'', '"')).decode(0, 1, 2)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '#', value = {
        "{'type':'Bogus'} # null # null # normalizer Bogus is not supported",
        "null # {'type':'UnicodeScripts'} # null # pre_tokenizer UnicodeScripts is not supported",
        "null # null # {'type':'CTC'} # decoder CTC is not supported",
        "null # {'type':'Split','pattern':{'Regex':'('},'behavior':'Removed'} # null # the regular expression ( cannot be used",
        "null # {'type':'Split','pattern':{},'behavior':'Removed'} # null # pattern {}; expected",
        "{'type':'Precompiled','precompiled_charsmap':'AAAA'} # null # null # precompiled_charsmap has 3 bytes"})
    void whatWeDoNotHaveIsRefusedByName(String normalizer, String preTokenizer, String decoder, String message) {
        assertThatThrownBy(() -> tokenizer(normalizer.replace('\'', '"'), preTokenizer.replace('\'', '"'), decoder.replace('\'', '"')))
            .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("test.json: ").hasMessageContaining(message);
    }

    /// Pieces `ab`, `bc`, and `abcd`, all of one score: the leftmost pair is merged first, and what needs both ways to end cannot be reached.
    @Test
    void ofEqualScoresTheLeftmostPairIsMerged() {
        String[] pieces = {"<unk>", "a", "b", "c", "ab", "bc", "\u2581"};
        int[] types = {2, 1, 1, 1, 1, 1, 1};
        PieceMerges equal = PieceMerges.scored(pieces, new PieceMerges.Scored(types, new float[] {0, -9, -9, -9, -1, -1, -9}), 0, false);
        PieceMerges right = PieceMerges.scored(pieces, new PieceMerges.Scored(types, new float[] {0, -9, -9, -9, -2, -1, -9}), 0, false);
        assertThat(ids(equal, "abc")).containsExactly(4, 3);
        assertThat(ids(right, "abc")).containsExactly(1, 5);
        assertThat(ids(equal, "xyabx")).containsExactly(0, 4, 0);                // neighbours without a piece are one unknown
    }

    /// `xy` can be reached although `x` and `y` are no pieces; alone they fall back to bytes.
    @Test
    void charactersWithoutAPieceMayStillBeMerged() {
        String[] pieces = new String[258];
        int[] types = new int[258];
        float[] scores = new float[258];
        pieces[0] = "<unk>";
        types[0] = GgufTokenizer.UNKNOWN;
        pieces[1] = "xy";
        types[1] = GgufTokenizer.NORMAL;
        for (int b = 0; b < 256; b++) {
            pieces[2 + b] = String.format("<0x%02X>", b);
            types[2 + b] = GgufTokenizer.BYTE;
        }
        PieceMerges model = PieceMerges.scored(pieces, new PieceMerges.Scored(types, scores), 0, true);
        assertThat(ids(model, "xyx")).containsExactly(1, 2 + 'x');
        assertThat(ids(model, "\u00E9")).containsExactly(2 + 0xC3, 2 + 0xA9);
    }

    @Test
    void unusedPiecesAreTakenApartAgain() {
        String[] pieces = {"<unk>", "a", "b", "ab", "abb"};
        PieceMerges model = PieceMerges.scored(pieces, new PieceMerges.Scored(new int[] {2, 1, 1, GgufTokenizer.UNUSED, 1}, new float[] {0, -3, -4, -1, -2}), 0, false);
        assertThat(ids(model, "ab")).containsExactly(1, 2);
        assertThat(ids(model, "abb")).containsExactly(4);
    }

    /// The same text in one go and word by word, where a vocabulary allows the cut.
    @Test
    void cuttingAtSpacesChangesNothing() throws IOException {
        for (String file : List.of("sp-bpe-small/tokenizer.model", "sp-bpe-gemma/tokenizer.model")) {
            PipelineTokenizer tokenizer = (PipelineTokenizer) Reference.open(Reference.ROOT.resolve(file));
            PieceMerges model = (PieceMerges) tokenizer.parts().model();
            assertThat(model.pieces().spaceBeginsWords()).isTrue();
            String[] pieces = new String[model.pieces().size() + 1];
            for (int id = 0; id < pieces.length - 1; id++) {
                pieces[id] = model.pieces().get(id);
            }
            pieces[pieces.length - 1] = "q\u2581q";                               // never in the text, but now no cut is allowed
            PieceMerges.Scored scored = model.asScored(List.of());
            int[] types = java.util.Arrays.copyOf(scored.types(), pieces.length);
            types[pieces.length - 1] = GgufTokenizer.NORMAL;
            PieceMerges whole = PieceMerges.scored(pieces, new PieceMerges.Scored(types, java.util.Arrays.copyOf(scored.scores(), pieces.length)), model.unknown(), true);
            assertThat(whole.pieces().spaceBeginsWords()).isFalse();
            for (int seed = 0; seed < 300; seed++) {
                String text = RandomText.string(new java.util.Random(seed), 80).replace(' ', '\u2581').replace("q", "");
                if (!text.isEmpty()) {
                    assertThat(ids(whole, text)).as("seed %d", seed).isEqualTo(ids(model, text));
                }
            }
        }
    }

    private static int[] ids(PieceModel model, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        TokenList ids = new TokenList();
        model.worker().encode(bytes, 0, bytes.length, ids);
        return ids.toArray();
    }

    @Test
    void bytesThatAreNoTextComeBack() throws IOException {
        Tokenizer tokenizer = Reference.open(Reference.ROOT.resolve("sp-bpe-gemma/tokenizer.model"));
        for (int seed = 0; seed < 300; seed++) {
            byte[] text = RandomText.bytes(new java.util.Random(seed), 200);
            assertThat(tokenizer.decodeBytes(tokenizer.encode(text, false, false), false)).as("seed %d", seed).isEqualTo(text);
        }
    }

    @Test
    void streamsNeverSplitACharacter() throws IOException {
        Tokenizer tokenizer = Reference.open(Reference.ROOT.resolve("sp-bpe-small/tokenizer.json"));
        int[] ids = tokenizer.encode("a\uD83E\uDDC0b");
        assertThat(ids.length).isGreaterThan(5);
        TextStream stream = tokenizer.stream(true);
        List<String> shown = new ArrayList<>();
        for (int id : ids) {
            String piece = stream.next(id);
            assertThat(piece).doesNotContain("\uFFFD");
            shown.add(piece);
        }
        assertThat(String.join("", shown)).isEqualTo("a\uD83E\uDDC0b");
        assertThat(shown).contains("\uD83E\uDDC0");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theFilesBesideAModelCount(boolean withBeginning, @TempDir Path folder) throws IOException {
        Files.copy(Reference.ROOT.resolve("sp-bpe-small/tokenizer.model"), folder.resolve("tokenizer.model"));
        Files.writeString(folder.resolve("tokenizer_config.json"), """
            {"add_bos_token": %s, "add_eos_token": true, "bos_token": "<s>", "eos_token": {"content": "<|end|>"}, "pad_token": "</s>", "added_tokens_decoder":
            {"1024": {"content": "<|end|>", "special": true, "rstrip": true}, "1025": {"content": "<fim_middle>", "special": true}}}""".formatted(withBeginning));
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [2, 777]}");
        Tokenizer tokenizer = Tokenizers.read(folder);
        assertThat(tokenizer.vocabularySize()).isEqualTo(1026);
        int[] a = tokenizer.encode("a");
        assertThat(tokenizer.encode("a<|end|>  a", true, true)).isEqualTo(withBeginning ? new int[] {1, a[0], 1024, a[0], 2} : new int[] {a[0], 1024, a[0], 2});
        assertThat(tokenizer.encode("<|end|>", false, false).length).isGreaterThan(3);
        assertThat(tokenizer.bos()).hasValue(1);
        assertThat(tokenizer.eos()).hasValue(1024);
        assertThat(tokenizer.token(TokenRole.PADDING)).hasValue(2);
        assertThat(tokenizer.token(TokenRole.FILL_MIDDLE)).hasValue(1025);
        assertThat(List.of(tokenizer.ends(1024), tokenizer.ends(2), tokenizer.ends(777), tokenizer.ends(1))).containsExactly(true, true, true, false);
    }

    /// What is written as `tokenizer.json` gives the ids that the reference gives for the original.
    @ParameterizedTest
    @ValueSource(strings = {"sp-bpe-small/tokenizer.json", "sp-bpe-small/tokenizer.model", "sp-bpe-gemma/tokenizer.json", "sp-bpe-gemma/tokenizer.model",
        "sp-unigram-bytefallback/tokenizer.json", "wordpiece-bert/tokenizer.json"})
    void tokenizerJsonSurvivesWritingAndReading(String file) throws IOException {
        Tokenizer original = Reference.open(Reference.ROOT.resolve(file));
        byte[] written = TokenizerJson.write(original);
        Tokenizer read = TokenizerJson.tokenizer(written, "written", null);
        String vectors = file.endsWith(".model") || !file.startsWith("sp-") ? "vectors.jsonl" : "vectors_json.jsonl";
        int rows = 0;
        for (JsonNode row : Reference.lines(Reference.ROOT.resolve(file).resolveSibling(vectors))) {
            int[] ids = Reference.ids(row.path("ids"));
            assertThat(read.encode(row.path("text").stringValue(), row.path("parse_special").booleanValue(), row.path("add_special").booleanValue())).as("%s", row).isEqualTo(ids);
            assertThat(read.decode(ids, false)).as("%s", row).isEqualTo(row.path("decoded").stringValue());
            rows++;
        }
        assertThat(rows).isGreaterThan(50);
        assertThat(TokenizerJson.write(read)).isEqualTo(written);
    }

    @Test
    void aFileIsKnownByItsNameOrItsBytes(@TempDir Path folder) throws IOException {
        int[] expected = Reference.open(Reference.ROOT.resolve("sp-bpe-small/tokenizer.model")).encode("jackdaw");
        for (String name : new String[] {"tokenizer.model", "tokenizer.json"}) {
            Files.copy(Reference.ROOT.resolve("sp-bpe-small").resolve(name), folder.resolve("blob-" + name.substring(10)));
            assertThat(Tokenizers.read(folder.resolve("blob-" + name.substring(10))).encode("jackdaw")).isEqualTo(expected);
        }
        assertThatThrownBy(() -> Tokenizers.read(folder)).isInstanceOf(IOException.class).hasMessageContaining("there is no tokenizer.json, tokenizer.model or params.gguf");
        assertThatThrownBy(() -> Tokenizers.readBytePair(Reference.ROOT.resolve("sp-bpe-small"))).hasMessageContaining("is not byte-level BPE");
    }

    @Test
    void fingerprintsTellTokenizersApart() throws IOException {
        List<String> prints = new ArrayList<>();
        for (String file : ConformanceTest.files) {
            String print = Tokenizers.fingerprint(Reference.open(Reference.ROOT.resolve(file)));
            assertThat(print).matches("[0-9a-f]{64}").isEqualTo(Tokenizers.fingerprint(Reference.open(Reference.ROOT.resolve(file))));
            prints.add(print);
        }
        assertThat(prints).doesNotHaveDuplicates();
    }
}
