package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is no database, or cannot be reached, is said so that one knows what to do.
class DatabaseTest {
    @TempDir
    Path folder;

    private static void refuses(String where, String... parts) {
        assertThatThrownBy(() -> Database.open(where).close()).isInstanceOf(DatabaseException.class).satisfies(e -> assertThat(e.getMessage()).contains(parts).doesNotContain("wizard"));
    }

    @Test
    void refusesWhatIsNoDatabase() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "Not a database at all, but long enough to have a header of its own. ".repeat(40));
        refuses(text.toString(), text.toString(), "is not a database of SQLite; move it away, or give another file");
        assertThat(text).content().startsWith("Not a database at all");
        refuses(folder.toString(), "is a folder; give a file in it");
        refuses(folder.resolve("a?b.db").toString(), "question mark");
        refuses(text.resolve("inner.db").toString(), "could not be created");
        refuses("jdbc:mysql://merlin:wizard@host/db?password=wizard", "jdbc:mysql://host/db", "jdbc:postgresql://HOST:PORT/NAME");
    }

    @Test
    void refusesTablesOfSomebodyElse() throws SQLException {
        Path other = folder.resolve("other.db");
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + other); Statement statement = connection.createStatement()) {
            statement.execute("create table cookies (id text)");
        }
        refuses(other.toString(), "it has tables already, but none of ours");
    }

    @Test
    void saysWhatCannotBeReached() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        refuses("jdbc:postgresql://127.0.0.1:" + free + "/jackdaw?user=merlin&password=wizard", "jdbc:postgresql://127.0.0.1:" + free + "/jackdaw cannot be opened", "is it running");
    }

    @Test
    void neverShowsPasswords() {
        assertThat(Database.shown("jdbc:postgresql://merlin:wizard@host:5432/db?password=wizard")).isEqualTo("jdbc:postgresql://host:5432/db");
        assertThat(Database.shown("jdbc:postgresql://host/db")).isEqualTo("jdbc:postgresql://host/db");
    }
}
