package dev.jackdaw.tensor.kernel.asm;

/// Entry and exit of a kernel, after the System V calling convention: the one argument is in RDI; RBX, RBP and R12 to R15 are the caller's.
final class Frame {
    private static final Reg[] SAVED = {Reg.RBX, Reg.RBP, Reg.R12, Reg.R13, Reg.R14, Reg.R15};

    private Frame() {
    }

    static void enter(Assembler a) {
        for (Reg reg : SAVED) {
            a.push(reg);
        }
    }

    static void leave(Assembler a) {
        a.zeroUpper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
    }
}
