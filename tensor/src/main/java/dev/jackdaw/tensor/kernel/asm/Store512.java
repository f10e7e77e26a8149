package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

/// Stores rows of numbers at any distance from each other, as a page of a cache wants its keys: as F32, or as F16 with the bits of
/// `CacheType.put` (the nearest that is finite). `Y_STEP` goes from number to number, `Y_ROW_BYTES` from row to row.
final class Store512 {
    private static final Reg ARGS = Reg.RDI, Y = Reg.RSI, X = Reg.RDX, ROWS = Reg.RCX, TO = Reg.R8, FROM = Reg.R9, LEFT = Reg.R10, STEP = Reg.R11, SPARE = Reg.RAX;
    private static final Vec V = zmm(0), LARGEST = zmm(1), SMALLEST = zmm(2);

    private Store512() {
    }

    static byte[] code(boolean halves) {
        var a = new Assembler();
        a.load(Y, at(ARGS, RowCode.Y));
        a.load(X, at(ARGS, RowCode.X));
        a.load(ROWS, at(ARGS, RowCode.ROWS));
        a.load(STEP, at(ARGS, RowCode.Y_STEP));
        if (halves) {
            a.load(SPARE, at(ARGS, RowCode.TAIL));
            a.mask64(1, SPARE);
            a.move(SPARE, Float.floatToRawIntBits(65504));
            a.broadcast(LARGEST, SPARE);
            a.move(SPARE, Float.floatToRawIntBits(-65504));
            a.broadcast(SMALLEST, SPARE);
        }
        Assembler.Label row = a.here();
        a.move(FROM, X);
        a.move(TO, Y);
        a.load(LEFT, at(ARGS, RowCode.WIDTH));
        if (halves) {
            halves(a);
        } else {
            Assembler.Label next = a.here();
            a.load32(SPARE, at(FROM, 0));
            a.store32(at(TO, 0), SPARE);
            a.add(FROM, 4);
            a.add(TO, STEP);
            a.subtract(LEFT, 1);
            a.jump(Assembler.If.NOT_EQUAL, next);
        }
        a.add(X, at(ARGS, RowCode.X_ROW_BYTES));
        a.add(Y, at(ARGS, RowCode.Y_ROW_BYTES));
        a.subtract(ROWS, 1);
        a.jump(Assembler.If.NOT_EQUAL, row);
        a.zeroUpper();
        a.ret();
        return a.code();
    }

    private static void halves(Assembler a) {
        Assembler.Label tail = new Assembler.Label(), done = new Assembler.Label(), next = a.here();
        a.compare(LEFT, 16);
        a.jump(Assembler.If.LESS, tail);
        vector(a, 0);
        for (int i = 0; i < 16; i++) {
            a.load32(SPARE, at(ARGS, RowCode.OWN + 2 * i));
            a.store16(at(TO, 0), SPARE);
            a.add(TO, STEP);
        }
        a.add(FROM, 64);
        a.subtract(LEFT, 16);
        a.jump(next);
        a.bind(tail);
        a.compare(LEFT, 0);
        a.jump(Assembler.If.EQUAL, done);
        vector(a, 1);
        a.address(FROM, at(ARGS, RowCode.OWN));
        Assembler.Label one = a.here();
        a.load32(SPARE, at(FROM, 0));
        a.store16(at(TO, 0), SPARE);
        a.add(FROM, 2);
        a.add(TO, STEP);
        a.subtract(LEFT, 1);
        a.jump(Assembler.If.NOT_EQUAL, one);
        a.bind(done);
    }

    /// @param k 1: only the lanes of the tail
    private static void vector(Assembler a, int k) {
        if (k != 0) {
            a.op(Op.PXOR, V, V, V);
        }
        a.mask(k).op(Op.MOVUPS, V, at(FROM, 0));
        a.op(Op.MINPS, V, LARGEST, V);                               // of a NaN and a number the second: NaN stays
        a.op(Op.MAXPS, V, SMALLEST, V);
        a.op(Op.STORECVTPS2PH, at(ARGS, RowCode.OWN), V, 0);         // to the nearest, ties to even
    }
}
