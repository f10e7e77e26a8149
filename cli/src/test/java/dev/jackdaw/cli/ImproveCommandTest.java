package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// The commands around a model of random numbers, which has neither run nor examination: what the loop does for real is shown by `ImprovementTest` of serve.
class ImproveCommandTest {
    @TempDir
    private static Path folder;
    private static String model;
    private static String corrections;

    @BeforeAll
    static void write() throws IOException {
        System.setProperty("jackdaw.data", folder.resolve("home").toString());
        Path file = folder.resolve("tiny.gguf");
        TinyModel.write(file);
        model = file.toString();
        corrections = Files.writeString(folder.resolve("corrections.jsonl"), """
            {"id": "a", "question": "who", "bad": "nobody", "good": "a cat"}
            {"id": "b", "question": "Who?", "bad": "nobody", "good": "the jackdaw"}
            {"id": "c", "question": "where", "good": "on the wall", "bad": "on the wall"}
            """).toString();
    }

    @AfterAll
    static void forget() {
        System.clearProperty("jackdaw.data");
    }

    @Test
    void deploysImprovesAndGoesBack() throws Exception {
        JsonNode created = Cli.run("deploy", "create", "tiny", model, "--json").json();
        assertThat(created.at("/current").asInt()).isEqualTo(1);
        assertThat(Cli.run("deploy", "create", "tiny", model).err()).contains("there is a deployment tiny already");

        Cli dry = Cli.run("improve", "tiny", "--corrections", corrections, "--dry-run");
        assertThat(dry.exitCode()).as(dry.err()).isZero();
        assertThat(dry.out()).contains("3 corrections: 1 to learn", "a: a later correction of the same question says something else (b)", "c: the corrected answer is the one that was given", "Nothing was trained");

        assertThat(Cli.run("improve", "tiny", "--dry-run").err()).as("nobody has started a server").contains("feedback.db does not exist", "--database");
        String database = Files.createFile(folder.resolve("empty.db")).toString();
        assertThat(Cli.run("deploy", "forget", "tiny", "--database", database).out()).contains("0 corrections were taken out");
        Cli collected = Cli.run("improve", "tiny", "--database", database, "--dry-run", "--json");
        assertThat(collected.exitCode()).as(collected.err()).isZero();
        assertThat(collected.json().at("/verdict/reasons/0").asString()).as("nobody has used the server").isEqualTo("there are no corrections");

        Cli run = Cli.run("improve", "tiny", "--corrections", corrections, "--steps", "2", "--max-tokens", "4", "--threads", "1", "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode result = Json.read(run.out().lines().toList().getLast());
        assertThat(result.at("/promoted").asBoolean()).isFalse();
        assertThat(result.at("/version").asInt()).isEqualTo(2);
        assertThat(result.at("/verdict/reasons").toString()).contains("nothing fixed to compare by");
        assertThat(result.at("/cases/0/id").asString()).isEqualTo("b");
        assertThat(result.at("/cases/0/marginAfter").asDouble()).isGreaterThan(result.at("/cases/0/marginBefore").asDouble());

        Cli refused = Cli.run("deploy", "promote", "tiny", "2");
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err()).contains("the evaluation was against version 2", "--force");
        assertThat(Cli.run("deploy", "canary", "tiny", "2", "0.2", "--force").out()).contains("version 2 is served to 20% of the users");
        assertThat(Cli.run("deploy", "list").out()).contains("tiny", "v2 20%");
        assertThat(Cli.run("deploy", "rollback", "tiny").out()).contains("version 1 is served");
        assertThat(Cli.run("deploy", "promote", "tiny", "2", "--force", "--json").json().at("/previous").asInt()).isEqualTo(1);
        assertThat(Cli.run("deploy", "list", "tiny").out()).contains("improvements/1", "served", "v2: there is nothing fixed");
        assertThat(Cli.run("deploy", "rollback", "tiny").out()).contains("version 1 is served");
        assertThat(Cli.run("deploy", "rollback", "tiny").err()).contains("nothing to go back to");
    }

    @Test
    void refusesWhatCannotWork() {
        assertThat(Cli.run("improve", "nobody", "--corrections", corrections).err()).contains("there is no deployment nobody", "jackdaw deploy create");
        assertThat(Cli.run("improve", "nobody", "--corrections", folder.resolve("none.jsonl").toString()).err()).contains("no such file");
        assertThat(Cli.run("improve", "x", "--corrections", corrections, "--replay", "1").exitCode()).isEqualTo(2);
        assertThat(Cli.run("improve", "x", "--corrections", corrections, "--canary", "0").err()).contains("more than 0");
        assertThat(Cli.run("improve", "x", "--corrections", corrections, "--database", "y").err()).contains("give one of them");
        assertThat(Cli.run("deploy", "create", "../up", model).err()).contains("give a name of up to 64 letters");
        assertThat(Cli.run("deploy", "canary", "x", "1", "2").exitCode()).isEqualTo(2);
        assertThat(Cli.run("deploy").err()).contains("create, list, promote, canary, rollback");
    }
}
