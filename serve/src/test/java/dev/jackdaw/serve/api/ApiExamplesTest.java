package dev.jackdaw.serve.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.serve.TestServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The examples of `docs/api.md` do what they say.
@Timeout(60)
class ApiExamplesTest {
    private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);

    @AutoClose
    private static final TestServer server = TestServer.start();

    @BeforeAll
    static void needsCurl() {
        assumeTrue(Stream.of(System.getenv("PATH").split(":")).anyMatch(each -> Files.isExecutable(Path.of(each, "curl"))), "curl is not installed");
    }

    static List<String> examples() throws IOException {
        Path docs = Path.of("docs/api.md");
        Matcher blocks = BLOCK.matcher(Files.readString(Files.exists(docs) ? docs : Path.of("..").resolve(docs)));
        List<String> all = blocks.results().map(block -> block.group(1)).toList();
        assertThat(all).hasSizeGreaterThan(15);
        return all;
    }

    @ParameterizedTest
    @MethodSource("examples")
    void anExampleWorks(String example) throws Exception {
        String script = "set -e\n" + example.replace("http://localhost:8080", "http://127.0.0.1:" + server.server.port()).replace("curl -sS", "curl --fail-with-body --max-time 50 -sS");
        Process process = new ProcessBuilder("sh", "-c", script).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        assertThat(said).contains("{").doesNotContain("\"error\":{", "{\"error\"");
    }
}
