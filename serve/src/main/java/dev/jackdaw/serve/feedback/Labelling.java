package dev.jackdaw.serve.feedback;

import dev.jackdaw.serve.http.ApiError;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/// Hands out items to label: what people disliked first, then what checks flagged, then the rest; to as many labellers as their agreement
/// needs, and never twice to the same one. Several answers of the model to one question are sampled when an item is made, and mixed with
/// the one that was given, so that nobody sees which that was.
public final class Labelling {
    private static final int MADE_AT_ONCE = 20, TRIED = 5;

    private final Answers answers;
    private final LabelItems items;
    private final Labels labels;
    private final Candidates candidates;
    private final Settings settings;
    private final InstantSource clock;

    /// @param labellers  that label each item
    /// @param candidates that are shown of each, the given answer among them
    public record Settings(int labellers, int candidates) {
        public static final Settings STANDARD = new Settings(2, 4);

        public Settings {
            if (labellers < 1 || candidates < 2) {
                throw new IllegalArgumentException("labelling: " + labellers + " labellers and " + candidates + " candidates; expected 1 and 2 at least");
            }
        }
    }

    Labelling(Answers answers, LabelItems items, Labels labels, Candidates candidates, Settings settings, InstantSource clock) {
        this.answers = answers;
        this.items = items;
        this.labels = labels;
        this.candidates = candidates;
        this.settings = settings;
        this.clock = clock;
    }

    /// The next item; empty if this labeller has seen all there are. May sample answers, which takes as long as it takes.
    ///
    /// @param labeller as stored
    /// @throws ApiError if answers cannot be sampled now
    public Optional<LabelItem> next(LabelTask task, String labeller) {
        for (int i = 0; i < TRIED; i++) {
            Optional<LabelItems.Urgent<LabelItem>> open = items.next(task, labeller, settings.labellers());
            List<LabelItems.Urgent<String>> fresh = items.fresh(task, task.needsCandidates() ? 1 : MADE_AT_ONCE);
            if (fresh.isEmpty() || open.isPresent() && open.get().urgency() >= fresh.getFirst().urgency()) {
                return open.map(LabelItems.Urgent::what);
            }
            for (LabelItems.Urgent<String> each : fresh) {
                Optional<Answer> answer = task.needsCandidates() ? answers.find(each.what()) : Optional.empty();
                if (answer.isPresent() || !task.needsCandidates()) {          // it may have been erased a moment ago
                    items.add(task, each.what(), answer.map(this::sample).orElse(List.of()), clock.millis());
                }
            }
        }
        return items.next(task, labeller, settings.labellers()).map(LabelItems.Urgent::what);
    }

    /// Different texts in an order that the answer's id decides; empty if there are not two.
    private List<String> sample(Answer answer) {
        Set<String> texts = new LinkedHashSet<>();
        texts.add(answer.text().strip());
        try {
            for (String text : candidates.sample(answer.model(), answer.messages(), settings.candidates() - 1)) {
                texts.add(text.strip());
            }
        } catch (ApiError e) {
            if (e.status() != 404) {
                throw e;
            }
        }
        texts.remove("");
        if (texts.size() < 2) {
            return List.of();
        }
        List<String> shown = new ArrayList<>(texts);
        Collections.shuffle(shown, new Random(answer.id().hashCode()));
        return shown;
    }

    /// Writes what a labeller said.
    ///
    /// @throws ApiError if the item is not there, the value does not fit its task, or the labeller has labelled it already
    public String add(String itemId, String labeller, Label.Value value, double seconds) {
        LabelItem item = items.find(itemId).orElseThrow(() -> ApiError.missing("item_not_found", "the item " + itemId + " is not there; it may have been erased, ask for the next one"));
        switch (value) {
            case Label.Value.Text(String text) -> {
                if (item.task() == LabelTask.CHOOSE) {
                    throw ApiError.bad("text", "text is given, but the task of this item is to choose; give choice");
                }
                if (text.isBlank()) {
                    throw ApiError.bad("text", "text is blank; write an answer, or skip the item");
                }
            }
            case Label.Value.Choice(int candidate) -> {
                if (item.task() != LabelTask.CHOOSE) {
                    throw ApiError.bad("choice", "choice is given, but the task of this item is " + item.task().label() + "; give text");
                }
                if (candidate < Label.Value.Choice.NONE || candidate >= item.candidates().size()) {
                    throw ApiError.bad("choice", "choice is " + candidate + "; it must be from 0 to " + (item.candidates().size() - 1) + ", or \"none\"");
                }
            }
            case Label.Value.Skip() -> {
            }
        }
        Label label = new Label(Columns.newId("label"), clock.millis(), itemId, labeller, value, seconds);
        if (!labels.add(label)) {
            throw new ApiError(409, "already_labelled", null, "this labeller has labelled the item " + itemId + " already; ask for the next one", 0);
        }
        return label.id();
    }

    public Settings settings() {
        return settings;
    }
}
