package dev.jackdaw.model.generate;

import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/// One way to narrow down what may come next. Each keeps at least one candidate.
sealed interface Step {
    void apply(Candidates candidates, RandomGenerator random);

    /// Only the `k` likeliest (Fan et al., 2018).
    record TopK(int k) implements Step {
        @Override
        public void apply(Candidates candidates, RandomGenerator random) {
            candidates.sort(k);
            candidates.keep(k);
        }
    }

    /// Only the likeliest that together reach probability `p` (Holtzman et al., 2020).
    record TopP(double p) implements Step {
        private static final int FIRST = 256;            // usually enough, and much cheaper than sorting all

        @Override
        public void apply(Candidates candidates, RandomGenerator random) {
            for (int n = FIRST; ; n = candidates.size()) {
                candidates.sort(n);
                double[] probabilities = candidates.softmax();
                double sum = 0;
                for (int i = 0; i < Math.min(n, candidates.size()); i++) {
                    sum += probabilities[i];
                    if (sum >= p) {
                        candidates.keep(i + 1);
                        return;
                    }
                }
                if (n >= candidates.size()) {
                    return;
                }
            }
        }
    }

    /// Only those at least `p` times as likely as the likeliest (Nguyen et al., 2024).
    record MinP(double p) implements Step {
        @Override
        public void apply(Candidates candidates, RandomGenerator random) {
            float max = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < candidates.size(); i++) {
                max = Math.max(max, candidates.logit(i));
            }
            double least = max + Math.log(p);
            candidates.arrange(IntStream.range(0, candidates.size()).filter(i -> candidates.logit(i) >= least).toArray());
        }
    }

    /// Only those whose surprise is nearest to the expected one, until they reach probability `p` (locally typical sampling, Meister et al., 2022).
    record Typical(double p) implements Step {
        @Override
        public void apply(Candidates candidates, RandomGenerator random) {
            int n = candidates.size();
            double[] probabilities = candidates.softmax();
            double entropy = 0;
            for (int i = 0; i < n; i++) {
                entropy -= probabilities[i] > 0 ? probabilities[i] * Math.log(probabilities[i]) : 0;
            }
            double expected = entropy;
            int[] order = IntStream.range(0, n).boxed()
                    .sorted((a, b) -> Double.compare(Math.abs(-Math.log(probabilities[a]) - expected), Math.abs(-Math.log(probabilities[b]) - expected)))
                    .mapToInt(Integer::intValue).toArray();
            double sum = 0;
            int count = 0;
            while (count < n) {
                sum += probabilities[order[count++]];
                if (sum > p) {
                    break;
                }
            }
            candidates.arrange(java.util.Arrays.copyOf(order, count));
        }
    }

    /// Exclude top choices: with this probability, all tokens at least as likely as `threshold` but the least likely of them are removed
    /// (the sampler of that name in text-generation-webui).
    record Xtc(double probability, double threshold) implements Step {
        @Override
        public void apply(Candidates candidates, RandomGenerator random) {
            if (threshold > 0.5 || random.nextDouble() >= probability) {
                return;
            }
            int most = (int) (1 / threshold) + 1;            // no more tokens can be that likely
            candidates.sort(Math.max(2, Math.min(most, candidates.size())));
            double[] probabilities = candidates.softmax();
            int above = 0;
            while (above < candidates.size() && probabilities[above] >= threshold) {
                above++;
            }
            if (above > 1) {
                candidates.dropFirst(above - 1);
            }
        }
    }

    /// Divides the logits: below 1 bolder choices become rarer, above 1 more frequent.
    record Temperature(double t) implements Step {
        @Override
        public void apply(Candidates candidates, RandomGenerator random) {
            for (int i = 0; i < candidates.size(); i++) {
                candidates.setLogit(i, (float) (candidates.logit(i) / t));
            }
        }
    }
}
