package dev.jackdaw.tensor.kernel.asm;

/// The sixteen general registers, by their number in machine code.
public enum Reg {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15
}
