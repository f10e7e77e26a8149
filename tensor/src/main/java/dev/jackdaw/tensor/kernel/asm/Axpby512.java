package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

/// y + x, and a · x + b · y with one rounding of the sum, number by number, AVX-512.
final class Axpby512 {
    private static final Reg ARGS = Reg.RDI, Y = Reg.RSI, X = Reg.RDX, LEFT = Reg.RCX, SPARE = Reg.RAX;
    private static final Vec V = zmm(0), OLD = zmm(1), A = zmm(2), B = zmm(3);

    private Axpby512() {
    }

    private enum Kind { ADD, SCALED, BOTH }

    static byte[] add() {
        var a = new Assembler();
        start(a);
        loop(a, Kind.ADD);
        return a.code();
    }

    static byte[] axpby() {
        var a = new Assembler();
        start(a);
        a.op(Op.PBROADCASTD, A, at(ARGS, RowCode.A));
        a.op(Op.PBROADCASTD, B, at(ARGS, RowCode.B));
        a.load32(SPARE, at(ARGS, RowCode.B));
        a.shiftLeft(SPARE, 33);                                      // without the sign: −0 is 0 too
        a.compare(SPARE, 0);
        var scaled = new Assembler.Label();
        a.jump(Assembler.If.EQUAL, scaled);
        loop(a, Kind.BOTH);
        a.bind(scaled);
        loop(a, Kind.SCALED);
        return a.code();
    }

    private static void start(Assembler a) {
        a.load(Y, at(ARGS, RowCode.Y));
        a.load(X, at(ARGS, RowCode.X));
        a.load(LEFT, at(ARGS, RowCode.WIDTH));
        a.load(SPARE, at(ARGS, RowCode.TAIL));
        a.mask64(1, SPARE);
    }

    private static void loop(Assembler a, Kind kind) {
        Assembler.Label tail = new Assembler.Label(), done = new Assembler.Label(), next = a.here();
        a.compare(LEFT, 16);
        a.jump(Assembler.If.LESS, tail);
        vector(a, kind, 0);
        a.add(X, 64);
        a.add(Y, 64);
        a.subtract(LEFT, 16);
        a.jump(next);
        a.bind(tail);
        a.compare(LEFT, 0);
        a.jump(Assembler.If.EQUAL, done);
        vector(a, kind, 1);
        a.bind(done);
        a.zeroUpper();
        a.ret();
    }

    /// @param k 1: only the lanes of the tail
    private static void vector(Assembler a, Kind kind, int k) {
        if (k != 0) {
            a.op(Op.PXOR, V, V, V);
            a.op(Op.PXOR, OLD, OLD, OLD);
        }
        a.mask(k).op(Op.MOVUPS, V, at(X, 0));
        if (kind != Kind.SCALED) {
            a.mask(k).op(Op.MOVUPS, OLD, at(Y, 0));
        }
        switch (kind) {
            case ADD -> a.op(Op.ADDPS, V, OLD, V);
            case SCALED -> a.op(Op.MULPS, V, V, A);
            case BOTH -> {
                a.op(Op.MULPS, V, V, A);
                a.op(Op.FMADD231PS, V, OLD, B);
            }
        }
        a.mask(k).op(Op.STOREUPS, at(Y, 0), V);
    }
}
