/// # Numbers, and how they move
/// Everything a language model computes with: [Tensor] (typed, shaped numbers outside the Java heap), [DType], [Shape],
/// [Memory] (reading and writing them), [Workers] (the threads that share the work) and [Switches] (the few JVM properties we read).
/// For inference: [PackedWeight], [Activations], and [SystemMemory], which asks the system for memory and gives it back by [SystemCalls].
/// [Device] says what can be done with tensors, with [FamilyOperations], [LatentOperations] and [LowRankOperations] for what only some models or
/// trainings need. `Cpu` does it: it checks shapes and cuts the work; products with packed weights (`CpuPackedProducts`), the loss
/// (`CpuCrossEntropy`), attention over a cache (`CpuAttention`) and each group of operations have files of their own.
/// The operations live in `kernel`, one file an operation; gradients in `grad`; block formats in `quant`.
///
/// Legend for every shape in this project:
/// `B` batch · `T` new positions · `S` all positions in the cache · `N` rows, usually `B·T` · `C` model width · `H` query heads ·
/// `K` key/value heads · `D` head width · `F` feed-forward or output width · `V` vocabulary · `L` layers · `E` experts.
///
/// Deliberately absent: files, tokens, models. This module depends on nothing.
package dev.jackdaw.tensor;
