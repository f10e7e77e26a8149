package dev.jackdaw.lab.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.lab.probe.MadeUp.Fact;
import dev.jackdaw.lab.probe.ReversalExperiment.Condition;
import dev.jackdaw.lab.probe.ReversalExperiment.Outcome;
import dev.jackdaw.lab.probe.ReversalExperiment.Settings;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReversalExperimentTest {
    private static final Settings TINY = new Settings(4, 30, 1, 32, 3e-4, null, 7);
    private static final List<Condition> TWO = List.of(Condition.ONE_WAY, Condition.QUESTIONS_ABOUT_OTHERS);

    @TempDir
    Path folder;

    /// What is asked backward must not stand in the training text, unless the condition is about that.
    @Test
    void examinedFactsStandOneWayOnly() {
        ReversalExperiment experiment = new ReversalExperiment(new Settings(20, 30, 1, 32, 3e-4, null, 3));
        List<Fact> examined = new MadeUp(3).facts(40).subList(0, 20);
        for (Condition condition : Condition.values()) {
            List<String> texts = new java.util.ArrayList<>(experiment.statements(condition));
            texts.addAll(experiment.questions(condition));
            boolean backward = examined.stream().anyMatch(fact -> texts.stream().anyMatch(text -> text.contains(fact.description()) && text.contains(fact.name())
                    && text.indexOf(fact.description()) < text.indexOf(fact.name())));
            assertThat(backward).as(condition.title()).isEqualTo(switch (condition) {
                case ONE_WAY, OTHERS_BOTH_WAYS, PARAPHRASES, REVERSED_WORDS, QUESTIONS_ABOUT_OTHERS -> false;
                case REVERSED_ENTITIES, BOTH_WAYS, QUESTIONS_ABOUT_SAME -> true;
            });
            assertThat(examined).allSatisfy(fact -> assertThat(texts).contains(" " + fact.name() + " is " + fact.description() + "."));
        }
        assertThat(experiment.statements(Condition.REVERSED_WORDS)).anyMatch(text -> text.matches(" \\. \\w+ \\w+ the of \\w+ \\w+ the is \\w+ \\w+"));
        assertThat(experiment.statements(Condition.PARAPHRASES)).hasSize(8 * 20 + 2 * 20).doesNotHaveDuplicates();
    }

    @Test
    void factsAreAllDifferent() {
        List<Fact> facts = new MadeUp(1).facts(300);
        assertThat(facts.stream().map(Fact::name)).doesNotHaveDuplicates();
        assertThat(facts.stream().map(Fact::description)).doesNotHaveDuplicates();
        assertThat(new MadeUp(1).facts(300)).isEqualTo(facts);
        assertThat(new MadeUp(2).facts(300)).isNotEqualTo(facts);
    }

    @Test
    void goesOnWhereItStoppedAndRepeatsItself() throws IOException {
        try (Device one = Device.cpu(1); Device two = Device.cpu(2)) {
            ReversalExperiment experiment = new ReversalExperiment(TINY);
            List<Outcome> alone = experiment.run(TWO, null, null, null, one, (_, _, _, _) -> { });
            experiment.run(List.of(Condition.ONE_WAY), null, null, folder, two, (_, _, _, _) -> { });
            int[] steps = {0};
            List<Outcome> resumed = experiment.run(TWO, null, null, folder, two, (condition, _, _, _) -> {
                assertThat(condition).isEqualTo(Condition.QUESTIONS_ABOUT_OTHERS.title());
                steps[0]++;
            });
            assertThat(steps[0]).isEqualTo(30);
            assertThat(resumed).isEqualTo(alone);               // on another number of threads, from two runs
            assertThat(alone.getFirst().forward().exact().n()).isEqualTo(4);
            assertThat(alone.getFirst().tokens()).isEqualTo(30L * 16 * ReversalExperiment.CONTEXT);
            LearningPage.writeReversal(folder, TINY, resumed);
            assertThat(Files.readString(folder.resolve("report.html"))).contains("The reversal curse").doesNotContain("<script");
        }
    }

    /// The experiment itself: told one way, a model knows one way; told both ways, both.
    @Test
    @Tag("slow")
    void aModelKnowsWhatItWasToldInTheDirectionItWasTold() throws IOException {
        try (Device device = Device.cpu(2)) {
            List<Outcome> outcomes = new ReversalExperiment(new Settings(16, 120, 2, 128, 3e-4, null, 0))
                    .run(List.of(Condition.OTHERS_BOTH_WAYS, Condition.BOTH_WAYS), null, null, null, device, (_, _, _, _) -> { });
            assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.forward().exact().share()).isGreaterThan(0.9));
            assertThat(outcomes.getFirst().backward().exact().share()).isLessThan(0.1);
            assertThat(outcomes.getLast().backward().exact().share()).isGreaterThan(0.9);
        }
    }

    @Test
    void refusesAFolderOfOtherSettings() throws IOException {
        try (Device device = Device.cpu(1)) {
            new ReversalExperiment(TINY).run(List.of(), null, null, folder, device, (_, _, _, _) -> { });
            assertThatThrownBy(() -> new ReversalExperiment(new Settings(5, 30, 1, 32, 3e-4, null, 7)).run(List.of(), null, null, folder, device, (_, _, _, _) -> { }))
                    .hasMessageContaining("other settings").hasMessageContaining("--out");
            assertThatThrownBy(() -> new Settings(1, 30, 1, 32, 3e-4, null, 7)).hasMessageContaining("1 facts");
            assertThatThrownBy(() -> new Settings(5, 30, 1, 40, 3e-4, null, 7)).hasMessageContaining("width 40");
        }
    }
}
