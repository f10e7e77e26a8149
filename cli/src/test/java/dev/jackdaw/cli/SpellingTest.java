package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpellingTest {
    private static final List<String> KNOWN = List.of("--temperature", "--threads", "--top-k", "--top-p", "--seed", "doctor", "tokenizer", "run");

    @ParameterizedTest
    @CsvSource({"--temprature,--temperature", "--tempreature,--temperature", "--thread,--threads", "docter,doctor", "--sede,--seed", "rum,run"})
    void findsTheOneThatWasMeant(String typed, String meant) {
        assertThat(Spelling.nearest(typed, KNOWN)).containsExactly(meant);
    }

    @Test
    void namesSeveralThatAreEquallyNear() {
        assertThat(Spelling.nearest("--top-x", KNOWN)).containsExactly("--top-k", "--top-p");
    }

    @Test
    void keepsSilentWhereNothingIsNear() {
        assertThat(Spelling.nearest("--colour", KNOWN)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"abc,abc,0", "abc,acb,1", "abc,abd,1", "'',abc,3", "kitten,sitting,3"})
    void countsTypingErrors(String a, String b, int errors) {
        assertThat(Spelling.distance(a, b)).isEqualTo(errors);
    }
}
