package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Tensor;

/// How a projection `[N,(H+2K)·D]` divides into heads: first all query heads, then all key heads, then all value heads.
///
/// @param queries     `H`, query heads
/// @param keys        `K`, key heads, and as many value heads; divides `H`
/// @param width       `D`, numbers in one head
/// @param cosSin      rotary table `[positions, D]`, or null for no rotation; see [QkNormRope]
/// @param interleaved pairs are neighbours (2i, 2i+1) rather than halves (i, i+D/2)
/// @param epsilon     of the norm over each head, where a model has one
public record Heads(int queries, int keys, int width, Tensor cosSin, boolean interleaved, float epsilon) {
    public Heads {
        if (queries < 1 || keys < 1 || width < 1 || queries % keys != 0) {
            throw new IllegalArgumentException("heads: " + queries + " query heads over " + keys + " key heads of width " + width
                    + "; the query heads must be a multiple of the key heads");
        }
    }

    /// Columns of queries, keys and values together.
    public int columns() {
        return (queries + 2 * keys) * width;
    }

    /// Columns of queries and keys.
    public int qkColumns() {
        return (queries + keys) * width;
    }

    public float scale() {
        return (float) (1 / Math.sqrt(width));
    }

    /// All positions so far, scores scaled by [#scale()].
    public AttentionRule rule() {
        return new AttentionRule(scale(), 0, 0, null, false);
    }
}
