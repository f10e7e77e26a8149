package dev.jackdaw.serve.feedback;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Assumptions;

/// One PostgreSQL for all tests of this JVM, each with a schema of its own. Where it cannot start (no `unshare` for root, another platform),
/// the tests that need it are skipped and say so.
final class Postgres {
    private static final AtomicInteger SCHEMAS = new AtomicInteger();
    /// Its own log comes through the second one.
    private static final List<Logger> NOISE = List.of(Logger.getLogger("io.zonky.test"), Logger.getLogger(EmbeddedPostgres.class.getName()), Logger.getLogger("pg-embedded"), Logger.getLogger("java.util.Iterator"));
    private static EmbeddedPostgres server;
    private static String problem;

    private Postgres() {
    }

    static synchronized String freshUrl() {
        if (server == null && problem == null) {
            NOISE.forEach(logger -> logger.setLevel(Level.WARNING));
            try {
                server = EmbeddedPostgres.builder().setServerConfig("fsync", "off").start();
            } catch (Exception | LinkageError e) {
                problem = e.toString();
            }
        }
        Assumptions.assumeTrue(server != null, () -> "PostgreSQL could not be started here, so these tests are skipped: " + problem
                + "; it needs Linux on x86-64, and unshare with namespaces if the user is root");
        String schema = "test" + SCHEMAS.incrementAndGet();
        try (Connection connection = server.getPostgresDatabase().getConnection(); Statement statement = connection.createStatement()) {
            statement.execute("create schema " + schema);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
        return server.getJdbcUrl("postgres", "postgres") + "&currentSchema=" + schema;
    }

    /// One of a test's own, on data that stays when it is stopped; started again on the same port, it is the same database.
    ///
    /// @param port 0: any that is free
    static EmbeddedPostgres start(Path data, int port) {
        NOISE.forEach(logger -> logger.setLevel(Level.WARNING));
        try {
            return EmbeddedPostgres.builder().setDataDirectory(data).setCleanDataDirectory(false).setPort(port).start();
        } catch (Exception | LinkageError e) {
            Assumptions.assumeTrue(port != 0, () -> "PostgreSQL could not be started here, so this test is skipped: " + e + "; it needs Linux on x86-64, and unshare with namespaces if the user is root");
            throw new AssertionError("PostgreSQL did not start again", e);
        }
    }
}
