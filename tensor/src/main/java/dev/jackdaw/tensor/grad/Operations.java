package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.kernel.Heads;

/// What the forward pass of a model is written against, once. A [Recorder] writes the calls down for training; the engine that
/// generates text carries them out at once, with a cache of keys and values behind [#attention].
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
}
