package dev.jackdaw.serve.feedback;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.jackdaw.tensor.Switches;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationVersion;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.StatementExceptions;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/// Where feedback is kept: a SQLite file, or PostgreSQL by its JDBC URL. Both understand all of our SQL, and have the same migrations
/// (`db/migration`), which opening applies.
///
/// **What is acknowledged is on disk.** SQLite writes ahead (WAL) and syncs at each commit (`synchronous=FULL`): with `NORMAL` a commit survives
/// `kill -9` but not the power. People click seldom and the recorder commits in batches, so the sync costs little. PostgreSQL is told
/// `synchronous_commit=on`, whatever its configuration says.
///
/// **What is erased is gone.** SQLite overwrites deleted content (`secure_delete`), and [#forget()] empties its log. The file is readable by its owner only.
public final class Database implements AutoCloseable {
    private static final int BUSY_MILLIS = 10_000;
    /// Their chatter at start tells users nothing. Held here, since the logging of the JDK forgets loggers that nobody holds.
    private static final List<Logger> QUIET = List.of(Logger.getLogger("org.flywaydb"), Logger.getLogger("com.zaxxer.hikari"));

    static {
        QUIET.forEach(logger -> logger.setLevel(Level.WARNING));
    }

    private final String name;
    private final boolean isSqlite;
    private final HikariDataSource pool;
    private final Jdbi jdbi;

    private Database(String name, boolean isSqlite, HikariDataSource pool) {
        this.name = name;
        this.isSqlite = isSqlite;
        this.pool = pool;
        jdbi = Jdbi.create(pool);
        // the usual message repeats the statement's arguments, and those are what people wrote
        jdbi.getConfig(StatementExceptions.class).setMessageRendering(StatementExceptions.MessageRendering.NONE);
    }

    /// The file used if nobody says otherwise.
    public static Path standard() {
        return Switches.data().resolve("feedback.db");
    }

    /// Opens it, and creates or migrates its tables.
    ///
    /// @param where a file, or `jdbc:postgresql://HOST:PORT/NAME?user=…&password=…`
    /// @throws DatabaseException if it cannot be reached, is none, or was written by a newer program
    public static Database open(String where) {
        return where.startsWith("jdbc:postgresql:") ? postgres(where) : where.startsWith("jdbc:sqlite:") ? sqlite(Path.of(where.substring("jdbc:sqlite:".length()))) : sqlite(file(where));
    }

    private static Path file(String where) {
        if (where.startsWith("jdbc:") || where.contains("://")) {
            throw new DatabaseException("feedback database: " + shown(where) + " is no database that is known here; give a file for SQLite, or jdbc:postgresql://HOST:PORT/NAME", null);
        }
        return Path.of(where);
    }

