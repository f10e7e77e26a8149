package dev.jackdaw.train.loop;

import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.eval.Share;
import java.util.List;
import java.util.Map;

/// Teaching a reward model: some pairs a step, examined by held-out ones.
final class RewardCourse extends ComparisonCourse<Encoded> {
    private final RewardTrainer trainer;
    private final double flopsPerToken;
    private final List<Encoded> heldOut;
    private Share found;

    RewardCourse(RewardTrainer trainer, double flopsPerToken, List<Encoded> train, List<Encoded> heldOut, ComparisonOrder order) {
        super(train, order);
        this.trainer = trainer;
        this.flopsPerToken = flopsPerToken;
        this.heldOut = heldOut;
    }

    @Override
    public Learned learn() {
        RewardTrainer.Step done = trainer.step(next());
        return new Learned(done.step(), done.tokens(), Map.of("accuracy", done.accuracy(), "margin", done.margin()));
    }

    @Override
    public double flopsPerToken() {
        return flopsPerToken;
    }

    @Override
    public double examine(boolean isLast) {
        found = accuracy();
        return Double.NaN;
    }

    /// Share of the held-out pairs whose chosen answer has the higher score; null if there are none.
    Share accuracy() {
        if (heldOut.isEmpty()) {
            return null;
        }
        double[] scores = trainer.scores(heldOut.stream().flatMap(pair -> pair.answers().stream()).toList(), _ -> { });
        int right = 0;
        for (int i = 0; i < heldOut.size(); i++) {
            right += scores[2 * i] > scores[2 * i + 1] ? 1 : 0;
        }
        return Share.of(right, heldOut.size());
    }

    @Override
    public Map<String, Double> examined() {
        return found == null ? Map.of() : Map.of("heldOutAccuracy", found.share());
    }}
