package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ExtractionTest {
    private static final Extraction SUMS = new Extraction(List.of(new Extraction.After("####"), new Extraction.Number(true)), List.of("strip", "units", "commas", "period", "number"));

    @Test
    void takesTheMarkedAnswerOrElseTheLastNumber() {
        assertThat(SUMS.find("first 3, then 4\n#### 1,234\nand more 7")).contains("1234");
        assertThat(SUMS.find("That makes $18.00.")).contains("18");
        assertThat(SUMS.find("It is -5 degrees")).contains("-5");
        assertThat(SUMS.find("between 3-4 of 1,000,000.50")).contains("1000000.5");
        assertThat(SUMS.find("nothing . here - at all")).isEmpty();
        assertThat(SUMS.find("####")).isEmpty();
        assertThat(SUMS.find("#### ")).isEmpty();
        assertThat(SUMS.find("#### 0.0")).contains("0");
    }

    @Test
    void takesWhatAnExpressionSays() {
        Extraction letter = new Extraction(List.of(new Extraction.Regex(Pattern.compile("answer is \\(?([A-D])\\)?"), 1, true)), List.of("lower"));
        assertThat(letter.find("The answer is (B). No, the answer is C")).contains("c");
        assertThat(new Extraction(List.of(new Extraction.Regex(Pattern.compile("\\d+"), 0, false)), List.of()).find("7 or 8")).contains("7");
        assertThat(new Extraction(List.of(new Extraction.Line(false)), List.of()).find("\n one \ntwo\n")).contains("one");
        assertThat(new Extraction(List.of(new Extraction.Line(true)), List.of()).find("\n one \ntwo\n")).contains("two");
    }

    @Test
    void makesEqualWhatMeansTheSame() {
        Extraction words = new Extraction(List.of(), List.of("lower", "punctuation", "articles", "spaces"));
        assertThat(words.find("The  Quick, brown\nfox!")).contains("quick brown fox");
        assertThat(words.find("  ")).isEmpty();
        assertThat(new Extraction(List.of(), List.of("number")).find("1e3")).contains("1000");
        assertThat(new Extraction(List.of(), List.of("number")).find("1e999999999")).contains("1e999999999");
    }
}
