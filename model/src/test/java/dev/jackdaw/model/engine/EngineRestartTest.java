package dev.jackdaw.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.FormatException;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.tensor.Device;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// An engine saves what it has read, its process is killed, and another one goes on.
@Timeout(120)
class EngineRestartTest {
    private static final Path MODEL = Path.of("src/test/resources/reference/models/qwen3");
    private static final Engine.Settings SETTINGS = new Engine.Settings(4, 8, 64 << 20, 64 << 20, 64, 64, 60_000);

    private static int[] prompt() {
        int[] ids = new int[150];
        Arrays.setAll(ids, i -> (i * 37 + 11) % 600);
        return ids;
    }

    private static Request request(int[] prompt, int tokens) {
        return Request.of(prompt, tokens, Sampling.of(0.7, 3), _ -> false);
    }

    /// The process that is killed: saves, begins to save over it again and again, and never ends by itself.
    static final class Victim {
        public static void main(String[] arguments) throws Exception {
            try (Device device = Device.cpu(1); Model model = Model.open(MODEL, device); Engine engine = Engine.of(model, SETTINGS)) {
                int[] ids = engine.submit(request(prompt(), 20)).result().ids();
                engine.save(Path.of(arguments[0]));
                System.out.println("saved " + Arrays.toString(ids));
                while (true) {
                    engine.save(Path.of(arguments[0]));
                }
            }
        }
    }

    @Test
    void goesOnWhereAKilledProcessStopped(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("engine.cache");
        Process process = new ProcessBuilder(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Victim.class.getName(), file.toString()))
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream()))) {
            String line = out.readLine();
            assertThat(line).startsWith("saved [");
            Thread.sleep(50);                                        // in the midst of saving again
            process.destroyForcibly().waitFor();
            int[] first = Arrays.stream(line.substring(7, line.length() - 1).split(", ")).mapToInt(Integer::parseInt).toArray();
            int[] next = Arrays.copyOf(prompt(), 150 + 19);
            System.arraycopy(first, 0, next, 150, 19);
            try (Device device = Device.cpu(2); Model model = Model.open(MODEL, device)) {
                int[] expected = new Generator(model.forward()).generate(request(next, 30), new Generator.Listener() { }).ids();
                try (Engine engine = Engine.of(model, SETTINGS)) {
                    assertThat(engine.restore(file)).isEqualTo(3);
                    assertThat(engine.submit(request(next, 30)).result().ids()).isEqualTo(expected);
                    assertThat(engine.statistics().readTokens()).as("all but the last token was restored").isEqualTo(1);
                }
            }
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void refusesADamagedFileAndServesAllTheSame(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("engine.cache");
        try (Device device = Device.cpu(1); Model model = Model.open(MODEL, device); Engine engine = Engine.of(model, SETTINGS)) {
            engine.submit(request(prompt(), 5)).result();
            engine.save(file);
            engine.forget();
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length / 2] ^= 1;
            Files.write(file, bytes);
            assertThatThrownBy(() -> engine.restore(file)).isInstanceOf(FormatException.class).hasMessageContaining("checksum").hasMessageContaining("delete it");
            assertThat(engine.statistics().usedPages()).isZero();
            assertThat(engine.submit(request(prompt(), 5)).result().ids()).hasSize(5);
        }
    }
}
