package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Reg.R10;
import static dev.jackdaw.tensor.kernel.asm.Reg.R11;
import static dev.jackdaw.tensor.kernel.asm.Reg.R12;
import static dev.jackdaw.tensor.kernel.asm.Reg.R14;
import static dev.jackdaw.tensor.kernel.asm.Reg.R15;
import static dev.jackdaw.tensor.kernel.asm.Reg.R8;
import static dev.jackdaw.tensor.kernel.asm.Reg.R9;
import static dev.jackdaw.tensor.kernel.asm.Reg.RAX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RBP;
import static dev.jackdaw.tensor.kernel.asm.Reg.RCX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RDI;
import static dev.jackdaw.tensor.kernel.asm.Reg.RDX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RSI;
import static dev.jackdaw.tensor.kernel.asm.Vec.xmm;
import static dev.jackdaw.tensor.kernel.asm.Vec.ymm;

import dev.jackdaw.tensor.kernel.ActivationBlocks;
import dev.jackdaw.tensor.quant.PanelFormat;

/// Any number of quantised rows of x by a packed weight, AVX2.
///
/// AVX2 multiplies unsigned by signed bytes with `vpmaddubsw`, which adds two products in 16 bits and saturates. It is exact here:
/// up to 63 · 127 · 2 for formats of six bits and fewer; where q runs to 255 (zero 128: Q8_0, IQ4) the signed weight q − 128 is taken, its
/// absolute value as the unsigned operand and x with the weight's sign as the signed one: 128 · 127 · 2 = 32512 still fits.
///
/// One panel, 512 columns at a time, is unpacked into scratch in the first-level cache; rows of x pass by in tiles of up to [#ROWS], whose
/// F32 sums wait in memory since there are only sixteen registers.
///
/// | version | idea                                        | GOP/s, one thread of Zen 5, 576x1536, Q8_0 / Q4_0, rows 1 and 256 |
/// |---------|---------------------------------------------|-------------------------------------------------------------------|
/// | 1       | one panel, four rows, sums of F32 in memory | 36, 185 / 52, 226                                                 |
final class Gemm256 {
    static final int ROWS = 4;
    static final int STEP = 16;
    static final int SCRATCH_BYTES = STEP * (512 + 4 * 64);
    private static final int BYTES = 512;
    private static final Reg ARGS = RDI, CONSTANTS = RBP;

    private final Assembler a = new Assembler(Isa.AVX2);
    private final PanelFormat format;
    private final PanelReader256 reader;
    private final int blocks;
    private final int group;
    /// Whether scratch holds q − 128, signed.
    private final boolean signed;
    private final Assembler.Label unpack = new Assembler.Label();
    private final Assembler.Label[] tiles = new Assembler.Label[ROWS + 1];

    private Gemm256(PanelFormat format) {
        this.format = format;
        reader = new PanelReader256(a, format);
        blocks = 32 / format.block();
        group = BYTES + 64 * blocks * (format.hasMins() ? 2 : 1);
        signed = format.zero() == 128;
        for (int rows = 1; rows <= ROWS; rows++) {
            tiles[rows] = new Assembler.Label();
        }
    }

    static byte[] code(PanelFormat format) {
        var kernel = new Gemm256(format);
        kernel.write();
        return kernel.a.code();
    }

    private void write() {
        Frame.enter(a);
        reader.begin();
        var done = new Assembler.Label();
        Assembler.Label panel = a.here();
        a.load(RAX, at(ARGS, Arguments.PANELS));
        a.compare(RAX, 0);
        a.jump(Assembler.If.LESS_OR_EQUAL, done);
        clear();
        a.move(RAX, 0);
        a.store(at(ARGS, Arguments.GROUP), RAX);
        Assembler.Label step = a.here();
        step();
        Frame.next(a, ARGS, Arguments.GROUPS, STEP, step);
        store();
        a.load(RAX, at(ARGS, Arguments.PACKED));
        a.add(RAX, at(ARGS, Arguments.PANEL_BYTES));
        a.store(at(ARGS, Arguments.PACKED), RAX);
        a.load(RAX, at(ARGS, Arguments.PANELS));
        a.subtract(RAX, 1);
        a.store(at(ARGS, Arguments.PANELS), RAX);
        a.jump(panel);
        a.bind(done);
        Frame.leave(a);
        a.align(64);
        a.bind(unpack);
        unpack();
        for (int rows = 1; rows <= ROWS; rows++) {
            a.align(64);
            a.bind(tiles[rows]);
            tile(rows);
        }
        reader.constants();
    }

