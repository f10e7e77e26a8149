package dev.jackdaw.serve.feedback;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/// Thumbs up and down.
public final class Ratings {
    private final Database database;
    private final Answers answers;

    Ratings(Database database, Answers answers) {
        this.database = database;
        this.answers = answers;
    }

    /// Writes a rating, and the answer it is about unless that is there; on disk when this returns. People may change their minds: an earlier
    /// rating of the same answer by the same person, if there is a name, is replaced.
    ///
    /// @param answer what is rated, its user as stored
    public void add(Rating rating, Answer answer) {
        database.jdbi().useTransaction(handle -> {
            answers.putIfAbsent(handle, answer, answer.user());
            handle.createUpdate("delete from rating where answer_id = :answer and person = :person and person <> ''").bind("answer", answer.id()).bind("person", rating.person()).execute();
            handle.createUpdate("insert into rating (id, created, answer_id, person, verdict, reason, correction, searched) "
                            + "values (:id, :created, :answer, :person, :verdict, :reason, :correction, :searched)")
                    .bind("id", rating.id()).bind("created", rating.created()).bind("answer", answer.id()).bind("person", rating.person()).bind("verdict", rating.verdict())
                    .bind("reason", Columns.clean(rating.reason())).bind("correction", Columns.clean(rating.correction()))
                    .bind("searched", Columns.lower((rating.reason() == null ? "" : rating.reason()) + "\n" + (rating.correction() == null ? "" : rating.correction()))).execute();
        });
    }

    /// By answer, oldest first.
    static Map<String, List<Rating>> of(Handle handle, List<String> answers) {
        Map<String, List<Rating>> all = new HashMap<>();
        handle.createQuery("select * from rating where answer_id in (<ids>) order by created, id").bindList("ids", answers).map((row, _) -> read(row)).list()
                .forEach(rating -> all.computeIfAbsent(rating.answerId(), _ -> new ArrayList<>()).add(rating));
        return all;
    }

    private static Rating read(ResultSet row) throws SQLException {
        return new Rating(row.getString("id"), row.getLong("created"), row.getString("answer_id"), row.getString("person"), row.getString("verdict").equals("up"),
                row.getString("reason"), row.getString("correction"));
    }
}
