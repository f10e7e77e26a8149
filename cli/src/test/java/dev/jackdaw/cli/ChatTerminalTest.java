package dev.jackdaw.cli;

import dev.jackdaw.model.TinyModel;
import dev.jackdaw.tensor.DType;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `chat` as a person has it: in a process of its own, on a pseudo-terminal, which `script` of util-linux makes. A byte 3 becomes SIGINT there.
class ChatTerminalTest {
    private static final Path SCRIPT = Path.of("/usr/bin/script");
    /// The line editor asks the terminal to mark what is pasted whenever it waits for a line.
    private static final String PROMPT = "\\[\\?2004h";
    private static final String CONTROL_C = "\u0003";

    @TempDir
    private static Path folder;
    private static Path model;

    private Process process;
    private OutputStream keys;
    private final StringBuilder screen = new StringBuilder();
    private int seen;

    @BeforeAll
    static void write() throws IOException {
        assumeTrue(Files.isExecutable(SCRIPT) && System.getProperty("os.name").equals("Linux"), "needs /usr/bin/script of util-linux");
        model = folder.resolve("slow.gguf");
        TinyModel.write(model, "qwen3", DType.F32, 4, 512, 20_000);
    }

    private void start() throws IOException {
        List<String> java = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-XX:Tier3DelayOn=1000000", "-XX:TieredStopAtLevel=4", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), JackdawCommand.class.getName(), "chat", model.toString(),
                "--seed=1", "--threads=1", "--stats", "--regex='[a-z ]{10000}'"));                // an answer that takes its time
        ProcessBuilder builder = new ProcessBuilder(SCRIPT.toString(), "-qefc", "stty rows 24 cols 100; exec " + String.join(" ", java), "/dev/null").redirectErrorStream(true);
        builder.environment().put("JACKDAW_HOME", folder.resolve("home").toString());
        builder.environment().put("TERM", "xterm");
        process = builder.start();
        keys = process.getOutputStream();
        seen = 0;
        screen.setLength(0);
        InputStream in = process.getInputStream();
        Thread.ofVirtual().start(() -> {
            byte[] bytes = new byte[4096];
            try {
                for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
                    synchronized (screen) {
                        screen.append(new String(bytes, 0, n, StandardCharsets.UTF_8));
                    }
                }
            } catch (IOException e) {
                // the process has gone
            }
        });
    }

    private void type(String text) throws IOException {
        keys.write(text.getBytes(StandardCharsets.UTF_8));
        keys.flush();
    }

    /// Writes into the line until it shows: at first the line editor takes what comes for answers of the terminal to its questions.
    private void write(String text) throws Exception {
        for (int attempt = 0; attempt < 30; attempt++) {
            type("\u0015" + text);                                   // control-U clears the line
            for (int i = 0; i < 60; i++) {
                int at = screen().indexOf(text, seen);
                if (at >= 0) {
                    seen = at + text.length();
                    return;
                }
                Thread.sleep(50);
            }
        }
        fail("the terminal does not show what is typed, %s: %s", text, screen());
    }

    private String screen() {
        synchronized (screen) {
            return screen.toString();
        }
    }

    /// Waits until the expression stands behind what was awaited before.
    private void await(String expression) throws InterruptedException {
        var pattern = java.util.regex.Pattern.compile(expression);
        for (int i = 0; i < 2400; i++) {
            var matcher = pattern.matcher(screen());
            if (matcher.find(seen)) {
                seen = matcher.end();
                return;
            }
            Thread.sleep(50);
        }
        fail("the terminal does not show %s behind: %s", expression, screen());
    }

    @AfterEach
    void stop() {
        if (process != null) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    @Test
    void controlCStopsAnAnswerAndLeavesAtThePrompt() throws Exception {
        start();
        await(PROMPT);
        write("hello");
        type("\r");
        await("[a-z ]{30}");                                         // the answer is coming
        type(CONTROL_C);
        await("interrupted");
        await("new tokens");
        await(PROMPT);
        assertThat(process.isAlive()).isTrue();
        write("never said");
        type(CONTROL_C);                                             // takes back the line
        await(PROMPT);
        write("again");
        type("\r");
        await("[a-z ]{30}");
        type(CONTROL_C);
        await("interrupted");
        await(PROMPT);
        for (int press = 0; press < 30 && !process.waitFor(2, TimeUnit.SECONDS); press++) {
            type(CONTROL_C);                                         // one that follows another within half a second counts as the same
        }
        assertThat(process.isAlive()).as("still there: %s", screen()).isFalse();
        assertThat(process.exitValue()).as(screen()).isZero();
        List<String> history = Files.readAllLines(folder.resolve("home/chat_history"));
        assertThat(history).hasSize(2).first().asString().endsWith("hello");
        assertThat(history.getLast()).endsWith("again");

        start();                                                     // the history outlives the conversation
        await(PROMPT);
        write("draft");                                              // the line editor listens
        type("\u0015\u001bOA");                                      // the key up, as xterm sends it to editors
        await("again");
        type("\u001bOA");
        await("hello");
        type(CONTROL_C);
        await(PROMPT);
        write("/quit");
        type("\r");
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("left: %s", screen()).isTrue();
    }
}
