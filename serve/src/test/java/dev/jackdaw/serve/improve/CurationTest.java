package dev.jackdaw.serve.improve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.serve.feedback.Correction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CurationTest {
    private static final Overlap NOTHING = new Overlap();

    private static Correction correction(String id, long created, String question, String bad, String good) {
        return new Correction(id, created, "birds", List.of(Map.of("role", "user", "content", question)), bad, good);
    }

    private static Curation of(Correction... corrections) {
        return Curation.of(List.of(corrections), Set.of(), NOTHING, 0.2);
    }

    private static List<String> ids(List<Curation.Case> cases) {
        return cases.stream().map(Curation.Case::id).toList();
    }

    @Test
    void theLatestOfOneQuestionCounts() {
        Curation curation = of(correction("a", 1, "Where is the jackdaw?", "Away.", "On the roof."), correction("b", 5, "where is  the jackdaw", "Away.", "On the tower."),
                correction("c", 3, "Where is the jackdaw?", null, "On the tower"));
        assertThat(ids(curation.learned())).containsExactly("b");
        assertThat(curation.removed()).containsExactlyInAnyOrder(new Curation.Removed("c", Curation.Why.DUPLICATE, "b"), new Curation.Removed("a", Curation.Why.SUPERSEDED, "b"));
        assertThat(curation.reasons()).containsEntry("superseded", 1L).containsEntry("duplicate", 1L);
    }

    @Test
    void textIsBroughtIntoOneSpelling() {
        Curation curation = of(correction("a", 1, "\uFEFF Wo ist die Dohle?\r\n", null, " Auf dem Tu\u0308rmchen.\u0000 "));
        assertThat(curation.learned().getFirst().question()).isEqualTo("Wo ist die Dohle?");
        assertThat(curation.learned().getFirst().good()).isEqualTo("Auf dem T\u00FCrmchen.");
    }

    @Test
    void anAnswerOfWhichNothingIsLeftIsNone() {
        Curation curation = of(correction("given", 1, "Where?", "\u200B\uFEFF \u0000", "Here."), correction("corrected", 2, "When?", "Now.", "\u200B\uFEFF \u0000"));
        assertThat(ids(curation.learned())).containsExactly("given");
        assertThat(curation.learned().getFirst().bad()).isNull();
        assertThat(curation.removed()).extracting(Curation.Removed::id, Curation.Removed::why).containsExactly(org.assertj.core.groups.Tuple.tuple("corrected", Curation.Why.EMPTY));
    }

    @Test
    void whatCannotBeLearnedIsNamedWithItsReason() {
        Curation curation = Curation.of(List.of(correction("empty", 1, "What?", "x", "  "), correction("blank", 1, " ", "x", "y"), correction("same", 1, "How?", "So.", "So. "),
                new Correction("last", 1, "birds", List.of(Map.of("role", "user", "content", "a"), Map.of("role", "assistant", "content", "b")), null, "c"),
                new Correction("picture", 1, "birds", List.of(Map.of("role", "user", "content", List.of(Map.of("type", "image_url")))), null, "c"),
                new Correction("role", 1, "birds", List.of(Map.of("role", "bird", "content", "a")), null, "c"),
                new Correction("parts", 1, "birds", List.of(Map.of("role", "developer", "content", "Be kind."), Map.of("role", "user", "content", List.of(Map.of("type", "text", "text", "In parts?")))), null, "Yes.")),
                Set.of(), NOTHING, 0.2);
        assertThat(ids(curation.learned())).containsExactly("parts");
        assertThat(curation.learned().getFirst().messages().getFirst()).containsEntry("role", "system");
        assertThat(curation.learned().getFirst().question()).isEqualTo("In parts?");
        assertThat(curation.removed()).extracting(Curation.Removed::id, Curation.Removed::why).containsExactlyInAnyOrder(org.assertj.core.groups.Tuple.tuple("empty", Curation.Why.EMPTY),
                org.assertj.core.groups.Tuple.tuple("blank", Curation.Why.EMPTY), org.assertj.core.groups.Tuple.tuple("same", Curation.Why.UNCHANGED),
                org.assertj.core.groups.Tuple.tuple("last", Curation.Why.MALFORMED), org.assertj.core.groups.Tuple.tuple("picture", Curation.Why.MALFORMED),
                org.assertj.core.groups.Tuple.tuple("role", Curation.Why.MALFORMED));
    }

    @Test
    void nearlyTheSameIsLearnedOnceAndAlikeQuestionsStay() {
        String words = "a long question about towers and birds that goes on for many more words so that one of them does not matter at all to anybody who reads it today or some other day";
        Curation curation = of(correction("a", 1, words + " please", null, "There are three."), correction("b", 2, words + " thanks", null, "There are three."),
                correction("c", 3, "Which package is ArrayList in?", null, "It is in the package java.util."), correction("d", 4, "Which package is HashMap in?", null, "It is in the package java.util."));
        assertThat(ids(curation.learned())).containsExactly("b", "c", "d");
        assertThat(curation.removed()).containsExactly(new Curation.Removed("a", Curation.Why.NEAR_DUPLICATE, "b"));
    }

    @Test
    void nothingOfAnEvaluationIsLearned() {
        Overlap overlap = new Overlap();
        overlap.add("exam 1", "Which package is Tower in?");
        overlap.add("exam 2", "6*7?");
        overlap.add("exam 3", "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen?");
        Curation curation = Curation.of(List.of(correction("asked", 1, "which package is TOWER in", null, "a.b"), correction("inside", 1, "Tell me: which package is Tower in, please?", null, "a.b"),
                correction("answer", 1, "What is asked?", null, "They ask: Which package is Tower in? And more."), correction("sum", 1, "6*7?", null, "42"),
                correction("other sum", 1, "What is 6*7?", null, "42"), correction("run", 1, "Zero two three four five six seven eight nine ten eleven twelve thirteen fourteen", null, "x"),
                correction("short run", 1, "two three four five six seven eight nine ten eleven twelve thirteen", null, "x"), correction("free", 1, "Which package is Wall in?", null, "6*7?")), Set.of(), overlap, 0.2);
        assertThat(ids(curation.learned())).containsExactlyInAnyOrder("other sum", "short run", "free");
        assertThat(curation.removed()).containsExactlyInAnyOrder(new Curation.Removed("asked", Curation.Why.EVALUATION, "exam 1"), new Curation.Removed("inside", Curation.Why.EVALUATION, "exam 1"),
                new Curation.Removed("answer", Curation.Why.EVALUATION, "exam 1"), new Curation.Removed("sum", Curation.Why.EVALUATION, "exam 2"), new Curation.Removed("run", Curation.Why.EVALUATION, "exam 3"));
    }

    @Test
    void someOfManyAreHeldOutAndAlwaysTheSame() {
        List<Correction> many = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            many.add(correction("c" + i, i, "What about the bird number " + i + "?", null, "Its tower has the number " + i * 7919 % 1000 + "."));
        }
        Curation all = Curation.of(many, Set.of(), NOTHING, 0.2);
        assertThat(all.heldOut()).hasSizeBetween(10, 32);
        assertThat(all.learned()).hasSize(100 - all.heldOut().size());
        assertThat(Curation.of(many.subList(0, ImproveSettings.ENOUGH - 1), Set.of(), NOTHING, 0.2).heldOut()).isEmpty();
        Curation half = Curation.of(many.subList(0, 50), Set.of(), NOTHING, 0.2);
        assertThat(ids(all.heldOut())).containsAll(ids(half.heldOut()));
        Curation later = Curation.of(many, Set.copyOf(ids(all.heldOut())), NOTHING, 0.2);      // what was learned once is no examination
        assertThat(later.heldOut()).isEmpty();
        assertThat(later.fresh()).isEqualTo(100 - all.heldOut().size());
    }

    @Test
    void aFileOfCorrectionsIsReadOrNamedWithItsLine(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("c.jsonl"), """
            {"question": "Who?", "good": "The jackdaw."}

            {"id": "x", "created": 7, "model": "birds", "messages": [{"role": "user", "content": "Where?"}], "bad": "There.", "good": "Here.", "more": 1}
            """);
        List<Correction> read = CorrectionFile.read(file).since(0);
        assertThat(read).containsExactly(new Correction("line-1", 1, null, List.of(Map.of("role", "user", "content", "Who?")), null, "The jackdaw."),
                new Correction("x", 7, "birds", List.of(Map.of("role", "user", "content", "Where?")), "There.", "Here."));
        assertThat(CorrectionFile.read(file).since(5)).hasSize(1);
        assertThat(CorrectionFile.read(file).preferences(0)).hasSize(1);
        for (String wrong : Arrays.asList("{\"good\": \"x\"}", "{\"question\": \"x\"}", "[1]", "{", "{\"messages\": [3], \"good\": \"x\"}")) {
            Files.writeString(file, "{\"question\": \"a\", \"good\": \"b\"}\n" + wrong + "\n");
            assertThatThrownBy(() -> CorrectionFile.read(file)).as(wrong).isInstanceOf(IOException.class).hasMessageContaining("line 2");
        }
    }
}
