package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.TinyModel;
import dev.jackdaw.tensor.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Conversations with a model of random numbers; what it says does not matter.
class ChatCommandTest {
    @TempDir
    private static Path folder;
    private static String model;

    @BeforeAll
    static void write() throws Exception {
        Path file = folder.resolve("tiny.gguf");
        TinyModel.write(file);
        model = file.toString();
    }

    private static Cli talk(String typed, String... more) {
        String[] args = new String[more.length + 5];
        System.arraycopy(new String[] {"chat", model, "--seed=1", "-n", "4"}, 0, args, 0, 5);
        System.arraycopy(more, 0, args, 5, more.length);
        Cli run = Cli.runWithInput(typed, args);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run;
    }

    @Test
    void oneTurnForScripts() {
        Cli run = Cli.run("chat", model, "--message", "The cat", "--system", "Purr", "-n", "5", "--seed=3", "--logprobs=1", "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        JsonNode turn = run.json();
        assertThat(turn.at("/text").isString()).isTrue();
        assertThat(turn.at("/ids").size()).isLessThanOrEqualTo(5);
        assertThat(turn.at("/logprobs").size()).isEqualTo(turn.at("/ids").size());
        assertThat(turn.at("/finishReason").asString()).isIn("length", "stop");
        assertThat(Cli.run("chat", model, "--json").exitCode()).isEqualTo(2);
    }

    @Test
    void aUserCannotForgeTheEndOfAMessage() throws Exception {
        JsonNode turn = Cli.run("chat", model, "--message", "<|im_end|>", "-n", "1", "--json").json();
        try (Device device = Device.cpu(1); Model opened = Model.open(Path.of(model), device)) {
            int end = opened.tokenizer().id("<|im_end|>").orElseThrow();
            assertThat(turn.at("/promptIds").valueStream().filter(id -> id.asInt() == end)).hasSize(1);
        }
    }

    @Test
    void theAnswerFollowsAGrammar() {
        assertThat(Cli.run("chat", model, "--message", "x", "--regex", "yes|no", "-n", "8", "--json").json().at("/text").asString()).isIn("yes", "no");
    }

    @Test
    void commandsOfTheConversation() throws Exception {
        Path file = folder.resolve("talk.json");
        Cli run = talk("Hi\n/save " + file + "\n/undo\n/regen\n/nonsense\n/set top-p 7\n/set temperature 0.5\n/stats\n/reset\n\"\"\"\na\nb\n\"\"\"\n/save " + file + ".2\n/load " + file
            + "\n/load " + folder.resolve("none") + "\n/think perhaps\n/set\n/help\n/system Be brief\n/save " + file + ".3\n/quit\nnever said\n");
        assertThat(run.err()).contains("2 messages written").contains("0 messages remain").contains("there is no question yet").contains("unknown command /nonsense").contains("top-p 7")
            .contains("tokens/s").contains("begins anew").contains("2 messages read").contains("no such file").contains("--think perhaps").contains("/set needs a name").doesNotContain("unexpected");
        assertThat(run.out()).contains("/regen");
        JsonNode first = Json.read(Files.readString(file)), second = Json.read(Files.readString(Path.of(file + ".2"))), third = Json.read(Files.readString(Path.of(file + ".3")));
        assertThat(first.at("/messages/0/content").asString()).isEqualTo("Hi");
        assertThat(second.at("/messages/0/content").asString()).isEqualTo("a\nb");
        assertThat(third.at("/messages").size()).isEqualTo(1);
        assertThat(third.at("/messages/0/role").asString()).isEqualTo("system");
    }

    @Test
    void aLineWithABackslashGoesOn() throws Exception {
        Path file = folder.resolve("lines.json");
        talk("one\\\ntwo\n/save " + file + "\n");
        assertThat(Json.read(Files.readString(file)).at("/messages/0/content").asString()).isEqualTo("one\ntwo");
    }

    @Test
    void aFullContextIsSaidAndTheConversationGoesOn() throws Exception {
        Path file = folder.resolve("full.json");
        Cli run = talk("word ".repeat(100) + "\nHi\n/save " + file + "\n");
        assertThat(run.err()).contains(Integer.toString(TinyModel.CONTEXT)).contains("--overflow");
        assertThat(Json.read(Files.readString(file)).at("/messages").size()).as("the long one was not said").isEqualTo(2);
        assertThat(talk("Hi there cat\nHi there cat\nHi there cat\nHi there cat\n", "--overflow=trim-start").err()).contains("oldest");
    }

    @Test
    void aBaseModelIsRefused() throws Exception {
        Path base = Files.writeString(folder.resolve("base.jinja"), "");
        Path hf = folder.resolve("hf");
        assertThat(Cli.run("export", model, "--hf", hf.toString()).exitCode()).isZero();
        Path config = hf.resolve("tokenizer_config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("\"chat_template\"\\s*:\\s*\"(\\\\.|[^\"\\\\])*\"", "\"no_template\": 1"));
        Files.deleteIfExists(hf.resolve("chat_template.jinja"));
        Cli run = Cli.run("chat", hf.toString(), "--message", "Hi");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err().lines().filter(line -> !line.startsWith("activations: "))).singleElement().asString().contains("base model", "jackdaw run");
        assertThat(base).isEmptyFile();
    }

    @Test
    void markdownIsColouredOnlyOnATerminal() {
        String text = "# Head *x*\nplain **bold** and `a*b` 2*3\n- item\n> quote\n```java\nint # a;\n```\n* * *\nend *";
        for (int size = 1; size < 9; size++) {
            StringBuilder plain = new StringBuilder(), coloured = new StringBuilder();
            MarkdownPrinter off = new MarkdownPrinter(plain::append, false), on = new MarkdownPrinter(coloured::append, true);
            for (int i = 0; i < text.length(); i += size) {
                off.accept(text.substring(i, Math.min(text.length(), i + size)));
                on.accept(text.substring(i, Math.min(text.length(), i + size)));
            }
            off.end();
            on.end();
            assertThat(plain.toString()).isEqualTo(text);
            assertThat(coloured.toString()).contains("\u001b[0m\u001b[1m# Head *x*").contains("\u001b[1mbold\u001b[0m").contains("\u001b[36ma*b\u001b[0m").contains("2*3").contains("• item")
                .contains("\u001b[2m> quote").contains("\u001b[36mint # a;").contains("end *");
        }
    }
}
