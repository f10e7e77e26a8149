package dev.jackdaw.train.loop;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.loss.PreferenceLoss;
import dev.jackdaw.train.loss.PreferenceLoss.Answer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleConsumer;
import java.util.stream.IntStream;

/// One step of learning from comparisons, whatever the loss. Knows nothing of files; its [Trainer] may train all weights or an adapter.
///
/// Every [PreferenceLoss] is a function of the log-probabilities of whole answers. With ℓ_y = Σ_t log π(y_t | …) the chain rule says
///
///     dL/dθ = Σ_y dL/dℓ_y · dℓ_y/dθ = Σ_y Σ_t −dL/dℓ_y · d(−log π(y_t | …))/dθ
///
/// and what stands last is the gradient of the usual next-token loss. So a pass computes the losses of all tokens, adds them up for each
/// answer, asks the preference loss for dL/dℓ_y, and gives every token of the answer the weight −dL/dℓ_y: negative where an answer
/// should become less likely. A share of finetuning on the chosen answers (`nll`) only adds to these weights.
///
/// No second model is in memory: what the reference says of each answer is computed once, before the first step.
public final class PreferenceTrainer {
    /// A comparison with what the reference model thinks of it.
    ///
    /// @param references          log-probability of each answer under the reference
    /// @param mismatched          KTO: this prompt with the answer to another one; otherwise null
    /// @param mismatchedReference its log-probability under the reference
    public record Item(Encoded comparison, double[] references, Sequence mismatched, double mismatchedReference) {
    }

    /// What one step did.
    ///
    /// @param step       its number, the mean loss of the comparisons, and the gradient's norm
    /// @param accuracy   share of the pairs whose chosen answer has the larger reward; of single answers, share whose reward is on the right side
    /// @param margin     mean difference of the rewards of a pair; of single answers, mean reward, that of bad ones counted negative
    /// @param divergence mean of log π − log π₀ over the answers; KTO: over answers to other prompts, at least 0. NaN without a reference
    /// @param nats       mean of −log π of the tokens of good answers
    /// @param tokens     that were read
    public record Step(Trainer.Step step, double accuracy, double margin, double divergence, double nats, long tokens) {
    }

    private final Trainer trainer;
    private final PreferenceLoss loss;
    private final double nll;

    /// @param nll how much finetuning on the chosen answers is mixed in: factor on the mean loss of their tokens (Pang et al., 2024)
    public PreferenceTrainer(Trainer trainer, PreferenceLoss loss, double nll) {
        if (!(nll >= 0) || Double.isInfinite(nll)) {
            throw new IllegalArgumentException("preference training: the share of finetuning is " + nll + "; expected 0 or a positive number");
        }
        this.trainer = trainer;
        this.loss = loss;
        this.nll = nll;
    }

    /// Rows that these comparisons take in one step, in whole passes of `pass` rows of `T`.
    public static int rows(List<Encoded> comparisons, int pass, int T) {
        TextRows rows = new TextRows(pass, T, Integer.MAX_VALUE - pass);
        comparisons.forEach(comparison -> rows.add(comparison.answers()));
        return rows.rows();
    }

    /// log π of the answers in `texts`, each given what stands before it, in their order.
    public double[] logProbabilities(List<Sequence> texts, DoubleConsumer progress) {
        TrainSettings s = trainer.settings();
        double[] found = new double[texts.size()];
        // long ones first, so that rows fill up
        List<Integer> order = IntStream.range(0, texts.size()).boxed().sorted(Comparator.comparingInt((Integer i) -> -texts.get(i).length())).toList();
        for (int from = 0; from < order.size(); ) {
            TextRows rows = new TextRows(s.pass(), s.context(), s.batch());
            int to = from;
            while (to < order.size() && rows.add(List.of(texts.get(order.get(to))))) {
                to++;
            }
            trainer.fill(rows::fill);
            Tensor losses = trainer.losses();
            for (TextRows.Place place : rows.places()) {
                found[order.get(from + place.group())] = -sum(losses, place, 0, s.context());
            }
            from = to;
            progress.accept((double) from / order.size());
        }
        return found;
    }

    /// Learns from one batch of comparisons.
    public Step step(List<Item> items) {
        Sums sums = gradients(items);
        return sums.step(trainer.update(sums.loss / items.size()), items.size());
    }

