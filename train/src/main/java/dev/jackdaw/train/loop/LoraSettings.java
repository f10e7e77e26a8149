package dev.jackdaw.train.loop;

import java.util.List;

/// What is trained beside the weights of a model that stays as it is; see [LoraWeights].
///
/// @param rank           `r` of each pair
/// @param alpha          the change counts alpha / r times, or alpha / √r
/// @param targets        which layers: the last part of their names, ours or those of the Hugging Face folder (`q_proj`, `qkv_proj`); empty: every
///                       linear layer but the head, routers and experts
/// @param rankStabilised alpha / √r (Kalajdzievski, 2023)
/// @param dora           a magnitude for each row as well (Liu et al., 2024)
/// @param dropout        the share of its input that a pair does not see in training
public record LoraSettings(int rank, double alpha, List<String> targets, boolean rankStabilised, boolean dora, double dropout) {
    public LoraSettings {
        targets = List.copyOf(targets);
        if (rank < 1 || alpha <= 0 || dropout < 0 || dropout >= 1) {
            throw new IllegalArgumentException("LoRA: rank " + rank + ", alpha " + alpha + ", dropout " + dropout + "; rank and alpha must be above 0, dropout from 0 to below 1");
        }
    }

    /// Plain LoRA on every linear layer, with the usual alpha of twice the rank.
    public static LoraSettings of(int rank) {
        return new LoraSettings(rank, 2.0 * rank, List.of(), false, false, 0);
    }

    public float scale() {
        return (float) (alpha / (rankStabilised ? Math.sqrt(rank) : rank));
    }
}
