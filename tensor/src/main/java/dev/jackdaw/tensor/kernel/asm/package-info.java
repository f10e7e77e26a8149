/// # Machine code from Java
/// The Vector API has no int8 dot product, and what it has waits for the JIT. So the kernels that matter most are written as machine code,
/// by Java, when they are first needed. Read in this order: [Assembler] (instructions to bytes, with [Reg], [Vec], [Mem] and the table
/// [Op]), [ExecutableMemory] (from bytes to something that can be called), [Isa] and [MachineCode] (what this processor and this system
/// allow), then the kernels.
///
/// Not here: any meaning that the scalar references do not define, and any memory of its own; kernels get addresses.
package dev.jackdaw.tensor.kernel.asm;
