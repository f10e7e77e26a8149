/// # Block formats
/// Numbers stored in fewer bits: a block of some numbers shares one scale. [BlockFormat] is what all of them can do; one file a format,
/// named as in GGUF files, shows its block as a drawing and turns it into numbers and back. In the order of their ideas:
/// `Q8_0` and `Q4_0` (one scale), `Q4_1` (scale and minimum), `Q5_0`, `Q5_1` (a fifth bit apart), then blocks of 256 whose small groups
/// have scales of few bits themselves: `Q4_K`, `Q5_K` (with `SixBits`), `Q2_K`, `Q3_K`, `Q6_K`; uneven levels: `IQ4_NL`, `IQ4_XS`; a
/// floating-point number in four bits: `MXFP4`; ternary: `TQ1_0`, `TQ2_0`. `Fit` is the search for good scales, `Bits` the packing.
///
/// [PanelFormat] describes how packed weights of each format lie in memory for the kernels, [PanelPacking] brings them there.
///
/// Not here: the fast matrix products over these blocks, which are kernels; and plain 16-bit numbers, see `kernel/Convert`.
package dev.jackdaw.tensor.quant;
