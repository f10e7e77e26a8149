package dev.jackdaw.model.generate;

/// A guess at the next token.
///
/// @param token         the guess
/// @param probabilities `[V]`, what it was drawn from; null if it could have been no other
public record Proposal(int token, float[] probabilities) {
    /// How likely the guess was to be `id`.
    double probability(int id) {
        return probabilities == null ? id == token ? 1 : 0 : id < probabilities.length ? probabilities[id] : 0;
    }
}
