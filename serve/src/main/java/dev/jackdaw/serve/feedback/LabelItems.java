package dev.jackdaw.serve.feedback;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/// Items to label: collected answers, one item for each task and answer.
public final class LabelItems {
    /// How much an answer `a` needs a human: 2 if somebody disliked it, 1 if a check flagged it.
    private static final String URGENCY = """
            case when exists (select 1 from rating r where r.answer_id = a.id and r.verdict = 'down') then 2
                 when exists (select 1 from flag f where f.answer_id = a.id) then 1 else 0 end as urgency""";
    private static final String ITEM = "i.id as item_id, i.task, i.candidates, (select count(*) from label l where l.item_id = i.id) as labels, a.*, " + URGENCY
            + " from label_item i join answer a on a.id = i.answer_id";

    private final Database database;

    LabelItems(Database database) {
        this.database = database;
    }

    /// With how much it needs a human.
    record Urgent<T>(T what, int urgency) {
    }

    /// The most urgent item that fewer than `labellers` have labelled and this one has not; of equals one that others have begun.
    Optional<Urgent<LabelItem>> next(LabelTask task, String labeller, int labellers) {
        String sql = "select * from (select " + ITEM + " where i.task = :task and (i.candidates <> '[]' or i.task = 'ideal') "
                + "and not exists (select 1 from label l where l.item_id = i.id and l.labeller = :labeller)) open where labels < :labellers order by urgency desc, labels desc, created, id limit 1";
        return database.jdbi().withHandle(handle -> handle.createQuery(sql).bind("task", task.label()).bind("labeller", labeller).bind("labellers", labellers)
                .map((row, _) -> new Urgent<>(read(row), row.getInt("urgency"))).findOne());
    }

    /// Ids of answers that are no items of this task yet, the most urgent first, then the newest.
    List<Urgent<String>> fresh(LabelTask task, int limit) {
        String sql = "select a.id, a.created, " + URGENCY + " from answer a where not exists (select 1 from label_item i where i.answer_id = a.id and i.task = :task) "
                + "order by urgency desc, a.created desc, a.id desc limit :limit";
        return database.jdbi().withHandle(handle -> handle.createQuery(sql).bind("task", task.label()).bind("limit", limit)
                .map((row, _) -> new Urgent<>(row.getString("id"), row.getInt("urgency"))).list());
    }

    /// Makes an item unless there is one.
    ///
    /// @param candidates empty for a task that needs some: there is nothing to compare, and nobody is shown it
    void add(LabelTask task, String answerId, List<String> candidates, long created) {
        database.jdbi().useHandle(handle -> handle.createUpdate("insert into label_item (id, created, task, answer_id, candidates) values (:id, :created, :task, :answer, :candidates) "
                        + "on conflict (task, answer_id) do nothing")
                .bind("id", Columns.newId("item")).bind("created", created).bind("task", task.label()).bind("answer", answerId).bind("candidates", Columns.json(candidates)).execute());
    }

    public Optional<LabelItem> find(String id) {
        return database.jdbi().withHandle(handle -> handle.createQuery("select " + ITEM + " where i.id = :id").bind("id", id).map((row, _) -> read(row)).findOne());
    }

    private static LabelItem read(ResultSet row) throws SQLException {
        return new LabelItem(row.getString("item_id"), LabelTask.of(row.getString("task")), Answers.read(row), Columns.texts(row.getString("candidates")), row.getInt("labels"));
    }
}
