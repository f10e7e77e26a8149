package dev.jackdaw.serve.feedback;

import dev.jackdaw.serve.ServerSettings.Keep;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/// What people say: `POST /feedback` (thumbs, reason, correction) and `POST /comparisons` (which of two answers). An id in the answer means
/// that it is on disk.
public final class FeedbackService implements HttpService {
    private static final Pattern ID = Pattern.compile("[\\w.:#/+-]{1,200}");

    private final Feedback feedback;
    private final long mostBodyBytes;
    private final Function<ServerRequest, String> caller;

    FeedbackService(Feedback feedback, long mostBodyBytes, Function<ServerRequest, String> caller) {
        this.feedback = feedback;
        this.mostBodyBytes = mostBodyBytes;
        this.caller = caller;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/feedback", Asked.stored(this::rate)).post("/comparisons", Asked.stored(this::compare));
    }

    private void rate(ServerRequest request, ServerResponse response) {
        Fields fields = body(request);
        boolean isUp = Asked.oneOf(fields, "rating", List.of("up", "down")).equals("up");
        String reason = Asked.text(fields, "reason", Asked.TEXT), correction = Asked.text(fields, "correction", Asked.TEXT), person = person(request, fields);
        Answer answer = answer(fields, person);
        String id = Columns.newId("rating");
        feedback.ratings().add(new Rating(id, feedback.clock().millis(), answer.id(), person, isUp, blankToNull(reason), blankToNull(correction)), answer);
        Json.send(response, Map.of("id", id));
    }

    /// What is rated: the answer that is stored under the id, if it says what the client saw; else what the client sends.
    private Answer answer(Fields fields, String person) {
        String id = Asked.text(fields, "answerId", Asked.NAME);
        if (id != null && !ID.matcher(id).matches()) {
            throw fields.wrong("answerId", "is no id; it must be the id that came with the answer, as in chatcmpl-…");
        }
        List<Map<String, Object>> messages = Asked.messages(fields);
        Map<String, Object> message = Asked.message(fields, "answer");
        Answer stored = id == null ? null : feedback.answers().find(id).orElse(null);
        if (stored != null && (message == null || Columns.content(message).strip().equals(stored.text().strip()))) {
            return stored;
        }
        if (messages == null || message == null) {
            String missing = messages == null ? "messages" : "answer";
            throw ApiError.bad("missing_required_parameter", missing, missing + " is missing, and "
                    + (id == null ? "there is no answerId" : "the answer " + id + " is not stored here") + "; send messages and answer");
        }
        return new Answer(id == null || stored != null ? Columns.newId("answer") : id, feedback.clock().millis(), Asked.required(fields, "model", Asked.MODEL), person, messages, message, "",
                Answer.Cost.UNKNOWN, Map.of());
    }

    private void compare(ServerRequest request, ServerResponse response) {
        Fields fields = body(request);
        List<Map<String, Object>> messages = Asked.messages(fields);
        if (messages == null) {
            throw fields.absent("messages", "the conversation up to the answers");
        }
        String id = Columns.newId("comparison");
        feedback.comparisons().add(new Comparison(id, feedback.clock().millis(), Asked.required(fields, "model", Asked.MODEL), person(request, fields), messages,
                Asked.required(fields, "a", Asked.TEXT), Asked.required(fields, "b", Asked.TEXT), Asked.oneOf(fields, "choice", Comparison.CHOICES)));
        Json.send(response, Map.of("id", id));
    }

    private Fields body(ServerRequest request) {
        if (feedback.privacy().keep() == Keep.NOTHING) {
            throw ApiError.refused("not_stored", "this server stores nothing (privacy: nothing), so that feedback would be lost; start it with feedback, flagged or everything");
        }
        return Json.read(request, mostBodyBytes);
    }

    private String person(ServerRequest request, Fields fields) {
        String user = Asked.text(fields, "user", Asked.NAME);
        return feedback.people().of(user == null || user.isBlank() ? caller.apply(request) : user);
    }

    private static String blankToNull(String text) {
        return text == null || text.isBlank() ? null : text;
    }
}
