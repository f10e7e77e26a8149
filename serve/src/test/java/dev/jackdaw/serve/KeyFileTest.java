package dev.jackdaw.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.serve.ServerSettings.ApiKey;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.http.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyFileTest {
    @TempDir
    private Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("keys.yaml"), text);
    }

    @Test
    void readsKeysAndTheirLimits() throws IOException {
        assertThat(KeyFile.read(file("- name: a\n  key: sixteen-letters-x\n- name: b\n  sha256: " + "0f".repeat(32) + "\n  requestsPerMinute: 60\n  tokensPerDay: 1000000000000\n  roles: [label, admin]\n")))
                .containsExactly(new ApiKey("a", Gate.sha256("sixteen-letters-x"), 0, 0, Set.of(Role.USE)), new ApiKey("b", "0f".repeat(32), 60, 1_000_000_000_000L, Set.of(Role.LABEL, Role.ADMIN)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            `{}`                                                      | must be a list
            `[]`                                                      | at least one
            `- name: a`                                               | needs either sha256
            `- {name: a, key: short}`                                 | at least 16
            `- {name: a, sha256: abc}`                                | 64 hexadecimal
            `- {key: sixteen-letters-x}`                              | a name of its own
            `- {name: a, key: sixteen-letters-x, rate: 3}`            | has the field rate
            `- {name: a, key: sixteen-letters-x, tokensPerDay: many}` | tokensPerDay is
            `- {name: a, key: sixteen-letters-x, roles: [use, root]}` | a list of use, label, monitor, admin
            `- {name: a, key: sixteen-letters-x, roles: []}`          | a list of use, label, monitor, admin
            `- {name: a, key: sixteen-letters-x, roles: use}`         | a list of use, label, monitor, admin
            `- [`                                                     | not YAML
            """)
    void saysWhatIsWrong(String text, String says) throws IOException {
        Path file = file(text);
        assertThatThrownBy(() -> KeyFile.read(file)).isInstanceOf(IOException.class).hasMessageContaining(says).hasMessageContaining("keys.yaml");
    }
}
