package dev.jackdaw.train.eval;

import dev.jackdaw.model.generate.Sampling;
import java.util.List;

/// Who is examined: a model ([ModelExaminee]), or in tests somebody who knows the answers. One caller at a time.
public interface Examinee extends AutoCloseable {
    /// @param logprob of the whole continuation, in nats
    /// @param tokens  it consists of
    /// @param greedy  each of them is the likeliest one
    record Likelihood(double logprob, int tokens, boolean greedy) {
    }

    /// Continuations of one prompt, to be judged.
    record Question(Prompt prompt, List<String> continuations) {
    }

    /// A text to be written.
    ///
    /// @param stop strings that end it
    record Writing(Prompt prompt, int maxTokens, Sampling sampling, List<String> stop) {
    }

    /// @param text    without the stop string
    /// @param tokens  of it
    /// @param ended   by a stop string or an end token, not by the number of tokens
    record Written(String text, int tokens, boolean ended) {
    }

    /// Receives results, in the order of what was asked. `result` is null where a prompt is longer than the model's context.
    @FunctionalInterface
    interface Sink<T> {
        void accept(int index, T result);
    }

    void judge(List<Question> questions, Sink<List<Likelihood>> sink);

    void write(List<Writing> writings, Sink<Written> sink) throws InterruptedException;

    /// Tells models apart; with it everything that decides their numbers.
    String fingerprint();

    /// What of the model belongs to the settings of every number: activations, the template.
    java.util.Map<String, Object> settings(Format format);

    @Override
    void close();
}
