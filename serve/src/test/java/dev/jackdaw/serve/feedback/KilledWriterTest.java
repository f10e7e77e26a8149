package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` amid writes: what was acknowledged is there, and the database is whole.
class KilledWriterTest {
    @TempDir
    Path folder;

    @Test
    void losesNothingThatWasAcknowledged() throws Exception {
        String where = folder.resolve("feedback.db").toString();
        List<String> acknowledged = writeAndKill(where, 100);
        try (Database database = Database.open(where)) {
            assertThat(database.jdbi().<String, RuntimeException>withHandle(handle -> handle.createQuery("pragma integrity_check").mapTo(String.class).one())).isEqualTo("ok");
            Set<String> stored = database.jdbi().withHandle(handle -> new HashSet<>(handle.createQuery("select id from rating").mapTo(String.class).list()));
            assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(100);
            assertThat(stored).containsAll(acknowledged);
            assertThat(Feedback.corrections(database).since(0)).extracting(Correction::id).containsAll(acknowledged);
        }
    }

    /// Acknowledgements go to a file, so that those of the last instant count too.
    private List<String> writeAndKill(String where, int least) throws IOException, InterruptedException {
        Path acknowledged = folder.resolve("acknowledged-" + least);
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin/java").toString(), "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-cp",
                System.getProperty("java.class.path"), FeedbackWriter.class.getName(), where).redirectOutput(acknowledged.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try {
            long end = System.nanoTime() + 60_000_000_000L;
            while (ids(acknowledged).size() < least && process.isAlive() && System.nanoTime() < end) {
                Thread.sleep(5);
            }
        } finally {
            process.destroyForcibly();                                      // SIGKILL
        }
        assertThat(process.waitFor()).as("killed").isEqualTo(128 + 9);
        return ids(acknowledged);
    }

    /// Whole lines; the last one may be cut.
    private static List<String> ids(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file).lines().filter(line -> line.matches("rating-[0-9a-f]{32}")).toList() : List.of();
    }
}
