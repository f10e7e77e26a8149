package dev.jackdaw.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MarkupTest {
    @Test
    void htmlHasNoLiveMarkup() {
        assertThat(Markup.html("<img src=x onerror='a' title=\"b\"> & co")).isEqualTo("&lt;img src=x onerror=&#39;a&#39; title=&quot;b&quot;&gt; &amp; co");
    }

    @Test
    void controlsBecomeVisible() {
        assertThat(Markup.visible("a\u0000b\u001b[31m\r\n\tc\u007f")).isEqualTo("a⟨U+0000⟩b⟨U+001B⟩[31m⟨U+000D⟩\n\tc⟨U+007F⟩");
    }

    @Test
    void steeringCharactersShowTheirNumbers() {
        assertThat(Markup.visible("a\u202eb\u200b\u0085\ufeff")).isEqualTo("a⟨U+202E⟩b⟨U+200B⟩⟨U+0085⟩⟨U+FEFF⟩");
        assertThat(Markup.visible(Character.toString(0xe0041))).isEqualTo("⟨U+E0041⟩");
    }

    @Test
    void halvesOfCharactersAreReplacedAndWholeOnesKept() {
        assertThat(Markup.visible("\ud83d x \udc26 \ud83d\udc26 \uffff é 漢")).isEqualTo("\ufffd x \ufffd \ud83d\udc26 \ufffd é 漢");
    }

    @Test
    void fencesAreLongerThanAnyRunOfBackticks() {
        assertThat(Markup.codeBlock("a ```` b")).isEqualTo("`````text\na ```` b\n`````\n");
        assertThat(Markup.codeBlock("plain\n")).isEqualTo("```text\nplain\n```\n");
    }

    @Test
    void markdownStaysOnItsLineAndIsNotMarkup() {
        assertThat(Markup.markdown("| <b>*x*</b>\n[a](http://b) `c` @d")).isEqualTo("\\| &lt;b&gt;\\*x\\*&lt;/b&gt; \\[a\\](http&#58;//b) \\`c\\` &#64;d");
    }

    @Test
    void longTextsSayWhatWasLeftOut() {
        assertThat(Markup.shortened("abcdef", 6)).isEqualTo("abcdef");
        assertThat(Markup.shortened("abcdef", 2)).isEqualTo("ab… (4 more characters)");
        assertThat(Markup.shortened("a\ud83d\udc26bc", 2)).as("no pair is cut").isEqualTo("a… (4 more characters)");
    }

    @Test
    void numbersAreShortAndTheSameInEveryLocale() {
        assertThat(Numbers.compact(12_345_678)).isEqualTo("12.3M");
        assertThat(Numbers.compact(8192)).isEqualTo("8192");
        assertThat(Numbers.compact(1.5)).isEqualTo("1.50");
        assertThat(Numbers.grouped(1_234_567)).isEqualTo("1,234,567");
        assertThat(Numbers.bytes(999)).isEqualTo("999 B");
        assertThat(Numbers.bytes(41_900_000)).isEqualTo("41.9 MB");
        assertThat(Numbers.duration(598)).isEqualTo("9 min 58 s");
        assertThat(Numbers.duration(3599.7)).isEqualTo("1 h 0 min");
        assertThat(Numbers.plain(0.0003)).isEqualTo("0.0003");
        assertThat(Numbers.plain(0.0000025)).isEqualTo("2.5e-6");
        assertThat(Numbers.compact(Double.NaN)).isEqualTo("–");
    }
}
