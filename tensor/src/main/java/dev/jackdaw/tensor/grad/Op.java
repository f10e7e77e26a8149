package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.kernel.Heads;

/// Everything a model does, as data: what goes in, what comes out. [Forward] and [Backward] are the two switches over this list.
///
/// The operations are fused: each reads its inputs once and writes what the next one needs, because on a CPU the trips to memory
/// between small operations cost more than the arithmetic.
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

    /// Norm over each query and key head (Qwen3), then rotary positions (Su et al., 2021).
    /// qkv `[N,(H+2K)·D]`, weights `[D]` or null → y `[N,(H+K)·D]`, keeps rstd `[N,H+K]`
    record QkNormRope(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads, Value y, Value rstd) implements Op {
    }

    /// Causal grouped-query attention over sequences of `T` rows; FlashAttention-2 (Dao, 2023) says how.
    /// qk `[N,(H+K)·D]`, values inside qkv, starts `[N]` (the first position that each may see) or null → y `[N,H·D]`, keeps the log-sum-exp `[N,H]`
    record Attention(Value qk, Value qkv, Value starts, int T, Heads heads, Value y, Value lse) implements Op {
    }

    /// h = silu(gate)·up (Shazeer, 2020).                         gateUp `[N,2F]` → y `[N,F]`
    record SwiGlu(Value gateUp, Value y) implements Op {
    }

    /// Head, softmax and negative log-likelihood in one; its gradient is made on the way forward, chunk by chunk.
    /// x `[N,C]`, head `[V,C]`, targets `[N]`, weights of the rows in the gradient `[N]` or null → loss `[N]` in nats, unweighted
    record CrossEntropy(Value x, Value head, Value targets, Value weights, Value loss) implements Op {
    }
}
