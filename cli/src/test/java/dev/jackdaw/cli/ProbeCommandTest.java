package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.TinyModel;
import dev.jackdaw.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// The commands of `probe`, on a model of random numbers and on models of a few steps.
class ProbeCommandTest {
    @TempDir
    private static Path folder;
    private static String model;

    @BeforeAll
    static void write() throws Exception {
        Path file = folder.resolve("tiny.gguf");
        TinyModel.write(file);
        model = file.toString();
    }

    private static JsonNode json(String... args) {
        Cli run = Cli.run(args);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run.json();
    }

    @Test
    void theLensEndsInWhatNextSays() {
        JsonNode lens = json("probe", "lens", model, "The cat sat", "--top", "3", "--json"), next = json("next", model, "The cat sat", "--top", "3", "--json");
        assertThat(lens.at("/rows").size()).isEqualTo(3);
        JsonNode last = lens.at("/rows/2").get(lens.at("/text/tokens").size() - 1);
        for (int i = 0; i < 3; i++) {
            assertThat(last.at("/top").get(i).at("/id").asInt()).isEqualTo(next.at("/next").get(i).at("/id").asInt());
            assertThat(last.at("/top").get(i).at("/probability").asDouble()).isCloseTo(next.at("/next").get(i).at("/probability").asDouble(), within(1e-6));
        }
        Cli table = Cli.run("probe", "lens", model, "The cat sat");
        assertThat(table.out()).contains("entropy, bits").contains("the last of");
    }

    @Test
    void attentionRowsSumToOne() {
        JsonNode maps = json("probe", "attention", model, "--ids", "5,6,7,5,6", "--json");
        assertThat(maps.at("/heads").size()).isEqualTo(2);
        for (JsonNode layer : maps.at("/heads")) {
            for (JsonNode head : layer) {
                for (int i = 0; i < 5; i++) {
                    double sum = 0;
                    for (int j = 0; j < 5; j++) {
                        double weight = head.at("/weights").get(i).get(j).asDouble();
                        assertThat(weight).isBetween(0.0, j <= i ? 1.0 : 0.0);
                        sum += weight;
                    }
                    assertThat(sum).isBetween(1 - 1e-5, 1 + 1e-5);
                }
                assertThat(head.at("/facts/induction").isNumber()).isTrue();
            }
        }
        assertThat(Cli.run("probe", "attention", model, "The cat").out()).contains("after a copy");
    }

    @Test
    void onePageHoldsBoth() throws Exception {
        Path page = folder.resolve("page.html");
        Cli run = Cli.run("probe", "all", model, "<b>The cat</b>", "--out", page.toString());
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err()).contains("wrote " + page);
        assertThat(Files.readString(page)).contains("Logit lens").contains("Attention").contains("default-src 'none'").doesNotContain("<b>The");
    }

    @Test
    void wrongUsageIsSaid() {
        assertThat(Cli.run("probe").err()).contains("lens, attention, all, reversal, memorisation");
        String[][] wrong = {{"probe", "lens", model}, {"probe", "lens", model, "a", "--ids", "1"}, {"probe", "lens", model, "a", "--top", "0"}, {"probe", "reversal", "--facts", "1"},
            {"probe", "reversal", "--conditions", "no"}, {"probe", "memorisation", "--sizes", "2by64"}, {"probe", "memorisation", "--data", "x"}, {"probe", "memorisation", model}};
        for (String[] args : wrong) {
            assertThat(Cli.run(args).exitCode()).as(String.join(" ", args)).isEqualTo(2);
        }
        assertThat(Cli.run("probe", "reversal", "--conditions", "no").err()).contains("one-way, others-both-ways");
        Cli tooLong = Cli.run("probe", "lens", model, "a ".repeat(2000));
        assertThat(tooLong.exitCode()).isEqualTo(1);
        assertThat(tooLong.err()).contains("shorten");
    }

    @Test
    void reversalGivesBothDirections() throws Exception {
        Path out = folder.resolve("reversal");
        JsonNode result = json("probe", "reversal", "--facts", "3", "--steps", "10", "--layers", "1", "--width", "32", "--conditions", "one-way,both-ways", "--out", out.toString(), "--json");
        assertThat(result.at("/conditions").size()).isEqualTo(2);
        assertThat(result.at("/conditions/1/condition").asString()).isEqualTo("both-ways");
        assertThat(result.at("/conditions/0/backward/exact/n").asInt()).isEqualTo(3);
        assertThat(out.resolve("report.html")).exists();
        assertThat(out.resolve("reversal.svg")).content().contains("whisker");
    }

    /// A model that is there already is taught instead of a new one.
    @Test
    void reversalTeachesAGivenModel() throws Exception {
        Path room = folder.resolve("room.gguf");                      // facts take more room than the tiny model's context
        TinyModel.write(room, "qwen3", DType.F32, 1, 32, 128);
        JsonNode result = json("probe", "reversal", room.toString(), "--facts", "2", "--steps", "10", "--conditions", "one-way", "--json");
        assertThat(result.at("/settings/start").asString()).endsWith("room.gguf");
    }

    @Test
    void memorisationExaminesAModel() throws Exception {
        Path text = folder.resolve("text.txt");
        Files.writeString(text, "The jackdaw sat on the wall. The cat sat on a mat and the jackdaw sat on a cat.\n");
        Path page = folder.resolve("recited.html");
        JsonNode result = json("probe", "memorisation", model, "--data", text.toString(), "--held-out", text.toString(), "--prefix", "2,4", "--asked", "4", "--out", page.toString(), "--json");
        assertThat(result.at("/rates").size()).isEqualTo(4);
        assertThat(result.at("/rates/0/documents").asString()).isEqualTo("learned from");
        assertThat(result.at("/rates/3/prefix").asInt()).isEqualTo(4);
        assertThat(Files.readString(page)).contains("Extraction");
    }

    @Test
    void memorisationTrainsAndKeepsWhatItFound() throws Exception {
        Path out = folder.resolve("memorisation");
        JsonNode result = json("probe", "memorisation", "--sizes", "1x32", "--repetitions", "2", "--canaries", "1", "--fillers", "50", "--out", out.toString(), "--json");
        assertThat(result.at("/models/0/levels").size()).isEqualTo(3);
        assertThat(out.resolve("results/1x32.json")).exists();
        assertThat(out.resolve("exposure.svg")).exists();
    }
}
