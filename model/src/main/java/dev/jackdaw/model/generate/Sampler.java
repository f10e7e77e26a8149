package dev.jackdaw.model.generate;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// Chooses tokens by [Sampling]. Holds the text so far and the state of the random numbers, so one sampler serves one text.
public final class Sampler {
    private final Sampling sampling;
    private final List<Step> steps;
    private final SplittableRandom random;
    private final Candidates candidates = new Candidates();
    private int[] text = new int[64];
    private int length;
    private double mu;

    public Sampler(Sampling sampling) {
        this.sampling = sampling;
        steps = sampling.steps();
        random = new SplittableRandom(sampling.seed());
        mu = sampling.mirostat().start();
    }

    /// Tells the sampler of a token that is in the text, for the penalties.
    public void accept(int token) {
        if (length == text.length) {
            text = Arrays.copyOf(text, 2 * length);
        }
        text[length++] = token;
    }

    /// The next token. `logits` `[V]` are changed; minus infinity rules a token out. Returns -1 if all are ruled out.
    public int choose(float[] logits) {
        return choose(logits, null);
    }

    /// The same, where somebody has guessed the token. A guess x that was drawn from q is taken with probability min(1, p(x)/q(x)), else a
    /// token is drawn from max(0, p − q): together that is exactly p (Leviathan et al., 2023, appendix A.1).
    public int choose(float[] logits, Proposal proposal) {
        sampling.logitBias().forEach((token, bias) -> {
            if (token >= 0 && token < logits.length) {
                logits[token] += bias;
            }
        });
        sampling.penalties().apply(logits, text, length);
        sampling.dry().apply(logits, text, length);
        if (sampling.temperature() == 0) {
            int best = argmax(logits);
            return logits[best] > Float.NEGATIVE_INFINITY ? best : -1;
        }
        if (!steps.isEmpty() && steps.getFirst() instanceof Step.TopK(int k)) {
            candidates.resetToBest(logits, k);
        } else {
            candidates.reset(logits);
        }
        if (candidates.size() == 0) {
            return -1;
        }
        for (Step step : steps) {
            step.apply(candidates, random);
        }
        boolean steers = sampling.mirostat().version() > 0;
        if (steers) {
            sampling.mirostat().narrow(candidates, mu);
        }
        double[] probabilities = candidates.softmax();
        int drawn = proposal == null ? draw(probabilities, candidates.size(), 1) : judge(probabilities, proposal);
        if (steers) {
            mu = sampling.mirostat().next(mu, probabilities[drawn]);
        }
        return candidates.id(drawn);
    }

    /// A guess at what [#choose] might take, with the distribution it comes from; null if all tokens are ruled out. `logits` are changed.
    Proposal propose(float[] logits) {
        if (sampling.temperature() == 0) {
            int best = choose(logits);
            return best < 0 ? null : new Proposal(best, null);
        }
        float[] distribution = new float[logits.length];
        int token = choose(logits);
        if (token < 0) {
            return null;
        }
        double[] probabilities = candidates.softmax();
        for (int i = 0; i < candidates.size(); i++) {
            distribution[candidates.id(i)] = (float) probabilities[i];
        }
        return new Proposal(token, distribution);
    }

    private int judge(double[] probabilities, Proposal proposal) {
        int count = candidates.size();
        double u = random.nextDouble();
        for (int i = 0; i < count; i++) {
            if (candidates.id(i) == proposal.token()) {
                if (u * proposal.probability(proposal.token()) < probabilities[i]) {
                    return i;
                }
                break;
            }
        }
        double[] rest = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) {
            rest[i] = Math.max(0, probabilities[i] - proposal.probability(candidates.id(i)));
            sum += rest[i];
        }
        return sum > 0 ? draw(rest, count, sum) : draw(probabilities, count, 1);
    }

    private int draw(double[] weights, int count, double sum) {
        double left = random.nextDouble() * sum;
        for (int i = 0; i < count; i++) {
            left -= weights[i];
            if (left < 0) {
                return i;
            }
        }
        while (count > 1 && weights[count - 1] == 0) {          // rounding left a little over; what is impossible stays so
            count--;
        }
        return count - 1;
    }

    /// The index of the largest; the first of equals. Not-a-number never wins.
    public static int argmax(float[] values) {
        int best = 0;
        while (best < values.length - 1 && Float.isNaN(values[best])) {
            best++;
        }
        float most = values[best];
        for (int i = best + 1; i < values.length; i++) {
            if (values[i] > most) {
                most = values[i];
                best = i;
            }
        }
        return Float.isNaN(most) ? 0 : best;
    }

    /// Probabilities of logits, in place.
    public static void softmax(float[] logits) {
        float max = logits[argmax(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (Math.exp(logits[i] - max) / sum);
        }
    }
}
