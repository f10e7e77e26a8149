package dev.jackdaw.tensor;

import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.CachedText;
import dev.jackdaw.tensor.kernel.HeadRule;
import dev.jackdaw.tensor.kernel.Heads;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.LongFunction;

/// A place where the operations of a language model are carried out. Nothing above this interface knows how.
///
/// All tensors are row-major; `N` is the number of rows of `x`, and a weight `w [F,C]` holds one output feature in each row.
/// Every method compares shapes first and says both when they disagree. Gradients named `d…` of activations are *set* unless the text
/// says *added*; gradients of weights are added, or set where `accumulate` is false.
public interface Device extends AutoCloseable {
    /// The CPU of this machine with `threads` worker threads, and x as it is in all products.
    static Device cpu(int threads) {
        return cpu(threads, Activations.F32);
    }

    static Device cpu(int threads, Activations activations) {
        return new Cpu(threads, activations);
    }

    /// One line that names the device and how it computes.
    String description();

    int threads();

    /// y[n,:] = table[ids[n],:]                 table `[V,C]`, ids `[N]` I32 → y `[N,C]`
    void embedding(Tensor y, Tensor table, Tensor ids);

    /// dTable[ids[n],:] is added dy[n,:].
    void embeddingBackward(Tensor dTable, Tensor dy, Tensor ids);

    /// y[n,c] = x[n,c] · rstd[n] · weight[c], rstd[n] = 1/√(mean_c x² + ε). `rstd` `[N]` may be null.
    void rmsNorm(Tensor y, Tensor rstd, Tensor x, Tensor weight, float epsilon);

    /// dx is *added* to, since x is the residual stream that others read as well. `dWeight` null: the weight is frozen.
    void rmsNormBackward(Tensor dx, Tensor dWeight, Tensor x, Tensor weight, Tensor rstd, Tensor dy);

    /// y = x·wᵀ (+ residual)                    x `[N,C]`, w `[F,C]`, residual `[N,F]` or null → y `[N,F]`
    void linear(Tensor y, Tensor x, Tensor w, Tensor residual);

    /// dx = dy·w, dw = dyᵀ·x; `dw` null: the weight is frozen.
    default void linearBackward(Tensor dx, Tensor dw, Tensor x, Tensor w, Tensor dy, boolean accumulate) {
        linearBackward(dx, false, dw, x, w, dy, accumulate);
    }

    /// The same, where dx may be *added* to.
    void linearBackward(Tensor dx, boolean addToDx, Tensor dw, Tensor x, Tensor w, Tensor dy, boolean accumulate);

    /// c = a·b, with either operand transposed on request; for optimizers.
    void matmul(Tensor c, Tensor a, boolean transposeA, Tensor b, boolean transposeB);

    /// Query and key heads of qkv `[N,(H+2K)·D]`, normalised (if weights are given) and rotated to their positions → y `[N,(H+K)·D]`.
    /// `rstd` `[N,H+K]`, `positions` `[N]` I32, weights `[D]` or null.
    void qkNormRope(Tensor y, Tensor rstd, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor positions, Heads heads);

    /// Sets the query and key columns of dQkv. `dqWeight` and `dkWeight` are null where there are no weights, or frozen ones.
    void qkNormRopeBackward(Tensor dQkv, Tensor dqWeight, Tensor dkWeight, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor rstd,
                            Tensor dy, Tensor positions, Heads heads);

    /// Causal attention over sequences of `T` rows. qk `[B·T,(H+K)·D]`, values in the last columns of qkv → y `[B·T,H·D]`; lse `[B,H,T]`.
    /// `starts` I32 `[B·T]`: for each position the first of its sequence that it may see, see `kernel/Attention`; null: all before it.
    /// `rule`: what is seen and how scores become weights, null for the plain one. Nothing is seen in both directions here.
    void attention(Tensor y, Tensor lse, Tensor qk, Tensor qkv, Tensor starts, int T, Heads heads, AttentionRule rule);

    /// Sets dQk, and the value columns of dQkv.
    void attentionBackward(Tensor dQk, Tensor dQkv, Tensor dy, Tensor y, Tensor lse, Tensor qk, Tensor qkv, Tensor starts, int T, Heads heads, AttentionRule rule);

    /// h = silu(gate)·up                        gateUp `[N,2F]` → h `[N,F]`
    void swiglu(Tensor h, Tensor gateUp);

