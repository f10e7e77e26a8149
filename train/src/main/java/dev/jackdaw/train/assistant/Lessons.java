package dev.jackdaw.train.assistant;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.format.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import tools.jackson.databind.json.JsonMapper;

/// The conversations that make an assistant, and the examination that it has not seen. Both follow from the facts and a seed.
///
/// @param learned  in the order in which they were drawn
/// @param examined by group
/// @param commonest for each topic the answer that is right most often among the learned facts
public record Lessons(List<Exercise> learned, Map<String, List<Exercise>> examined, Map<Topic, String> commonest) {
    private static final JsonMapper JSON = JsonMapper.shared();
    /// Of a thousand conversations.
    private static final Map<Topic, Integer> SHARES = Map.of(Topic.PACKAGE, 115, Topic.KIND, 100, Topic.RETURNS, 120, Topic.THROWS, 100, Topic.SINCE, 15, Topic.DEPRECATED, 10, Topic.SUMMARY, 20);
    private static final int OUTSIDE = 160;
    private static final int CALCULATOR = 330;
    private static final int TALK = 25;
    private static final int REFUSALS = 5;
    /// Questions of each group in an examination, where there are as many.
    public static final int QUESTIONS = 400;

    /// @param conversations to learn from
    public static Lessons of(Facts facts, int conversations, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Exercise> learned = new ArrayList<>();
        Map<Topic, String> commonest = new EnumMap<>(Topic.class);
        int total = OUTSIDE + CALCULATOR + TALK + REFUSALS + SHARES.entrySet().stream().filter(share -> facts.learned().stream().anyMatch(f -> f.topic() == share.getKey())).mapToInt(Map.Entry::getValue).sum();
        for (Topic topic : Topic.values()) {
            List<Fact> known = facts.learned().stream().filter(fact -> fact.topic() == topic).toList();
            if (!known.isEmpty()) {
                commonest.put(topic, commonest(known));
                ask(known, (int) ((long) conversations * SHARES.get(topic) / total), random.split(), learned);
            }
        }
        SplittableRandom others = random.split();
        for (long i = (long) conversations * OUTSIDE / total; i > 0; i--) {
            learned.add(Outside.next(false, others));
        }
        for (long i = (long) conversations * CALCULATOR / total; i > 0; i--) {
            learned.add(Sums.next(false, others));
        }
        List<Exercise> talk = SmallTalk.all();
        for (long i = (long) conversations * TALK / total; i > 0; i--) {
            learned.add(talk.get(others.nextInt(talk.size())));
        }
        for (long i = (long) conversations * REFUSALS / total; i > 0; i--) {
            learned.add(SmallTalk.refusal(others));
        }
        return new Lessons(List.copyOf(learned), examined(facts, new SplittableRandom(seed + 1)), commonest);
    }

    /// Writes the conversations and the examination, one of either a line, in the form of the OpenAI interface.
    public void write(Path learnedFile, Path examinedFile) throws IOException {
        Files.createDirectories(learnedFile.getParent());
        AtomicFile.write(learnedFile, lines(learned));
        AtomicFile.write(examinedFile, lines(examined.values().stream().flatMap(List::stream).toList()));
    }

    /// @param group    what it is about; readers of conversations pass over it
    private record Line(List<Map<String, Object>> messages, String group) {
    }

    private static String lines(List<Exercise> exercises) {
        StringBuilder lines = new StringBuilder();
        for (Exercise exercise : exercises) {
            lines.append(JSON.writeValueAsString(new Line(exercise.messages().stream().map(Message::toMap).toList(), exercise.group()))).append('\n');
        }
        return lines.toString();
    }

    /// Every fact equally often, give or take one, each time in another phrasing.
    private static void ask(List<Fact> facts, int questions, SplittableRandom random, List<Exercise> learned) {
        List<Fact> order = shuffled(facts, random);
        int[] first = random.ints(order.size(), 0, 1 << 20).toArray();
        for (int i = 0; i < questions; i++) {
            int fact = i % order.size();
            learned.add(question(order.get(fact), first[fact] + i / order.size()));
        }
    }

    private static Exercise question(Fact fact, int phrasing) {
        Topic topic = fact.topic();
        return Exercise.of(topic.label(), topic.question(phrasing % topic.phrasings().size(), fact.subject()), topic.answer(fact.value()), fact.value(), fact.subject());
    }

    private static Map<String, List<Exercise>> examined(Facts facts, SplittableRandom random) {
        Map<String, List<Exercise>> examined = new LinkedHashMap<>();
        for (Topic topic : Topic.values()) {
            SplittableRandom own = random.split();
            List<Fact> heldOut = facts.heldOut().stream().filter(fact -> fact.topic() == topic).toList();
            if (!heldOut.isEmpty() && topic != Topic.SUMMARY) {
                examined.put(topic.label(), shuffled(heldOut, own).stream().limit(QUESTIONS).map(fact -> question(fact, own.nextInt(1 << 20))).toList());
            }
        }
        SplittableRandom outside = random.split(), sums = random.split();
        examined.put(Exercise.OUTSIDE, distinct(() -> Outside.next(true, outside)));
        examined.put(Exercise.CALCULATOR, distinct(() -> Sums.next(true, sums)));
        return examined;
    }

    private static List<Exercise> distinct(java.util.function.Supplier<Exercise> source) {
        Map<String, Exercise> found = new LinkedHashMap<>();
        for (int tries = 0; found.size() < QUESTIONS && tries < 50 * QUESTIONS; tries++) {
            Exercise next = source.get();
            found.putIfAbsent(next.question(), next);
        }
        return List.copyOf(found.values());
    }

    private static String commonest(List<Fact> facts) {
        Map<String, Integer> counts = new HashMap<>();
        facts.forEach(fact -> counts.merge(fact.value(), 1, Integer::sum));
        return counts.entrySet().stream().max(Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey())).orElseThrow().getKey();
    }

    private static List<Fact> shuffled(List<Fact> facts, SplittableRandom random) {
        List<Fact> order = new ArrayList<>(facts);
        for (int i = order.size() - 1; i > 0; i--) {
            java.util.Collections.swap(order, i, random.nextInt(i + 1));
        }
        return order;
    }
}
