package dev.jackdaw.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With OpenAI's own client for Python, where `python3` has it.
@Timeout(120)
class OpenAiPythonTest {
    private record Ran(int status, String said) {
    }

    private static Ran python(String... arguments) throws InterruptedException {
        String[] command = new String[arguments.length + 1];
        command[0] = "python3";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Ran(process.waitFor(), said);
        } catch (IOException e) {
            return new Ran(127, e.getMessage());
        }
    }

    @Test
    void theScriptRuns(@TempDir Path folder) throws Exception {
        assumeTrue(python("-c", "import openai").status == 0, "python3 has no package openai: pip install openai");
        try (TinyServer server = new TinyServer(folder)) {
            Ran ran = python(Path.of("src/test/resources/openai_client.py").toAbsolutePath().toString(), server.address(), "tiny");
            assertThat(ran.status).as(ran.said).isZero();
            assertThat(ran.said).endsWith("errors\n");
        }
    }
}
