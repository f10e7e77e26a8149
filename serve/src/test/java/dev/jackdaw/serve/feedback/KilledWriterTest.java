package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` amid writes, twice on one file: what was acknowledged is there, and the database is whole.
class KilledWriterTest {
    @TempDir
    Path folder;

    @Test
    void losesNothingThatWasAcknowledged() throws Exception {
        String where = folder.resolve("feedback.db").toString();
        Set<String> acknowledged = new HashSet<>();
        for (int least : new int[] {150, 40}) {
            acknowledged.addAll(writeAndKill(where, least));
        }
        try (Database database = Database.open(where)) {
            assertThat(database.jdbi().<String, RuntimeException>withHandle(handle -> handle.createQuery("pragma integrity_check").mapTo(String.class).one())).isEqualTo("ok");
            Set<String> stored = database.jdbi().withHandle(handle -> new HashSet<>(handle.createQuery("select id from rating").mapTo(String.class).list()));
            assertThat(acknowledged).hasSizeGreaterThan(190);
            assertThat(stored).containsAll(acknowledged);
            assertThat(Feedback.corrections(database).since(0)).extracting(Correction::id).containsAll(acknowledged);
        }
    }

    private static List<String> writeAndKill(String where, int least) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin/java").toString(), "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("java.class.path"), FeedbackWriter.class.getName(), where).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        List<String> ids = new ArrayList<>();
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.matches("rating-[0-9a-f]{32}")) {                  // the last one may be cut
                    ids.add(line);
                }
                if (ids.size() == least) {
                    process.toHandle().destroyForcibly();                   // SIGKILL; unlike that of Process it leaves the pipe open, and what is in it is read still
                }
            }
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.waitFor()).as("killed").isEqualTo(128 + 9);
        return ids;
    }
}
