package dev.jackdaw.tensor.kernel.asm;

/// What the last source of a vector instruction may be: a vector register or a place in memory.
public sealed interface Operand permits Vec, Mem {
}
