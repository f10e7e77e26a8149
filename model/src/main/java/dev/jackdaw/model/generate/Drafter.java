package dev.jackdaw.model.generate;

import dev.jackdaw.model.token.TokenList;
import java.util.List;

/// Guesses how a text goes on, far more cheaply than the model that has to write it. See [Speculation].
public interface Drafter extends AutoCloseable {
    /// Begins a text.
    ///
    /// @param sampling how the tokens of the text will be chosen: guesses are best made in the same way
    Guesser newText(int capacity, Sampling sampling);

    @Override
    default void close() {
    }

    /// Follows one text.
    interface Guesser extends AutoCloseable {
        /// Up to `most` tokens that may come after `text`, in order. The text may have changed anywhere since the last call.
        List<Proposal> guess(TokenList text, int most);

        @Override
        default void close() {
        }
    }
}
