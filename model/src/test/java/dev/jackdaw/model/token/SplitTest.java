package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SplitTest {
    private static List<String> words(Split split, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<String> words = new ArrayList<>();
        for (int at = 0; at < bytes.length; ) {
            int end = split.next(bytes, at, bytes.length);
            assertThat(end).isGreaterThan(at).isLessThanOrEqualTo(bytes.length);
            words.add(new String(bytes, at, end - at, StandardCharsets.UTF_8));
            at = end;
        }
        return words;
    }

    private static List<String> matches(Pattern pattern, String text) {
        List<String> words = new ArrayList<>();
        Matcher matcher = pattern.matcher(text);
        int at = 0;
        while (matcher.find()) {
            assertThat(matcher.start()).isEqualTo(at);
            at = matcher.end();
            words.add(matcher.group());
        }
        assertThat(at).isEqualTo(text.length());
        return words;
    }

    @ParameterizedTest
    @EnumSource
    void cutsLikeItsRegularExpression(Split split) {
        Pattern pattern = Pattern.compile(split.expression(), Pattern.UNICODE_CHARACTER_CLASS);
        for (int seed = 0; seed < 20_000; seed++) {
            String text = RandomText.string(new Random(seed), seed % 40 + 1);
            List<String> expected = matches(pattern, text);
            List<String> found = words(split, text);
            if (!found.equals(expected)) {
                fail("seed %d, text %s: expected %s, found %s", seed, text.codePoints().mapToObj(Integer::toHexString).toList(), expected, found);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void knowsEveryCharacter(Split split) {
        Pattern pattern = Pattern.compile(split.expression(), Pattern.UNICODE_CHARACTER_CLASS);
        StringBuilder text = new StringBuilder();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (c == 0x40000) {
                c = 0xE0000;                    // nothing between is assigned
            }
            if (c == 0xE1000) {
                c = 0x10FF00;                   // private use
            }
            if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
                text.append('x').appendCodePoint(c).append(' ').appendCodePoint(c).append('A').appendCodePoint(c).appendCodePoint(c);
            }
            if (text.length() > 4000 || c == Character.MAX_CODE_POINT) {
                assertThat(words(split, text.toString())).as("up to %x", c).isEqualTo(matches(pattern, text.toString()));
                text.setLength(0);
            }
        }
    }

    @Test
    void bytesThatAreNoTextAreSymbols() {
        byte[] text = {'a', (byte) 0xFF, (byte) 0x80, 'b', ' ', (byte) 0xE2, (byte) 0x82, '\n', (byte) 0xED, (byte) 0xA0, (byte) 0x80};
        List<Integer> ends = new ArrayList<>();
        for (int at = 0; at < text.length; ) {
            at = Split.LLAMA3.next(text, at, text.length);
            ends.add(at);
        }
        // a | FF 80 | b | ' ' E2 82 \n | ED A0 80
        assertThat(ends).containsExactly(1, 3, 4, 8, 11);
    }

    @ParameterizedTest
    @EnumSource
    void isFoundByItsNames(Split split) {
        assertThat(Split.ofExpression(split.expression())).contains(split);
        assertThat(Split.ofGgufName(split.ggufName())).contains(split);
        assertThat(Split.ofExpression("\\s+")).isEmpty();
        assertThat(Split.ofGgufName("no-such")).isEmpty();
    }
}
