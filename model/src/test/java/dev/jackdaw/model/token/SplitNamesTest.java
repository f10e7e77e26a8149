package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SplitNamesTest {
    static List<String> names() {
        return SplitNames.names();
    }

    private static List<String> words(PreTokenizer rule, String text) {
        return raw(rule, latin(text)).stream().map(word -> new String(word.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8)).toList();
    }

    /// UTF-8 as a string of one character for each byte: a rule may cut between the bytes of one character.
    private static String latin(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static List<String> raw(PreTokenizer rule, String latin) {
        byte[] bytes = latin.getBytes(StandardCharsets.ISO_8859_1);
        List<String> words = new ArrayList<>();
        if (bytes.length > 0) {
            rule.cut(bytes, 0, bytes.length, true, (word, from, to) -> words.add(new String(word, from, to - from, StandardCharsets.ISO_8859_1)));
        }
        return words;
    }

    @ParameterizedTest
    @MethodSource("names")
    void cutsAndLosesNothing(String name) {
        PreTokenizer rule = SplitNames.find(name).orElseThrow();
        for (int seed = 0; seed < 1000; seed++) {
            String text = latin(RandomText.string(new Random(seed), seed % 40 + 1));
            List<String> words = raw(rule, text);
            assertThat(String.join("", words)).as("seed %d", seed).isEqualTo(text);
            assertThat(words).as("seed %d", seed).doesNotContain("");
        }
    }

    /// A rule of several steps reads the text once for all of them; step by step must give the same.
    @ParameterizedTest
    @MethodSource("names")
    void allStepsAtOnceAreTheStepsOneByOne(String name) {
        if (SplitNames.find(name).orElseThrow() instanceof PreTokenizer.Chain chain) {
            for (int seed = 0; seed < 1000; seed++) {
                String text = latin(RandomText.string(new Random(seed), seed % 40 + 1));
                List<String> pieces = List.of(text);
                for (PreTokenizer step : chain.steps()) {
                    pieces = pieces.stream().flatMap(piece -> raw(step, piece).stream()).toList();
                }
                assertThat(raw(chain, text)).as("seed %d", seed).isEqualTo(text.isEmpty() ? List.of() : pieces);
            }
        }
    }

    /// Worked out by hand from the published expressions; `|` stands between words.
    @ParameterizedTest
    @CsvSource(delimiter = '#', ignoreLeadingAndTrailingWhitespace = false, value = {
        "deepseek-llm#Hello world, 2024!#Hello| world|,| |2|0|2|4|!",
        "deepseek-llm#a\u4E2D\u6587b#a|\u4E2D\u6587|b",
        "deepseek-coder#int x1 = 42;#int| x|1| = |4|2|;",
        "deepseek-v3#It's 12345 (ok)#It|'s| |123|45| (|ok|)",
        "deepseek-v3#\u4E2D\u6587abc\u3042#\u4E2D\u6587|abc|\u3042",
        "falcon#Hi there: 12345!#Hi| there|:| |123|45|!",
        "tekken#HelloWorld's 123#Hello|World|'s| |1|2|3",
        "qwen35#e\u0301t\u00E9 99#e\u0301t\u00E9| |9|9",
        "viking#abc 12, d#abc| |1|2|,| d",
        "starcoder#a 12#a| |1|2",
        "chatglm-bpe#It's 12345#It|'s| |123|45",
        "command-r#x = 10#x| =| |1|0",
        "gpt-4o#camelCase's#camel|Case's"})
    void cutsAsPublished(String name, String text, String expected) {
        assertThat(String.join("|", words(SplitNames.find(name).orElseThrow(), text))).isEqualTo(expected);
    }

    @Test
    void namesAllFamilies() {
        assertThat(SplitNames.names()).contains("llama-bpe", "qwen2", "gpt-2", "gpt-4o", "smollm", "starcoder", "refact", "deepseek-llm", "deepseek-coder", "deepseek-v3",
            "command-r", "olmo", "dbrx", "tekken", "chatglm-bpe", "glm4", "granite", "phi-2", "falcon", "default");
        assertThat(SplitNames.find("unheard-of")).isEmpty();
        assertThatThrownBy(() -> SplitNames.nameOf(PreTokenizer.Delimited.at("x+"))).hasMessageContaining("has no name in GGUF").hasMessageContaining("x+");
        for (String name : SplitNames.names()) {
            PreTokenizer rule = SplitNames.find(name).orElseThrow();
            assertThat(SplitNames.find(SplitNames.nameOf(rule))).contains(rule);
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void isWrittenAndRead(String name) {
        PreTokenizer rule = SplitNames.find(name).orElseThrow();
        BytePairSpec base = Reference.spec("bpe-gpt2");
        BytePairSpec spec = new BytePairSpec(base.pieces(), base.merges(), base.added(), rule, null, false, false, new int[0], new int[0], -1, -1);
        assertThat(TokenizerJson.parse(TokenizerJson.write(spec), "written").split()).isEqualTo(rule);
        assertThat(GgufTokenizer.of(spec, null).spec().split()).isEqualTo(rule);
    }

    /// What DeepSeek's and Falcon's `tokenizer.json` say is the rule that GGUF names so.
    @Test
    void theStepsOfAFileAreFoundByName() {
        String falcon = """
            {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Punctuation", "behavior": "Contiguous"}, {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            {"type": "Digits", "individual_digits": false}, {"type": "Split", "pattern": {"Regex": "[0-9][0-9][0-9]"}, "behavior": "Isolated", "invert": false}]}}""";
        assertThat(SplitNames.nameOf(TokenizerJson.parse(falcon.getBytes(StandardCharsets.UTF_8), "falcon").split())).isEqualTo("falcon");
        String coder = """
            {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "[\\r\\n]"}, "behavior": "Isolated", "invert": false},
            {"type": "Split", "pattern": {"Regex": "\\\\s?\\\\p{L}+"}, "behavior": "Isolated", "invert": false},
            {"type": "Split", "pattern": {"Regex": "\\\\s?\\\\p{P}+"}, "behavior": "Isolated", "invert": false},
            {"type": "Split", "pattern": {"Regex": "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+"}, "behavior": "Isolated", "invert": false},
            {"type": "Digits", "individual_digits": true}, {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}}""";
        assertThat(SplitNames.nameOf(TokenizerJson.parse(coder.getBytes(StandardCharsets.UTF_8), "coder").split())).isEqualTo("deepseek-coder");
    }
}
