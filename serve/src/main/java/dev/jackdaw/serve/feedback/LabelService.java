package dev.jackdaw.serve.feedback;

import dev.jackdaw.serve.ServerSettings.Keep;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Labelling and what comes of it: `GET /labels/tasks`, `GET /labels/next`, `POST /labels`, `GET /labels/agreement`, and the exports.
public final class LabelService implements HttpService {
    private final Feedback feedback;
    private final long mostBodyBytes;

    LabelService(Feedback feedback, long mostBodyBytes) {
        this.feedback = feedback;
        this.mostBodyBytes = mostBodyBytes;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.get("/labels/tasks", this::tasks).get("/labels/next", Asked.stored(this::next)).post("/labels", Asked.stored(this::label)).get("/labels/agreement", Asked.stored(this::agreement))
                .get("/export/sft.jsonl", Asked.stored((request, response) -> export(request, response, "sft.jsonl", feedback.export()::sft)))
                .get("/export/preferences.jsonl", Asked.stored((request, response) -> export(request, response, "preferences.jsonl", feedback.export()::preferences)));
    }

    private void tasks(ServerRequest request, ServerResponse response) {
        Json.send(response, Map.of("tasks", Arrays.stream(LabelTask.values()).map(LabelService::show).toList(), "labellers", feedback.labelling().settings().labellers()));
    }

    private static Map<String, Object> show(LabelTask task) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("task", task.label());
        shown.put("title", task.title());
        shown.put("instructions", task.instructions());
        return shown;
    }

    /// `{"item": null}` if there is nothing to do.
    private void next(ServerRequest request, ServerResponse response) {
        storing();
        LabelTask task = task(request);
        String labeller = feedback.people().of(Asked.requiredParameter(request, "labeller", "the name of who labels"));
        Optional<LabelItem> next = feedback.labelling().next(task, labeller);
        if (next.isEmpty()) {
            Map<String, Object> none = show(task);
            none.put("item", null);
            none.put("message", "Nothing is left to label: no answers were collected, or you and enough others have labelled them all.");
            Json.send(response, none);
            return;
        }
        LabelItem item = next.get();
        Map<String, Object> shown = show(task);
        shown.put("item", item.id());
        shown.put("model", item.answer().model());
        shown.put("messages", item.answer().messages());
        if (task == LabelTask.IDEAL) {
            Answers.Judged judged = feedback.answers().judged(item.answer().id()).orElse(new Answers.Judged(item.answer(), List.of(), List.of()));
            shown.put("answer", item.answer().text());
            shown.put("flags", judged.flags().stream().map(AnswersService::show).toList());
            shown.put("ratings", judged.ratings().stream().map(AnswersService::show).toList());
        } else {
            shown.put("candidates", item.candidates());        // which of them was given is not said, nor what people thought of it
        }
        shown.put("labels", item.labels());
        Json.send(response, shown);
    }

    private void label(ServerRequest request, ServerResponse response) {
        storing();
        Fields fields = Json.read(request, mostBodyBytes);
        String item = Asked.required(fields, "item", Asked.NAME), labeller = feedback.people().of(Asked.required(fields, "labeller", Asked.NAME));
        double seconds = fields.number("seconds", 0, 1e9).orElse(0.0);
        Json.send(response, Map.of("id", feedback.labelling().add(item, labeller, value(fields), seconds)));
    }

    /// `skip: true`, `choice: 2` or `"none"`, or `text`.
    private static Label.Value value(Fields fields) {
        if (fields.flag("skip", false)) {
            return new Label.Value.Skip();
        }
        Optional<JsonNode> choice = fields.any("choice");
        if (choice.isPresent()) {
            return new Label.Value.Choice(choice.get().isString() && choice.get().asString().equals("none") ? Label.Value.Choice.NONE : fields.integer("choice", 0, Integer.MAX_VALUE).orElseThrow());
        }
        String text = Asked.text(fields, "text", Asked.TEXT);
        if (text == null) {
            throw fields.absent("text", "the answer; for the task choose give choice (a number from 0, or \"none\"), and skip: true to pass over the item");
        }
        return new Label.Value.Text(text);
    }

    /// Of the task `choose`: written texts are never the same, so that agreement on them says nothing.
    private void agreement(ServerRequest request, ServerResponse response) {
        Agreement.Report report = Agreement.of(feedback.labels().of(LabelTask.CHOOSE));
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("task", LabelTask.CHOOSE.label());
        shown.put("labellers", report.labellers());
        shown.put("items", report.items());
        shown.put("labels", report.labels());
        shown.put("agreed", report.agreed());
        shown.put("cohensKappa", report.kappas());
        shown.put("krippendorffsAlpha", report.alpha());
        Json.send(response, shown);
    }

    @FunctionalInterface
    private interface Lines {
        int write(OutputStream out, long since) throws IOException;
    }

    private static void export(ServerRequest request, ServerResponse response, String name, Lines lines) throws IOException {
        Long since = Asked.time(request, "since");
        response.header(HeaderNames.CONTENT_TYPE, "application/x-ndjson").header(HeaderNames.CONTENT_DISPOSITION, "attachment; filename=\"" + name + "\"")
                .header(HeaderNames.CACHE_CONTROL, "no-store");
        try (OutputStream out = response.outputStream()) {
            lines.write(out, since == null ? 0 : since);
        }
    }

    private void storing() {
        if (feedback.privacy().keep() == Keep.NOTHING) {
            throw ApiError.refused("not_stored", "this server stores nothing (privacy: nothing), so that there is nothing to label; start it with feedback, flagged or everything");
        }
    }

    private static LabelTask task(ServerRequest request) {
        String name = Asked.requiredParameter(request, "task", "ideal, choose or combine");
        LabelTask task = LabelTask.of(name);
        if (task == null) {
            throw ApiError.bad("task", "task is " + name + "; it must be ideal, choose or combine");
        }
        return task;
    }
}
