package dev.jackdaw.train.loop;

import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.loss.PreferenceLoss;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;

/// Learning from comparisons: some of them a step, examined by held-out pairs and by text that should stay as likely as it was.
final class PreferenceCourse extends ComparisonCourse<PreferenceTrainer.Item> {
    private final PreferenceTrainer trainer;
    private final TrainSettings settings;
    private final PreferenceLoss loss;
    private final List<Encoded> heldOut;
    private final double[] reference;
    private final DoubleSupplier text;
    /// Of a text, on average.
    private final int length;
    private PreferenceScores found;

    /// @param reference log-probabilities of the held-out answers under the reference model
    /// @param text      bits per byte of held-out text now; NaN without any
    PreferenceCourse(PreferenceTrainer trainer, TrainSettings settings, PreferenceLoss loss, List<PreferenceTrainer.Item> items, ComparisonOrder order, List<Encoded> heldOut, double[] reference,
                     DoubleSupplier text) {
        super(items, order);
        this.trainer = trainer;
        this.settings = settings;
        this.loss = loss;
        length = (int) items.stream().flatMap(item -> item.comparison().answers().stream()).mapToInt(Sequence::length).average().orElse(1);
        this.heldOut = heldOut;
        this.reference = reference;
        this.text = text;
    }

    @Override
    public Learned learn() {
        PreferenceTrainer.Step done = trainer.step(next());
        Map<String, Double> more = new TreeMap<>(Map.of("accuracy", done.accuracy(), "margin", done.margin()));
        if (!Double.isNaN(done.divergence())) {
            more.put("divergence", done.divergence());
        }
        if (!Double.isNaN(done.nats())) {
            more.put("chosenNats", done.nats());
        }
        return new Learned(done.step(), done.tokens(), more);
    }

    /// Of each token once; the head, which runs twice, is not counted twice.
    @Override
    public double flopsPerToken() {
        return settings.model().trainingFlopsPerToken(length);
    }

    @Override
    public double examine(boolean isLast) {
        found = heldOut.isEmpty() ? null : scores();
        return isLast ? text.getAsDouble() : Double.NaN;       // reading the text takes longer than several steps
    }

    PreferenceScores scores() {
        double[] now = trainer.logProbabilities(heldOut.stream().flatMap(pair -> pair.answers().stream()).toList(), _ -> { });
        return PreferenceScores.of(heldOut, now, reference, loss, false);
    }

    @Override
    public Map<String, Double> examined() {
        return found == null ? Map.of() : Map.of("heldOutLikelier", found.likelier().share(), "heldOutLikelierPerToken", found.likelierPerToken().share(),
                "heldOutAccuracy", found.rewarded().share(), "heldOutMargin", found.margin());
    }}
