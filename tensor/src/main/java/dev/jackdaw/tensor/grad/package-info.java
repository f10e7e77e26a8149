/// # Gradients
/// `Op` is the list of what a model can do, each operation with its formula; `Plan` is one training step written down: the operations
/// in order, with a place in one arena for every buffer; `Backward` is the one switch that runs the plan backwards.
/// [LowRank] is what is trained beside a frozen weight, `AdaptedLinear` its two ways.
package dev.jackdaw.tensor.grad;
