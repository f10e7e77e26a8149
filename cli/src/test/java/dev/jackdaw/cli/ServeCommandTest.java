package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

class ServeCommandTest {
    @TempDir
    private Path folder;

    @Command(name = "serve")
    static final class Options implements Runnable {
        @Option(names = "--config")
        private Path config;
        @Option(names = "--port")
        private int port = 8080;
        @Option(names = "--max-body")
        private String body = "16m";
        @Option(names = "--log-prompts")
        private boolean log;

        @Override
        public void run() {
        }
    }

    private String read(Map<String, String> environment, String... arguments) {
        Options options = new Options();
        StringWriter said = new StringWriter();
        CommandLine line = new CommandLine(options).setDefaultValueProvider(new ServeDefaults(environment::get)).setErr(new PrintWriter(said));
        return line.execute(arguments) == 0 ? options.port + " " + options.body + " " + options.log : said.toString();
    }

    @Test
    void typedCountsBeforeTheEnvironmentAndThatBeforeTheFile() throws Exception {
        Path file = Files.writeString(folder.resolve("serve.yaml"), "port: 1\nmax-body: 2m\nlog-prompts: true\n");
        Map<String, String> environment = new HashMap<>();
        assertThat(read(environment)).isEqualTo("8080 16m false");
        assertThat(read(environment, "--config", file.toString())).isEqualTo("1 2m true");
        environment.put("JACKDAW_SERVE_CONFIG", file.toString());
        assertThat(read(environment)).isEqualTo("1 2m true");
        environment.put("JACKDAW_SERVE_PORT", "3");
        assertThat(read(environment)).isEqualTo("3 2m true");
        assertThat(read(environment, "--port", "4", "--max-body=5m")).isEqualTo("4 5m true");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            `ports: 1`      | sets ports, which is no option
            `[1]`           | must be a YAML object
            `port: [`       | is not YAML
            """)
    void aFileThatIsWrongIsToldApart(String text, String says) throws Exception {
        Path file = Files.writeString(folder.resolve("serve.yaml"), text);
        assertThat(read(Map.of(), "--config", file.toString())).contains(says);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            `--host 0.0.0.0 nothing.gguf`         | 2 | --keys
            `nothing.gguf`                        | 1 | there is no such file or folder
            `--port 70000 nothing.gguf`           | 2 | --port must be
            `--tls-key x.pem nothing.gguf`        | 2 | belong together
            `--max-body huge nothing.gguf`        | 1 | nothing.gguf
            """)
    void whatCannotBeServedIsToldAtOnce(String arguments, int code, String says) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        String[] line = ("serve " + arguments).split(" ");
        assertThat(JackdawCommand.run(InputStream.nullInputStream(), new ByteArrayOutputStream(), err, line)).isEqualTo(code);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(says);
    }
}
