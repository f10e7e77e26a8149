package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class FinetuneCommandTest {
    @TempDir
    private static Path folder;
    private static String model;
    private static String data;

    @BeforeAll
    static void write() throws IOException {
        Path file = folder.resolve("tiny.gguf");
        TinyModel.write(file);
        model = file.toString();
        data = Files.writeString(folder.resolve("data.jsonl"), """
            {"question": "who", "answer": "the jackdaw"}
            {"instruction": "where", "input": "", "output": "on the wall"}
            {"question": "who", "answer": ""}
            {"conversations": [{"from": "human", "value": "what"}, {"from": "gpt", "value": "a cat"}]}
            {"messages": [{"role": "user", "content": "how"}, {"role": "bird", "content": "x"}]}
            {"question": "why", "answer": "a mat on a mat"}
            """).toString();
    }

    @Test
    void printsAStepALineAndTheResult() throws IOException {
        Path out = folder.resolve("run");
        Cli run = Cli.run("finetune", model, "--data", data, "--out", out.toString(), "--steps", "4", "--batch", "1", "--held-out", "0", "--threads", "1", "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        List<JsonNode> lines = run.out().lines().map(Json::read).toList();
        assertThat(lines).hasSize(5);
        for (int i = 0; i < 4; i++) {
            assertThat(lines.get(i).at("/step").asInt()).isEqualTo(i + 1);
            assertThat(lines.get(i).at("/trainLoss").asDouble()).isPositive();
        }
        JsonNode result = lines.getLast();
        assertThat(result.at("/conversations").asInt()).isEqualTo(4);
        assertThat(result.at("/steps").asInt()).isEqualTo(4);
        assertThat(result.at("/rejected/empty answer").asInt()).isEqualTo(1);
        assertThat(result.at("/rejected/unknown role").asInt()).isEqualTo(1);
        assertThat(result.at("/rejectedLines/0/line").asInt()).isEqualTo(3);
        assertThat(result.at("/rejectedLines/1/line").asInt()).isEqualTo(5);
        assertThat(result.at("/rejectedLines/1/reason").asString()).contains("bird");
        assertThat(result.has("heldOutBitsPerByte")).isFalse();
        assertThat(run.err()).contains("data.jsonl: line 3: empty answer", "data.jsonl: line 5: unknown role", "2 lines rejected");
        assertThat(out.resolve("params.gguf")).exists();
        Cli chat = Cli.run("chat", out.toString(), "--message", "who", "--max-tokens", "4", "--json");
        assertThat(chat.exitCode()).as(chat.err()).isZero();
        assertThat(Cli.run("report", out.toString()).exitCode()).isZero();
    }

    @Test
    void saysWhatComesNext() {
        Path out = folder.resolve("people");
        Cli run = Cli.run("finetune", model, "--data", data, "--out", out.toString(), "--epochs", "2", "--threads", "1", "--held-out", "0.4");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("2 lines were rejected:", "./jackdaw chat " + out);
        assertThat(run.err()).contains("asked: ");
    }

    @Test
    void strictStopsAtTheFirst() {
        Cli run = Cli.run("finetune", model, "--data", data, "--out", folder.resolve("strict").toString(), "--strict", "--steps", "1");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("line 3: empty answer").doesNotContain("line 5");
        assertThat(folder.resolve("strict/run.json")).doesNotExist();
    }

    @Test
    void refusesWrongUsage() {
        assertThat(Cli.run("finetune", model).exitCode()).isEqualTo(2);
        assertThat(Cli.run("finetune", model, "--data", data, "--steps", "1", "--epochs", "1").err()).contains("give one of them");
        assertThat(Cli.run("finetune", model, "--data", data, "--steps", "0").exitCode()).isEqualTo(2);
        assertThat(Cli.run("finetune", model, "--data", data, "--held-out", "1").exitCode()).isEqualTo(2);
        assertThat(Cli.run("finetune", model, "--data", data, "--optimizer", "sgd").err()).contains("muon or adamw");
        assertThat(Cli.run("finetune", model, "--data", folder.resolve("none.jsonl").toString()).err()).contains("does not exist");
        assertThat(Cli.run("finetune", model, "--data", data, "--context", "9999").err()).contains("9999", "64");
    }
}
