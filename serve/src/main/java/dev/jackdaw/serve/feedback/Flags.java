package dev.jackdaw.serve.feedback;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/// What checks said about answers: one flag of a kind for an answer.
public final class Flags {
    private final Database database;

    Flags(Database database) {
        this.database = database;
    }

    void put(Handle handle, String answerId, List<Flag> flags, long created) {
        for (Flag flag : flags) {
            handle.createUpdate("insert into flag (answer_id, kind, detail, created) values (:answer, :kind, :detail, :created) on conflict (answer_id, kind) do nothing")
                    .bind("answer", answerId).bind("kind", flag.kind().label()).bind("detail", Columns.clean(flag.detail())).bind("created", created).execute();
        }
    }

    /// How many there are of each kind.
    public Map<String, Long> counts() {
        return database.jdbi().withHandle(handle -> {
            Map<String, Long> counts = new TreeMap<>();
            handle.createQuery("select kind, count(*) as n from flag group by kind").map((row, _) -> counts.put(row.getString("kind"), row.getLong("n"))).list();
            return counts;
        });
    }

    /// By answer. A kind that a newer program knows is left out.
    static Map<String, List<Flag>> of(Handle handle, List<String> answers) {
        Map<String, List<Flag>> all = new HashMap<>();
        handle.createQuery("select answer_id, kind, detail from flag where answer_id in (<ids>) order by kind").bindList("ids", answers).map((row, _) -> {
            Flag.Kind kind = Flag.Kind.of(row.getString("kind"));
            return kind == null || all.computeIfAbsent(row.getString("answer_id"), _ -> new ArrayList<>()).add(new Flag(kind, row.getString("detail")));
        }).list();
        return all;
    }
}
