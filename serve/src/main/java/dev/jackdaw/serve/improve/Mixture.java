package dev.jackdaw.serve.improve;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.train.chat.Conversation;
import dev.jackdaw.train.chat.Conversations;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.data.Fingerprint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/// What the candidate is trained on: each correction some times, among many conversations of the earlier finetuning. Those keep the model from
/// forgetting what it was not corrected in (rehearsal, Robins 1995); without them a small model gives the answer of a correction to every question
/// that looks like it. They are drawn at random: with those first that the model answers right already, it lost more (docs/DESIGN.md, "Against
/// forgetting").
///
/// @param corrections lines that are corrections
/// @param replay      lines that are earlier conversations
/// @param pool        earlier conversations there are
/// @param contrary    of them left out because a correction answers the same question
/// @param overlapping of them left out because they hold something of an evaluation
/// @param reminders   earlier conversations that are not learned but examined, where there is no examination of the run
record Mixture(long corrections, long replay, long pool, long contrary, long overlapping, List<Reminder> reminders) {
    private static final JsonMapper JSON = JsonMapper.shared();
    /// Reminders, where there are so many; of few conversations a tenth.
    private static final int REMINDERS = 200;

    /// An earlier conversation up to its last answer.
    record Reminder(List<Map<String, Object>> messages, String answer) {
    }

    private record Line(List<Map<String, Object>> messages, List<?> tools) {
    }

    private record Drawn(long order, Conversation conversation) {
    }

    /// @param examine whether some of the pool are kept to examine with
    static Mixture write(Path file, Curation curation, List<Path> pool, Overlap overlap, ImproveSettings settings, boolean examine) throws IOException {
        long sightings = (long) curation.learned().size() * settings.sightings();
        long wanted = settings.replay() == 0 ? 0 : Math.max(settings.leastReplay(), Math.round(sightings * settings.replay() / (1 - settings.replay())));
        Set<String> corrected = java.util.stream.Stream.concat(curation.learned().stream(), curation.heldOut().stream()).map(Curation.Case::key).collect(Collectors.toSet());
        long[] counts = new long[3];
        if (examine) {
            Conversations.read(pool, (_, _, _) -> counts[0]++, new Rejections(false, _ -> { }));
        }
        int most = (int) Math.min(REMINDERS, counts[0] / 10);
        counts[0] = 0;
        SplittableRandom random = new SplittableRandom(settings.seed());
        // the smallest of random numbers: a sample without repetition in one pass; the smallest fingerprints: the same reminders every time
        PriorityQueue<Drawn> drawn = new PriorityQueue<>(Comparator.comparingLong(Drawn::order).reversed());
        PriorityQueue<Drawn> reminders = new PriorityQueue<>(Comparator.comparingLong(Drawn::order).reversed());
        Conversations.read(pool, (_, _, conversation) -> {
            List<Map<String, Object>> messages = conversation.messages();
            long order = random.nextLong() >>> 1;
            counts[0]++;
            if (corrected.contains(Words.key(messages.subList(0, messages.size() - 1)))) {
                counts[1]++;
            } else if (overlap.find(conversation.question()).isPresent()) {
                counts[2]++;
            } else if (most > 0 && isPlain(messages) && offer(reminders, new Drawn(fingerprint(messages), conversation), most) == null) {
                return;
            } else {
                offer(drawn, new Drawn(order, conversation), wanted);
            }
        }, new Rejections(false, _ -> { }));
        Set<Conversation> examined = reminders.stream().map(Drawn::conversation).collect(Collectors.toSet());
        List<Conversation> replay = drawn.stream().sorted(Comparator.comparingLong(Drawn::order)).map(Drawn::conversation).filter(one -> !examined.contains(one)).toList();
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < settings.sightings(); i++) {
            for (Curation.Case one : curation.learned()) {
                lines.append(line(one)).append('\n');
            }
        }
        for (Conversation conversation : replay) {
            lines.append(JSON.writeValueAsString(new Line(weighted(conversation), conversation.tools()))).append('\n');
        }
        AtomicFile.write(file, lines.toString());
        return new Mixture(sightings, replay.size(), counts[0], counts[1], counts[2], reminders.stream().sorted(Comparator.comparingLong(Drawn::order)).map(one -> reminder(one.conversation)).toList());
    }

    /// A correction as a line to learn.
    static String line(Curation.Case one) {
        List<Map<String, Object>> messages = new ArrayList<>(one.messages());
        messages.add(assistant(one.good()));
        return JSON.writeValueAsString(new Line(messages, null));
    }

    /// @return what had to leave, perhaps the new one itself; null if there was room
    private static Drawn offer(PriorityQueue<Drawn> queue, Drawn one, long most) {
        queue.add(one);
        return queue.size() > most ? queue.remove() : null;
    }

    private static boolean isPlain(List<Map<String, Object>> messages) {
        return messages.stream().allMatch(message -> message.get("tool_calls") == null && message.get("content") instanceof String content && !content.isBlank());
    }

    private static long fingerprint(List<Map<String, Object>> messages) {
        return Fingerprint.of(Words.key(messages).getBytes(StandardCharsets.UTF_8)).high() >>> 1;
    }

    private static Reminder reminder(Conversation conversation) {
        List<Map<String, Object>> messages = conversation.messages();
        return new Reminder(messages.subList(0, messages.size() - 1), (String) messages.getLast().get("content"));
    }

    /// Answers that were only context stay so.
    private static List<Map<String, Object>> weighted(Conversation conversation) {
        return conversation.turns().stream().map(turn -> {
            if (turn.isTrained() || !turn.role().equals("assistant")) {
                return turn.message();
            }
            Map<String, Object> message = new LinkedHashMap<>(turn.message());
            message.put("weight", 0);
            return message;
        }).toList();
    }

    static Map<String, Object> assistant(String content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "assistant");
        message.put("content", content);
        return message;
    }
}
