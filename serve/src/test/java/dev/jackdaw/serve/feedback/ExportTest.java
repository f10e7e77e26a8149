package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.ServerSettings.Keep;
import dev.jackdaw.train.chat.AnswerEncoder;
import dev.jackdaw.train.chat.Comparisons;
import dev.jackdaw.train.chat.Conversation;
import dev.jackdaw.train.chat.Conversations;
import dev.jackdaw.train.chat.Rejections;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is exported is read by the readers of `finetune` and `prefer` themselves, strictly.
class ExportTest {
    @TempDir
    Path folder;
    private final AtomicLong clock = new AtomicLong(1000);
    private Feedback feedback;

    @BeforeEach
    void collect() {
        feedback = Feedback.open(folder.resolve("f.db").toString(), new Feedback.Parts(new Privacy(Keep.FEEDBACK, 0, false), new Checks(Checks.Limits.STANDARD, Guard.NONE),
                new Labelling.Settings(1, 3), (_, _, _) -> List.of("second", "third"), new PrometheusRegistry(), () -> Instant.ofEpochMilli(clock.getAndIncrement())));
        Map<String, Object> user = Map.of("role", "user", "content", "How high?"), system = Map.of("role", "developer", "content", "Be \"brief\".\n\u2028");
        List<Map<String, Object>> longer = List.of(system, user, Map.of("role", "assistant", "content", "Very."), Map.of("role", "user", "content", List.of(Map.of("type", "text", "text", "In metres?"))));
        Map<String, Object> call = Map.of("role", "assistant", "content", "", "tool_calls", List.of(Map.of("id", "c", "type", "function", "function", Map.of("name", "height", "arguments", "{\"of\":\"it\"}"))));
        List<Map<String, Object>> called = List.of(user, call, Map.of("role", "tool", "tool_call_id", "c", "content", "7 m"));
        Map<String, Object> tools = Map.of(Answer.TOOLS, List.of(Map.of("type", "function", "function", Map.of("name", "height", "parameters", Map.of("type", "object")))));
        rate(answer("a1", longer, "12", Map.of()), false, "It is 7 m high.");
        rate(answer("a2", called, "8 m", tools), false, "7 m");
        rate(answer("a3", List.of(user), "7 m, I measured.", Map.of()), true, null);
        rate(answer("a4", List.of(user), "disputed", Map.of()), true, null);
        rate(answer("a4", List.of(user), "disputed", Map.of()), false, null);
        rate(answer("a5", List.of(user), "same", Map.of()), false, " same ");
        feedback.comparisons().add(new Comparison("comparison-b", clock.getAndIncrement(), "tiny", "", longer, "worse", "better", "b"));
        feedback.comparisons().add(new Comparison("comparison-t", clock.getAndIncrement(), "tiny", "", longer, "x", "y", "tie"));
        LabelItem combine = feedback.labelling().next(LabelTask.COMBINE, "ann").orElseThrow();
        feedback.labelling().add(combine.id(), "ann", new Label.Value.Text("the best of " + combine.answer().id()), 1);
        LabelItem choose = feedback.labelling().next(LabelTask.CHOOSE, "ann").orElseThrow();
        feedback.labelling().add(choose.id(), "ann", new Label.Value.Choice(choose.candidates().indexOf("third")), 1);
    }

    @AfterEach
    void close() {
        feedback.close();
    }

    private static Answer answer(String id, List<Map<String, Object>> messages, String text, Map<String, Object> settings) {
        return new Answer(id, 1, "tiny", "", messages, Map.of("role", "assistant", "content", text), "stop", Answer.Cost.UNKNOWN, settings);
    }

    private void rate(Answer answer, boolean isUp, String correction) {
        feedback.ratings().add(new Rating(Columns.newId("rating"), clock.getAndIncrement(), answer.id(), "", isUp, null, correction), answer);
    }

    private interface Write {
        int to(ByteArrayOutputStream out) throws IOException;
    }

    private Path file(String name, Write write, int lines) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream(), again = new ByteArrayOutputStream();
        assertThat(write.to(out)).isEqualTo(lines);
        write.to(again);
        assertThat(again.toByteArray()).as("the same database gives the same bytes").isEqualTo(out.toByteArray());
        return Files.write(folder.resolve(name), out.toByteArray());
    }

    private static Rejections strict() {
        return new Rejections(true, _ -> { });
    }

    @Test
    void finetuneReadsIt() throws Exception {
        Path file = file("sft.jsonl", out -> feedback.export().sft(out, 0), 5);
        List<Conversation> all = new ArrayList<>();
        Conversations.read(List.of(file), (_, _, conversation) -> all.add(conversation), strict());
        assertThat(all.stream().map(each -> each.turns().getLast().content())).containsExactly("It is 7 m high.", "7 m", "7 m, I measured.", " same ", all.getLast().turns().getLast().content());
        assertThat(all.getLast().turns().getLast().content()).startsWith("the best of a");
        assertThat(all.getFirst().turns()).extracting(Conversation.Turn::role).containsExactly("system", "user", "assistant", "user", "assistant");
        assertThat(all.getFirst().turns()).extracting(Conversation.Turn::isTrained).as("only the corrected answer is learned").containsExactly(false, false, false, false, true);
        assertThat(all.getFirst().turns().get(3).content()).isEqualTo("In metres?");
        assertThat(all.get(1).tools()).hasSize(1);
        assertThat(Files.readAllLines(file).getFirst()).contains("\"metadata\":{\"source\":\"correction\",\"id\":\"rating-", "\"answerId\":\"a1\"");
    }

    @Test
    void preferReadsIt() throws Exception {
        Path file = file("preferences.jsonl", out -> feedback.export().preferences(out, 0), 6);
        List<Conversation> all = new ArrayList<>();
        List<Comparisons.Encoded> encoded = Comparisons.read(List.of(file), conversation -> {
            all.add(conversation);
            return new AnswerEncoder.Sequence(new int[] {1, 2}, new BitSet());
        }, strict());
        assertThat(encoded).hasSize(6).allMatch(Comparisons.Encoded::isPair);
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < all.size(); i += 2) {
            pairs.add(all.get(i).turns().getLast().content() + " > " + all.get(i + 1).turns().getLast().content());
        }
        assertThat(pairs.subList(0, 3)).containsExactly("It is 7 m high. > 12", "7 m > 8 m", "better > worse");
        assertThat(pairs.get(3)).startsWith("the best of a");
        assertThat(pairs.subList(4, 6)).allMatch(pair -> pair.startsWith("third > "));
        assertThat(all.getFirst().turns().getFirst().role()).isEqualTo("system");
    }

    @Test
    void goesOnWhereItStopped() throws IOException {
        List<Correction> corrections = feedback.corrections().since(0);
        assertThat(corrections).as("the one that says the same corrects nothing").hasSize(3).isSortedAccordingTo((a, b) -> Long.compare(a.created(), b.created()));
        assertThat(feedback.corrections().since(corrections.get(1).created())).isEqualTo(corrections.subList(1, 3));
        assertThat(feedback.corrections().since(corrections.getLast().created() + 1)).isEmpty();
        assertThat(corrections.getFirst()).satisfies(first -> {
            assertThat(first.bad()).isEqualTo("12");
            assertThat(first.good()).isEqualTo("It is 7 m high.");
            assertThat(first.messages()).hasSize(4);
        });
        try (Database database = Feedback.read(folder.resolve("f.db").toString())) {
            assertThat(Feedback.corrections(database).since(0)).as("another process").isEqualTo(corrections);
        }
    }
}
