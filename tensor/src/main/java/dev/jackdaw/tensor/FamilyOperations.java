package dev.jackdaw.tensor;

import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.Heads;
import java.util.function.IntConsumer;

/// Operations that only some model families need, and their gradients. Right first: most are plain loops in double precision.
/// Tensors are row-major; the bits of a row depend on that row alone.
///
/// As in [Device], gradients of activations are *set* unless the text says *added*; gradients of weights are added, and null where a weight
/// is frozen.
public interface FamilyOperations {
    /// Runs parts 0 to `parts − 1`, which must write to different places, on the threads of the device.
    void forEach(int parts, IntConsumer part);

    /// y = (x − mean) · weight / √(variance + ε) + bias; bias `[C]` may be null, y may be x.
    default void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float epsilon) {
        layerNorm(y, null, null, x, weight, bias, epsilon);
    }

    /// The same, which keeps mean `[N]` and rstd `[N]` for the gradient; both may be null.
    void layerNorm(Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor weight, Tensor bias, float epsilon);

    /// dx is *added* to.
    void layerNormBackward(Tensor dx, Tensor dWeight, Tensor dBias, Tensor x, Tensor weight, Tensor mean, Tensor rstd, Tensor dy);

    /// y[n,toColumn+c] = x[n,fromColumn+c], c < columns
    void copyColumns(Tensor y, long toColumn, Tensor x, long fromColumn, long columns);

    /// y[n,column+f] += x[n,f]                        x `[N,F]`, y at least `[N,column+F]`
    void addColumns(Tensor y, Tensor x, long column);

    /// y[n,column+f] += growth[f] · y[n,column+f]     growth `[F]`
    void growColumns(Tensor y, Tensor growth, long column);

    /// x[n,:] += bias
    default void addBias(Tensor x, Tensor bias) {
        addBias(x, 0, bias);
    }

    /// x[n,column+f] += bias[f]
    void addBias(Tensor x, long column, Tensor bias);

    /// dBias[f] is added Σ_n dy[n,column+f].
    void addBiasBackward(Tensor dBias, Tensor dy, long column);

    /// x[n,:] += table[ids[n] + offset,:]         table `[P,C]` in plain F32
    void addRows(Tensor x, Tensor table, Tensor ids, int offset);

    /// x = cap · tanh(x / cap)
    void softcap(Tensor x, float cap);

    /// From the capped y; dx may be dy.
    void softcapBackward(Tensor dx, Tensor y, Tensor dy, float cap);

    /// y = bend(x); y may be x.
    void bend(Tensor y, Tensor x, Bend bend);

    /// dx may be dy.
    void bendBackward(Tensor dx, Tensor x, Tensor dy, Bend bend);

    /// h = bend(gate) · up                          gateUp `[N,2F]` → h `[N,F]`
    void gate(Tensor h, Tensor gateUp, Bend bend);

    void gateBackward(Tensor dGateUp, Tensor gateUp, Tensor dh, Bend bend);

    /// h = g · σ(1.702 · g) · (u + 1), g = min(gate, limit), u within ±limit (gpt-oss).     gateUp `[N,2F]` → h `[N,F]`
    void clampedGate(Tensor h, Tensor gateUp, float limit);

    void clampedGateBackward(Tensor dGateUp, Tensor gateUp, Tensor dh, float limit);

    /// y[n,:] = Σ_k factors[n][k] · rows[n·K + k,:], in the order of k.        rows `[N·K,C]` → y `[N,C]`
    void weighRows(Tensor y, Tensor rows, float[][] factors);

    /// x[n,:] = x[n,:] · σ(gate[n])
    void gateRows(Tensor x, Tensor gate);

    /// `x` as it was before. dx may be dy.
    void gateRowsBackward(Tensor dx, Tensor dGate, Tensor x, Tensor gate, Tensor dy);

    /// As [Device#qkNormRope], for heads that turn only their first `ropeWidth` numbers, or whose norms `[H·D]`, `[K·D]` go over the
    /// whole projection.
    default void turnHeads(Tensor y, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor positions, Heads heads, int ropeWidth) {
        turnHeads(y, null, qkv, qWeight, kWeight, positions, heads, ropeWidth);
    }

    /// The same, which keeps rstd `[N,H+K]`; of norms over the whole projection the first of the queries' numbers and the first of the keys'.
    void turnHeads(Tensor y, Tensor rstd, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor positions, Heads heads, int ropeWidth);

    /// Sets the query and key columns of dQkv. dy is overwritten.
    void turnHeadsBackward(Tensor dQkv, Tensor dqWeight, Tensor dkWeight, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor rstd, Tensor dy, Tensor positions,
                           Heads heads, int ropeWidth);

    /// LayerNorm without bias of each query and key head in `qkv`, in place; every head has weights of its own: `[H,D]`, `[K,D]`.
    default void headLayerNorm(Tensor qkv, Tensor qWeight, Tensor kWeight, Heads heads) {
        headLayerNorm(qkv, null, null, qkv, qWeight, kWeight, heads);
    }

    /// The same from qkv to y, whose value columns are set too unless they are one; keeps mean and rstd `[N,H+K]`.
    void headLayerNorm(Tensor y, Tensor mean, Tensor rstd, Tensor qkv, Tensor qWeight, Tensor kWeight, Heads heads);

    /// Sets all columns of dQkv.
    void headLayerNormBackward(Tensor dQkv, Tensor dqWeight, Tensor dkWeight, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor mean, Tensor rstd, Tensor dy,
                               Heads heads);

    /// The queries in `qkv` times 1 + beta · ln(1 + ⌊position / each⌋), in place. So is its gradient.
    void growQueries(Tensor qkv, Tensor positions, Heads heads, double beta, int each);
}
