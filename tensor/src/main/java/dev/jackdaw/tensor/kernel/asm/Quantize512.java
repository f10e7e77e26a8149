package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.ActivationBlocks.BYTES;
import static dev.jackdaw.tensor.kernel.ActivationBlocks.COLUMNS;
import static dev.jackdaw.tensor.kernel.ActivationBlocks.SCALE;
import static dev.jackdaw.tensor.kernel.ActivationBlocks.SCALED_SUM;
import static dev.jackdaw.tensor.kernel.ActivationBlocks.SUM;
import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Vec.xmm;
import static dev.jackdaw.tensor.kernel.asm.Vec.ymm;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

import dev.jackdaw.tensor.kernel.ActivationBlocks;

/// Rows of F32 numbers to rows of activation blocks, AVX-512: a cache line of whole numbers, scale and sums for every 32 columns, with the
/// bits of [ActivationBlocks].
///
/// The horizontal parts go through the very line that is being written: halves of the maximum meet there, and the sums of eight bytes that
/// `vpsadbw` leaves are picked up there. One block waits for that, but many blocks are on their way at once.
final class Quantize512 {
    private static final Reg ARGS = Reg.RDI, ROW = Reg.RSI, TO = Reg.RDX, X = Reg.RCX, BLOCKS = Reg.R8, ROWS = Reg.R9, LOW = Reg.R10, HIGH = Reg.R11;
    private static final Vec FIRST = zmm(0), SECOND = zmm(1), MAX = zmm(2), D = zmm(3), INVERSE = zmm(4), ZERO = zmm(31);
    /// Constants, a vector each, in the order in which they lie behind the code.
    private static final int[] BITS = {Integer.MAX_VALUE, Float.floatToRawIntBits(127), Float.floatToRawIntBits(1), Float.floatToRawIntBits(ActivationBlocks.LEAST),
        Float.floatToRawIntBits(Float.MAX_VALUE), Float.floatToRawIntBits(Float.NaN), Float.floatToRawIntBits(ActivationBlocks.ROUND), 0x8080_8080};
    private static final Vec ABS = zmm(16), LEVELS = zmm(17), ONE = zmm(18), LEAST = zmm(19), MOST = zmm(20), NAN = zmm(21), ROUND = zmm(22), SIGNS = zmm(23);
    private static final int FIRST_CONSTANT = 16;

    private Quantize512() {
    }

    static byte[] code() {
        var a = new Assembler();
        var constants = new Assembler.Label();
        a.address(Reg.RAX, constants);
        for (int i = 0; i < BITS.length; i++) {
            a.op(Op.PBROADCASTD, zmm(FIRST_CONSTANT + i), at(Reg.RAX, 4 * i));
        }
        a.op(Op.PXOR, ZERO, ZERO, ZERO);
        a.load(TO, at(ARGS, Arguments.Y));
        a.load(ROW, at(ARGS, Arguments.X));
        a.load(ROWS, at(ARGS, Arguments.ROWS));
        Assembler.Label row = a.here();
        a.move(X, ROW);
        a.load(BLOCKS, at(ARGS, Arguments.GROUPS));
        Assembler.Label next = a.here();
        block(a);
        a.add(X, 4 * COLUMNS);
        a.add(TO, BYTES);
        a.subtract(BLOCKS, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        a.add(ROW, at(ARGS, Arguments.X_ROW_BYTES));
        a.subtract(ROWS, 1);
        a.jump(Assembler.If.NOT_EQUAL, row);
        a.zeroUpper();
        a.ret();
        a.align(4);
        a.bind(constants);
        a.data(BITS);
        return a.code();
    }

    private static void block(Assembler a) {
        // The largest absolute value, compared as bits: so an infinity or NaN wins.
        a.op(Op.MOVUPS, FIRST, at(X, 0));
        a.op(Op.MOVUPS, SECOND, at(X, 64));
        a.op(Op.PAND, MAX, FIRST, ABS);
        a.op(Op.PAND, D, SECOND, ABS);
        a.op(Op.PMAXSD, MAX, MAX, D);
        a.op(Op.STOREUPS, at(TO, 0), MAX);
        a.op(Op.PMAXSD, ymm(2), ymm(2), at(TO, 32));
        a.op(Op.STOREUPS, at(TO, 0), ymm(2));
        a.op(Op.PMAXSD, xmm(2), xmm(2), at(TO, 16));
        a.op(Op.PSHUFD, xmm(3), xmm(2), 0b01_00_11_10);
        a.op(Op.PMAXSD, xmm(2), xmm(2), xmm(3));
        a.op(Op.PSHUFD, xmm(3), xmm(2), 0b10_11_00_01);
        a.op(Op.PMAXSD, xmm(2), xmm(2), xmm(3));
        a.op(Op.PBROADCASTD, MAX, xmm(2));
        // d = max / 127 and 1 / d; both 0 below LEAST, NaN and 0 above the largest number.
        a.below(1, MAX, LEAST);
        a.below(2, MOST, MAX);
        a.op(Op.DIVPS, D, MAX, LEVELS);
        a.mask(1).op(Op.MOVDQU, D, ZERO);
        a.op(Op.DIVPS, INVERSE, ONE, D);
        a.mask(1).op(Op.MOVDQU, INVERSE, ZERO);
        a.mask(2).op(Op.MOVDQU, D, NAN);
        a.mask(2).op(Op.MOVDQU, INVERSE, ZERO);
        a.below(3, ZERO, INVERSE);
        for (int half = 0; half < 2; half++) {
            Vec x = zmm(half);
            a.op(Op.MULPS, x, x, INVERSE);
            a.op(Op.ADDPS, x, x, ROUND);
            a.op(Op.PXOR, zmm(5), zmm(5), zmm(5));
            a.mask(3).op(Op.PSUBD, zmm(5), x, ROUND);
            a.op(Op.STOREPMOVDB, at(TO, 16 * half), zmm(5));
        }
        // Sums of eight bytes each, made unsigned by adding 128.
        a.op(Op.PXOR, ymm(6), ymm(23), at(TO, 0));
        a.op(Op.PSADBW, ymm(6), ymm(6), ymm(31));
        a.op(Op.STOREDQU, at(TO, 32), ymm(6));
        a.load32(LOW, at(TO, 32));
        a.add32(LOW, at(TO, 40));
        a.subtract(LOW, 16 * 128);
        a.load32(HIGH, at(TO, 48));
        a.add32(HIGH, at(TO, 56));
        a.subtract(HIGH, 16 * 128);
        a.address(Reg.RAX, at(LOW, HIGH, 1, 0));
        a.op(Op.STOREUPS, at(TO, SCALE), xmm(3));
        a.store32(at(TO, SUM), Reg.RAX);
        a.store32(at(TO, SUM + 4), LOW);
        a.store32(at(TO, SUM + 8), HIGH);
        a.op(Op.CVTDQ2PS, xmm(6), at(TO, SUM));
        a.op(Op.MULPS, xmm(6), xmm(6), xmm(3));
        a.op(Op.STOREUPS, at(TO, SCALED_SUM), xmm(6));
        a.move(Reg.RAX, 0);
        a.store32(at(TO, SCALED_SUM + 12), Reg.RAX);
    }
}
