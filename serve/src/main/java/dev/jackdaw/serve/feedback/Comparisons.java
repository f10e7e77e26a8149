package dev.jackdaw.serve.feedback;

import java.util.List;

/// Comparisons of two answers.
public final class Comparisons {
    private final Database database;

    Comparisons(Database database) {
        this.database = database;
    }

    /// On disk when this returns.
    public void add(Comparison comparison) {
        database.jdbi().useHandle(handle -> handle.createUpdate("insert into comparison (id, created, model, person, messages, a, b, choice) "
                        + "values (:id, :created, :model, :person, :messages, :a, :b, :choice)")
                .bind("id", comparison.id()).bind("created", comparison.created()).bind("model", Columns.clean(comparison.model())).bind("person", comparison.person())
                .bind("messages", Columns.json(comparison.messages())).bind("a", Columns.clean(comparison.a())).bind("b", Columns.clean(comparison.b()))
                .bind("choice", comparison.choice()).execute());
    }

    /// Oldest first.
    public List<Comparison> since(long time) {
        return database.jdbi().withHandle(handle -> handle.createQuery("select * from comparison where created >= :since order by created, id").bind("since", time)
                .map((row, _) -> new Comparison(row.getString("id"), row.getLong("created"), row.getString("model"), row.getString("person"), Columns.maps(row.getString("messages")),
                        row.getString("a"), row.getString("b"), row.getString("choice"))).list());
    }
}
