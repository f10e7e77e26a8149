package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;

/// How a router chooses experts for a token, given one logit for each.
///
/// ```
/// score[e] = softmax or σ of the logits;   rank[e] = score[e] + correction[e]
/// the experts are cut into groups; only the best groups take part (DeepSeek-V2 and V3, arXiv:2412.19437 section 2.1.2)
/// chosen: the `used` best ranks;   weight = score of the chosen ones, made to sum to 1 on request, times `scale`
/// ```
///
/// @param used        experts for each token
/// @param sigmoid     each score alone rather than a softmax over all
/// @param renormalise the weights of the chosen sum to 1
/// @param scale       factor on the weights
/// @param groups      1: no groups
/// @param groupsUsed  groups that take part
/// @param groupBest   how many of a group's best ranks add up to the group's: 1 or 2
public record ExpertChoice(int used, boolean sigmoid, boolean renormalise, float scale, int groups, int groupsUsed, int groupBest) {
    private static final double DROPPED = -Double.MAX_VALUE;

    public ExpertChoice {
        if (used < 1 || groups < 1 || groupsUsed < 1 || groupsUsed > groups || groupBest < 1) {
            throw new IllegalArgumentException("experts: " + used + " used, " + groupsUsed + " of " + groups + " groups; all must be at least 1");
        }
    }

    /// The usual choice: the best by softmax.
    public static ExpertChoice best(int used, boolean renormalise) {
        return new ExpertChoice(used, false, renormalise, 1, 1, 1, 1);
    }

    /// Sets `ids` and `weights`, best first; of equal ranks the first.
    ///
    /// @param logits     address of `experts` numbers
    /// @param correction address of as many, or 0
    public void choose(long logits, int experts, long correction, int[] ids, float[] weights) {
        double[] scores = scores(logits, experts), ranks = new double[experts];
        for (int e = 0; e < experts; e++) {
            double rank = scores[e] + (correction == 0 ? 0 : Memory.getFloat(correction + 4L * e));
            ranks[e] = Double.isNaN(rank) ? DROPPED : rank;
        }
        if (groups > 1) {
            dropGroups(ranks);
        }
        double total = 0;
        for (int k = 0; k < used; k++) {
            int best = best(ranks, 0, experts);
            ids[k] = best;
            ranks[best] = Double.NEGATIVE_INFINITY;             // below those dropped, so that none is chosen twice
            total += scores[best];
        }
        for (int k = 0; k < used; k++) {
            weights[k] = (float) (scores[ids[k]] / (renormalise ? total : 1) * scale);
        }
    }

    /// Sets the gradient of the logits from that of the weights. Which experts are chosen does not change by a small step, so a gradient flows
    /// through the weights alone, and none to a correction:
    ///
    /// ```
    /// dScore[k] = scale · (dWeight[k] − Σ_j dWeight[j] · share[j]) / total      share = score / total of the chosen; without `renormalise`
    ///                                                                          dScore[k] = scale · dWeight[k]
    /// dLogit[e] = score[e] · (dScore[e] − Σ_k dScore[k] · score[k])             softmax;   σ: dScore[e] · score[e] · (1 − score[e])
    /// ```
    public void backward(long dLogits, long logits, int experts, int[] ids, float[] dWeights) {
        double[] scores = scores(logits, experts);
        double total = 0, weighed = 0, mean = 0;
        for (int k = 0; k < used; k++) {
            total += scores[ids[k]];
            weighed += dWeights[k] * scores[ids[k]];
        }
        double[] dScores = new double[experts];
        for (int k = 0; k < used; k++) {
            dScores[ids[k]] = scale * (renormalise ? (dWeights[k] - weighed / total) / total : dWeights[k]);
            mean += dScores[ids[k]] * scores[ids[k]];
        }
        for (int e = 0; e < experts; e++) {
            Memory.putFloat(dLogits + 4L * e, (float) (scores[e] * (sigmoid ? dScores[e] * (1 - scores[e]) : dScores[e] - mean)));
        }
    }

    private double[] scores(long logits, int experts) {
        double[] scores = new double[experts];
        double max = Double.NEGATIVE_INFINITY, sum = 0;
        for (int e = 0; e < experts; e++) {
            max = Math.max(max, Memory.getFloat(logits + 4L * e));
        }
        for (int e = 0; e < experts; e++) {
            double z = Memory.getFloat(logits + 4L * e);
            scores[e] = sigmoid ? Bend.sigmoid(z) : Math.exp(z - max);
            sum += scores[e];
        }
        for (int e = 0; !sigmoid && e < experts; e++) {
            scores[e] /= sum;
        }
        return scores;
    }

    private void dropGroups(double[] ranks) {
        int size = ranks.length / groups;
        double[] groupRanks = new double[groups];
        for (int g = 0; g < groups; g++) {
            double[] rest = ranks.clone();
            for (int i = 0; i < Math.min(groupBest, size); i++) {
                int best = best(rest, g * size, (g + 1) * size);
                groupRanks[g] += rest[best];
                rest[best] = Double.NEGATIVE_INFINITY;
            }
        }
        for (int dropped = 0; dropped < groups - groupsUsed; dropped++) {
            int worst = 0;
            for (int g = 0; g < groups; g++) {
                if (groupRanks[g] <= groupRanks[worst]) {        // of equal groups the last goes
                    worst = g;
                }
            }
            groupRanks[worst] = Double.POSITIVE_INFINITY;
            java.util.Arrays.fill(ranks, worst * size, (worst + 1) * size, DROPPED);
        }
    }

    private static int best(double[] values, int from, int to) {
        int best = from;
        for (int i = from + 1; i < to; i++) {
            if (values[i] > values[best]) {
                best = i;
            }
        }
        return best;
    }
}
