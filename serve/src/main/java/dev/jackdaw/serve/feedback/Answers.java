package dev.jackdaw.serve.feedback;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;

/// The answers that are kept. The user of an [Answer] that comes out is the person as stored.
public final class Answers {
    private static final String PUT = """
            insert into answer (id, created, model, person, messages, message, finish_reason, prompt_tokens, answer_tokens, first_token_millis, total_millis, settings, searched)
            values (:id, :created, :model, :person, :messages, :message, :finishReason, :promptTokens, :answerTokens, :firstTokenMillis, :totalMillis, :settings, :searched)
            on conflict (id) do\s""";
    private static final String REPLACE = """
            update set created = excluded.created, model = excluded.model, person = excluded.person, messages = excluded.messages, message = excluded.message,
            finish_reason = excluded.finish_reason, prompt_tokens = excluded.prompt_tokens, answer_tokens = excluded.answer_tokens,
            first_token_millis = excluded.first_token_millis, total_millis = excluded.total_millis, settings = excluded.settings, searched = excluded.searched""";

    /// Of a page.
    private static final long MOST_CHARACTERS = 8_000_000;

    private final Database database;

    Answers(Database database) {
        this.database = database;
    }

    /// What is looked for; null: anything.
    ///
    /// @param rating `up` or `down`: somebody said so; `none`: nobody said anything
    /// @param flag   a kind, or `any`
    /// @param text   in the conversation, the answer, a reason or a correction, in any case
    /// @param since  in epoch milliseconds, included
    /// @param until  not included
    public record Filter(String rating, String flag, String model, String text, Long since, Long until) {
        public static final Filter ALL = new Filter(null, null, null, null, null, null);
    }

    /// Where a page ends, and the next one goes on.
    public record Place(long created, String id) {
    }

    /// An answer with all that was said about it.
    public record Judged(Answer answer, List<Flag> flags, List<Rating> ratings) {
    }

    /// The measured facts of an answer replace what a client said about it before.
    void put(Handle handle, Answer answer, String person) {
        put(handle, answer, person, REPLACE);
    }

    /// Leaves what is known already.
    void putIfAbsent(Handle handle, Answer answer, String person) {
        put(handle, answer, person, "nothing");
    }

    private static void put(Handle handle, Answer answer, String person, String otherwise) {
        handle.createUpdate(PUT + otherwise).bind("id", answer.id()).bind("created", answer.created()).bind("model", Columns.clean(answer.model())).bind("person", Columns.clean(person))
                .bind("messages", Columns.json(answer.messages())).bind("message", Columns.json(answer.message())).bind("finishReason", Columns.clean(answer.finishReason()))
                .bind("promptTokens", answer.cost().promptTokens()).bind("answerTokens", answer.cost().answerTokens())
                .bind("firstTokenMillis", answer.cost().firstTokenMillis()).bind("totalMillis", answer.cost().totalMillis())
                .bind("settings", Columns.json(answer.settings())).bind("searched", answer.searched()).execute();
    }

    public Optional<Answer> find(String id) {
        return database.jdbi().withHandle(handle -> find(handle, id));
    }

    Optional<Answer> find(Handle handle, String id) {
        return handle.createQuery("select * from answer a where a.id = :id").bind("id", id).map((row, _) -> read(row)).findOne();
    }

    public Optional<Judged> judged(String id) {
        return database.jdbi().withHandle(handle -> find(handle, id).map(answer -> judged(handle, List.of(answer)).getFirst()));
    }

    /// Some answers, newest first.
    ///
    /// @param next where to go on, or null if there are no more
    public record Page(List<Judged> answers, Place next) {
    }

    private record Row(Place place, long size) {
    }

    /// A page of answers, newest first. Long conversations make it shorter than the limit: first only their sizes are asked.
    ///
    /// @param before where the page before ended, or null
    public Page page(Filter filter, Place before, int limit) {
        List<String> where = new ArrayList<>();
        Map<String, Object> values = new LinkedHashMap<>();
        if ("none".equals(filter.rating())) {
            where.add("not exists (select 1 from rating r where r.answer_id = a.id)");
        } else if (filter.rating() != null) {
            where.add("exists (select 1 from rating r where r.answer_id = a.id and r.verdict = :rating)");
            values.put("rating", filter.rating());
        }
        if ("any".equals(filter.flag())) {
            where.add("exists (select 1 from flag f where f.answer_id = a.id)");
        } else if (filter.flag() != null) {
            where.add("exists (select 1 from flag f where f.answer_id = a.id and f.kind = :flag)");
            values.put("flag", filter.flag());
        }
        if (filter.model() != null) {
            where.add("a.model = :model");
            values.put("model", Columns.clean(filter.model()));
        }
        if (filter.text() != null) {
            where.add("(a.searched like :text escape '!' or exists (select 1 from rating r where r.answer_id = a.id and r.searched like :text escape '!'))");
            values.put("text", Columns.containing(filter.text()));
        }
        if (filter.since() != null) {
            where.add("a.created >= :since");
            values.put("since", filter.since());
        }
        if (filter.until() != null) {
            where.add("a.created < :until");
            values.put("until", filter.until());
        }
        if (before != null) {
            where.add("(a.created < :placeTime or a.created = :placeTime and a.id < :placeId)");
            values.put("placeTime", before.created());
            values.put("placeId", before.id());
        }
        String sql = "select a.id, a.created, length(a.messages) + length(a.message) as size from answer a" + (where.isEmpty() ? "" : " where " + String.join(" and ", where)) + " order by a.created desc, a.id desc limit :limit";
        return database.jdbi().withHandle(handle -> {
            Query query = handle.createQuery(sql).bind("limit", limit + 1);
            values.forEach(query::bind);
            List<Row> rows = query.map((row, _) -> new Row(new Place(row.getLong("created"), row.getString("id")), row.getLong("size"))).list();
            int count = 0;
            for (long size = 0; count < Math.min(limit, rows.size()) && (count == 0 || size + rows.get(count).size() <= MOST_CHARACTERS); count++) {
                size += rows.get(count).size();
            }
            if (count == 0) {
                return new Page(List.of(), null);
            }
            List<Answer> answers = handle.createQuery("select * from answer where id in (<ids>) order by created desc, id desc")
                    .bindList("ids", rows.subList(0, count).stream().map(row -> row.place().id()).toList()).map((row, _) -> read(row)).list();
            return new Page(judged(handle, answers), count < rows.size() ? rows.get(count - 1).place() : null);
        });
    }

    private static List<Judged> judged(Handle handle, List<Answer> answers) {
        if (answers.isEmpty()) {
            return List.of();
        }
        List<String> ids = answers.stream().map(Answer::id).toList();
        Map<String, List<Flag>> flags = Flags.of(handle, ids);
        Map<String, List<Rating>> ratings = Ratings.of(handle, ids);
        return answers.stream().map(answer -> new Judged(answer, flags.getOrDefault(answer.id(), List.of()), ratings.getOrDefault(answer.id(), List.of()))).toList();
    }

    /// A row of `answer`, whatever else stands in it.
    static Answer read(ResultSet row) throws SQLException {
        return new Answer(row.getString("id"), row.getLong("created"), row.getString("model"), row.getString("person"), Columns.maps(row.getString("messages")),
                Columns.map(row.getString("message")), row.getString("finish_reason"),
                new Answer.Cost(row.getLong("prompt_tokens"), row.getLong("answer_tokens"), row.getLong("first_token_millis"), row.getLong("total_millis")),
                Columns.map(row.getString("settings")));
    }
}