    private static Database sqlite(Path file) {
        Path path = file.toAbsolutePath().normalize();
        if (path.toString().contains("?")) {
            throw new DatabaseException("feedback database: " + path + " contains a question mark, which SQLite takes for the beginning of options; choose another name", null);
        }
        if (Files.isDirectory(path)) {
            throw new DatabaseException("feedback database: " + path + " is a folder; give a file in it, as in " + path.resolve("feedback.db"), null);
        }
        try {
            create(path);
        } catch (IOException e) {
            throw new DatabaseException("feedback database: " + path + " could not be created: " + e.getClass().getSimpleName() + " " + e.getMessage()
                    + "; give a file in a folder that can be written", e);
        }
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);       // a writer waits at its beginning, where waiting is allowed
        config.setBusyTimeout(BUSY_MILLIS);
        config.enforceForeignKeys(true);
        config.setPragma(SQLiteConfig.Pragma.SECURE_DELETE, "on");
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + path);
        HikariConfig pool = new HikariConfig();
        pool.setDataSource(source);
        pool.setMaximumPoolSize(4);                             // there is one writer anyway
        return start(path.toString(), true, pool);
    }

    /// With the rights of its owner only; SQLite gives its other files the same.
    private static void create(Path path) throws IOException {
        Files.createDirectories(path.getParent());
        try {
            if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
                Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            } else {
                Files.createFile(path);
            }
        } catch (FileAlreadyExistsException _) {
            // opened again
        }
    }

    private static Database postgres(String url) {
        HikariConfig pool = new HikariConfig();
        pool.setJdbcUrl(url);
        pool.setMaximumPoolSize(10);
        pool.setConnectionInitSql("set synchronous_commit = on");
        pool.addDataSourceProperty("logServerErrorDetail", "false");       // details repeat values
        pool.addDataSourceProperty("ApplicationName", "jackdaw");
        return start(shown(url), false, pool);
    }

    private static Database start(String name, boolean isSqlite, HikariConfig config) {
        config.setPoolName("feedback");
        config.setMinimumIdle(1);
        config.setConnectionTimeout(BUSY_MILLIS);
        config.setInitializationFailTimeout(1);                // one try
        HikariDataSource pool;
        try {
            pool = new HikariDataSource(config);
        } catch (RuntimeException e) {
            String problem = reason(e);
            throw new DatabaseException("feedback database: " + name + (problem.contains("NOTADB") ? " is not a database of SQLite; move it away, or give another file"
                    : " cannot be opened: " + problem + (isSqlite ? "; give another file" : "; is it running, and are address, name, user and password right?")), null);
        }
        try {
            migrate(name, isSqlite, pool);
            return new Database(name, isSqlite, pool);
        } catch (RuntimeException e) {
            pool.close();
            throw e;
        }
    }

    private static void migrate(String name, boolean isSqlite, HikariDataSource pool) {
        try {
            Flyway flyway = Flyway.configure().dataSource(pool).locations("classpath:db/migration").validateMigrationNaming(true).load();
            MigrationVersion newest = MigrationVersion.EMPTY, applied = MigrationVersion.EMPTY;
            for (MigrationInfo migration : flyway.info().all()) {
                boolean isKnown = migration.getPhysicalLocation() != null && !migration.getPhysicalLocation().isEmpty();
                newest = isKnown && migration.getVersion().compareTo(newest) > 0 ? migration.getVersion() : newest;
                applied = migration.getState().isApplied() && migration.getVersion() != null && migration.getVersion().compareTo(applied) > 0 ? migration.getVersion() : applied;
            }
            if (applied.compareTo(newest) > 0) {
                throw new DatabaseException("feedback database: " + name + " has tables of version " + applied + ", this program knows version " + newest
                        + "; use the newer program that wrote it, or give another database", null);
            }
            flyway.migrate();
        } catch (FlywayException e) {
            String problem = reason(e);
            throw new DatabaseException("feedback database: " + name + ": " + (problem.contains("non-empty schema") ? "it has tables already, but none of ours; give it a database of its own"
                    + (isSqlite ? "" : ", or a schema of its own with ?currentSchema=NAME") : "its tables could not be migrated: " + problem), null);
        }
    }

    /// The last cause, in one line.
    private static String reason(Throwable e) {
        while (e.getCause() != null) {
            e = e.getCause();
        }
        String message = String.valueOf(e.getMessage());
        return (e instanceof SQLException || e instanceof FlywayException ? "" : e.getClass().getSimpleName() + " ") + message.lines()
                .map(String::strip).filter(line -> !line.isEmpty()).findFirst().orElse("");
    }

    /// A URL without what follows the question mark and without a password before the host.
    static String shown(String url) {
        int options = url.indexOf('?');
        String shown = options < 0 ? url : url.substring(0, options);
        int at = shown.lastIndexOf('@'), slashes = shown.indexOf("//");
        return at > 0 && slashes >= 0 ? shown.substring(0, slashes + 2) + shown.substring(at + 1) : shown;
    }

    Jdbi jdbi() {
        return jdbi;
    }

    /// The file, or the URL without its password.
    public String name() {
        return name;
    }

    public boolean isSqlite() {
        return isSqlite;
    }

    /// Does it answer within two seconds?
    public boolean isReachable() {
        try (Connection connection = pool.getConnection()) {
            return connection.isValid(2);
        } catch (SQLException _) {
            return false;
        }
    }

    /// After something was deleted: SQLite's log still has it, so the log is worked into the file and emptied.
    void forget() {
        if (isSqlite) {
            jdbi.useHandle(handle -> handle.createQuery("pragma wal_checkpoint(truncate)").mapToMap().list());
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
