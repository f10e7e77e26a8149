/// # Block formats
/// Numbers stored in fewer bits: a block of some numbers shares one scale. One file a format, named as in GGUF files; each shows its block
/// as a drawing, then encodes, decodes, and multiplies a row slowly and surely. Here: [Q8_0].
///
/// Not here: the fast matrix products over these blocks, which are kernels; and plain 16-bit numbers, see `kernel/Convert`.
package dev.jackdaw.tensor.quant;
