package dev.jackdaw.tensor;

import dev.jackdaw.tensor.kernel.CachedText;

/// Latent attention (DeepSeek-V2, arXiv:2405.04434 section 2.1) and its gradients: the keys and values of all heads come from one short
/// vector a position, the latent, which is all that the cache keeps.
///
/// As in [Device], gradients of activations are *set*; gradients of weights are added, and null where a weight is frozen.
public interface LatentOperations {
    /// While writing text: all heads share one key, the latent and a rotary part, since each head's own key and value projections are folded
    /// into its query and output.
    ///
    /// @param y       `[N,H·V]`
    /// @param q       `[N,H·(P+R)]`, the last R of each head turned in place
    /// @param latent  `[N,rank+R]`, the rank normalised in place, the last R turned in place
    /// @param norm    `[rank]`
    /// @param project `[H·(P+V),rank]`, for each head its key rows, then its value rows
    void attention(Tensor y, Tensor q, Tensor latent, Tensor norm, Tensor project, Tensor positions, CachedText[] texts, int layer, Latent shape);

    /// The norm of the first `rank` columns of latent `[N,rank+R]` alone → y `[N,rank]`, keeps rstd `[N]`.
    void norm(Tensor y, Tensor rstd, Tensor latent, Tensor norm, float epsilon);

    /// Sets the first `rank` columns of dLatent.
    void normBackward(Tensor dLatent, Tensor dNorm, Tensor latent, Tensor norm, Tensor rstd, Tensor dy);

    /// Queries, keys and values of every head, spelled out: what training attends with, since folding would cost it more than it saves.
    /// Rows of a head are filled with zeros up to [Latent#width()], `D`.
    ///
    /// @param qk     `[N,2H·D]`: all queries, then all keys; the turned part of a key is the same in each head
    /// @param v      `[N,H·D]`
    /// @param q      `[N,H·(P+R)]`
    /// @param latent `[N,rank+R]`, of which the last R are used
    /// @param kv     `[N,H·(P+V)]`
    void heads(Tensor qk, Tensor v, Tensor q, Tensor latent, Tensor kv, Tensor positions, Latent shape);

    /// Sets dq, dKv and the last R columns of dLatent. dQk is overwritten.
    void headsBackward(Tensor dq, Tensor dLatent, Tensor dKv, Tensor dQk, Tensor dv, Tensor positions, Latent shape);

    /// The first columns of each head: x `[N,H·D]` → y `[N,H·V]`
    void cutHeads(Tensor y, Tensor x, int heads);

    void cutHeadsBackward(Tensor dx, Tensor dy, int heads);

    /// @param plain      `P`, numbers of a query that meet the latent
    /// @param turned     `R`, numbers that carry the position
    /// @param value      `V`, numbers a head gives
    /// @param cosSin     `[positions,R]`
    /// @param neighbours pairs are neighbours rather than halves
    record Latent(int heads, int rank, int plain, int turned, int value, Tensor cosSin, boolean neighbours, float scale, float epsilon) {
        /// Numbers of a head that has room for its query, its key and its value.
        public int width() {
            return Math.max(plain + turned, value);
        }
    }
}
