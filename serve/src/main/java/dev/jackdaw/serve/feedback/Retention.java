package dev.jackdaw.serve.feedback;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.jdbi.v3.core.Handle;

/// Deletes what was kept long enough, at start and every hour, and what a user wants erased. Exports are made from the database at each
/// request, so what is gone here is in none of them.
public final class Retention implements AutoCloseable {
    private static final Logger LOG = System.getLogger(Retention.class.getName());
    private static final Duration PAUSE = Duration.ofHours(1);
    /// Tables with a moment of their own; flags, label items and labels go with their answer.
    private static final List<String> DATED = List.of("answer", "rating", "comparison", "label");

    private final Database database;
    private final Privacy privacy;
    private final People people;
    private final InstantSource clock;
    private final Thread thread;

    Retention(Database database, Privacy privacy, People people, InstantSource clock) {
        this.database = database;
        this.privacy = privacy;
        this.people = people;
        this.clock = clock;
        thread = Thread.ofPlatform().daemon().name("feedback-retention").unstarted(this::run);
    }

    /// Begins with a purge, so that a server that was down for a year does not start with old data.
    void start() {
        purge();
        if (privacy.days() > 0) {
            thread.start();
        }
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(PAUSE);
                try {
                    purge();
                } catch (RuntimeException e) {
                    LOG.log(Level.WARNING, "feedback: what is older than " + privacy.days() + " days could not be deleted, tried again in an hour: " + e.getMessage());
                }
            }
        } catch (InterruptedException _) {
            // closed
        }
    }

    /// How many answers, ratings, comparisons and labels were too old.
    public long purge() {
        if (privacy.days() == 0) {
            return 0;
        }
        long oldest = clock.millis() - Duration.ofDays(privacy.days()).toMillis();
        long deleted = database.jdbi().inTransaction(handle -> {
            long sum = 0;
            for (String table : DATED) {
                sum += handle.createUpdate("delete from " + table + " where created < :oldest").bind("oldest", oldest).execute();
            }
            return sum;
        });
        if (deleted > 0) {
            database.forget();
            LOG.log(Level.INFO, "feedback: deleted " + deleted + " entries older than " + privacy.days() + " days");
        }
        return deleted;
    }

    /// Deletes what a user said, was answered, rated, compared and labelled, and what others said about those answers.
    ///
    /// @param user by name, or as stored
    /// @return how many answers, ratings, comparisons and labels were the user's own
    public long erase(String user) {
        List<String> forms = people.forms(user);
        long erased = database.jdbi().inTransaction(handle -> delete(handle, "label", "labeller", forms) + delete(handle, "rating", "person", forms)
                + delete(handle, "comparison", "person", forms) + delete(handle, "answer", "person", forms));
        database.forget();
        return erased;
    }

    private static long delete(Handle handle, String table, String column, List<String> people) {
        return handle.createUpdate("delete from " + table + " where " + column + " in (<people>)").bindList("people", people).execute();
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
