/// # From logits to text
/// [Sampling] says how a token is chosen, [Sampler] chooses it, [Generator] repeats that until it is told to stop.
package dev.jackdaw.model.generate;
