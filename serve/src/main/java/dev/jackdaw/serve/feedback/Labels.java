package dev.jackdaw.serve.feedback;

import java.util.List;

/// What labellers said.
public final class Labels {
    private final Database database;

    Labels(Database database) {
        this.database = database;
    }

    /// On disk when this returns.
    ///
    /// @return false if this labeller has labelled the item already; then nothing changes
    public boolean add(Label label) {
        return database.jdbi().withHandle(handle -> handle.createUpdate("insert into label (id, created, item_id, labeller, value, seconds) "
                        + "values (:id, :created, :item, :labeller, :value, :seconds) on conflict (item_id, labeller) do nothing")
                .bind("id", label.id()).bind("created", label.created()).bind("item", label.itemId()).bind("labeller", label.labeller()).bind("value", Label.json(label.value()))
                .bind("seconds", label.seconds()).execute()) == 1;
    }

    /// All of a task, items in a row.
    public List<Label> of(LabelTask task) {
        return database.jdbi().withHandle(handle -> handle.createQuery("select l.* from label l join label_item i on i.id = l.item_id where i.task = :task order by l.item_id, l.labeller")
                .bind("task", task.label()).map((row, _) -> new Label(row.getString("id"), row.getLong("created"), row.getString("item_id"), row.getString("labeller"),
                        Label.value(row.getString("value")), row.getDouble("seconds"))).list());
    }
}
