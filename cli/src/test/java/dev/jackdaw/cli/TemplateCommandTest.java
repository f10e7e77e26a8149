package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.TinyModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class TemplateCommandTest {
    @TempDir
    private static Path folder;

    @Test
    void rendersLines() throws Exception {
        Path template = Files.writeString(folder.resolve("t.jinja"),
                "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% if x %}{{ x }}{% endif %}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}{{ eos_token }}{{ tools | length if tools else '' }}");
        Cli run = Cli.runWithInput("""
            {"messages": [{"role": "user", "content": "Hi {{ x }}"}], "bosToken": "[B]", "addGenerationPrompt": true, "kwargs": {"x": 7}}
            {"messages": [{"role": "user", "content": null}], "tools": [{"a": 1}], "eosToken": "[E]"}
            {"messages": [], "addGenerationPrompt": true}
            """, "template", template.toString(), "--jsonl", "-", "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        List<String> texts = run.out().lines().map(line -> Json.read(line).at("/text").asString()).toList();
        assertThat(texts).containsExactly("[B]<user>Hi {{ x }}7<a>", "<user>None[E]1", "<a>");
    }

    @Test
    void errorsAreAnswersAndNameTheLine() throws Exception {
        Path template = Files.writeString(folder.resolve("bad.jinja"), "a\n{{ messages[3].role.x }}");
        JsonNode answer = Json.read(Cli.runWithInput("{\"messages\": []}", "template", template.toString(), "--jsonl", "-").out());
        assertThat(answer.at("/error").asString()).contains("line 2");
        assertThat(answer.has("text")).isFalse();
        Cli run = Cli.runWithInput("{\"messages\": 5}", "template", template.toString(), "--jsonl", "-");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("line 1").contains("messages").hasLineCount(1);
        Files.writeString(folder.resolve("broken.jinja"), "a\n\n{% if");
        assertThat(Cli.run("template", folder.resolve("broken.jinja").toString()).err()).contains("line 3").hasLineCount(1);
    }

    @Test
    void readsTheTemplateOfAModel() throws Exception {
        Path model = folder.resolve("tiny.gguf");
        TinyModel.write(model);
        assertThat(Cli.run("template", model.toString(), "--json").json().at("/template").asString()).contains("<|im_start|>");
        Cli run = Cli.runWithInput("{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"addGenerationPrompt\": true}", "template", model.toString(), "--jsonl", "-");
        assertThat(run.json().at("/text").asString()).isEqualTo("<|endoftext|><|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
    }
}
