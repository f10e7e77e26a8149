package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

/// The norm of each head, if there is one, and its rotation by its position, AVX-512, with the bits of `QkNormRopeSimd`. `WIDTH` is D.
final class Rope512 {
    private static final Reg ARGS = Reg.RDI, X = Reg.RSI, Y = Reg.RDX, ROWS = Reg.RCX, HEADS = Reg.R8, LEFT = Reg.R9, COS = Reg.R10, SIN = Reg.R11, SPARE = Reg.RAX,
            HALF = Reg.RBX, W = Reg.RBP, W2 = Reg.R12, NOW = Reg.R13, OUT = Reg.R14, T = Reg.R15;
    private static final Reg[] KEPT = {Reg.RBX, Reg.RBP, Reg.R12, Reg.R13, Reg.R14, Reg.R15};
    private static final Vec SUM = zmm(0), ONE = zmm(1), FACTOR = zmm(2), MINUS = zmm(3), A = zmm(4), B = zmm(5), C = zmm(6), S = zmm(7), P = zmm(8), Q = zmm(9),
            WEIGHT = zmm(10), SPARE_VECTOR = zmm(11);
    /// Masks: the tail of D, the lowest lane, the tail of what one vector of results or of pairs holds, the even lanes.
    private static final int TAIL_OF_HEAD = 1, LOWEST = 2, TAIL_OF_HALF = 3, PAIRS = 4, EVEN = 5;

    private Rope512() {
    }

    static byte[] code(boolean normed, boolean interleaved) {
        var a = new Assembler();
        for (Reg reg : KEPT) {
            a.push(reg);
        }
        masks(a);
        a.load(ROWS, at(ARGS, RowCode.ROWS));
        a.load(HALF, at(ARGS, RowCode.WIDTH));
        a.shiftLeft(HALF, 1);                                        // bytes of half a head
        Assembler.Label row = a.here(), flat = new Assembler.Label();
        a.load(COS, at(ARGS, RowCode.TABLE));
        a.load(SPARE, at(ARGS, RowCode.TABLE_ROW_BYTES));
        a.compare(SPARE, 0);
        a.jump(Assembler.If.EQUAL, flat);
        a.load(NOW, at(ARGS, RowCode.POSITIONS));
        a.load32(LEFT, at(NOW, 0));
        a.add(NOW, 4);
        a.store(at(ARGS, RowCode.POSITIONS), NOW);
        a.multiply(SPARE, LEFT);
        a.add(COS, SPARE);
        a.bind(flat);
        a.move(SIN, COS);
        a.add(SIN, at(ARGS, RowCode.SINES));
        a.load(X, at(ARGS, RowCode.X));
        a.load(Y, at(ARGS, RowCode.Y));
        a.load(HEADS, at(ARGS, RowCode.HEADS));
        Assembler.Label head = a.here();
        if (normed) {
            factor(a);
            a.load(W, at(ARGS, RowCode.WEIGHT));
            a.move(W2, W);
            a.add(W2, HALF);
        }
        a.move(NOW, X);
        a.move(OUT, Y);
        a.move(T, 0);
        if (interleaved) {
            neighbours(a, normed);
        } else {
            halves(a, normed);
        }
        for (int i = 0; i < 2; i++) {
            a.add(X, HALF);
            a.add(Y, HALF);
        }
        a.subtract(HEADS, 1);
        a.jump(Assembler.If.NOT_EQUAL, head);
        advance(a, RowCode.X, RowCode.X_ROW_BYTES);
        advance(a, RowCode.Y, RowCode.Y_ROW_BYTES);
        a.subtract(ROWS, 1);
        a.jump(Assembler.If.NOT_EQUAL, row);
        for (int i = KEPT.length - 1; i >= 0; i--) {
            a.pop(KEPT[i]);
        }
        a.zeroUpper();
        a.ret();
        return a.code();
    }

    private static void advance(Assembler a, int place, int bytes) {
        a.load(SPARE, at(ARGS, place));
        a.add(SPARE, at(ARGS, bytes));
        a.store(at(ARGS, place), SPARE);
    }

    private static void masks(Assembler a) {
        a.load(SPARE, at(ARGS, RowCode.TAIL));
        a.mask64(TAIL_OF_HEAD, SPARE);
        a.move(SPARE, 1);
        a.mask64(LOWEST, SPARE);
        a.move(SPARE, 0x5555);
        a.mask64(EVEN, SPARE);
        a.load(SPARE, at(ARGS, RowCode.HALF_TAIL));
        a.mask64(TAIL_OF_HALF, SPARE);
        a.load(SPARE, at(ARGS, RowCode.PAIRS));
        a.mask64(PAIRS, SPARE);
        Squares512.one(a, ONE, ARGS, SPARE);
        a.move(SPARE, 0x8000_0000);
        a.broadcast(SPARE_VECTOR, SPARE);
        a.op(Op.PXOR, MINUS, MINUS, MINUS);
        a.mask(EVEN).op(Op.MOVUPS, MINUS, SPARE_VECTOR);
    }

