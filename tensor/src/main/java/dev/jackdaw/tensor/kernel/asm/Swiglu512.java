package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

/// h = silu(gate) · up for rows `[gate, up]`, AVX-512, with the bits of `ActivationSimd`: the same steps in the same order. It is here because
/// it needs no warm-up; in a cold process this loop took half of the first answer.
final class Swiglu512 {
    private static final Reg ARGS = Reg.RDI, H = Reg.RSI, GATE = Reg.RDX, ROWS = Reg.RCX, UP = Reg.R8, LEFT = Reg.R9, WIDTH = Reg.R10, BYTES = Reg.R11;
    /// −log2(e), 1.5·2²³, ln 2 in two parts, the polynomial of `Exponential`, 1, the borders of e^x as bits, the sign, infinity.
    private static final int[] BITS = {bits(-1.44269504f), bits(12582912f), bits(0.693147182f), bits(1.90465430e-9f), bits(0.00138143206f), bits(0.00836885162f),
        bits(0.0416684f), bits(0.1666652f), bits(0.49999994f), bits(1), bits(-87.3365448f), bits(88.7228391f) ^ 0x8000_0000, 0x8000_0000, 0x7f80_0000};
    private static final Vec ROUND = zmm(17), P4 = zmm(20), P3 = zmm(21), P2 = zmm(22), P1 = zmm(23), P0 = zmm(24), ONE = zmm(25), LOWEST = zmm(26),
            HIGHEST = zmm(27), SIGN = zmm(28), INFINITY = zmm(29), LOG2_E = zmm(16), LN2_HIGH = zmm(18), LN2_LOW = zmm(19);

    private Swiglu512() {
    }

    private static int bits(float x) {
        return Float.floatToRawIntBits(x);
    }

    static byte[] code() {
        var a = new Assembler();
        var constants = new Assembler.Label();
        a.address(Reg.RAX, constants);
        for (int i = 0; i < BITS.length; i++) {
            a.op(Op.PBROADCASTD, zmm(16 + i), at(Reg.RAX, 4 * i));
        }
        a.op(Op.PXOR, zmm(30), zmm(30), zmm(30));
        a.load(H, at(ARGS, RowCode.Y));
        a.load(GATE, at(ARGS, RowCode.X));
        a.load(ROWS, at(ARGS, RowCode.ROWS));
        a.load(WIDTH, at(ARGS, RowCode.WIDTH));
        a.load(Reg.RAX, at(ARGS, RowCode.TAIL));
        a.mask64(1, Reg.RAX);
        a.move(BYTES, WIDTH);
        a.shiftLeft(BYTES, 2);
        Assembler.Label row = a.here(), tail = new Assembler.Label(), done = new Assembler.Label();
        a.move(UP, GATE);
        a.add(UP, BYTES);
        a.move(LEFT, WIDTH);
        Assembler.Label next = a.here();
        a.compare(LEFT, 16);
        a.jump(Assembler.If.LESS, tail);
        vector(a, 0);
        a.add(H, 64);
        a.add(GATE, 64);
        a.add(UP, 64);
        a.subtract(LEFT, 16);
        a.jump(next);
        a.bind(tail);
        a.compare(LEFT, 0);
        a.jump(Assembler.If.EQUAL, done);
        vector(a, 1);
        a.shiftLeft(LEFT, 2);
        a.add(H, LEFT);
        a.add(GATE, LEFT);
        a.bind(done);
        a.add(GATE, BYTES);
        a.subtract(ROWS, 1);
        a.jump(Assembler.If.NOT_EQUAL, row);
        a.zeroUpper();
        a.ret();
        a.align(4);
        a.bind(constants);
        a.data(BITS);
        return a.code();
    }

    /// @param k 1: only the lanes of the tail
    private static void vector(Assembler a, int k) {
        Vec g = zmm(0), x = zmm(1), shifted = zmm(2), n = zmm(3), r = zmm(4), p = zmm(5), u = zmm(6);
        a.op(Op.PXOR, g, g, g);
        a.op(Op.PXOR, u, u, u);
        a.mask(k).op(Op.MOVUPS, g, at(GATE, 0));
        a.mask(k).op(Op.MOVUPS, u, at(UP, 0));
        a.op(Op.PXOR, x, g, SIGN);                                   // -gate
        a.op(Op.MOVUPS, shifted, ROUND);
        a.op(Op.FMADD231PS, shifted, g, LOG2_E);                     // LOG2_E is negative here: the same product
        a.op(Op.SUBPS, n, shifted, ROUND);
        a.op(Op.PXOR, n, n, SIGN);
        a.op(Op.MOVUPS, r, x);
        a.op(Op.FMADD231PS, r, n, LN2_HIGH);
        a.op(Op.PXOR, n, n, SIGN);
        a.op(Op.FMADD231PS, r, n, LN2_LOW);
        a.op(Op.MOVUPS, p, P4);
        a.op(Op.FMADD213PS, p, r, P3);
        a.op(Op.FMADD213PS, p, r, P2);
        a.op(Op.FMADD213PS, p, r, P1);
        a.op(Op.FMADD213PS, p, r, P0);
        a.op(Op.MULPS, p, p, r);
        a.op(Op.FMADD213PS, p, r, r);
        a.op(Op.ADDPS, p, p, ONE);
        a.shift(Op.PSLLD, shifted, shifted, 23);
        a.op(Op.PADDD, p, p, shifted);
        a.below(2, LOWEST, x);                                       // bits of negative numbers grow with their size
        a.mask(2).op(Op.MOVUPS, p, zmm(30));
        a.op(Op.PXOR, x, x, SIGN);
        a.below(2, HIGHEST, x);
        a.mask(2).op(Op.MOVUPS, p, INFINITY);
        a.op(Op.ADDPS, p, p, ONE);
        a.op(Op.DIVPS, p, ONE, p);
        a.op(Op.MULPS, p, g, p);
        a.op(Op.MULPS, p, p, u);
        a.mask(k).op(Op.STOREUPS, at(H, 0), p);
    }
}
