package dev.jackdaw.tensor.kernel.asm;

/// Entry and exit of a kernel, after the System V calling convention: the one argument is in RDI; RBX, RBP and R12 to R15 are the caller's.
///
/// Also the loop over columns that all products of many rows share: STEP of them at a time, from GROUP on.
final class Frame {
    private static final Reg[] SAVED = {Reg.RBX, Reg.RBP, Reg.R12, Reg.R13, Reg.R14, Reg.R15};

    private Frame() {
    }

    static void enter(Assembler a) {
        for (Reg reg : SAVED) {
            a.push(reg);
        }
    }

    /// R12 and STEP: what is left from GROUP to the limit, at most `most`.
    static void rest(Assembler a, Reg args, int limit, int most) {
        var whole = new Assembler.Label();
        a.load(Reg.R12, Mem.at(args, limit));
        a.load(Reg.RAX, Mem.at(args, Arguments.GROUP));
        a.subtract(Reg.R12, Reg.RAX);
        a.compare(Reg.R12, most);
        a.jump(Assembler.If.LESS_OR_EQUAL, whole);
        a.move(Reg.R12, most);
        a.bind(whole);
        a.store(Mem.at(args, Arguments.STEP), Reg.R12);
    }

    /// GROUP grows by `step`; back to `again` while it is below the limit.
    static void next(Assembler a, Reg args, int limit, int step, Assembler.Label again) {
        a.load(Reg.RAX, Mem.at(args, Arguments.GROUP));
        a.add(Reg.RAX, step);
        a.store(Mem.at(args, Arguments.GROUP), Reg.RAX);
        a.load(Reg.R12, Mem.at(args, limit));
        a.compare(Reg.RAX, Reg.R12);
        a.jump(Assembler.If.LESS, again);
    }

    static void leave(Assembler a) {
        a.zeroUpper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
    }
}
