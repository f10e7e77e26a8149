package dev.jackdaw.train.loop;

import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.data.BatchReader;
import dev.jackdaw.train.eval.Share;
import dev.jackdaw.train.report.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Teaching a reward model: some pairs a step, examined by held-out ones.
final class RewardCourse implements Course {
    private final RewardTrainer trainer;
    private final double flopsPerToken;
    private final List<Encoded> train;
    private final List<Encoded> heldOut;
    private final ComparisonOrder order;
    private Share found;

    RewardCourse(RewardTrainer trainer, double flopsPerToken, List<Encoded> train, List<Encoded> heldOut, ComparisonOrder order) {
        this.trainer = trainer;
        this.flopsPerToken = flopsPerToken;
        this.train = train;
        this.heldOut = heldOut;
        this.order = order;
    }

    @Override
    public Learned learn() {
        RewardTrainer.Step done = trainer.step(Arrays.stream(order.next()).mapToObj(train::get).toList());
        return new Learned(done.step(), done.tokens(), Map.of("accuracy", done.accuracy(), "margin", done.margin()));
    }

    @Override
    public BatchReader.Position position() {
        return order.position();
    }

    @Override
    public void resume(BatchReader.Position position) {
        order.resume(position);
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
    }

    @Override
    public List<Sample> samples(long step) {
        return List.of();
    }

    @Override
    public void close() {
    }
}
