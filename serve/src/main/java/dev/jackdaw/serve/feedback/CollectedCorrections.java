package dev.jackdaw.serve.feedback;

import dev.jackdaw.serve.http.Gate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jdbi.v3.core.Handle;

/// What can be learned from what the database holds.
public final class CollectedCorrections implements Corrections {
    private static final String DISLIKED = """
            select r.id as said_id, r.created as said, r.correction, a.* from rating r join answer a on a.id = r.answer_id
            where r.verdict = 'down' and r.correction is not null and r.created >= :since""";
    /// Answers that somebody liked and nobody disliked; the first who said so counts.
    private static final String LIKED = """
            select r.id as said_id, r.created as said, a.* from rating r join answer a on a.id = r.answer_id where r.verdict = 'up' and r.created >= :since
            and not exists (select 1 from rating d where d.answer_id = a.id and (d.verdict = 'down' or d.verdict = 'up' and (d.created < r.created or d.created = r.created and d.id < r.id)))""";
    private static final String LABELLED = """
            select l.id as said_id, l.created as said, l.value, i.task, i.candidates, a.* from label l join label_item i on i.id = l.item_id join answer a on a.id = i.answer_id
            where l.created >= :since""";

    private static final Pattern OWN = Pattern.compile("(rating|label)-[0-9a-f]{32}");

    private final Database database;
    private final Comparisons comparisons;

    CollectedCorrections(Database database, Comparisons comparisons) {
        this.database = database;
        this.comparisons = comparisons;
    }

    /// An answer to learn.
    ///
    /// @param source `correction`, `ideal`, `combine` or `liked`
    /// @param answer that was given
    record Good(String id, long created, String source, Answer answer, String text) {
    }

    /// A preference to learn, with where it comes from.
    ///
    /// @param source   `comparison`, `choose`, `correction`, `ideal` or `combine`
    /// @param answerId empty if the answer was not collected
    /// @param tools    that the model was offered
    record Preferred(String source, String answerId, List<?> tools, Preference preference) {
    }

    @Override
    public List<Correction> since(long time) {
        return corrected(time).stream().filter(good -> !good.text().strip().equals(good.answer().text().strip()))
                .map(good -> new Correction(good.id(), good.created(), good.answer().model(), good.answer().messages(), good.answer().text(), good.text())).toList();
    }

    /// By the key that a database makes once for itself, and keeps when it is moved.
    @Override
    public String source() {
        return database.jdbi().withHandle(handle -> handle.createQuery("select value from secret where name = 'people'").mapTo(String.class).findOne()).map(key -> Gate.sha256(key).substring(0, 16)).orElse("");
    }

    /// Ratings and labels have ids of [Columns#newId], and go with their answer.
    @Override
    public Set<String> stored(Set<String> ids) {
        Set<String> stored = new HashSet<>(ids);
        stored.removeIf(id -> OWN.matcher(id).matches());
        database.jdbi().useHandle(handle -> {
            for (String table : List.of("rating", "label")) {
                handle.createQuery("select id from " + table).mapTo(String.class).stream().filter(ids::contains).forEach(stored::add);
            }
        });
        return stored;
    }

    @Override
    public List<Preference> preferences(long time) {
        return preferred(time).stream().map(Preferred::preference).toList();
    }

    /// Corrections, and answers that people liked as they were.
    List<Good> good(long time) {
        List<Good> all = corrected(time);
        all.addAll(database.jdbi().withHandle(handle -> handle.createQuery(LIKED).bind("since", time).map((row, _) -> {
            Answer answer = Answers.read(row);
            return new Good(row.getString("said_id"), row.getLong("said"), "liked", answer, answer.text());
        }).list()));
        all.sort(Comparator.comparingLong(Good::created).thenComparing(Good::id));
        return all;
    }

    private List<Good> corrected(long time) {
        List<Good> all = new ArrayList<>();
        database.jdbi().useHandle(handle -> {
            handle.createQuery(DISLIKED).bind("since", time)
                    .map((row, _) -> all.add(new Good(row.getString("said_id"), row.getLong("said"), "correction", Answers.read(row), row.getString("correction")))).list();
            for (Labelled labelled : labelled(handle, time)) {
                if (labelled.value() instanceof Label.Value.Text(String text)) {
                    all.add(new Good(labelled.id(), labelled.created(), labelled.task(), labelled.answer(), text));
                }
            }
        });
        all.removeIf(good -> good.text().isBlank());
        all.sort(Comparator.comparingLong(Good::created).thenComparing(Good::id));
        return all;
    }

    private record Labelled(String id, long created, String task, Label.Value value, List<String> candidates, Answer answer) {
    }

    private static List<Labelled> labelled(Handle handle, long time) {
        return handle.createQuery(LABELLED).bind("since", time).map((row, _) -> new Labelled(row.getString("said_id"), row.getLong("said"), row.getString("task"),
                Label.value(row.getString("value")), Columns.texts(row.getString("candidates")), Answers.read(row))).list();
    }

    /// Two answers that say the same teach nothing, so they are left out, and so are empty ones.
    List<Preferred> preferred(long time) {
        List<Preferred> all = new ArrayList<>();
        for (Good good : corrected(time)) {
            add(all, good.source(), good.id(), good.created(), good.answer(), good.text(), good.answer().text());
        }
        for (Labelled labelled : database.jdbi().withHandle(handle -> labelled(handle, time))) {
            if (labelled.value() instanceof Label.Value.Choice(int chosen) && chosen >= 0 && chosen < labelled.candidates().size()) {
                for (int i = 0; i < labelled.candidates().size(); i++) {
                    if (i != chosen) {
                        add(all, labelled.task(), labelled.id() + "/" + i, labelled.created(), labelled.answer(), labelled.candidates().get(chosen), labelled.candidates().get(i));
                    }
                }
            }
        }
        for (Comparison each : comparisons.since(time)) {
            boolean isA = each.choice().equals("a");
            if (isA || each.choice().equals("b")) {
                add(all, "comparison", each.id(), each.created(), new Answer("", each.created(), each.model(), "", each.messages(), Map.of(), "", Answer.Cost.UNKNOWN, Map.of()),
                        isA ? each.a() : each.b(), isA ? each.b() : each.a());
            }
        }
        all.sort(Comparator.comparingLong((Preferred each) -> each.preference().created()).thenComparing(each -> each.preference().id()));
        return all;
    }

    private static void add(List<Preferred> all, String source, String id, long created, Answer answer, String chosen, String rejected) {
        if (!chosen.isBlank() && !rejected.isBlank() && !chosen.strip().equals(rejected.strip())) {
            all.add(new Preferred(source, answer.id(), answer.tools(), new Preference(id, created, answer.model(), answer.messages(), chosen, rejected)));
        }
    }
}
