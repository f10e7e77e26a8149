package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.agent.sandbox.PythonProgram;
import dev.jackdaw.agent.sandbox.Sandbox;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ExaminationTest {
    private static final Path RESOURCES = Path.of("src/test/resources/dev/jackdaw/train/eval");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir
    private Path folder;

    /// Writes what a function of the prompt and of the number of the call says; likes continuations the better the more often they say "true".
    private static final class Oracle implements Examinee {
        private final Function<String, String> answers;
        private int asked;
        private int most = Integer.MAX_VALUE;

        Oracle(Function<String, String> answers) {
            this.answers = answers;
        }

        private static String text(Prompt prompt) {
            return prompt.text() != null ? prompt.text() : prompt.messages().getLast().content();
        }

        @Override
        public void judge(List<Question> questions, Sink<List<Likelihood>> sink) {
            for (int i = 0; i < questions.size(); i++) {
                if (asked++ >= most) {
                    throw new IllegalStateException("the power fails");
                }
                String prompt = text(questions.get(i).prompt());
                sink.accept(i, prompt.contains("too long") ? null : questions.get(i).continuations().stream()
                        .map(text -> new Likelihood(text.contains("true") ? -1 : -1 - text.length(), 1, text.contains("true"))).toList());
            }
        }

        @Override
        public void write(List<Writing> writings, Sink<Written> sink) {
            for (int i = 0; i < writings.size(); i++) {
                if (asked++ >= most) {
                    throw new IllegalStateException("the power fails");
                }
                String text = answers.apply(text(writings.get(i).prompt()));
                sink.accept(i, text == null ? null : new Written(text, 1, true));
            }
        }

        @Override
        public String fingerprint() {
            return "oracle";
        }

        @Override
        public Map<String, Object> settings(Format format) {
            return Map.of("activations", "none");
        }

        @Override
        public void close() {
        }
    }

    private static TaskSpec task(String metric, String more) {
        return TaskFiles.parse("t", ("name: t\nmetric: " + metric + "\ndata: {path: d.jsonl}\nprompt: \"{{q}}\"\n" + more).getBytes(StandardCharsets.UTF_8), null);
    }

    private Examination.Options options(String... lines) throws IOException {
        Files.write(folder.resolve("d.jsonl"), List.of(lines));
        return Examination.Options.of(List.of(folder));
    }

    private static Scores run(TaskSpec task, Examinee examinee, Examination.Options options) throws IOException, InterruptedException {
        return new Examination(task, examinee, options).run(null, _ -> { });
    }

    @Test
    void multipleChoiceByLikelihood() throws Exception {
        TaskSpec task = task("multiple_choice", "choices: \"{{c | tojson}}\"\nanswer: \"{{a}}\"\nunconditional: true\n");
        Scores scores = run(task, new Oracle(null), options("{\"q\": \"1\", \"c\": [\"true\", \"x\"], \"a\": 0}", "{\"q\": \"2\", \"c\": [\"true\", \"long one\"], \"a\": 1}",
                "{\"q\": \"too long\", \"c\": [\"true\", \"x\"], \"a\": 0}"));
        assertThat(scores.metrics().keySet()).containsExactly("acc", "accNorm", "accBytes", "accUnconditional");
        assertThat(scores.metrics().get("acc").value()).isCloseTo(1 / 3.0, within(1e-12));
        assertThat(scores.metrics().get("acc").interval()).isEqualTo(Interval.wilson(1, 3));
        assertThat(scores.metrics().get("acc").items()).containsExactly(1, 0, 0);
        assertThat(scores.facts()).containsEntry("tooLong", 1L).containsEntry("chance", 0.5);
        assertThat(scores.n()).isEqualTo(3);
        assertThat(scores.settings()).containsEntry("shots", 0).containsEntry("format", "base").containsEntry("activations", "none").containsKeys("taskHash", "version", "data");
        assertThat(scores.toMap()).containsKeys("acc", "accInterval", "n", "settings");
    }

    @Test
    void clozeAndTruths() throws Exception {
        Scores cloze = run(task("cloze", "answer: \"{{a}}\"\n"), new Oracle(null), options("{\"q\": \"1\", \"a\": \"true\"}", "{\"q\": \"2\", \"a\": \"xyz\"}"));
        assertThat(cloze.metrics().get("acc").value()).isEqualTo(0.5);
        assertThat(cloze.metrics().get("perplexity").value()).as("exp of the mean of 1 and 5: blank and three letters").isCloseTo(Math.exp(3), within(1e-9));
        Scores truths = run(task("multiple_true", "choices: [\"true\", \"b\"]\nlabels: \"{{l | tojson}}\"\n"), new Oracle(null), options("{\"q\": \"1\", \"l\": [1, 0]}", "{\"q\": \"1\", \"l\": [0, 1]}"));
        double share = Math.exp(-1) / (Math.exp(-1) + Math.exp(-3));
        assertThat(truths.metrics().get("mc2").items()).containsExactly(new double[] {share, 1 - share}, within(1e-12));
    }

    @Test
    void exactMatch() throws Exception {
        TaskSpec task = task("exact_match", "answer: \"{{a}}\"\nextract: [{after: '####'}, {number: last}]\nnormalize: [commas, number]\n");
        Scores scores = run(task, new Oracle(q -> q.equals("1") ? "so 1,000.0" : q.equals("2") ? "none" : q.equals("3") ? null : "#### 8"),
                options("{\"q\": \"1\", \"a\": \"#### 1000\"}", "{\"q\": \"2\", \"a\": \"7\"}", "{\"q\": \"3\", \"a\": \"7\"}", "{\"q\": \"4\", \"a\": \"9 #### 8\"}"));
        assertThat(scores.metrics().get("exactMatch").items()).containsExactly(1, 0, 0, 1);
        assertThat(scores.facts()).containsEntry("noAnswer", 1L).containsEntry("tooLong", 1L);
        assertThatThrownBy(() -> run(task, new Oracle(_ -> null), options("{\"q\": \"1\", \"a\": \"1\"}"))).hasMessageContaining("no prompt fits the model's context");
    }

    private static Oracle canonical(String file, String brokenId) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(RESOURCES.resolve(file))) {
            rows.add(JSON.readTree(line));
        }
        return new Oracle(prompt -> rows.stream().filter(row -> prompt.contains(row.path("prompt").asString())).map(row -> row.path("task_id").asString().equals(brokenId) ? "    nonsense(\n"
                : prompt.contains("code block") ? "Sure:\n```\n" + row.path("prompt").asString() + row.path("canonical_solution").asString() + "```\n" : row.path("canonical_solution").asString()).findFirst().orElseThrow());
    }

    @Test
    void whoKnowsTheSolutionsPassesAllPrograms() throws Exception {
        assumeTrue(Sandbox.missing().isEmpty(), Sandbox.missing());
        Examination.Options options = Examination.Options.of(List.of(RESOURCES));
        for (Format format : Format.values()) {
            Scores java = run(TaskFiles.read("humaneval-java"), canonical("humaneval_java.jsonl", ""), options.withFormat(format));
            assertThat(java.metrics().get("passAt1").items()).as(format.toString()).containsExactly(1, 1);
        }
        Scores half = run(TaskFiles.read("humaneval-java"), canonical("humaneval_java.jsonl", "OwnJava/1"), options);
        assertThat(half.metrics().get("passAt1").items()).containsExactly(1, 0);
        assumeTrue(PythonProgram.isThere(), "no /usr/bin/python3; apt install python3");
        for (Format format : Format.values()) {
            Scores python = run(TaskFiles.read("humaneval"), canonical("HumanEval.jsonl", ""), options.withFormat(format));
            assertThat(python.metrics().get("passAt1").value()).as(format.toString()).isEqualTo(1);
        }
    }

    @Test
    void passAtKOfSeveralSamples() throws Exception {
        assumeTrue(Sandbox.missing().isEmpty() && PythonProgram.isThere(), "needs bubblewrap and python3");
        int[] call = {0};
        Oracle right = canonical("HumanEval.jsonl", "");
        Oracle sometimes = new Oracle(prompt -> call[0]++ % 10 < 3 ? right.answers.apply(prompt) : "    return None\n");
        Scores scores = run(TaskFiles.read("humaneval"), sometimes, Examination.Options.of(List.of(RESOURCES)).withSamples(10, 0.8).withLimit(1));
        assertThat(scores.metrics().keySet()).containsExactly("passAt1", "passAt10");
        assertThat(scores.metrics().get("passAt1").value()).isCloseTo(0.3, within(1e-12));
        assertThat(scores.metrics().get("passAt10").value()).isEqualTo(1);
    }

    @Test
    void goesOnWhereItWasStopped() throws Exception {
        TaskSpec task = task("exact_match", "answer: \"{{a}}\"\n");
        String[] rows = new String[9];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = "{\"q\": \"" + i + "\", \"a\": \"" + i + "\"}";
        }
        Examination.Options options = options(rows);
        Path out = folder.resolve("out/t.jsonl");
        Oracle failing = new Oracle(q -> q);
        failing.most = 4;
        assertThatThrownBy(() -> new Examination(task, failing, options).run(out, _ -> { })).hasMessage("the power fails");
        long whole = Files.size(out);
        Files.writeString(out, "{\"item\":7,\"sam", StandardOpenOption.APPEND);            // killed in the midst of a line
        Oracle second = new Oracle(q -> q);
        List<Integer> progress = new ArrayList<>();
        Scores scores = new Examination(task, second, options).run(out, progress::add);
        assertThat(second.asked).isEqualTo(5);
        assertThat(progress.getFirst()).isEqualTo(4);
        assertThat(scores.metrics().get("exactMatch").items()).hasSize(9).containsOnly(1);
        assertThat(Files.size(out)).isGreaterThan(whole);
        assertThat(Files.readAllLines(out)).hasSize(10);
        Oracle third = new Oracle(q -> q);
        assertThat(new Examination(task, third, options.withLimit(5)).run(out, _ -> { }).n()).isEqualTo(5);
        assertThat(third.asked).isZero();
        assertThatThrownBy(() -> new Examination(task, third, options.withShots(1)).run(out, _ -> { })).hasMessageContaining("shots was 0, now it is 1; give another --out");
        Files.writeString(out, "nonsense\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> new Examination(task, third, options).run(out, _ -> { })).hasMessageContaining("line 11 is damaged");
    }

    @Test
    void likelihoodsGoOnToo() throws Exception {
        TaskSpec task = task("multiple_choice", "choices: [\"true\", \"b\"]\nanswer: \"{{a}}\"\n");
        String[] rows = new String[150];
        java.util.Arrays.setAll(rows, i -> "{\"q\": \"" + i + "\", \"a\": " + i % 2 + "}");
        Examination.Options options = options(rows);
        Path out = folder.resolve("out/t.jsonl");
        Oracle failing = new Oracle(null);
        failing.most = 100;
        assertThatThrownBy(() -> new Examination(task, failing, options).run(out, _ -> { })).hasMessage("the power fails");
        Oracle second = new Oracle(null);
        Scores resumed = new Examination(task, second, options).run(out, _ -> { });
        assertThat(second.asked).isEqualTo(150 - 64);
        assertThat(resumed.metrics().get("acc").items()).containsExactly(run(task, new Oracle(null), options).metrics().get("acc").items());
    }
}
