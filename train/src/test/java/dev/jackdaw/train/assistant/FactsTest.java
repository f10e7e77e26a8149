package dev.jackdaw.train.assistant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.agent.ability.Calculator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FactsTest {
    /// So many invented types in a few packages.
    static List<JavaType> types(int count) {
        List<String> sources = new ArrayList<>();
        String[] first = {"Red", "Blue", "Old", "Fast", "Quiet", "Round", "Long", "Cold"}, second = {"Tower", "River", "Stone", "Bird", "Window", "Garden", "Letter"};
        for (int i = 0; i < count; i++) {
            String name = first[i % 8] + second[i / 8 % 7] + (i < 56 ? "" : i);
            sources.add("package org.place" + i % 5 + "; /** A thing that is number " + i + ". @since " + (1 + i % 9) + " */ public " + (i % 3 == 0 ? "interface " : "class ") + name + " {\n"
                + "/** Gives the name of it. @throws IllegalStateException always */ " + (i % 3 == 0 ? "" : "public ") + "String name" + (i % 3 == 0 ? "();" : "() { return null; }")
                + "\n" + (i % 3 == 0 ? "int size();" : "public int size() { return 0; } public void close() { }") + "}");
        }
        return JavaFacts.of(sources.toArray(String[]::new));
    }

    @Test
    void noQuestionOfAHeldOutTypeOrMethodIsLearned() {
        Facts facts = Facts.of(types(200), document -> document % 2 == 0);
        assertThat(facts.heldOut()).isNotEmpty();
        assertThat(facts.heldOut()).allMatch(fact -> fact.document() % 2 == 0);
        Set<String> heldOut = facts.heldOut().stream().map(Fact::subject).collect(Collectors.toSet());
        assertThat(facts.learned()).extracting(Fact::subject).doesNotContainAnyElementsOf(heldOut);
        Set<String> wholeTypes = facts.heldOut().stream().filter(Fact::isOfType).map(Fact::type).collect(Collectors.toSet());
        assertThat(wholeTypes).isNotEmpty();
        assertThat(facts.learned()).extracting(Fact::type).doesNotContainAnyElementsOf(wholeTypes);

        Lessons lessons = Lessons.of(facts, 4000, 7);
        Set<String> examined = new HashSet<>();
        lessons.examined().forEach((group, questions) -> questions.forEach(question -> examined.add(question.question())));
        for (Exercise exercise : lessons.learned()) {
            assertThat(examined).doesNotContain(exercise.question());
            assertThat(exercise.question().split("[^\\w.]+|\\.(?!\\w)")).doesNotContainAnyElementsOf(heldOut);
        }
    }

    @Test
    void namesWithSeveralMeaningsAreNotAsked() {
        Facts facts = Facts.of(JavaFacts.of("package a; public class Date { public int day() { return 1; } public int year() { return 1; } }",
            "package b; public class Date { public int day() { return 1; } public long year() { return 1; } public String toString() { return null; } }"), _ -> false);
        assertThat(facts.learned()).isEmpty();
        Facts overloaded = Facts.of(JavaFacts.of("package a; public class Day { public int at() { return 1; } public long at(int x) { return 1; } public int on() { return 1; } }"), _ -> false);
        assertThat(overloaded.learned().stream().filter(fact -> fact.topic() == Topic.RETURNS)).extracting(Fact::subject).containsOnly("Day.on");
    }

    @Test
    void anExaminationIsReadAsItWasWritten(@TempDir Path folder) throws IOException {
        Lessons lessons = Lessons.of(Facts.of(types(200), document -> document % 2 == 0), 60, 7);
        Path file = folder.resolve("held-out.jsonl");
        lessons.write(folder.resolve("learned.jsonl"), file);
        List<Exercise> written = lessons.examined().values().stream().flatMap(List::stream).toList(), read = Examination.read(file);
        assertThat(read).extracting(Exercise::group, Exercise::question, Exercise::expected).containsExactlyElementsOf(written.stream()
                .map(exercise -> org.assertj.core.groups.Tuple.tuple(exercise.group(), exercise.question(), exercise.expected())).toList());
        Files.writeString(file, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"group\":\"since\"}\n");
        assertThatThrownBy(() -> Examination.read(file)).hasMessageContaining("line 1").hasMessageContaining("1 messages");
    }

    @Test
    void answersAreReadAsTheyWereWritten() {
        for (Topic topic : Topic.values()) {
            for (String value : List.of("java.util", "an abstract class", "byte[]", "Map.Entry", "nothing", "IOException", "1.8", "25")) {
                if (topic != Topic.DEPRECATED) {
                    assertThat(topic.read(topic.answer(value))).as("%s %s", topic, value).isEqualTo(value);
                }
            }
            assertThat(topic.phrasings()).doesNotHaveDuplicates().allMatch(phrasing -> phrasing.contains("{}"));
        }
        assertThat(Topic.PACKAGE.read("I do not know.")).isEmpty();
    }

    @Test
    void theSameSeedGivesTheSameLessons() {
        Facts facts = Facts.of(types(100), _ -> true);
        assertThat(Lessons.of(facts, 500, 3)).isEqualTo(Lessons.of(facts, 500, 3));
        assertThat(Lessons.of(facts, 500, 3).learned()).isNotEqualTo(Lessons.of(facts, 500, 4).learned());
    }

    @Test
    void everythingOutsideAndEverySumIsOnOneSideOnly() {
        Lessons lessons = Lessons.of(Facts.of(types(100), _ -> true), 20_000, 1);
        for (String group : List.of(Exercise.OUTSIDE, Exercise.CALCULATOR)) {
            Set<String> learned = lessons.learned().stream().filter(exercise -> exercise.group().equals(group)).map(Exercise::question).collect(Collectors.toSet());
            assertThat(learned).hasSizeGreaterThan(500);
            assertThat(lessons.examined().get(group)).hasSize(Lessons.QUESTIONS).extracting(Exercise::question).doesNotContainAnyElementsOf(learned);
        }
    }

    @Test
    void sumsAreRight() {
        Lessons lessons = Lessons.of(Facts.of(types(100), _ -> true), 5_000, 2);
        List<Exercise> sums = lessons.learned().stream().filter(exercise -> exercise.group().equals(Exercise.CALCULATOR)).toList();
        assertThat(sums).isNotEmpty().allSatisfy(sum -> {
            String result = Calculator.call(sum.messages().get(1).toolCalls().getFirst().arguments());
            assertThat(result).isEqualTo(sum.messages().get(2).content()).isEqualTo(sum.expected());
            assertThat(Examination.lastNumber(sum.messages().getLast().content())).isEqualTo(result);
        });
    }
}
