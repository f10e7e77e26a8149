package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.LatentOperations;
import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import dev.jackdaw.tensor.kernel.Heads;

/// What the forward pass of a model is written against, once. A [Recorder] writes the calls down for training; the engine that
/// generates text carries them out at once, with a cache of keys and values behind [#attention].
///
/// The first six make up the shape of llama and qwen3; the others are there for other families. An implementation that does not know one
/// refuses it by name.
public interface Operations {
    Value embedding(Value ids, Value table);

    Value rmsNorm(Value x, Value weight, float epsilon);

    /// `residual` may be null.
    Value linear(Value x, Value w, Value residual);

    /// `qWeight` and `kWeight` are null in models without a norm over heads.
    Value qkNormRope(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads);

    /// `layer` tells the engine which cache this is.
    Value attention(int layer, Value qk, Value qkv, Heads heads);

    Value swiglu(Value gateUp);

    /// `layers` layers are done and this is the residual stream `[N,C]`; nothing is computed. For those who look on.
    default void passed(int layers, Value stream) {
    }

    /// x[n,:] += table[ids[n] + offset,:], in place.
    default Value addRows(Value x, Value table, Value ids, int offset) {
        throw cannot("learned positions");
    }

    /// x · factor, in place.
    default Value scale(Value x, float factor) {
        throw cannot("scaled rows");
    }

    /// `bias` may be null.
    default Value layerNorm(Value x, Value weight, Value bias, float epsilon) {
        throw cannot("LayerNorm");
    }

    /// x[n,:] + bias, in place.
    default Value bias(Value x, Value bias) {
        throw cannot("biases");
    }

    /// residual + factor · y, in place of the first.
    default Value add(Value residual, Value y, float factor) {
        throw cannot("norms on outputs");
    }

    /// x = cap · tanh(x / cap), in place.
    default Value softcap(Value x, float cap) {
        throw cannot("capped logits");
    }

    /// [#qkNormRope] for heads that turn `ropeWidth` of their numbers, or with norms over the whole projection.
    default Value turnHeads(Value qkv, Value qWeight, Value kWeight, Value positions, Heads heads, int ropeWidth) {
        throw cannot("partly turned heads");
    }

    /// LayerNorm of each query and key head with weights of its own, in place.
    default Value headLayerNorm(Value qkv, Value qWeight, Value kWeight, Heads heads) {
        throw cannot("LayerNorm over heads");
    }

    /// Queries times 1 + beta · ln(1 + ⌊position / each⌋), in place.
    default Value growQueries(Value qkv, Value positions, Heads heads, double beta, int each) {
        throw cannot("queries that grow with their position");
    }

    /// [#attention] by another rule.
    default Value attention(int layer, Value qk, Value qkv, Heads heads, AttentionRule rule) {
        throw cannot("attention with a window, a cap, sinks or in both directions");
    }

    /// See [LatentOperations#attention].
    default Value latentAttention(int layer, Value q, Value latent, Value norm, Value project, Value positions, LatentOperations.Latent shape) {
        throw cannot("latent attention");
    }

    /// gateUp `[N,2F]` → `[N,F]`
    default Value gate(Value gateUp, Bend bend) {
        if (bend == Bend.SILU) {
            return swiglu(gateUp);
        }
        throw cannot("gates other than SiLU");
    }

    default Value bend(Value x, Bend bend) {
        throw cannot("feed-forwards without a gate");
    }

    /// Sends each row to the experts that its router logits choose, and adds up what they say, in the order of choice.
    default Value experts(Value x, Value routerLogits, ExpertChoice choice, Experts experts) {
        throw cannot("experts");
    }

    /// x[n,:] · σ(gate[n]), in place; gate `[N,1]`.
    default Value gateRows(Value x, Value gate) {
        throw cannot("gated shared experts");
    }

    /// The weights of the experts of one layer: of each expert gate and up `[2F,C]`, down `[C,F]`.
    ///
    /// @param correction  `[E]` or null
    /// @param gateUpBias  or null, as `downBias`
    /// @param bend        of the gate; not read where `limit` is above 0
    /// @param limit       of a clamped gate; 0: not clamped
    record Experts(Value correction, Value[] gateUp, Value[] gateUpBias, Value[] down, Value[] downBias, Bend bend, float limit) {
    }

    private static UnsupportedOperationException cannot(String what) {
        return new UnsupportedOperationException(what + " are not possible here");
    }
}
