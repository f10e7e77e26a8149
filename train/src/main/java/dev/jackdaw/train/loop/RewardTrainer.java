package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.loss.BradleyTerry;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleConsumer;
import java.util.stream.IntStream;

/// One step of a reward model: the trunk of a language model, with one linear layer on the hidden state of the last token of a conversation
/// in place of the head. Its scores of two answers are compared by [BradleyTerry]; no other position has a loss.
public final class RewardTrainer {
    /// @param step     its number, the mean loss of the pairs, and the gradient's norm
    /// @param accuracy share of the pairs whose chosen answer has the higher score
    /// @param margin   mean difference of the scores
    /// @param tokens   that were read
    public record Step(Trainer.Step step, double accuracy, double margin, long tokens) {
    }

    private final Trainer trainer;
    private final BradleyTerry loss;

    /// @param trainer of a model that ends in one score
    public RewardTrainer(Trainer trainer, BradleyTerry loss) {
        if (!(trainer.settings().model().output() instanceof ModelSpec.Reward(int labels)) || labels != 1) {
            throw new IllegalArgumentException("reward training: the model ends in " + trainer.settings().model().output() + "; expected one score");
        }
        this.trainer = trainer;
        this.loss = loss;
    }

    /// A text that is read to its last id.
    public static Sequence whole(Sequence text) {
        return new Sequence(Arrays.copyOf(text.ids(), text.ids().length + 1), text.trained());
    }

    /// The same of both answers.
    public static List<Sequence> whole(Encoded pair) {
        return pair.answers().stream().map(RewardTrainer::whole).toList();
    }

    /// What the model thinks of texts, in their order.
    public double[] scores(List<Sequence> texts, DoubleConsumer progress) {
        TrainSettings s = trainer.settings();
        double[] found = new double[texts.size()];
        List<Integer> order = IntStream.range(0, texts.size()).boxed().sorted(Comparator.comparingInt((Integer i) -> -texts.get(i).length())).toList();
        for (int from = 0; from < order.size(); ) {
            TextRows rows = new TextRows(s.pass(), s.context(), s.batch());
            int to = from;
            while (to < order.size() && rows.add(List.of(whole(texts.get(order.get(to)))))) {
                to++;
            }
            trainer.fill(rows::fill);
            Tensor scores = trainer.losses();
            for (TextRows.Place place : rows.places()) {
                found[order.get(from + place.group())] = Memory.getFloat(scores.address() + 4 * last(place, 0));
            }
            from = to;
            progress.accept((double) from / order.size());
        }
        return found;
    }

    public Step step(List<Encoded> pairs) {
        double[] sums = gradients(pairs);
        int n = pairs.size();
        return new Step(trainer.update(sums[0] / n), sums[1] / n, sums[2] / n, (long) sums[3]);
    }

    /// The gradients of the mean loss of the pairs; returns the sums of losses, right answers, margins and tokens.
    double[] gradients(List<Encoded> pairs) {
        TrainSettings s = trainer.settings();
        TextRows rows = new TextRows(s.pass(), s.context(), s.batch());
        for (Encoded pair : pairs) {
            if (!rows.add(whole(pair))) {
                throw new IllegalArgumentException("reward training: " + pairs.size() + " pairs do not fit into the " + s.batch() + " rows of " + s.context() + " of a step");
            }
        }
        double[] sums = {0, 0, 0, rows.tokens()};
        trainer.fill(rows::fill);
        trainer.gradients(1f / pairs.size(), (first, scores, gradients) -> {
            for (int i = 0; i < rows.places().size(); i += 2) {
                TextRows.Place chosen = rows.places().get(i), rejected = rows.places().get(i + 1);
                if (chosen.row() < first || chosen.row() >= first + s.pass()) {
                    continue;
                }
                long c = 4 * last(chosen, first), r = 4 * last(rejected, first);
                double better = Memory.getFloat(scores.address() + c), worse = Memory.getFloat(scores.address() + r);
                BradleyTerry.Result result = loss.of(better, worse, pairs.get(chosen.group()).margin());
                Memory.putFloat(gradients.address() + c, (float) result.dChosen());
                Memory.putFloat(gradients.address() + r, (float) result.dRejected());
                sums[0] += result.loss();
                sums[1] += better > worse ? 1 : 0;
                sums[2] += better - worse;
            }
        });
        return sums;
    }

    /// Where in the pass a text ends.
    private long last(TextRows.Place place, int firstRow) {
        return (long) (place.row() - firstRow) * trainer.settings().context() + place.from() + place.text().length() - 1;
    }
}
