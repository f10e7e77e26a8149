package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.ServerSettings.Keep;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteFeedbackTest extends FeedbackContract {
    @TempDir
    Path folder;

    @Override
    String fresh() {
        return folder.resolve("inner/feedback.db").toString();
    }

    @Test
    void syncsAtEachCommit() {
        Map<String, String> expected = Map.of("synchronous", "2", "journal_mode", "wal", "foreign_keys", "1", "secure_delete", "1");
        expected.forEach((pragma, value) -> assertThat(feedback.database().jdbi().<String, RuntimeException>withHandle(handle -> handle.createQuery("pragma " + pragma).mapTo(String.class).one()))
                .as(pragma).isEqualTo(value));
    }

    @Test
    void onlyTheOwnerMayReadIt() throws IOException {
        give(answer("a", NOON, "", "q", "t"));
        try (var files = Files.list(folder.resolve("inner"))) {
            assertThat(files.toList()).hasSizeGreaterThan(1).allSatisfy(file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).as(file.toString()).isEqualTo("rw-------"));
        }
    }

    @Test
    void erasedTextIsInNoFile() throws Exception {
        give(answer("a", NOON, "ada", "q", "xyzzy".repeat(3000)), answer("b", NOON, "eve", "q", "plugh".repeat(3000)));
        feedback.erase("ada");
        int kept = 0;
        try (var files = Files.list(folder.resolve("inner"))) {
            for (Path file : files.toList()) {
                String bytes = Files.readString(file, StandardCharsets.ISO_8859_1);
                assertThat(bytes).as(file.toString()).doesNotContain("xyzzy");
                kept += bytes.contains("plugh") ? 1 : 0;
            }
        }
        assertThat(kept).as("the test would see it").isPositive();
    }

    @Test
    void takesTheAddressOfAFileToo() {
        feedback.close();
        where = "jdbc:sqlite:" + where;
        feedback = open(new Privacy(Keep.EVERYTHING, 0, true));
        give(answer("a", NOON, "", "q", "t"));
        assertThat(Path.of(where.substring("jdbc:sqlite:".length()))).exists();
    }
}
