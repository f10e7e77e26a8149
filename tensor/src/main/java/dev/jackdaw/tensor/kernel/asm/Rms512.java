package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

/// RMSNorm of rows, AVX-512, with the bits of `NormSimd`: four sums, then one for what is left of the row; y = fma(x · r, w, 0).
final class Rms512 {
    private static final Reg ARGS = Reg.RDI, Y = Reg.RSI, X = Reg.RDX, ROWS = Reg.RCX, W = Reg.R8, LEFT = Reg.R9, NOW = Reg.R10, SPARE = Reg.RAX;
    private static final Vec V = zmm(4), WEIGHT = zmm(5), FACTOR = zmm(6), ONE = zmm(7), ZERO = zmm(8);

    private Rms512() {
    }

    static byte[] code() {
        var a = new Assembler();
        a.load(Y, at(ARGS, RowCode.Y));
        a.load(X, at(ARGS, RowCode.X));
        a.load(ROWS, at(ARGS, RowCode.ROWS));
        a.load(SPARE, at(ARGS, RowCode.TAIL));
        a.mask64(1, SPARE);
        a.move(SPARE, 1);
        a.mask64(2, SPARE);
        Squares512.one(a, ONE, ARGS, SPARE);
        a.op(Op.PXOR, ZERO, ZERO, ZERO);
        Assembler.Label row = a.here(), ones = new Assembler.Label(), tail = new Assembler.Label(), summed = new Assembler.Label();
        for (int i = 0; i < 4; i++) {
            a.op(Op.PXOR, zmm(i), zmm(i), zmm(i));
        }
        a.move(NOW, X);
        a.load(LEFT, at(ARGS, RowCode.WIDTH));
        Assembler.Label four = a.here();
        a.compare(LEFT, 64);
        a.jump(Assembler.If.LESS, ones);
        for (int i = 0; i < 4; i++) {
            a.op(Op.MOVUPS, V, at(NOW, 64 * i));
            a.op(Op.FMADD231PS, zmm(i), V, V);
        }
        a.add(NOW, 256);
        a.subtract(LEFT, 64);
        a.jump(four);
        a.bind(ones);
        a.compare(LEFT, 16);
        a.jump(Assembler.If.LESS, tail);
        a.op(Op.MOVUPS, V, at(NOW, 0));
        a.op(Op.FMADD231PS, zmm(0), V, V);
        a.add(NOW, 64);
        a.subtract(LEFT, 16);
        a.jump(ones);
        a.bind(tail);
        a.compare(LEFT, 0);
        a.jump(Assembler.If.EQUAL, summed);
        a.op(Op.PXOR, V, V, V);
        a.mask(1).op(Op.MOVUPS, V, at(NOW, 0));
        a.op(Op.FMADD231PS, zmm(0), V, V);
        a.bind(summed);
        a.op(Op.ADDPS, zmm(0), zmm(0), zmm(1));
        a.op(Op.ADDPS, zmm(2), zmm(2), zmm(3));
        a.op(Op.ADDPS, zmm(0), zmm(0), zmm(2));
        Squares512.sum(a, zmm(0), V);
        Squares512.factor(a, FACTOR, zmm(0), ONE, ARGS, SPARE, 2);
        a.load(W, at(ARGS, RowCode.WEIGHT));
        a.load(LEFT, at(ARGS, RowCode.WIDTH));
        Assembler.Label rest = new Assembler.Label(), done = new Assembler.Label(), next = a.here();
        a.compare(LEFT, 16);
        a.jump(Assembler.If.LESS, rest);
        scaled(a, 0);
        a.add(X, 64);
        a.add(Y, 64);
        a.add(W, at(ARGS, RowCode.WEIGHT_STEP));
        a.subtract(LEFT, 16);
        a.jump(next);
        a.bind(rest);
        a.compare(LEFT, 0);
        a.jump(Assembler.If.EQUAL, done);
        scaled(a, 1);
        a.shiftLeft(LEFT, 2);
        a.add(X, LEFT);
        a.add(Y, LEFT);
        a.bind(done);
        a.subtract(ROWS, 1);
        a.jump(Assembler.If.NOT_EQUAL, row);
        a.zeroUpper();
        a.ret();
        return a.code();
    }

    /// @param k 1: only the lanes of the tail
    private static void scaled(Assembler a, int k) {
        if (k != 0) {
            a.op(Op.PXOR, V, V, V);
            a.op(Op.PXOR, WEIGHT, WEIGHT, WEIGHT);
        }
        a.mask(k).op(Op.MOVUPS, V, at(X, 0));
        a.mask(k).op(Op.MOVUPS, WEIGHT, at(W, 0));
        a.op(Op.MULPS, V, V, FACTOR);
        a.op(Op.FMADD213PS, V, WEIGHT, ZERO);
        a.mask(k).op(Op.STOREUPS, at(Y, 0), V);
    }
}
