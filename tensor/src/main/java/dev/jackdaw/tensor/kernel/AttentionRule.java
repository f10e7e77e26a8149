package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Tensor;

/// What a query sees, and how its scores become weights.
///
/// @param scale      factor on the dot products, usually 1/√D
/// @param window     how many positions a query sees, itself included; 0: all before it
/// @param softcap    scores become cap · tanh(score / cap); 0: not (Gemma 2, arXiv:2408.00118)
/// @param sinks      one more score for each query head, which takes weight and gives nothing `[H]`; or null (gpt-oss)
/// @param dSinks     where the gradient of the sinks is added while training; or null
/// @param bothWays   a query also sees the positions after it (encoders)
public record AttentionRule(float scale, int window, float softcap, Tensor sinks, Tensor dSinks, boolean bothWays) {
    public AttentionRule(float scale, int window, float softcap, Tensor sinks, boolean bothWays) {
        this(scale, window, softcap, sinks, null, bothWays);
    }
}