    /// The gradients of the mean loss of the comparisons.
    Sums gradients(List<Item> items) {
        double divergence = Double.NaN;
        if (loss instanceof PreferenceLoss.Kto) {
            List<Sequence> mismatched = items.stream().map(Item::mismatched).toList();
            double[] ratios = logProbabilities(mismatched, _ -> { });
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] -= items.get(i).mismatchedReference();
            }
            divergence = PreferenceLoss.Kto.divergence(ratios);
        }
        Sums sums = new Sums(divergence);
        TrainSettings s = trainer.settings();
        TextRows rows = new TextRows(s.pass(), s.context(), s.batch());
        for (Item item : items) {
            if (!rows.add(item.comparison().answers())) {
                throw new IllegalArgumentException("preference training: " + items.size() + " comparisons do not fit into the " + s.batch() + " rows of " + s.context() + " of a step");
            }
        }
        sums.tokens = rows.tokens();
        trainer.fill(rows::fill);
        trainer.gradients(1f / items.size(), (first, losses, weights) -> {
            weights.zero();
            List<TextRows.Place> group = new ArrayList<>();
            for (TextRows.Place place : rows.places()) {
                if (place.row() >= first && place.row() < first + s.pass()) {
                    group.add(place);
                    if (group.size() == items.get(place.group()).comparison().answers().size()) {
                        weigh(items.get(place.group()), group, first, losses, weights, sums);
                        group.clear();
                    }
                }
            }
        });
        return sums;
    }

    /// Asks the loss about one comparison and hands its derivatives to the tokens.
    private void weigh(Item item, List<TextRows.Place> places, int firstRow, Tensor losses, Tensor weights, Sums sums) {
        int T = trainer.settings().context();
        Answer[] answers = new Answer[places.size()];
        for (int i = 0; i < answers.length; i++) {
            answers[i] = new Answer(-sum(losses, places.get(i), firstRow, T), loss.needsReference() ? item.references()[i] : 0, places.get(i).text().trained().cardinality());
        }
        double[] derivatives = new double[answers.length];
        switch (loss) {
            case PreferenceLoss.Paired paired -> {
                PreferenceLoss.Result result = paired.of(answers[0], answers[1]);
                derivatives[0] = result.dChosen();
                derivatives[1] = result.dRejected();
                sums.add(result.loss(), result.margin());
            }
            case PreferenceLoss.Kto kto -> {
                boolean isGood = item.comparison().isGood();
                PreferenceLoss.Single result = kto.of(answers[0], isGood, sums.divergence);
                derivatives[0] = result.derivative();
                sums.add(result.loss(), (isGood ? 1 : -1) * (result.reward() - kto.beta() * sums.divergence));
            }
        }
        if (item.comparison().isGood()) {
            derivatives[0] -= nll / answers[0].tokens();
            sums.loss -= nll * answers[0].perToken();
            sums.nats -= answers[0].logProbability();
            sums.goodTokens += answers[0].tokens();
        }
        for (int i = 0; i < answers.length; i++) {
            if (loss.needsReference()) {
                sums.ratios += answers[i].ratio();
                sums.answers++;
            }
            long at = place(places.get(i), firstRow, T);
            for (int t = 0; t < places.get(i).text().length(); t++) {
                Memory.putFloat(weights.address() + 4 * (at + t), (float) -derivatives[i]);
            }
        }
    }

    private static long place(TextRows.Place place, int firstRow, int T) {
        return (long) (place.row() - firstRow) * T + place.from();
    }

    private static double sum(Tensor losses, TextRows.Place place, int firstRow, int T) {
        double sum = 0;
        long at = place(place, firstRow, T);
        for (int t = 0; t < place.text().length(); t++) {
            sum += place.text().trained().get(t + 1) ? Memory.getFloat(losses.address() + 4 * (at + t)) : 0;
        }
        return sum;
    }

    /// What the comparisons of a step add up to.
    static final class Sums {
        private final double divergence;
        private double loss;
        private double margin;
        private int right;
        private double nats;
        private long goodTokens;
        private double ratios;
        private int answers;
        private long tokens;

        private Sums(double divergence) {
            this.divergence = divergence;
        }

        private void add(double loss, double margin) {
            this.loss += loss;
            this.margin += margin;
            right += margin > 0 ? 1 : 0;
        }

        double loss() {
            return loss;
        }

        private Step step(Trainer.Step step, int n) {
            return new Step(step, (double) right / n, margin / n, Double.isNaN(divergence) ? answers == 0 ? Double.NaN : ratios / answers : divergence,
                    goodTokens == 0 ? Double.NaN : nats / goodTokens, tokens);
        }
    }
}
