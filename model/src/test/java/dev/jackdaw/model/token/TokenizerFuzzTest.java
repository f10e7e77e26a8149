package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever happens to the bytes of a tokenizer's file, there is a tokenizer or one clear error: no crash, no hang, no memory beyond
/// the file's own size.
class TokenizerFuzzTest {
    private static final String TEXT = "Some text, 123  <s>[MASK]</s> \u00E9e\u0301 \uD83D\uDE00 \u4E2D\u6587\n\tand more\u0000";

    private static byte[] bytes(String file) throws IOException {
        Path path = Reference.ROOT.resolve(file);
        if (Files.exists(path)) {
            return Files.readAllBytes(path);
        }
        try (var in = new GZIPInputStream(Files.newInputStream(Reference.ROOT.resolve(file + ".gz")))) {
            return in.readAllBytes();
        }
    }

    private static Tokenizer open(byte[] bytes, String file) {
        return file.endsWith(".json") ? TokenizerJson.tokenizer(bytes, "damaged", null) : SentencePieceModel.read(bytes, "damaged", null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sp-bpe-small/tokenizer.json", "sp-bpe-small/tokenizer.model", "sp-bpe-gemma/tokenizer.json", "sp-bpe-gemma/tokenizer.model",
        "sp-unigram-bytefallback/tokenizer.json", "sp-unigram-bytefallback/tokenizer.model", "sp-unigram/tokenizer.model", "wordpiece-bert/tokenizer.json",
        "bpe-llama3/tokenizer.json"})
    void damagedFilesAreRefusedOrWork(String file) throws IOException {
        byte[] good = bytes(file);
        int refused = 0;
        int times = good.length > 100_000 ? 60 : 150;
        for (int seed = 0; seed < times; seed++) {
            Random random = new Random(seed);
            byte[] damaged = random.nextInt(4) == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : good.clone();
            for (int i = random.nextInt(1, 20); i > 0 && damaged.length > 0; i--) {
                // Half of it near the ends, where what is not vocabulary lies.
                int at = random.nextBoolean() ? random.nextInt(damaged.length) : random.nextBoolean() ? random.nextInt(Math.min(2000, damaged.length))
                    : damaged.length - 1 - random.nextInt(Math.min(300, damaged.length));
                damaged[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : damaged[at] ^ 1 << random.nextInt(8));
            }
            try {
                Tokenizer tokenizer = open(damaged, file);
                tokenizer.decode(tokenizer.encode(TEXT, seed % 2 == 0, true), seed % 3 == 0);
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).as("seed %d", seed).isNotBlank().hasSizeLessThan(1500);
                refused++;
            } catch (RuntimeException | Error e) {
                fail("seed " + seed, e);
            }
        }
        assertThat(refused).isGreaterThan(times / 8);
    }

    @Test
    void noiseIsRefused() {
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            byte[] noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            for (String file : new String[] {"x.json", "x.model"}) {
                assertThatThrownBy(() -> open(noise, file)).as("seed %d", seed).isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("damaged");
            }
        }
    }

    @Test
    void aNumberThatLiesCostsNoMemory() {
        byte[] huge = {0x0A, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x07};
        assertThatThrownBy(() -> open(huge, "x.model")).hasMessageContaining("at byte 6").hasMessageContaining("2147483647 bytes");
        byte[] endless = {(byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, 0};
        assertThatThrownBy(() -> open(endless, "x.model")).hasMessageContaining("more than ten bytes");
        String ids = "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":2000000000},\"unk_token\":null}}";
        assertThatThrownBy(() -> open(ids.getBytes(StandardCharsets.UTF_8), "x.json")).hasMessageContaining("expected an id from 0 to");
        String deep = "{\"normalizer\":" + "[".repeat(200_000);
        assertThatThrownBy(() -> open(deep.getBytes(StandardCharsets.UTF_8), "x.json")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("nesting depth");
    }

    /// An expression that would try for ever is stopped.
    @ParameterizedTest
    @ValueSource(strings = {"(a*)*b", "(a|aa)+$b", "(.*)*x", "(?:a|b|ab)*c"})
    void hostileExpressionsComeToAnEnd(String expression) throws IOException {
        String json = """
            {"model": {"type": "WordPiece", "vocab": {"a": 0, "[UNK]": 1}, "unk_token": "[UNK]"}, "pre_tokenizer":
            {"type": "Split", "pattern": {"Regex": "%s"}, "behavior": "Isolated", "invert": false}}""".formatted(expression);
        Tokenizer tokenizer = open(json.getBytes(StandardCharsets.UTF_8), "x.json");
        long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        String text = "a".repeat(5_000) + "ab".repeat(5_000);
        try {
            assertThat(tokenizer.encode(text).length).isPositive();
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageContaining("expression");
        }
        assertThat((ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start) / 1e9).isLessThan(20);
    }

    /// Quadratic work anywhere would take minutes. Counted in processor time, since other work may slow the clock on the wall.
    @ParameterizedTest
    @ValueSource(strings = {"a", " ", "\n", "\u2581", "a ", "\u4E2D", "\u0301", "\uD83D\uDE00", "<", "<s>", "aB", "ing", "\u0000", "\uFDFA", "\r"})
    void anEighthOfAMegabyteOfOneThingIsEncodedInNoTime(String unit) throws IOException {
        byte[] text = unit.repeat((1 << 17) / unit.length()).getBytes(StandardCharsets.UTF_8);
        for (String file : ConformanceTest.files) {
            Tokenizer tokenizer = Reference.open(Reference.ROOT.resolve(file));
            long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            int[] ids = tokenizer.encode(text, true, false);
            assertThat(tokenizer.decode(ids, false)).isNotNull();
            assertThat((ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start) / 1e9).as(file).isLessThan(5);
        }
    }

    /// What is wrong in a step is said with its path.
    @Test
    void stepsAreNamedByTheirPath() {
        String file = "{\"model\":{\"type\":\"%s\",\"vocab\":{\"a\":0,\"[UNK]\":1},\"merges\":[],\"unk_token\":\"[UNK]\"},\"normalizer\":%s,\"pre_tokenizer\":%s,\"decoder\":%s}";
        for (String[] broken : new String[][] {
            {"WordPiece", "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"Upside\"}]}", "null", "null", "normalizer.normalizers[1]: normalizer Upside is not supported"},
            {"WordPiece", "null", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Digits\"},{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Removed\"}]}", "null",
                "pre_tokenizer.pretokenizers[1]: the regular expression ( cannot be used"},
            {"WordPiece", "null", "{\"type\":\"Metaspace\",\"replacement\":\"\"}", "null", "pre_tokenizer: replacement is empty"},
            {"WordPiece", "null", "null", "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":\"Sing\"}]}", "decoder.decoders[1] Sing is not supported"},
            {"BPE", "null", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":\"Metaspace\"}]}", "null", "pre_tokenizer.pretokenizers[1]: behind ByteLevel a step may only cut"}}) {
            String json = file.formatted(broken[0], broken[1], broken[2], broken[3]);
            assertThatThrownBy(() -> open(json.getBytes(StandardCharsets.UTF_8), "x.json")).isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("damaged: ").hasMessageContaining(broken[4]);
        }
        String longKey = "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"" + "x".repeat(10_000) + "\":-1},\"unk_token\":null}}";
        assertThatThrownBy(() -> open(longKey.getBytes(StandardCharsets.UTF_8), "x.json")).hasMessageContaining("x…").satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(250));
    }
}
