package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.serve.ServerSettings.Keep;
import dev.jackdaw.serve.http.ApiError;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What must hold in every database.
abstract class FeedbackContract {
    static final long NOON = Instant.parse("2026-11-28T12:00:00Z").toEpochMilli();

    final AtomicLong now = new AtomicLong(NOON);
    String where;
    Feedback feedback;

    /// An empty database.
    abstract String fresh();

    @BeforeEach
    void open() {
        where = fresh();
        feedback = open(new Privacy(Keep.EVERYTHING, 30, true));
    }

    @AfterEach
    void close() {
        if (feedback != null) {
            feedback.close();
        }
    }

    Feedback open(Privacy privacy) {
        return open(privacy, (_, _, count) -> IntStream.range(0, count).mapToObj(i -> "sampled " + i).toList());
    }

    Feedback open(Privacy privacy, Candidates candidates) {
        return Feedback.open(where, new Feedback.Parts(privacy, new Checks(Checks.Limits.STANDARD, Guard.NONE), new Labelling.Settings(2, 3), candidates, new PrometheusRegistry(),
                () -> Instant.ofEpochMilli(now.get())));
    }

    private void reopen(Privacy privacy) {
        feedback.close();
        feedback = open(privacy);
    }

    static Answer answer(String id, long created, String user, String question, String text) {
        return new Answer(id, created, "tiny", user, List.of(Map.of("role", "user", "content", question)), Map.of("role", "assistant", "content", text), "stop",
                new Answer.Cost(5, 7, 11, 13), Map.of("temperature", 0.5));
    }

