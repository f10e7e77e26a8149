package dev.jackdaw.tensor;

import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.CachedText;
import dev.jackdaw.tensor.kernel.Heads;
import java.util.function.IntConsumer;

/// Operations of inference that only some model families need. Right first: most are plain loops in double precision.
/// Tensors are row-major; the bits of a row depend on that row alone.
public interface FamilyOperations {
    /// Runs parts 0 to `parts − 1`, which must write to different places, on the threads of the device.
    void forEach(int parts, IntConsumer part);

    /// y = (x − mean) · weight / √(variance + ε) + bias; bias `[C]` may be null, y may be x.
    void layerNorm(Tensor y, Tensor x, Tensor weight, Tensor bias, float epsilon);

    /// y[n,column+f] += x[n,f]                        x `[N,F]`, y at least `[N,column+F]`
    void addColumns(Tensor y, Tensor x, long column);

    /// y[n,column+f] += growth[f] · y[n,column+f]     growth `[F]`
    void growColumns(Tensor y, Tensor growth, long column);

    /// x[n,:] += bias
    void addBias(Tensor x, Tensor bias);

    /// x[n,:] += table[ids[n] + offset,:]         table `[P,C]` in plain F32
    void addRows(Tensor x, Tensor table, Tensor ids, int offset);

    /// x = cap · tanh(x / cap)
    void softcap(Tensor x, float cap);

    /// y = bend(x); y may be x.
    void bend(Tensor y, Tensor x, Bend bend);

    /// h = bend(gate) · up                          gateUp `[N,2F]` → h `[N,F]`
    void gate(Tensor h, Tensor gateUp, Bend bend);

    /// h = g · σ(1.702 · g) · (u + 1), g = min(gate, limit), u within ±limit (gpt-oss).     gateUp `[N,2F]` → h `[N,F]`
    void clampedGate(Tensor h, Tensor gateUp, float limit);

    /// y[n,:] = Σ_k factors[n][k] · rows[n·K + k,:], in the order of k.        rows `[N·K,C]` → y `[N,C]`
    void weighRows(Tensor y, Tensor rows, float[][] factors);

    /// x[n,:] = x[n,:] · σ(gate[n])
    void gateRows(Tensor x, Tensor gate);

    /// As [Device#qkNormRope], for heads that turn only their first `ropeWidth` numbers, or whose norms `[H·D]`, `[K·D]` go over the
    /// whole projection.
    void turnHeads(Tensor y, Tensor qkv, Tensor qWeight, Tensor kWeight, Tensor positions, Heads heads, int ropeWidth);

    /// LayerNorm without bias of each query and key head in `qkv`, in place; every head has weights of its own: `[H,D]`, `[K,D]`.
    void headLayerNorm(Tensor qkv, Tensor qWeight, Tensor kWeight, Heads heads);

    /// The queries in `qkv` times 1 + beta · ln(1 + ⌊position / each⌋), in place.
    void growQueries(Tensor qkv, Tensor positions, Heads heads, double beta, int each);

    /// Latent attention (DeepSeek-V2, arXiv:2405.04434 section 2.1): all heads share one key, the latent and a rotary part, since each
    /// head's own key and value projections are folded into its query and output.
    ///
    /// @param y       `[N,H·V]`
    /// @param q       `[N,H·(P+R)]`, the last R of each head turned in place
    /// @param latent  `[N,rank+R]`, the rank normalised in place, the last R turned in place
    /// @param norm    `[rank]`
    /// @param project `[H·(P+V),rank]`, for each head its key rows, then its value rows
    void latentAttention(Tensor y, Tensor q, Tensor latent, Tensor norm, Tensor project, Tensor positions, CachedText[] texts, int layer, Latent shape);

    /// @param plain      `P`, numbers of a query that meet the latent
    /// @param turned     `R`, numbers that carry the position
    /// @param value      `V`, numbers a head gives
    /// @param cosSin     `[positions,R]`
    /// @param neighbours pairs are neighbours rather than halves
    record Latent(int heads, int rank, int plain, int turned, int value, Tensor cosSin, boolean neighbours, float scale, float epsilon) {
    }
}
