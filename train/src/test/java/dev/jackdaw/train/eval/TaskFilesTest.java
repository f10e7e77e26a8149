package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.train.data.DataException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class TaskFilesTest {
    private static final String GOOD = """
            name: sums
            metric: exact_match
            data: {path: sums.jsonl}
            prompt: "{{q}}"
            answer: "{{a}}"
            """;

    private static TaskSpec parse(String yaml) {
        return TaskFiles.parse("my.yaml", yaml.getBytes(StandardCharsets.UTF_8), null);
    }

    @ParameterizedTest
    @FieldSource("dev.jackdaw.train.eval.TaskFiles#BUILT_IN")
    void everyBuiltInTaskIsReadable(String name) throws IOException {
        TaskSpec task = TaskFiles.read(name);
        assertThat(task.name()).isEqualTo(name);
        assertThat(task.description()).isNotEmpty();
        assertThat(task.hash()).hasSize(16);
    }

    @Test
    void readsATask() {
        TaskSpec task = parse(GOOD + """
                few_shot: {shots: 3}
                extract: [{after: "="}, {regex: "(\\\\d+)"}, {number: first}, {line: last}]
                normalize: [number]
                stop: "\\n"
                generation: {max_tokens: 7, temperature: 0.5, samples: 4}
                """);
        assertThat(task.metric()).isEqualTo(Metric.EXACT_MATCH);
        assertThat(task.fewShot().shots()).isEqualTo(3);
        assertThat(task.extraction().rules()).hasSize(4);
        assertThat(task.stop()).containsExactly("\n");
        assertThat(task.generation()).isEqualTo(new TaskSpec.Generation(7, 0.5, 1, 4));
        assertThat(parse(GOOD).hash()).isNotEqualTo(task.hash());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            metric: exact_match     | metric: exactly        | metric: there is no metric exactly; known: multiple_choice, multiple_true, cloze, exact_match, code
            answer: "{{a}}"         | anwser: "{{a}}"        | my.yaml: unknown key anwser; known: answer
            answer: "{{a}}"         | stop: x                | answer: metric exact_match needs a template
            prompt: "{{q}}"         | prompt: "{{q"          | prompt: line 1 of the template
            prompt: "{{q}}"         | promt: "{{q}}"         | prompt: expected a text, found nothing
            {path: sums.jsonl}      | {pth: sums.jsonl}      | data: path: expected a file
            {path: sums.jsonl}      | {path: s, split: t, n: 1} | data: unknown key n; known: columns, format, path, split
            {path: sums.jsonl}      | {path: {a: s}, split: b} | split: there is no path for b; there are a
            {path: sums.jsonl}      | {path: s, format: xml} | format: there is no xml; known: jsonl, json, csv
            name: sums              | name: "../sums"        | name: ../sums cannot be the name of a task
            name: sums              | name: [1]              | name: expected a text, found [1]
            answer: "{{a}}"         | answer: b\\nextract: [{regex: "("}] | regex: Unclosed group
            answer: "{{a}}"         | answer: b\\nextract: [{number: middle}] | number: there is no middle; known: first, last
            answer: "{{a}}"         | answer: b\\nextract: 7  | extract: expected a list of rules
            answer: "{{a}}"         | answer: b\\nnormalize: [loud] | there is no step loud; known: strip
            answer: "{{a}}"         | answer: b\\ngeneration: {max_tokens: 0} | max_tokens: expected a whole number of at least 1, found 0
            answer: "{{a}}"         | answer: b\\nfew_shot: {split: train} | few_shot: split train has no path in data
            answer: "{{a}}"         | answer: b\\nanswer: c   | my.yaml, line 6: not valid YAML
            """)
    void saysWhatIsWrong(String was, String is, String message) {
        assertThatThrownBy(() -> parse(GOOD.replace(was, is.replace("\\n", "\n")))).isInstanceOf(DataException.class).hasMessageContaining(message);
    }

    @Test
    void asksForWhatAMetricNeeds() {
        assertThatThrownBy(() -> parse(GOOD.replace("exact_match", "multiple_choice"))).hasMessageContaining("choices: metric multiple_choice needs");
        assertThatThrownBy(() -> parse(GOOD.replace("exact_match", "code"))).hasMessageContaining("code: metric code needs");
        assertThatThrownBy(() -> parse(GOOD.replace("exact_match", "multiple_true") + "choices: [a, b]\n")).hasMessageContaining("labels: metric multiple_true needs");
        assertThatThrownBy(() -> parse(GOOD + "code: {language: cobol, program: x}")).hasMessageContaining("language: there is no cobol; known: java, python");
        assertThatThrownBy(() -> parse("- 1")).hasMessageContaining("expected keys with values");
        assertThatThrownBy(() -> TaskFiles.read("gsm9k")).hasMessageContaining("there is no such task; known: bpb, gsm8k");
    }
}