    void give(Answer... answers) {
        for (Answer each : answers) {
            feedback.recorder().answered(each);
        }
        try {
            assertThat(feedback.recorder().flush(Duration.ofSeconds(20))).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    String rate(Answer answer, String person, boolean isUp, String correction) {
        String id = Columns.newId("rating");
        feedback.ratings().add(new Rating(id, now.get(), answer.id(), person, isUp, null, correction), answer);
        return id;
    }

    private List<String> ids(Answers.Filter filter) {
        return feedback.answers().page(filter, null, 100).answers().stream().map(each -> each.answer().id()).toList();
    }

    static Answers.Filter text(String text) {
        return new Answers.Filter(null, null, null, text, null, null);
    }

    @Test
    void keepsAnAnswerAsItWasAndMigratesOnlyOnce() {
        Answer given = new Answer("chatcmpl-1", NOON, "tiny", "ada", List.of(Map.of("role", "system", "content", "Be brief."), Map.of("role", "user", "content", "Hm?\nÄ \"é\" 日本 🐦")),
                Map.of("role", "assistant", "content", "", "tool_calls", List.of(Map.of("id", "c1", "type", "function", "function", Map.of("name", "f", "arguments", "{\"x\":1}")))), "tool_calls",
                new Answer.Cost(3, 4, 5, 6), Map.of("tools", List.of(Map.of("type", "function", "function", Map.of("name", "f")))));
        give(given);
        assertThat(feedback.answers().find("chatcmpl-1")).contains(given);
        reopen(new Privacy(Keep.EVERYTHING, 0, true));
        assertThat(feedback.answers().find("chatcmpl-1")).contains(given);
        assertThat(feedback.answers().find("chatcmpl-2")).isEmpty();
    }

    @Test
    void refusesTablesOfANewerProgram() {
        feedback.database().jdbi().useHandle(handle -> handle.execute("insert into flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, installed_on, "
                + "execution_time, success) select 999, '999', 'later', type, 'V999__later.sql', 1, installed_by, installed_on, 1, success from flyway_schema_history where version = '1'"));
        feedback.close();
        feedback = null;
        assertThatThrownBy(() -> open(Privacy.STANDARD)).isInstanceOf(DatabaseException.class).hasMessageContaining("has tables of version 999, this program knows version 1");
    }

    @Test
    void pagesThroughAnswersOfOneMoment() {
        List<Answer> all = IntStream.range(0, 25).mapToObj(i -> answer("a" + (char) ('a' + i), NOON + i / 10, "", "q", "t")).toList();
        give(all.toArray(Answer[]::new));
        List<String> seen = new ArrayList<>();
        Answers.Place place = null;
        while (true) {
            Answers.Page page = feedback.answers().page(Answers.Filter.ALL, place, 5);
            page.answers().forEach(each -> seen.add(each.answer().id()));
            place = page.next();
            if (place == null) {
                break;
            }
            assertThat(page.answers()).hasSize(5);
        }
        assertThat(seen).containsExactlyElementsOf(all.reversed().stream().map(Answer::id).toList());
    }

    @Test
    void longConversationsMakePagesShort() {
        give(answer("a", NOON, "", "q", "t"), answer("b", NOON + 1, "", "q", "t".repeat(5_000_000)), answer("c", NOON + 2, "", "q", "t".repeat(5_000_000)), answer("d", NOON + 3, "", "q", "t"));
        Answers.Page first = feedback.answers().page(Answers.Filter.ALL, null, 10), second = feedback.answers().page(Answers.Filter.ALL, first.next(), 10);
        assertThat(first.answers()).extracting(each -> each.answer().id()).containsExactly("d", "c");
        assertThat(second.answers()).extracting(each -> each.answer().id()).containsExactly("b", "a");
        assertThat(second.next()).isNull();
    }

    @Test
    void searchesForWhatIsWritten() {
        give(answer("percent", NOON, "", "How much?", "It is 100% sure"), answer("plain", NOON, "", "How much?", "It is 1000 sure"), answer("under", NOON, "", "snake_case", "yes!"),
                answer("dash", NOON, "", "snake-case", "no"), answer("upper", NOON, "", "WAS HEISST ÄRGER?", "x"));
        assertThat(ids(text("100%"))).containsExactly("percent");
        assertThat(ids(text("e_c"))).containsExactly("under");
        assertThat(ids(text("YES!"))).containsExactly("under");
        assertThat(ids(text("ärger"))).containsExactly("upper");
        assertThat(ids(text("role"))).as("names of fields are no text").isEmpty();
        assertThat(ids(text("'; drop table answer; --"))).isEmpty();
        feedback.ratings().add(new Rating("r", NOON, "plain", "", false, "Not Good", "It is 7"), feedback.answers().find("plain").orElseThrow());
        assertThat(ids(text("not good"))).containsExactly("plain");
        assertThat(ids(text("IT IS 7"))).containsExactly("plain");
    }

    @Test
    void filters() {
        Answer good = answer("good", NOON, "", "q", "fine"), bad = answer("bad", NOON + 1, "", "q", "I'm sorry, but I can't help with that."), other = answer("other", NOON + 2, "", "q", " ");
        give(good, bad, other);
        rate(good, "ada", true, null);
        rate(bad, "ada", false, "help");
        assertThat(ids(new Answers.Filter("up", null, null, null, null, null))).containsExactly("good");
        assertThat(ids(new Answers.Filter("down", null, null, null, null, null))).containsExactly("bad");
        assertThat(ids(new Answers.Filter("none", null, null, null, null, null))).containsExactly("other");
        assertThat(ids(new Answers.Filter(null, "refusal", null, null, null, null))).containsExactly("bad");
        assertThat(ids(new Answers.Filter(null, "any", null, null, null, null))).containsExactly("other", "bad");
        assertThat(ids(new Answers.Filter(null, null, "tiny", null, NOON + 1, NOON + 2))).containsExactly("bad");
        assertThat(ids(new Answers.Filter(null, null, "other", null, null, null))).isEmpty();
        assertThat(feedback.flags().counts()).isEqualTo(Map.of("refusal", 1L, "empty", 1L));
        Answers.Judged judged = feedback.answers().judged("bad").orElseThrow();
        assertThat(judged.flags()).extracting(Flag::kind).containsExactly(Flag.Kind.REFUSAL);
        assertThat(judged.ratings()).extracting(Rating::correction).containsExactly("help");
    }

    @Test
    void takesThirtyTwoWritersAtOnce() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Set<String>>> all = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                int number = i;
                all.add(threads.submit(() -> {
                    Set<String> ids = new HashSet<>();
                    for (int j = 0; j < 8; j++) {
                        ids.add(rate(answer("a" + number + "-" + j / 2, NOON, "", "q", "t"), "p" + number + "-" + j, j % 2 == 0, null));
                        feedback.recorder().answered(answer("b" + number + "-" + j, NOON, "", "q", "t"));
                    }
                    return ids;
                }));
            }
            Set<String> acknowledged = new HashSet<>();
            for (Future<Set<String>> each : all) {
                acknowledged.addAll(each.get());
            }
            give();
            assertThat(acknowledged).hasSize(256);
            assertThat(feedback.database().jdbi().<Set<String>, RuntimeException>withHandle(handle -> new HashSet<>(handle.createQuery("select id from rating").mapTo(String.class).list())))
                    .isEqualTo(acknowledged);
        }
        assertThat(feedback.answers().page(Answers.Filter.ALL, null, 500).answers()).hasSize(32 * 4 + 32 * 8);
        assertThat(feedback.recorder().dropped()).isZero();
    }

    @Test
    void erasesAUserEverywhere() throws Exception {
        reopen(new Privacy(Keep.EVERYTHING, 30, false));
        String ada = feedback.people().of("ada"), eve = feedback.people().of("eve");
        assertThat(ada).startsWith("u-").isNotEqualTo(eve);
        give(answer("of-ada", NOON, "ada", "What is my secret?", "xyzzy"), answer("of-eve", NOON, "eve", "q", "plugh"));
        rate(feedback.answers().find("of-ada").orElseThrow(), eve, false, "You said frobozz.");
        rate(feedback.answers().find("of-eve").orElseThrow(), ada, false, "Ada says nitfol.");
        feedback.comparisons().add(new Comparison("comparison-1", NOON, "tiny", ada, List.of(Map.of("role", "user", "content", "gnusto?")), "rezrov", "blorb", "a"));
        LabelItem item = feedback.labelling().next(LabelTask.IDEAL, ada).orElseThrow();
        feedback.labelling().add(item.id(), ada, new Label.Value.Text("Ada writes krill."), 3);
        assertThat(exported()).contains("frobozz", "nitfol", "rezrov", "krill");
        feedback.recorder().answered(answer("waiting", NOON, "ada", "yoruk?", "zifmia"));
        assertThat(feedback.erase("ada")).isEqualTo(5);                   // label, rating, comparison, two answers
        assertThat(exported()).doesNotContain("frobozz", "nitfol", "rezrov", "krill", "xyzzy");
        assertThat(ids(Answers.Filter.ALL)).containsExactly("of-eve");
        assertThat(feedback.answers().judged("of-eve").orElseThrow().ratings()).isEmpty();
        assertThat(feedback.erase("ada")).isZero();
        assertThat(feedback.erase(eve)).as("by the name as stored").isEqualTo(1);
        for (String table : List.of("answer", "rating", "flag", "comparison", "label_item", "label")) {
            assertThat(feedback.database().jdbi().<Long, RuntimeException>withHandle(handle -> handle.createQuery("select count(*) from " + table).mapTo(Long.class).one())).as(table).isZero();
        }
    }

    private String exported() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        feedback.export().sft(out, 0);
        feedback.export().preferences(out, 0);
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void erasesNamesOfAnEarlierSetting() throws Exception {
        give(answer("named", NOON, "ada", "q", "t"));
        assertThat(feedback.answers().find("named").orElseThrow().user()).isEqualTo("ada");
        reopen(new Privacy(Keep.EVERYTHING, 30, false));
        give(answer("hashed", NOON, "ada", "q", "t"));
        String hash = feedback.answers().find("hashed").orElseThrow().user();
        reopen(new Privacy(Keep.EVERYTHING, 30, false));
        assertThat(feedback.people().of("ada")).as("the key is kept").isEqualTo(hash);
        assertThat(feedback.erase("ada")).isEqualTo(2);
    }

    @Test
    void deletesWhatIsTooOld() {
        long day = Duration.ofDays(1).toMillis();
        Answer old = answer("old", NOON - 31 * day, "", "q", "t"), young = answer("young", NOON - 29 * day, "", "q", "t");
        give(old, young);
        rate(old, "", false, "better");
        feedback.comparisons().add(new Comparison("c-old", NOON - 40 * day, "tiny", "", List.of(Map.of("role", "user", "content", "q")), "a", "b", "a"));
        assertThat(feedback.retention().purge()).isEqualTo(2);
        assertThat(ids(Answers.Filter.ALL)).containsExactly("young");
        assertThat(feedback.corrections().since(0)).as("the rating went with its answer").isEmpty();
        now.addAndGet(2 * day);
        reopen(new Privacy(Keep.EVERYTHING, 30, true));
        assertThat(ids(Answers.Filter.ALL)).as("the start purges too").isEmpty();
        reopen(new Privacy(Keep.EVERYTHING, 0, true));
        give(answer("ancient", 1, "", "q", "t"));
        assertThat(feedback.retention().purge()).isZero();
        assertThat(ids(Answers.Filter.ALL)).containsExactly("ancient");
    }

    @Test
    void storesOnlyWhatTheSettingAllows() {
        Answer fine = answer("fine", NOON, "", "q", "t"), empty = answer("empty", NOON, "", "q", "");
        for (Map.Entry<Keep, List<String>> each : Map.of(Keep.NOTHING, List.<String>of(), Keep.FEEDBACK, List.<String>of(), Keep.FLAGGED, List.of("empty"), Keep.EVERYTHING, List.of("fine", "empty")).entrySet()) {
            reopen(new Privacy(each.getKey(), 0, true));
            feedback.database().jdbi().useHandle(handle -> handle.execute("delete from answer"));
            give(fine, empty);
            assertThat(ids(Answers.Filter.ALL)).as(each.getKey().name()).containsExactlyInAnyOrderElementsOf(each.getValue());
        }
    }

    @Test
    void takesTextThatDatabasesDoNot() {
        Answer strange = answer("strange", NOON, "a\0b", "zero \0 here", "half \uD83D pair, whole 🐦");
        give(strange);
        rate(strange, "p", false, "null \0 too");
        assertThat(feedback.answers().find("strange").orElseThrow().text()).isEqualTo("half \uFFFD pair, whole 🐦");
        assertThat(ids(text("zero \0 here"))).containsExactly("strange");
        assertThat(feedback.corrections().since(0).getFirst().good()).isEqualTo("null \uFFFD too");
        assertThat(feedback.recorder().dropped()).isZero();
    }

    @Test
    void failuresDoNotRepeatWhatWasSaid() {
        Rating rating = new Rating("twice", NOON, "secret", "", false, "xyzzy", "plugh");
        Answer answer = answer("secret", NOON, "", "frobozz", "nitfol");
        feedback.ratings().add(rating, answer);
        assertThatThrownBy(() -> feedback.ratings().add(rating, answer)).satisfies(e -> {
            for (Throwable each = e; each != null; each = each.getCause()) {
                assertThat(each.toString()).doesNotContain("xyzzy", "plugh", "frobozz", "nitfol");
            }
        });
    }

    @Test
    void theMeasuredAnswerWinsOverWhatAClientSaid() {
        Answer claimed = new Answer("x", NOON, "claimed", "", List.of(Map.of("role", "user", "content", "q")), Map.of("role", "assistant", "content", "t"), "", Answer.Cost.UNKNOWN, Map.of());
        rate(claimed, "", false, "c");
        give(answer("x", NOON, "", "q", "t"));
        assertThat(feedback.answers().judged("x").orElseThrow()).satisfies(judged -> {
            assertThat(judged.answer().model()).isEqualTo("tiny");
            assertThat(judged.answer().cost().totalMillis()).isEqualTo(13);
            assertThat(judged.ratings()).hasSize(1);
        });
    }

    @Test
    void peopleMayChangeTheirMinds() {
        Answer answer = answer("a", NOON, "", "q", "t");
        rate(answer, "ada", false, "first");
        rate(answer, "eve", false, "hers");
        String last = rate(answer, "ada", true, null);
        rate(answer, "", false, "anonymous");
        rate(answer, "", false, "somebody else");
        assertThat(feedback.answers().judged("a").orElseThrow().ratings()).extracting(Rating::person).containsExactlyInAnyOrder("eve", "ada", "", "");
        assertThat(feedback.answers().judged("a").orElseThrow().ratings()).extracting(Rating::id).contains(last);
        assertThat(feedback.corrections().since(0)).extracting(Correction::good).containsExactlyInAnyOrder("hers", "anonymous", "somebody else");
    }

    @Test
    void handsOutItemsByUrgencyAndNeverTwice() {
        Answer plain = answer("plain", NOON, "", "q1", "t1"), flagged = answer("flagged", NOON, "", "q2", "As an AI, I cannot help with that."), disliked = answer("disliked", NOON, "", "q3", "t3");
        give(plain, flagged, disliked);
        rate(disliked, "", false, null);
        for (String labeller : List.of("ann", "bob")) {
            for (String expected : List.of("disliked", "flagged", "plain")) {
                LabelItem item = feedback.labelling().next(LabelTask.IDEAL, labeller).orElseThrow();
                assertThat(item.answer().id()).as(labeller).isEqualTo(expected);
                Label.Value value = expected.equals("plain") ? new Label.Value.Skip() : new Label.Value.Text(labeller + " on " + expected);
                feedback.labelling().add(item.id(), labeller, value, 1.5);
                assertThatThrownBy(() -> feedback.labelling().add(item.id(), labeller, value, 1)).isInstanceOfSatisfying(ApiError.class, e -> assertThat(e.status()).isEqualTo(409));
            }
            assertThat(feedback.labelling().next(LabelTask.IDEAL, labeller)).isEmpty();
        }
        assertThat(feedback.labelling().next(LabelTask.IDEAL, "cid")).as("two labellers are enough").isEmpty();
        give(answer("late", NOON + 5, "", "q4", ""));
        assertThat(feedback.labelling().next(LabelTask.IDEAL, "cid").orElseThrow().answer().id()).isEqualTo("late");
        assertThat(feedback.corrections().since(0)).extracting(Correction::good).containsExactlyInAnyOrder("ann on disliked", "ann on flagged", "bob on disliked", "bob on flagged");
        assertThat(feedback.corrections().since(0)).extracting(Correction::bad).containsOnly("t3", "As an AI, I cannot help with that.");
    }

    @Test
    void samplesAnswersToChooseFromAndCountsAgreement() {
        give(answer("one", NOON, "", "q1", "given"), answer("two", NOON + 1, "", "q2", "sampled 0"));
        for (String labeller : List.of("ann", "bob")) {
            for (int i = 0; i < 2; i++) {
                LabelItem item = feedback.labelling().next(LabelTask.CHOOSE, labeller).orElseThrow();
                assertThat(item.candidates()).doesNotHaveDuplicates().contains("sampled 0", "sampled 1").hasSize(item.answer().id().equals("one") ? 3 : 2);
                assertThat(feedback.items().find(item.id()).orElseThrow().candidates()).as("the same for everybody").isEqualTo(item.candidates());
                assertThatThrownBy(() -> feedback.labelling().add(item.id(), labeller, new Label.Value.Choice(3), 1)).hasMessageContaining("choice is 3; it must be from 0 to");
                assertThatThrownBy(() -> feedback.labelling().add(item.id(), labeller, new Label.Value.Text("x"), 1)).isInstanceOf(ApiError.class);
                int choice = item.answer().id().equals("two") ? item.candidates().indexOf("sampled 1") : labeller.equals("ann") ? item.candidates().indexOf("given") : Label.Value.Choice.NONE;
                feedback.labelling().add(item.id(), labeller, new Label.Value.Choice(choice), 1);
            }
        }
        Agreement.Report report = Agreement.of(feedback.labels().of(LabelTask.CHOOSE));
        assertThat(report.agreed()).isEqualTo(0.5);
        assertThat(report.kappas()).singleElement().satisfies(kappa -> assertThat(kappa.n()).isEqualTo(2));
        assertThat(report.alpha().labels()).isEqualTo(4);
        assertThat(feedback.corrections().preferences(0)).extracting(each -> each.chosen() + " > " + each.rejected())
                .containsExactlyInAnyOrder("given > sampled 0", "given > sampled 1", "sampled 1 > sampled 0", "sampled 1 > sampled 0");
    }

    @Test
    void passesOverAnswersOfModelsThatAreGone() {
        feedback.close();
        feedback = open(new Privacy(Keep.EVERYTHING, 30, true), (_, messages, _) -> {
            switch (Columns.content(messages.getFirst())) {
                case "gone" -> throw ApiError.missing("model_not_found", "gone");
                case "busy" -> throw ApiError.tooMany("busy", "later", 1);
                default -> {
                    return List.of("another");
                }
            }
        });
        give(answer("1", NOON, "", "q", "t"), answer("2", NOON + 1, "", "gone", "t"));
        LabelItem item = feedback.labelling().next(LabelTask.COMBINE, "ann").orElseThrow();
        assertThat(item.answer().id()).isEqualTo("1");
        feedback.labelling().add(item.id(), "ann", new Label.Value.Text("t and another"), 2);
        assertThat(feedback.labelling().next(LabelTask.COMBINE, "ann")).isEqualTo(Optional.empty());
        give(answer("3", NOON + 2, "", "busy", "t"));
        assertThatThrownBy(() -> feedback.labelling().next(LabelTask.COMBINE, "ann")).isInstanceOfSatisfying(ApiError.class, e -> assertThat(e.status()).isEqualTo(429));
    }

    /// By which improvements find out what they have to forget.
    @Test
    void saysWhichCorrectionsAreStillStored() {
        Answer mine = answer("mine", NOON, "ada", "q", "t"), other = answer("other", NOON, "bob", "q2", "t2");
        give(mine, other);
        String first = rate(mine, "ada", false, "better"), second = rate(other, "bob", false, "better, too");
        Set<String> ids = Set.of(first, second, "line-1");
        assertThat(feedback.corrections().stored(ids)).isEqualTo(ids);
        assertThat(feedback.corrections().source()).hasSize(16).isEqualTo(Feedback.corrections(feedback.database()).source());
        feedback.retention().erase("ada");
        assertThat(feedback.corrections().stored(ids)).as("what is no id of ours is from elsewhere").containsExactlyInAnyOrder(second, "line-1");
    }
}
