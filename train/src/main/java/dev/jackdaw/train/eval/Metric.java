package dev.jackdaw.train.eval;

import java.util.Arrays;
import java.util.Optional;

/// How the answers of a task are judged.
public enum Metric {
    /// The likeliest of some continuations: `acc` by their log-likelihood, `accNorm` by that divided by their characters, `accBytes` by
    /// their bytes, `accUnconditional` by how much likelier the question makes them.
    MULTIPLE_CHOICE("multiple_choice"),
    /// The share of probability on the true ones of some continuations (TruthfulQA's MC2).
    MULTIPLE_TRUE("multiple_true"),
    /// One continuation: whether the model would have written it (`acc`), and how well it predicts it (`perplexity` of a whole answer).
    CLOZE("cloze"),
    /// The model writes; what is extracted from that must equal the answer.
    EXACT_MATCH("exact_match"),
    /// The model writes a program, whose tests run in the sandbox: `passAt1`, `passAt10`, ….
    CODE("code");

    private final String key;

    Metric(String key) {
        this.key = key;
    }

    /// As task files write it.
    public String key() {
        return key;
    }

    static Optional<Metric> of(String key) {
        return Arrays.stream(values()).filter(metric -> metric.key.equals(key)).findFirst();
    }

    static String known() {
        return String.join(", ", Arrays.stream(values()).map(Metric::key).toList());
    }

    /// Does the model write, rather than judge what is given?
    boolean isGenerative() {
        return this == EXACT_MATCH || this == CODE;
    }
}
