package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.train.eval.Items.Item;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The forms in which public benchmarks come, with rows of our own.
class ItemsTest {
    @TempDir
    private Path folder;

    private Items items(String task, Format format, int shots) throws IOException {
        return new Items(TaskFiles.read(task), List.of(folder), format, shots, 1);
    }

    private void write(String name, String... lines) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.write(folder.resolve(name), List.of(lines));
    }

    @Test
    void gsm8k() throws IOException {
        write("gsm8k-test.jsonl", "{\"question\": \"Two and two?\", \"answer\": \"2 and 2 is <<2+2=4>>4.\\n#### 4\"}");
        write("gsm8k-train.jsonl", "{\"question\": \"One and one?\", \"answer\": \"#### 2\"}", "{\"question\": \"Three and one?\", \"answer\": \"#### 4\"}");
        Item bare = items("gsm8k", Format.BASE, 0).item(0);
        assertThat(bare.prompt().text()).isEqualTo("Question: Two and two?\nAnswer:");
        assertThat(TaskFiles.read("gsm8k").extraction().find(bare.answer())).contains("4");
        String shown = items("gsm8k", Format.BASE, 2).item(0).prompt().text();
        assertThat(shown).contains("Question: One and one?\nAnswer: #### 2\n\n", "Question: Three and one?\nAnswer: #### 4\n\n").endsWith("\n\nQuestion: Two and two?\nAnswer:");
        assertThat(items("gsm8k", Format.BASE, 2).item(0).prompt().text()).as("the same seed, the same examples").isEqualTo(shown);
        Prompt chat = items("gsm8k", Format.CHAT, 1).item(0).prompt();
        assertThat(chat.messages()).hasSize(3).satisfies(messages -> {
            assertThat(messages.get(0).role()).isEqualTo("user");
            assertThat(messages.get(1).content()).startsWith("#### ");
            assertThat(messages.get(2).content()).startsWith("Two and two?");
        });
        assertThatThrownBy(() -> items("gsm8k", Format.BASE, 3)).hasMessageContaining("3 examples were asked for, split train has 2 rows");
    }

    @Test
    void arcInBothForms() throws IOException {
        String nested = "{\"id\": \"M1\", \"question\": {\"stem\": \"Which one flies?\", \"choices\": [{\"text\": \"a stone\", \"label\": \"A\"}, {\"text\": \"a jackdaw\", \"label\": \"B\"}]}, \"answerKey\": \"B\"}";
        String flat = "{\"id\": \"M2\", \"question\": \"Which one swims?\", \"choices\": {\"text\": [\"a carp\", \"a stone\"], \"label\": [\"1\", \"2\"]}, \"answerKey\": \"1\"}";
        write("ARC-Challenge-Test.jsonl", nested, flat);
        Items items = items("arc-challenge", Format.BASE, 0);
        assertThat(items.item(0)).satisfies(item -> {
            assertThat(item.id()).isEqualTo("M1");
            assertThat(item.prompt().text()).isEqualTo("Question: Which one flies?\nAnswer:");
            assertThat(item.choices()).containsExactly("a stone", "a jackdaw");
            assertThat(item.right()).isEqualTo(1);
        });
        assertThat(items.item(1).choices()).containsExactly("a carp", "a stone");
        assertThat(items.item(1).right()).isZero();
    }

    @Test
    void hellaSwag() throws IOException {
        write("hellaswag_val.jsonl", "{\"ind\": 24, \"activity_label\": \"Feeding birds\", \"ctx\": \"[header] How to feed birds [title] Buy seed [step] A man\", \"endings\": [\"flies. [title] Away\", \"opens a  bag.\"], \"label\": 1}");
        Item item = items("hellaswag", Format.BASE, 0).item(0);
        assertThat(item.prompt().text()).isEqualTo("Feeding birds: How to feed birds. Buy seed A man");
        assertThat(item.choices()).containsExactly("flies.. Away", "opens a bag.");
        assertThat(item.right()).isEqualTo(1);
        assertThat(item.id()).isEqualTo("24");
    }

    @Test
    void mmluInBothForms() throws IOException {
        write("mmlu/test/birds_test.csv", "\"Which bird, of these, is black?\",swan,jackdaw,gull,heron,B");
        Item csv = items("mmlu", Format.BASE, 0).item(0);
        assertThat(csv.prompt().text()).isEqualTo("Which bird, of these, is black?\nA. swan\nB. jackdaw\nC. gull\nD. heron\nAnswer:");
        assertThat(csv.right()).isEqualTo(1);
        assertThat(csv.id()).isEqualTo("birds_test");
        write("mmlu-test.jsonl", "{\"question\": \"Which is white?\", \"subject\": \"birds\", \"choices\": [\"swan\", \"jackdaw\", \"raven\", \"crow\"], \"answer\": 0}");
        Item json = items("mmlu", Format.BASE, 0).item(0);
        assertThat(json.prompt().text()).isEqualTo("Which is white?\nA. swan\nB. jackdaw\nC. raven\nD. crow\nAnswer:");
        assertThat(json.right()).isZero();
        write("mmlu-dev.jsonl", "{\"question\": \"Which is red?\", \"choices\": [\"robin\", \"jackdaw\", \"raven\", \"crow\"], \"answer\": 0}");
        assertThat(items("mmlu", Format.BASE, 1).item(0).prompt().text()).startsWith("Which is red?\nA. robin\nB. jackdaw\nC. raven\nD. crow\nAnswer: A\n\nWhich is white?");
    }

    @Test
    void truthfulQaInThreeForms() throws IOException {
        write("mc_task.json", "[{\"question\": \"Do jackdaws count?\", \"mc1_targets\": {\"To about eight\": 1, \"To a million\": 0}, \"mc2_targets\": {\"To about eight\": 1, \"A little\": 1, \"Never\": 0}}]");
        assertThat(items("truthfulqa-mc1", Format.BASE, 0).item(0)).satisfies(item -> {
            assertThat(item.prompt().text()).isEqualTo("Q: Do jackdaws count?\nA:");
            assertThat(item.choices()).containsExactly("To about eight", "To a million");
            assertThat(item.right()).isZero();
        });
        assertThat(items("truthfulqa-mc2", Format.BASE, 0).item(0).truths()).containsExactly(true, true, false);
        Files.delete(folder.resolve("mc_task.json"));
        write("TruthfulQA.csv", "Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source", "x,y,Do they talk?,Yes,Yes; Sometimes;,\"No; \"\"Never, at all\"\"\",z");
        assertThat(items("truthfulqa-mc1", Format.BASE, 0).item(0).choices()).containsExactly("Yes", "No", "\"Never, at all\"");
        assertThat(items("truthfulqa-mc2", Format.BASE, 0).item(0)).satisfies(item -> {
            assertThat(item.choices()).containsExactly("Yes", "Sometimes", "No", "\"Never, at all\"");
            assertThat(item.truths()).containsExactly(true, true, false, false);
        });
        Files.delete(folder.resolve("TruthfulQA.csv"));
        write("truthfulqa-mc.jsonl", "{\"question\": \"Q?\", \"mc1_targets\": {\"choices\": [\"b\", \"a\"], \"labels\": [0, 1]}, \"mc2_targets\": {\"choices\": [\"b\", \"a\"], \"labels\": [0, 1]}}");
        assertThat(items("truthfulqa-mc1", Format.BASE, 0).item(0).right()).isEqualTo(1);
        assertThat(items("truthfulqa-mc2", Format.BASE, 0).item(0).truths()).containsExactly(false, true);
    }

    @Test
    void aMissingFieldIsNamedWithItsPlace() throws IOException {
        write("gsm8k-test.jsonl", "{\"question\": \"One?\", \"answer\": \"1\"}", "{\"qestion\": \"Two?\", \"answer\": \"2\"}");
        Items items = items("gsm8k", Format.BASE, 0);
        assertThatThrownBy(() -> items.item(1)).hasMessageContaining("task gsm8k: prompt: at gsm8k-test.jsonl, line 2: 'question' is undefined; the row has the fields answer, qestion");
        write("ARC-Easy-Test.jsonl", "{\"id\": \"1\", \"question\": \"Q\", \"choices\": {\"text\": [\"a\", \"b\"], \"label\": [\"A\", \"B\"]}, \"answerKey\": \"C\"}");
        assertThatThrownBy(() -> items("arc-easy", Format.BASE, 0).item(0)).hasMessageContaining("ARC-Easy-Test.jsonl, line 1: \"C\" is none of the labels [A, B]");
        assertThatThrownBy(() -> items("mmlu", Format.BASE, 0)).hasMessageContaining("mmlu-test.jsonl or mmlu/test").hasMessageContaining("--data-dir");
    }

    @Test
    void anItemIsNeverItsOwnExample() throws IOException {
        write("d.jsonl", "{\"q\": \"q0\", \"a\": \"a0\"}", "{\"q\": \"q1\", \"a\": \"a1\"}", "{\"q\": \"q2\", \"a\": \"a2\"}");
        TaskSpec task = TaskFiles.parse("t", "name: t\nmetric: cloze\ndata: {path: d.jsonl}\nprompt: \"{{q}}\"\nanswer: \"{{a}}\"\n".getBytes(StandardCharsets.UTF_8), null);
        Items items = new Items(task, List.of(folder), Format.BASE, 2, 5);
        for (int i = 0; i < 3; i++) {
            String text = items.item(i).prompt().text();
            assertThat(text).endsWith("\n\nq" + i).doesNotContain("a" + i);
            assertThat(text.split("\n\n")).hasSize(3);
        }
    }
}