    private static void factor(Assembler a) {
        a.op(Op.PXOR, SUM, SUM, SUM);
        a.move(NOW, X);
        a.load(LEFT, at(ARGS, RowCode.WIDTH));
        Assembler.Label tail = new Assembler.Label(), summed = new Assembler.Label(), next = a.here();
        a.compare(LEFT, 16);
        a.jump(Assembler.If.LESS, tail);
        a.op(Op.MOVUPS, A, at(NOW, 0));
        a.op(Op.FMADD231PS, SUM, A, A);
        a.add(NOW, 64);
        a.subtract(LEFT, 16);
        a.jump(next);
        a.bind(tail);
        a.compare(LEFT, 0);
        a.jump(Assembler.If.EQUAL, summed);
        a.op(Op.PXOR, A, A, A);
        a.mask(TAIL_OF_HEAD).op(Op.MOVUPS, A, at(NOW, 0));
        a.op(Op.FMADD231PS, SUM, A, A);
        a.bind(summed);
        Squares512.sum(a, SUM, A);
        Squares512.factor(a, FACTOR, SUM, ONE, ARGS, SPARE, LOWEST);
    }

    /// `to` = x · r · w, or x.
    private static void number(Assembler a, boolean normed, Vec to, Mem x, Reg w, int k) {
        if (k != 0) {
            a.op(Op.PXOR, to, to, to);
        }
        a.mask(k).op(Op.MOVUPS, to, x);
        if (normed) {
            a.op(Op.PXOR, WEIGHT, WEIGHT, WEIGHT);
            a.mask(k).op(Op.MOVUPS, WEIGHT, at(w, 0));
            a.op(Op.MULPS, to, to, FACTOR);
            a.op(Op.MULPS, to, to, WEIGHT);
        }
    }

    private static void halves(Assembler a, boolean normed) {
        a.load(LEFT, at(ARGS, RowCode.WIDTH));
        a.shiftRight(LEFT, 1);
        Assembler.Label tail = new Assembler.Label(), done = new Assembler.Label(), next = a.here();
        a.compare(LEFT, 16);
        a.jump(Assembler.If.LESS, tail);
        pairs(a, normed, 0);
        a.add(NOW, 64);
        a.add(OUT, 64);
        if (normed) {
            a.add(W, 64);
            a.add(W2, 64);
        }
        a.add(T, at(ARGS, RowCode.TABLE_STEP));
        a.subtract(LEFT, 16);
        a.jump(next);
        a.bind(tail);
        a.compare(LEFT, 0);
        a.jump(Assembler.If.EQUAL, done);
        pairs(a, normed, TAIL_OF_HALF);
        a.bind(done);
    }

    private static void pairs(Assembler a, boolean normed, int k) {
        number(a, normed, A, at(NOW, 0), W, k);
        number(a, normed, B, at(NOW, HALF, 1, 0), W2, k);
        a.op(Op.PXOR, C, C, C);
        a.op(Op.PXOR, S, S, S);
        a.mask(k).op(Op.MOVUPS, C, at(COS, T, 1, 0));
        a.mask(k).op(Op.MOVUPS, S, at(SIN, T, 1, 0));
        a.op(Op.MULPS, P, A, C);
        a.op(Op.MULPS, Q, B, S);
        a.op(Op.SUBPS, P, P, Q);
        a.mask(k).op(Op.STOREUPS, at(OUT, 0), P);
        a.op(Op.MULPS, P, B, C);
        a.op(Op.MULPS, Q, A, S);
        a.op(Op.ADDPS, P, P, Q);
        a.mask(k).op(Op.STOREUPS, at(OUT, HALF, 1, 0), P);
    }

    private static void neighbours(Assembler a, boolean normed) {
        a.load(LEFT, at(ARGS, RowCode.WIDTH));
        Assembler.Label tail = new Assembler.Label(), done = new Assembler.Label(), next = a.here();
        a.compare(LEFT, 16);
        a.jump(Assembler.If.LESS, tail);
        eightPairs(a, normed, 0, 0);
        a.add(NOW, 64);
        a.add(OUT, 64);
        if (normed) {
            a.add(W, 64);
        }
        a.add(T, at(ARGS, RowCode.TABLE_STEP));
        a.subtract(LEFT, 16);
        a.jump(next);
        a.bind(tail);
        a.compare(LEFT, 0);
        a.jump(Assembler.If.EQUAL, done);
        eightPairs(a, normed, TAIL_OF_HEAD, PAIRS);
        a.bind(done);
    }

    private static void eightPairs(Assembler a, boolean normed, int k, int pairs) {
        number(a, normed, A, at(NOW, 0), W, k);
        a.op(Op.PXOR, C, C, C);
        a.op(Op.PXOR, S, S, S);
        a.mask(pairs).op(Op.PMOVZXDQ, C, at(COS, T, 1, 0));
        a.mask(pairs).op(Op.PMOVZXDQ, S, at(SIN, T, 1, 0));
        a.op(Op.PSHUFD, C, C, 0xA0);
        a.op(Op.PSHUFD, S, S, 0xA0);
        a.op(Op.PXOR, S, S, MINUS);
        a.op(Op.PSHUFD, B, A, 0xB1);
        a.op(Op.MULPS, P, A, C);
        a.op(Op.MULPS, Q, B, S);
        a.op(Op.ADDPS, P, P, Q);
        a.mask(k).op(Op.STOREUPS, at(OUT, 0), P);
    }
}
