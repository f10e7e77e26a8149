package dev.jackdaw.train.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The forms of comparisons, and what is refused.
class ComparisonsTest {
    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text.replace('`', '"'));
    }

    private static String shown(Conversation conversation) {
        StringBuilder text = new StringBuilder();
        for (Conversation.Turn turn : conversation.turns()) {
            text.append(turn.role().charAt(0)).append(turn.isTrained() ? "*" : "").append(':').append(turn.content()).append(' ');
        }
        return text.toString().strip();
    }

    private static void assertPair(String line, String chosen, String rejected) throws Malformed {
        Comparison.Pair pair = (Comparison.Pair) ComparisonForm.read(json(line));
        assertThat(shown(pair.chosen())).isEqualTo(chosen);
        assertThat(shown(pair.rejected())).isEqualTo(rejected);
    }

    @Test
    void pairsInAllForms() throws Malformed {
        assertPair("{`prompt`:`Q`,`chosen`:`A`,`rejected`:`B`}", "u:Q a*:A", "u:Q a*:B");
        assertPair("{`question`:`Q`,`system`:`S`,`chosen`:`A`,`rejected`:`B`}", "s:S u:Q a*:A", "s:S u:Q a*:B");
        assertPair("{`prompt`:[{`role`:`user`,`content`:`Q`}],`chosen`:[{`role`:`assistant`,`content`:`A`}],`rejected`:{`role`:`assistant`,`content`:`B`}}", "u:Q a*:A", "u:Q a*:B");
        assertPair("{`messages`:[{`role`:`user`,`content`:`P`},{`role`:`assistant`,`content`:`R`},{`role`:`user`,`content`:`Q`}],`chosen`:`A`,`rejected`:`B`}", "u:P a:R u:Q a*:A", "u:P a:R u:Q a*:B");
        String whole = "[{`role`:`user`,`content`:`Q`},{`role`:`assistant`,`content`:`%s`}]";
        assertPair("{`chosen`:" + whole.formatted("A") + ",`rejected`:" + whole.formatted("B") + "}", "u:Q a*:A", "u:Q a*:B");
        assertPair("{`prompt`:`Q`,`chosen`:" + whole.formatted("A") + ",`rejected`:" + whole.formatted("B") + "}", "u:Q a*:A", "u:Q a*:B");
    }

    @Test
    void transcripts() throws Malformed {
        String common = "\\n\\nHuman: P\\n\\nAssistant: R\\n\\nHuman: Q\\n\\nAssistant: ";
        assertPair("{`chosen`:`" + common + "A\\n\\nand more`,`rejected`:`" + common + "B`}", "u:P a:R u:Q a*:A\n\nand more", "u:P a:R u:Q a*:B");
        assertPair("{`prompt`:`\\n\\nHuman: Q\\n\\nAssistant:`,`chosen`:`A`,`rejected`:`B`}", "u:Q a*:A", "u:Q a*:B");
    }

    @Test
    void verdictsAndMargins() throws Malformed {
        Comparison.Verdict good = (Comparison.Verdict) ComparisonForm.read(json("{`prompt`:`Q`,`completion`:`A`,`label`:true}"));
        assertThat(shown(good.conversation())).isEqualTo("u:Q a*:A");
        assertThat(good.isGood()).isTrue();
        Comparison.Verdict bad = (Comparison.Verdict) ComparisonForm.read(json("{`messages`:[{`role`:`user`,`content`:`P`},{`role`:`assistant`,`content`:`R`},{`role`:`user`,`content`:`Q`},"
                + "{`role`:`assistant`,`content`:`A`}],`label`:false}"));
        assertThat(shown(bad.conversation())).isEqualTo("u:P a:R u:Q a*:A");
        assertThat(bad.isGood()).isFalse();
        assertThat(((Comparison.Pair) ComparisonForm.read(json("{`prompt`:`Q`,`chosen`:`A`,`rejected`:`B`,`margin`:0.5}"))).margin()).isEqualTo(0.5);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            [1]                                                                                      | NOT_JSON      | found a list
            {`prompt`:`Q`,`chosen`:`A`}                                                              | UNKNOWN_FORM  | found the fields [prompt, chosen]
            {`prompt`:`Q`,`chosen`:`A`,`rejected`:`A`}                                               | SAME_ANSWERS  | say the same
            {`prompt`:`Q`,`chosen`:``,`rejected`:`A`}                                                | EMPTY_ANSWER  | no content
            {`prompt`:`Q`,`chosen`:3,`rejected`:`A`}                                                 | MISSING_FIELD | chosen is 3
            {`prompt`:7,`chosen`:`B`,`rejected`:`A`}                                                 | MISSING_FIELD | prompt is 7
            {`prompt`:[],`chosen`:`B`,`rejected`:`A`}                                                | MISSING_FIELD | no messages
            {`chosen`:`B`,`rejected`:`A`}                                                            | MISSING_FIELD | there is no prompt
            {`prompt`:`Q`,`chosen`:`B`,`rejected`:`A`,`margin`:`big`}                                | MISSING_FIELD | margin is
            {`prompt`:[{`role`:`pope`,`content`:`Q`}],`chosen`:`B`,`rejected`:`A`}                   | UNKNOWN_ROLE  | (pope)
            {`prompt`:[{`role`:`assistant`,`content`:`Q`}],`chosen`:`B`,`rejected`:`A`}              | ROLE_ORDER    | comes first
            {`prompt`:`Q`,`chosen`:[{`role`:`user`,`content`:`x`}],`rejected`:[{`role`:`user`,`content`:`y`}]} | ROLE_ORDER | part at a turn that is no answer
            {`prompt`:`Q`,`completion`:`A`,`label`:1}                                                | MISSING_FIELD | label is 1
            {`completion`:`A`,`label`:true}                                                          | MISSING_FIELD | prompt is missing
            """)
    void malformedLinesSayWhatIsWrong(String line, Fault fault, String message) {
        assertThatThrownBy(() -> ComparisonForm.read(json(line))).isInstanceOfSatisfying(Malformed.class, e -> assertThat(e.fault()).isEqualTo(fault)).hasMessageContaining(message);
    }

    @Test
    void aPromptIsNeverOnBothSides() {
        List<Comparisons.Encoded> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            all.add(new Comparisons.Encoded(List.of(), true, i, Integer.toHexString(i / 3 * 7919 % 1000)));
        }
        Comparisons.Split split = Comparisons.split(all, 20);
        assertThat(split.heldOut()).hasSizeBetween(20, 22);
        assertThat(split.train()).hasSize(100 - split.heldOut().size());
        assertThat(split.train()).extracting(Comparisons.Encoded::prompt).doesNotContainAnyElementsOf(split.heldOut().stream().map(Comparisons.Encoded::prompt).toList());
        assertThat(Comparisons.split(all.reversed(), 20).heldOut()).as("the order of lines does not matter").containsExactlyInAnyOrderElementsOf(split.heldOut());
        assertThat(Comparisons.split(all, 0).heldOut()).isEmpty();
    }
}
