package dev.jackdaw.train.sweep;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.train.loop.Dial;
import dev.jackdaw.train.scale.FittedLaw;
import java.util.List;

/// The compute-optimal frontier of a law: for so many operations, the size that ends lowest. Sizes between two rungs of the dial's ladder
/// are taken to have parameters and operations between theirs, so the frontier is smooth, and exact also where a token costs more than six
/// operations for each parameter that is counted.
final class Frontier {
    /// @param parameters counted as the law counts
    record Best(double parameters, double tokens, double loss) {
    }

    private static final int BETWEEN = 16;

    private final FittedLaw law;
    private final double[] logN;
    private final double[] logCost;           // operations for a token

    Frontier(FittedLaw law, SweepPlan plan) {
        this.law = law;
        List<ModelSpec> ladder = Dial.ladder(law.recipe().vocabulary(), law.recipe().context(), plan.choices());
        logN = ladder.stream().mapToDouble(m -> Math.log(law.counting().of(m, law.recipe().context()))).toArray();
        logCost = ladder.stream().mapToDouble(m -> Math.log(m.trainingFlopsPerToken(law.recipe().context()))).toArray();
    }

    Best best(double operations) {
        Best best = null;
        for (int i = 0; i + 1 < logN.length; i++) {
            for (int k = 0; k < BETWEEN; k++) {
                double share = (double) k / BETWEEN, N = Math.exp(logN[i] + share * (logN[i + 1] - logN[i])), D = operations / Math.exp(logCost[i] + share * (logCost[i + 1] - logCost[i]));
                double loss = law.law().loss(N, D);
                best = best == null || loss < best.loss ? new Best(N, D, loss) : best;
            }
        }
        return best;
    }
}
