package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.LatentOperations;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.Heads;

/// Looks on while a [Forward] reads a text, see [Forward#watch]. A long text comes in several parts, each of which begins at a position
/// `from`. Tensors are the engine's own and hold these numbers during the call only; nobody may change them.
public interface Observer {
    /// The residual stream `[N,C]` after `layers` layers; 0: the embedding. The final norm was not applied.
    default void stream(int layers, int from, Tensor stream) {
    }

    /// Queries and keys `[N,(H+K)·D]` of a layer as they met: normed and turned.
    default void attention(int layer, int from, Tensor qk, Heads heads, AttentionRule rule) {
    }

    /// The same of latent attention, see [LatentOperations#attention]: queries `[N,H·(P+R)]`, latents `[N,rank+R]`, both turned, and the
    /// weights `[H·(P+V),rank]` that make keys of latents.
    default void latentAttention(int layer, int from, Tensor q, Tensor latent, Tensor project, LatentOperations.Latent shape) {
    }
}
