/// # The transformer
/// Turns token ids `[B,T]` into hidden states `[B,T,C]` and logits `[B,T,V]`. Read in this order: [ModelSpec] (what a model is: a tree of
/// [Norm], [Rope], [Attention], [FeedForward]), `Parameters` (which weights that means), [Weights] (their numbers by name), [Transformer]
/// (the computation, written once for training and for inference), [Forward] (carries it out for a batch of [Segment]s, each with a
/// [KvCache]; `Eager` has the operations).
///
/// A [KvCache] is made of pages from a [PagePool]; [PrefixTree] shares them among texts that begin alike, [CacheFile] saves them.
///
/// An [Adapter] changes weights for some texts; which, is said when a [KvCache] is made.
///
/// An [Observer] looks on while a text is read; [AttentionWeights] is one that works out how strongly every position looked at every other.
///
/// Weights come from a [WeightSource]: packed at once (`InferenceWeights`), or left in the file and unpacked tile by tile where memory is
/// too small (`MappedLinear`), with the same bits either way.
///
/// Not here: reading files (`format`), what a family calls things (`family`), choosing tokens (`generate`), gradients (`tensor.grad`).
package dev.jackdaw.model.arch;
