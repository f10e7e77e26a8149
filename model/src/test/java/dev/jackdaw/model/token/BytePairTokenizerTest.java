package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class BytePairTokenizerTest {
    static final List<String> kinds = Reference.KINDS;

    @ParameterizedTest
    @FieldSource("kinds")
    void encodesAndDecodesLikeTheReference(String kind) {
        Tokenizer tokenizer = Reference.tokenizer(kind);
        int rows = 0;
        for (JsonNode row : Reference.lines(kind + "/vectors.jsonl")) {
            String text = row.path("text").stringValue();
            int[] expected = Reference.ids(row.path("ids"));
            assertThat(tokenizer.encode(text, row.path("parse_special").booleanValue(), row.path("add_special").booleanValue()))
                .as("%s row %d: %s", kind, rows, row).isEqualTo(expected);
            assertThat(tokenizer.decode(expected, false)).as("%s row %d", kind, rows).isEqualTo(row.path("decoded").stringValue());
            if (row.has("decoded_skip_special")) {
                assertThat(tokenizer.decode(expected, true)).as("%s row %d", kind, rows).isEqualTo(row.path("decoded_skip_special").stringValue());
            }
            rows++;
        }
        assertThat(rows).isGreaterThan(600);
    }

    @ParameterizedTest
    @FieldSource("kinds")
    void decodesAnyIdsLikeTheReference(String kind) {
        Tokenizer tokenizer = Reference.tokenizer(kind);
        for (JsonNode row : Reference.lines(kind + "/decode.jsonl")) {
            int[] ids = Reference.ids(row.path("ids"));
            assertThat(tokenizer.decode(ids)).as(row.toString()).isEqualTo(row.path("decoded").stringValue());
            TextStream stream = tokenizer.stream(false);
            StringBuilder streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(stream.next(id));
            }
            assertThat(streamed.append(stream.end())).as(row.toString()).hasToString(row.path("decoded").stringValue());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bpe-gpt2", "bpe-llama3", "bpe-o200k"})
    void decodingGivesBackAnyBytes(String kind) {
        Tokenizer tokenizer = Reference.tokenizer(kind);
        for (int seed = 0; seed < 400; seed++) {
            byte[] text = RandomText.bytes(new Random(seed), 300);
            assertThat(tokenizer.decodeBytes(tokenizer.encode(text, seed % 2 == 0, false), false)).as("seed %d", seed).isEqualTo(text);
        }
        byte[] all = new byte[65536 * 2];
        for (int i = 0; i < 65536; i++) {
            all[2 * i] = (byte) (i >> 8);
            all[2 * i + 1] = (byte) i;
        }
        assertThat(tokenizer.decodeBytes(tokenizer.encode(all, true, false), false)).isEqualTo(all);
    }

    @Test
    void rememberedWordsHaveTheIdsTheyHadFirst() {
        Tokenizer warm = Reference.tokenizer("bpe-llama3");
        for (int seed = 0; seed < 150; seed++) {
            byte[] text = RandomText.bytes(new Random(seed), 300);
            int[] first = Reference.tokenizer("bpe-llama3").encode(text, false, false);
            for (int again = 0; again < 3; again++) {
                assertThat(warm.encode(text, false, false)).as("seed %d, time %d", seed, again).isEqualTo(first);
            }
        }
    }

    @Test
    void normalizesAroundBrokenBytes() {
        Tokenizer tokenizer = Reference.tokenizer("bpe-qwen2");
        byte[] text = {'e', (byte) 0xCC, (byte) 0x81, (byte) 0xFF, 'e', (byte) 0xCC, (byte) 0x81, (byte) 0xCC};
        assertThat(tokenizer.decodeBytes(tokenizer.encode(text, false, false), false))
            .containsExactly(0xC3, 0xA9, 0xFF, 0xC3, 0xA9, 0xCC);
    }

    @Test
    void halfASurrogatePairBecomesAReplacementCharacter() {
        Tokenizer tokenizer = Reference.tokenizer("bpe-llama3");
        assertThat(tokenizer.decode(tokenizer.encode("a\uD83Db\uDE00\uD83D\uDE00\uD83D"))).isEqualTo("a\uFFFDb\uFFFD\uD83D\uDE00\uFFFD");
    }

    @Test
    void aSliceIsEncodedAsIfItStoodAlone() {
        Tokenizer tokenizer = Reference.tokenizer("bpe-llama3");
        byte[] text = "It's a test,  with\n\n  numbers 12345 and sch\u00F6ne W\u00F6rter \uD83D\uDE00!  ".getBytes(StandardCharsets.UTF_8);
        for (int from = 0; from <= text.length; from++) {
            for (int to = from; to <= text.length; to++) {
                TokenList ids = new TokenList();
                tokenizer.encode(text, from, to, false, ids);
                assertThat(ids.toArray()).isEqualTo(tokenizer.encode(Arrays.copyOfRange(text, from, to), false, false));
            }
        }
    }

    /// Quadratic work anywhere would take minutes here. Counted in processor time, since other work may slow the clock on the wall.
    @ParameterizedTest
    @ValueSource(strings = {"a", " ", "\n", " \n", "-", "7", "'", "aB", "\u4E2D", "\u0301", "\u4E2DA", "Aa'", "<", "<|", "<|im_start|", "\t "})
    void aQuarterMegabyteOfOneThingIsEncodedInNoTime(String unit) {
        byte[] text = unit.repeat((1 << 18) / unit.length()).getBytes(StandardCharsets.UTF_8);
        for (String kind : Reference.KINDS) {
            Tokenizer tokenizer = Reference.tokenizer(kind);
            long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            assertThat(tokenizer.decodeBytes(tokenizer.encode(text, true, false), false)).isEqualTo(text);
            assertThat((ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start) / 1e9).as(kind).isLessThan(5);
        }
    }

    @Test
    void manyThreadsShareATokenizer() {
        Tokenizer tokenizer = Reference.tokenizer("bpe-llama3");
        var rows = Reference.lines("bpe-llama3/vectors.jsonl");
        IntStream.range(0, 8).parallel().forEach(_ -> rows.forEach(row -> assertThat(tokenizer.encode(
            row.path("text").stringValue(), row.path("parse_special").booleanValue(), row.path("add_special").booleanValue()))
            .isEqualTo(Reference.ids(row.path("ids")))));
    }

    @Test
    void saysWhatItsTokensAre() {
        Tokenizer tokenizer = Reference.tokenizer("bpe-llama3");
        assertThat(tokenizer.vocabularySize()).isEqualTo(1024);
        assertThat(tokenizer.id("<|eot_id|>")).hasValue(1022);
        assertThat(tokenizer.id("<|no_such|>")).isEmpty();
        assertThat(tokenizer.isSpecial(1022)).isTrue();
        assertThat(tokenizer.isSpecial(300)).isFalse();
        int the = tokenizer.id("\u0120the").orElseThrow();
        assertThat(tokenizer.bytes(the)).isEqualTo(" the".getBytes(StandardCharsets.UTF_8));
        assertThat(tokenizer.piece(the)).isEqualTo("\u0120the");
        assertThat(tokenizer.bos()).hasValue(1016);
        assertThat(tokenizer.eos()).isEmpty();
    }

    @Test
    void idsWithoutATokenAreNoText() {
        Tokenizer tokenizer = Reference.tokenizer("bpe-gpt2");
        assertThat(tokenizer.decode(-1, 1024, Integer.MAX_VALUE)).isEmpty();
        assertThat(tokenizer.bytes(5000)).isEmpty();
        assertThat(tokenizer.piece(-3)).isEmpty();
    }

    @Test
    void streamsNeverSplitACharacter() {
        Tokenizer tokenizer = Reference.tokenizer("bpe-gpt2");
        for (int seed = 0; seed < 300; seed++) {
            byte[] text = RandomText.bytes(new Random(seed), 60);
            int[] ids = tokenizer.encode(text, false, false);
            TextStream stream = tokenizer.stream(true);
            StringBuilder streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(stream.next(id));
            }
            assertThat(streamed.append(stream.end())).as("seed %d", seed).hasToString(tokenizer.decode(ids, true));
        }
        TextStream stream = tokenizer.stream(true);
        int[] cheese = tokenizer.encode("\uD83E\uDDC0");
        assertThat(cheese.length).isGreaterThan(1);
        for (int i = 0; i + 1 < cheese.length; i++) {
            assertThat(stream.next(cheese[i])).isEmpty();
        }
        assertThat(stream.next(cheese[cheese.length - 1])).isEqualTo("\uD83E\uDDC0");
    }
}