    void swigluBackward(Tensor dGateUp, Tensor gateUp, Tensor dh);

    /// Fused head and loss, in chunks of rows so that the logits `[N,V]` never exist as a whole:
    /// loss[n] = logsumexp(x[n]·headᵀ) − logit[target[n]], in nats; 0 where the target is negative.
    /// With `dx` given, also dx and, unless it is null, dHead, of `scale`·Σ weight·loss; weights `[N]`, or null for ones.
    default void crossEntropy(Tensor loss, Tensor x, Tensor head, Tensor targets, Tensor weights, Tensor dx, Tensor dHead, float scale, boolean accumulate) {
        crossEntropy(loss, x, head, HeadRule.PLAIN, targets, weights, dx, dHead, scale, accumulate);
    }

    /// The same for scaled or capped logits.
    void crossEntropy(Tensor loss, Tensor x, Tensor head, HeadRule rule, Tensor targets, Tensor weights, Tensor dx, Tensor dHead, float scale, boolean accumulate);

    /// The same with a packed head, which is frozen.
    default void packedCrossEntropy(Tensor loss, Tensor x, PackedWeight head, Tensor targets, Tensor weights, Tensor dx, float scale) {
        packedCrossEntropy(loss, x, head, HeadRule.PLAIN, targets, weights, dx, scale);
    }

    void packedCrossEntropy(Tensor loss, Tensor x, PackedWeight head, HeadRule rule, Tensor targets, Tensor weights, Tensor dx, float scale);

    /// How [#packedLinear] treats x.
    Activations activations();

    /// Packs a weight, or several stacked row under row, for [#packedLinear]; the sources are not needed afterwards.
    ///
    /// @param memory gives as many bytes as it is asked for, on a cache line; see [SystemMemory]
    PackedWeight pack(LongFunction<MemorySegment> memory, List<PackedWeight.Source> sources);

    /// y = x·wᵀ. The bits of a row of y depend on that row of x alone.     x `[N,C]` → y `[N,F]`
    void packedLinear(Tensor y, Tensor x, PackedWeight w);

    /// dx = dy·w for a frozen w.
    default void packedLinearBackward(Tensor dx, PackedWeight w, Tensor dy) {
        packedLinearBackward(dx, false, w, dy);
    }

    /// The same, where dx may be *added* to.
    void packedLinearBackward(Tensor dx, boolean addToDx, PackedWeight w, Tensor dy);

    /// y[n,:] = w[ids[n],:]
    void packedEmbedding(Tensor y, PackedWeight w, Tensor ids);

    /// Stores the keys and values of the new positions of some texts, whose rows follow one another, in their caches, and lets each new
    /// query look at its own text by a rule (null: everything up to itself, scaled by 1/√D); see `kernel/CachedAttention`.
    /// qk `[N,(H+K)·D]`, values in the last columns of qkv → y `[N,H·D]`
    void cachedAttention(Tensor y, Tensor qk, Tensor qkv, CachedText[] texts, int layer, Heads heads, AttentionRule rule);

    /// One step of decoupled weight decay and Adam; see `kernel/AdamW`.
    void adamW(Tensor p, Tensor g, Tensor m, Tensor v, AdamStep step);

    /// Settings of one [#adamW] step; `step` counts from 1.
    record AdamStep(float learningRate, float beta1, float beta2, float epsilon, float weightDecay, float gradientScale, long step) {
    }

    /// Nesterov momentum: buffer = momentum·buffer + scale·g, update = scale·g + momentum·buffer.
    void momentum(Tensor update, Tensor g, Tensor buffer, float momentum, float scale);

    /// p = p·(1 − learningRate·weightDecay) − learningRate·scale·update
    void applyUpdate(Tensor p, Tensor update, float learningRate, float scale, float weightDecay);

    /// y = a·x + b·y
    void axpby(Tensor y, float a, Tensor x, float b);

    /// Σ x², summed in a fixed order.
    double sumOfSquares(Tensor x);

    /// What low-rank adapters need while they are trained.
    LowRankOperations lowRank();

    /// What only some model families need.
    FamilyOperations families();

    /// Attention through latents, and its gradients.
    LatentOperations latent();

    /// Bytes this device holds for itself now: packing buffers and scratch.
    long scratchBytes();

    @Override
    void close();
}
