package dev.jackdaw.serve.feedback;

import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Function;

/// Everything about feedback, put together: opened with the server, closed after its last request.
public final class Feedback implements AutoCloseable {
    private static final int PLACES = 1024;

    private final Database database;
    private final Privacy privacy;
    private final InstantSource clock;
    private final People people;
    private final Answers answers;
    private final Flags flags;
    private final Ratings ratings;
    private final Comparisons comparisons;
    private final LabelItems items;
    private final Labels labels;
    private final Labelling labelling;
    private final CollectedCorrections corrections;
    private final FeedbackRecorder recorder;
    private final Retention retention;

    /// @param labelling how items are made, and where further answers come from
    public record Parts(Privacy privacy, Checks checks, Labelling.Settings labelling, Candidates candidates, PrometheusRegistry registry, InstantSource clock) {
        public static Parts of(Privacy privacy, Candidates candidates, PrometheusRegistry registry) {
            return of(privacy, new Checks(Checks.Limits.STANDARD, Guard.NONE), candidates, registry);
        }

        public static Parts of(Privacy privacy, Checks checks, Candidates candidates, PrometheusRegistry registry) {
            return new Parts(privacy, checks, Labelling.Settings.STANDARD, candidates, registry, InstantSource.system());
        }
    }

    private Feedback(Database database, Parts parts) {
        this.database = database;
        privacy = parts.privacy();
        clock = parts.clock();
        people = new People(database, privacy.namesUsers());
        answers = new Answers(database);
        flags = new Flags(database);
        ratings = new Ratings(database, answers);
        comparisons = new Comparisons(database);
        items = new LabelItems(database);
        labels = new Labels(database);
        labelling = new Labelling(answers, items, labels, parts.candidates(), parts.labelling(), clock);
        corrections = new CollectedCorrections(database, comparisons);
        recorder = new FeedbackRecorder(database, answers, flags, parts.checks(), privacy, people, PLACES, parts.registry());
        retention = new Retention(database, privacy, people, clock);
    }

    /// @param where a file, `jdbc:sqlite:FILE` or `jdbc:postgresql://…`
    /// @throws DatabaseException if it cannot be opened
    public static Feedback open(String where, Parts parts) {
        Database database = Database.open(where);
        try {
            Feedback feedback = new Feedback(database, parts);
            feedback.retention.start();
            feedback.recorder.start();
            return feedback;
        } catch (RuntimeException e) {
            database.close();
            throw e;
        }
    }

    /// Only to read: what `improve` and commands need, without a recorder and without deleting anything. A file that is not there is no empty
    /// database: taken for one, it would say that all that was ever collected has been erased.
    ///
    /// @return to be closed by the caller; its corrections are [#corrections(Database)]
    public static Database read(String where) {
        String file = where.startsWith("jdbc:sqlite:") ? where.substring("jdbc:sqlite:".length()) : where;
        if (!file.startsWith("jdbc:") && !Files.exists(Path.of(file))) {
            throw new DatabaseException("feedback database: " + file + " does not exist; name the one that the server collects in with --database", null);
        }
        return Database.open(where);
    }

    public static Corrections corrections(Database database) {
        return new CollectedCorrections(database, new Comparisons(database));
    }

    public static Export export(Database database) {
        return new Export(new CollectedCorrections(database, new Comparisons(database)));
    }

    /// For the routes under `/jackdaw`.
    ///
    /// @param mostBodyBytes of a request
    /// @param caller        the name of who asks, from its key for instance; null if unknown. What a request says in `user` counts before it
    public List<HttpService> services(long mostBodyBytes, Function<ServerRequest, String> caller) {
        return List.of(new FeedbackService(this, mostBodyBytes, caller), new AnswersService(this), new LabelService(this, mostBodyBytes));
    }

    /// Erases a user, also from what waits to be written.
    ///
    /// @return how many entries were the user's own
    /// @throws DatabaseException if what waits cannot be written first
    public long erase(String user) throws InterruptedException {
        if (!recorder.flush(Duration.ofSeconds(10))) {
            throw new DatabaseException("feedback database: " + database.name() + " did not take what waits for it within 10 s, so that nothing was erased; try again", null);
        }
        return retention.erase(user);
    }

    public Database database() {
        return database;
    }

    public Privacy privacy() {
        return privacy;
    }

    public InstantSource clock() {
        return clock;
    }

    public People people() {
        return people;
    }

    public Answers answers() {
        return answers;
    }

    public Flags flags() {
        return flags;
    }

    public Ratings ratings() {
        return ratings;
    }

    public Comparisons comparisons() {
        return comparisons;
    }

    LabelItems items() {
        return items;
    }

    public Labels labels() {
        return labels;
    }

    public Labelling labelling() {
        return labelling;
    }

    public Corrections corrections() {
        return corrections;
    }

    public Export export() {
        return new Export(corrections);
    }

    /// What the completion APIs tell of each answer.
    public FeedbackRecorder recorder() {
        return recorder;
    }

    public Retention retention() {
        return retention;
    }

    @Override
    public void close() {
        retention.close();
        recorder.close();
        database.close();
    }
}
