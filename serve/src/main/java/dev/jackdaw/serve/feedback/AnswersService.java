package dev.jackdaw.serve.feedback;

import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Json;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What was collected: `GET /answers` with filters and pages, `GET /answers/{id}`, `GET /privacy`, and `DELETE /users/{user}`.
public final class AnswersService implements HttpService {
    private static final List<String> RATINGS = List.of("up", "down", "none");

    private final Feedback feedback;

    AnswersService(Feedback feedback) {
        this.feedback = feedback;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/answers", Asked.stored(this::list)).get("/answers/{id}", Asked.stored(this::one)).get("/privacy", this::privacy).delete("/users/{+user}", Asked.stored(this::erase));
    }

    private void list(ServerRequest request, ServerResponse response) {
        String rating = Asked.parameter(request, "rating"), flag = Asked.parameter(request, "flag"), before = Asked.parameter(request, "before");
        if (rating != null && !RATINGS.contains(rating)) {
            throw ApiError.bad("rating", "rating is " + rating + "; it must be one of " + String.join(", ", RATINGS));
        }
        if (flag != null && !flag.equals("any") && Flag.Kind.of(flag) == null) {
            throw ApiError.bad("flag", "flag is " + flag + "; it must be any, or one of " + String.join(", ", Arrays.stream(Flag.Kind.values()).map(Flag.Kind::label).toList()));
        }
        int limit = Asked.number(request, "limit", 50, 1, 500);
        var filter = new Answers.Filter(rating, flag, Asked.parameter(request, "model"), Asked.parameter(request, "text"), Asked.time(request, "since"), Asked.time(request, "until"));
        Answers.Page page = feedback.answers().page(filter, before == null ? null : place(before), limit);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("answers", page.answers().stream().map(AnswersService::show).toList());
        if (page.next() != null) {
            result.put("next", page.next().created() + "," + page.next().id());
        }
        Json.send(response, result);
    }

    private static Answers.Place place(String before) {
        int comma = before.indexOf(',');
        try {
            if (comma > 0) {
                return new Answers.Place(Long.parseLong(before.substring(0, comma)), before.substring(comma + 1));
            }
        } catch (NumberFormatException _) {
            // said below
        }
        throw ApiError.bad("before", "before is no place in the list; it must be what the page before gave as next");
    }

    private void one(ServerRequest request, ServerResponse response) {
        String id = request.path().pathParameters().get("id");
        Json.send(response, show(feedback.answers().judged(id).orElseThrow(() -> ApiError.missing("answer_not_found", "no answer of this id is stored; stored is what the privacy setting "
                + feedback.privacy().label() + " allows"))));
    }

    static Map<String, Object> show(Answers.Judged judged) {
        Answer answer = judged.answer();
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("id", answer.id());
        shown.put("created", answer.created());
        shown.put("model", answer.model());
        shown.put("user", answer.user());
        shown.put("messages", answer.messages());
        shown.put("answer", answer.text());
        shown.put("message", answer.message());
        shown.put("flags", judged.flags().stream().map(AnswersService::show).toList());
        shown.put("ratings", judged.ratings().stream().map(AnswersService::show).toList());
        shown.put("finishReason", answer.finishReason());
        shown.put("promptTokens", answer.cost().promptTokens());
        shown.put("answerTokens", answer.cost().answerTokens());
        shown.put("firstTokenMillis", answer.cost().firstTokenMillis());
        shown.put("latencyMillis", answer.cost().totalMillis());
        shown.put("settings", answer.settings());
        return shown;
    }

    static Map<String, Object> show(Flag flag) {
        return Map.of("kind", flag.kind().label(), "detail", flag.detail());
    }

    static Map<String, Object> show(Rating rating) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("id", rating.id());
        shown.put("created", rating.created());
        shown.put("user", rating.person());
        shown.put("rating", rating.verdict());
        shown.put("reason", rating.reason());
        shown.put("correction", rating.correction());
        return shown;
    }

    private void privacy(ServerRequest request, ServerResponse response) {
        Privacy privacy = feedback.privacy();
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("stored", privacy.label());
        shown.put("retentionDays", privacy.days());
        shown.put("users", privacy.namesUsers() ? "named" : "hashed");
        shown.put("description", privacy.describe());
        shown.put("flags", new ArrayList<>(Arrays.stream(Flag.Kind.values()).map(Flag.Kind::label).toList()));
        Json.send(response, shown);
    }

    private void erase(ServerRequest request, ServerResponse response) {
        String user = request.path().pathParameters().get("user");
        if (user.isBlank()) {
            throw ApiError.bad("user", "the user is blank; it must be the name that was given, or the user as it is stored");
        }
        try {
            Json.send(response, Map.of("erased", feedback.erase(user)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ApiError(503, "shutting_down", null, "the server is ending, and nothing was erased; try again", 5);
        } catch (DatabaseException e) {
            throw new ApiError(503, "database_unavailable", null, e.getMessage(), 10);
        }
    }
}
