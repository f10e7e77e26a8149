package dev.jackdaw.tensor.kernel;

/// What happens to the products of hidden states and the head before they are logits: `cap · tanh(scale · x / cap)`.
///
/// @param scale   1: none
/// @param softcap 0: none (Gemma 2, arXiv:2408.00118)
public record HeadRule(float scale, float softcap) {
    public static final HeadRule PLAIN = new HeadRule(1, 0);
}
