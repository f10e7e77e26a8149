package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.LatentOperations;
import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import dev.jackdaw.tensor.kernel.HeadRule;
import dev.jackdaw.tensor.kernel.Heads;

/// Everything a model does, as data: what goes in, what comes out. [Forward] and [Backward] are the two switches over this list.
///
/// The operations are fused: each reads its inputs once and writes what the next one needs, because on a CPU the trips to memory
/// between small operations cost more than the arithmetic. The first eight make up the shape of llama and qwen3; the rest is what other
/// families do differently.
public sealed interface Op {
    /// y[n] = table[ids[n]]                                      ids `[N]`, table `[V,C]` → y `[N,C]`
    record Embedding(Value ids, Value table, Value y) implements Op {
    }

    /// Root-mean-square norm (Zhang and Sennrich, 2019).          x `[N,C]`, weight `[C]` → y `[N,C]`, keeps rstd `[N]`
    record RmsNorm(Value x, Value weight, float epsilon, Value y, Value rstd) implements Op {
    }

    /// y = x·wᵀ + residual                                       x `[N,C]`, w `[F,C]`, residual `[N,F]` or null → y `[N,F]`
    record Linear(Value x, Value w, Value residual, Value y) implements Op {
    }

    /// The same with a frozen w and what is trained beside it; see [AdaptedLinear].
    ///
    /// @param room where its own quantities are kept
    record Adapted(Linear linear, LowRank change, LowRank.Room room) implements Op {
    }

    /// Norm over each query and key head (Qwen3), then rotary positions (Su et al., 2021).
    /// qkv `[N,(H+2K)·D]`, weights `[D]` or null → y `[N,(H+K)·D]`, keeps rstd `[N,H+K]`
    record QkNormRope(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads, Value y, Value rstd) implements Op {
    }

    /// Causal grouped-query attention over sequences of `T` rows; FlashAttention-2 (Dao, 2023) says how.
    /// qk `[N,(H+K)·D]`, values in the last columns of qkv, starts `[N]` (the first position that each may see) or null, rule null for the plain
    /// one → y `[N,H·D]`, keeps the log-sum-exp `[N,H]`
    record Attention(Value qk, Value qkv, Value starts, int T, Heads heads, AttentionRule rule, Value y, Value lse) implements Op {
    }

    /// h = silu(gate)·up (Shazeer, 2020).                         gateUp `[N,2F]` → y `[N,F]`
    record SwiGlu(Value gateUp, Value y) implements Op {
    }

    /// Head, softmax and negative log-likelihood in one; its gradient is made on the way forward, chunk by chunk.
    /// x `[N,C]`, head `[V,C]`, targets `[N]`, weights of the rows in the gradient `[N]` or null → loss `[N]` in nats, unweighted
    record CrossEntropy(Value x, Value head, HeadRule rule, Value targets, Value weights, Value loss) implements Op {
    }

    /// y[n] = x[n] + table[ids[n] + offset], in the place of x.   learned positions
    record AddRows(Value x, Value table, Value ids, int offset, Value y) implements Op {
    }

    /// y = factor · x, in the place of x.
    record Scale(Value x, float factor, Value y) implements Op {
    }

    /// LayerNorm (Ba et al., 2016).                               x `[N,C]`, weight `[C]`, bias `[C]` or null → y `[N,C]`, keeps mean and rstd `[N]`
    record LayerNorm(Value x, Value weight, Value bias, float epsilon, Value y, Value mean, Value rstd) implements Op {
    }

    /// y[n] = x[n] + bias, in the place of x.
    record Bias(Value x, Value bias, Value y) implements Op {
    }

    /// y = residual + factor · h                                  all `[N,C]`
    record Add(Value residual, Value h, float factor, Value y) implements Op {
    }

    /// y = cap · tanh(x / cap), in the place of x.
    record Softcap(Value x, float cap, Value y) implements Op {
    }

    /// [QkNormRope] where only `ropeWidth` numbers of a head turn, or norms go over all heads together.
    record TurnHeads(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads, int ropeWidth, Value y, Value rstd) implements Op {
    }

    /// LayerNorm of each query and key head by weights of its own (Command R+).
    /// qkv `[N,(H+2K)·D]`, weights `[H,D]`, `[K,D]` → y like qkv, keeps mean and rstd `[N,H+K]`
    record HeadLayerNorm(Value qkv, Value qWeight, Value kWeight, Heads heads, Value y, Value mean, Value rstd) implements Op {
    }

    /// Queries times a factor of their position, in the place of qkv.
    record GrowQueries(Value qkv, Value positions, Heads heads, double beta, int each, Value y) implements Op {
    }

    /// h = bend(gate)·up                                          gateUp `[N,2F]` → y `[N,F]`
    record Gate(Value gateUp, Bend bend, Value y) implements Op {
    }

    /// y = bend(x)
    record Bent(Value x, Bend bend, Value y) implements Op {
    }

    /// y[n] = x[n] · σ(gate[n])                                   x `[N,C]`, gate `[N,1]` → y `[N,C]`
    record GateRows(Value x, Value gate, Value y) implements Op {
    }

    /// A mixture of experts: see [ExpertLayer].                   x `[N,C]`, logits `[N,E]` → y `[N,C]`
    record Expert(Value x, Value logits, ExpertChoice choice, Operations.Experts experts, ExpertLayer layer, Value y) implements Op {
    }

    /// RMSNorm of the first `rank` columns.                       latent `[N,rank+R]`, weight `[rank]` → y `[N,rank]`, keeps rstd `[N]`
    record LatentNorm(Value latent, Value weight, float epsilon, Value y, Value rstd) implements Op {
    }

    /// Queries, keys and values of latent attention (DeepSeek-V2), spelled out head by head with room up to `D`.
    /// q `[N,H·(P+R)]`, latent `[N,rank+R]`, kv `[N,H·(P+V)]` → qk `[N,2H·D]`, v `[N,H·D]`
    record LatentHeads(Value q, Value latent, Value kv, Value positions, LatentOperations.Latent shape, Value qk, Value v) implements Op {
    }

    /// The first columns of each head.                            x `[N,H·D]` → y `[N,H·V]`
    record CutHeads(Value x, int heads, Value y) implements Op {
    }
}
