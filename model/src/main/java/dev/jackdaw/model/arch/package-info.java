/// # The transformer
/// Turns token ids `[B,T]` into hidden states `[B,T,C]` and logits `[B,T,V]`. Read in this order: [ModelSpec] (what a model is),
/// [Weights] (its numbers by name), [Transformer] (the computation, written once for training and for inference), `Engine` (carries it
/// out with a [KvCache]).
///
/// Not here: reading files (`format`), choosing tokens (`generate`), gradients (`tensor.grad`).
package dev.jackdaw.model.arch;