    /// All sums = 0.
    private void clear() {
        a.load(R8, at(ARGS, Arguments.SCRATCH));
        a.add(R8, SCRATCH_BYTES);
        a.load(R14, at(ARGS, Arguments.ROWS));
        a.op(Op.PXOR, ymm(0), ymm(0), ymm(0));
        Assembler.Label next = a.here();
        a.op(Op.STOREUPS, at(R8, 0), ymm(0));
        a.op(Op.STOREUPS, at(R8, 32), ymm(0));
        a.add(R8, 64);
        a.subtract(R14, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
    }

    private void step() {
        Frame.rest(a, ARGS, Arguments.GROUPS, STEP);
        a.load(R15, at(ARGS, Arguments.PACKED));
        a.load(R14, at(ARGS, Arguments.SCRATCH));
        a.call(unpack);

        a.load(RAX, at(ARGS, Arguments.GROUP));
        a.shiftLeft(RAX, 6);
        a.load(RSI, at(ARGS, Arguments.X));
        a.add(RSI, RAX);
        a.load(RDX, at(ARGS, Arguments.X_ROW_BYTES));
        a.load(R8, at(ARGS, Arguments.SCRATCH));
        a.add(R8, SCRATCH_BYTES);
        a.load(R14, at(ARGS, Arguments.ROWS));
        var rest = new Assembler.Label();
        var done = new Assembler.Label();
        Assembler.Label next = a.here();
        a.compare(R14, ROWS);
        a.jump(Assembler.If.LESS, rest);
        a.call(tiles[ROWS]);
        a.address(RSI, at(RSI, RDX, ROWS, 0));
        a.add(R8, ROWS * 64);
        a.subtract(R14, ROWS);
        a.jump(next);
        a.bind(rest);
        for (int rows = 1; rows < ROWS; rows++) {
            var other = new Assembler.Label();
            a.compare(R14, rows);
            a.jump(Assembler.If.NOT_EQUAL, other);
            a.call(tiles[rows]);
            a.jump(done);
            a.bind(other);
        }
        a.bind(done);
    }

    /// The panel at R15, from group GROUP on, STEP groups → scratch at R14.
    private void unpack() {
        reader.open(R15);
        a.load(R12, at(ARGS, Arguments.GROUP));
        reader.skip(R12);
        a.load(R12, at(ARGS, Arguments.STEP));
        Assembler.Label next = a.here();
        for (int h = 0; h < 2; h++) {
            int half = 32 * h;
            reader.quants(h, (v, bytes) -> {
                if (signed) {                                    // q − 128 is q with its highest bit turned
                    a.op(Op.PXOR, bytes, bytes, at(CONSTANTS, PanelReader256.SIGN));
                }
                a.op(Op.STOREDQU, at(R14, 64 * v + half), bytes);
            });
            for (int block = 0; block < blocks; block++) {
                reader.scale(h, block, ymm(4));
                a.op(Op.STOREUPS, at(R14, BYTES + 64 * block + half), ymm(4));
                if (format.hasMins()) {
                    reader.min(h, block, ymm(4));
                    a.op(Op.STOREUPS, at(R14, BYTES + 64 * (blocks + block) + half), ymm(4));
                }
            }
        }
        reader.advance();
        a.add(R14, group);
        a.subtract(R12, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        a.ret();
    }

    private static Mem x(int row, int offset) {
        return row == 3 ? at(R11, offset) : row == 0 ? at(R10, offset) : at(R10, RDX, row, offset);
    }

    /// The whole-number sum of a row and half of the panel.
    private static Vec isum(int row, int half) {
        return ymm(2 * row + half);
    }

    /// x at RSI, rows RDX apart, the sums at R8; keeps all of these.
    private void tile(int rows) {
        a.load(RCX, at(ARGS, Arguments.SCRATCH));
        a.load(R12, at(ARGS, Arguments.STEP));
        a.move(R10, RSI);
        if (rows > 3) {
            a.address(R11, at(RSI, RDX, 2, 0));
            a.add(R11, RDX);
        }
        Assembler.Label next = a.here();
        if (blocks == 1) {
            products(rows, 0, 8, ActivationBlocks.SUM);
            add(rows, 0, ActivationBlocks.SCALED_SUM);
        } else {
            products(rows, 0, 4, ActivationBlocks.SUM_LOW);
            add(rows, 0, ActivationBlocks.SCALED_SUM_LOW);
            products(rows, 4, 8, ActivationBlocks.SUM_HIGH);
            add(rows, 1, ActivationBlocks.SCALED_SUM_HIGH);
        }
        a.add(R10, ActivationBlocks.BYTES);
        if (rows > 3) {
            a.add(R11, ActivationBlocks.BYTES);
        }
        a.add(RCX, group);
        a.subtract(R12, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        a.ret();
    }

    private void products(int rows, int from, int to, int sumAt) {
        for (int n = 0; n < rows; n++) {
            if (format.zero() == 0 || signed) {
                a.op(Op.PXOR, isum(n, 0), isum(n, 0), isum(n, 0));
            } else {
                a.load32(RAX, x(n, sumAt));
                a.multiply(RAX, RAX, -format.zero());
                a.moveLow(xmm(2 * n), RAX);
                a.op(Op.PBROADCASTD, isum(n, 0), xmm(2 * n));
            }
            a.op(Op.MOVDQU, isum(n, 1), isum(n, 0));
        }
        Vec ones = ymm(15), term = ymm(13), x = ymm(12), levels = ymm(8), weight = ymm(10);
        a.op(Op.MOVDQU, ones, at(CONSTANTS, PanelReader256.ONES));
        for (int v = from; v < to; v++) {
            for (int h = 0; h < 2; h++) {
                Vec w = ymm(weight.number() + h);
                a.op(Op.MOVDQU, w, at(RCX, 64 * v + 32 * h));
                if (signed) {
                    a.op(Op.PABSB, ymm(levels.number() + h), w);
                }
            }
            for (int n = 0; n < rows; n++) {
                a.op(Op.PBROADCASTD, x, x(n, 4 * v));
                for (int h = 0; h < 2; h++) {
                    Vec w = ymm(weight.number() + h);
                    if (signed) {
                        a.op(Op.PSIGNB, term, x, w);
                        a.op(Op.PMADDUBSW, term, ymm(levels.number() + h), term);
                    } else {
                        a.op(Op.PMADDUBSW, term, w, x);
                    }
                    a.op(Op.PMADDWD, term, term, ones);
                    a.op(Op.PADDD, isum(n, h), isum(n, h), term);
                }
            }
        }
    }

    private void add(int rows, int block, int scaledSum) {
        Vec scale = ymm(12), term = ymm(13), sum = ymm(14);
        for (int n = 0; n < rows; n++) {
            for (int h = 0; h < 2; h++) {
                Mem place = at(R8, 64 * n + 32 * h);
                a.op(Op.MOVUPS, sum, place);
                a.op(Op.BROADCASTSS, scale, x(n, ActivationBlocks.SCALE));
                a.op(Op.MULPS, scale, scale, at(RCX, BYTES + 64 * block + 32 * h));
                a.op(Op.CVTDQ2PS, term, isum(n, h));
                a.op(Op.FMADD231PS, sum, term, scale);
                if (format.hasMins()) {
                    a.op(Op.BROADCASTSS, scale, x(n, scaledSum));
                    a.op(Op.FMADD231PS, sum, scale, at(RCX, BYTES + 64 * (blocks + block) + 32 * h));
                }
                a.op(Op.STOREUPS, place, sum);
            }
        }
    }

    /// The sums of the panel to their place in y.
    private void store() {
        var whole = new Assembler.Label();
        a.move(RAX, -1);
        a.load(R12, at(ARGS, Arguments.PANELS));
        a.compare(R12, 1);
        a.jump(Assembler.If.NOT_EQUAL, whole);
        a.load(RAX, at(ARGS, Arguments.LAST_MASK));
        a.bind(whole);
        a.moveLow(xmm(4), RAX);
        a.op(Op.PBROADCASTD, ymm(4), xmm(4));
        for (int h = 0; h < 2; h++) {
            a.op(Op.PAND, ymm(2 + h), ymm(4), at(CONSTANTS, PanelReader256.LANE_BITS + 32 * h));
            a.op(Op.PCMPEQD, ymm(2 + h), ymm(2 + h), at(CONSTANTS, PanelReader256.LANE_BITS + 32 * h));
        }
        a.load(R8, at(ARGS, Arguments.SCRATCH));
        a.add(R8, SCRATCH_BYTES);
        a.load(RSI, at(ARGS, Arguments.Y));
        a.load(R9, at(ARGS, Arguments.Y_ROW_BYTES));
        a.load(R14, at(ARGS, Arguments.ROWS));
        Assembler.Label next = a.here();
        for (int h = 0; h < 2; h++) {
            a.op(Op.MOVUPS, ymm(h), at(R8, 32 * h));
            a.store(at(RSI, 32 * h), ymm(2 + h), ymm(h));
        }
        a.add(R8, 64);
        a.add(RSI, R9);
        a.subtract(R14, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        a.load(RSI, at(ARGS, Arguments.Y));
        a.add(RSI, 64);
        a.store(at(ARGS, Arguments.Y), RSI);
    }
}
