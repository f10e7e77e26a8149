package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.PanelReader.ARGS;
import static dev.jackdaw.tensor.kernel.asm.PanelReader.PANEL_BYTES;
import static dev.jackdaw.tensor.kernel.asm.Reg.R10;
import static dev.jackdaw.tensor.kernel.asm.Reg.R11;
import static dev.jackdaw.tensor.kernel.asm.Reg.R12;
import static dev.jackdaw.tensor.kernel.asm.Reg.R13;
import static dev.jackdaw.tensor.kernel.asm.Reg.R14;
import static dev.jackdaw.tensor.kernel.asm.Reg.R15;
import static dev.jackdaw.tensor.kernel.asm.Reg.R8;
import static dev.jackdaw.tensor.kernel.asm.Reg.R9;
import static dev.jackdaw.tensor.kernel.asm.Reg.RAX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RCX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RDX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RSI;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

import dev.jackdaw.tensor.kernel.ActivationBlocks;
import dev.jackdaw.tensor.quant.PanelFormat;

/// Many quantised rows of x by a packed weight, AVX-512 with VNNI.
///
/// Two panels at a time, 512 columns at a time: their bits are unpacked once into scratch that stays in the first-level cache, as unsigned
/// bytes, F32 scales and F32 mins; then all rows of x pass by in tiles of up to [#ROWS]. A tile keeps its sums in registers for those 512
/// columns, twelve of whole numbers and twelve of F32; in between they wait in memory. The first tiles ask for the next weights, some lines in
/// every group, and unpacking for scales and what else is small, so that memory works all the time.
///
/// | version | idea                                                                 | GOP/s, one thread, Q8_0, rows 2 / 4 / 16 / 256 |
/// |---------|----------------------------------------------------------------------|------------------------------------------------|
/// | 1       | all lines of the next step asked for before each tile                | – / 130 / 605 / 737                            |
/// | 2       | asked for inside the first four tiles                                | 74 / 153 / 674 / 710                           |
/// | 3       | and, while unpacking for few rows, for the same place of the next pair | 84 / 188 / 579 / 764                         |
///
/// Measured on Zen 5 over 576x1536, weights from memory; four times the FMA peak is 1020. Tried without gain: asking for the next tile's x.
final class Gemm512 {
    /// Rows of x in a tile: 6 rows by 2 panels take 24 of the 32 registers.
    static final int ROWS = 6;
    /// Groups of 32 columns that are unpacked at a time.
    static final int STEP = 16;
    private static final int BYTES = 512;
    /// Scratch for both panels, at most: bytes, and two scales and two mins for each group.
    static final int SCRATCH_BYTES = 2 * STEP * (BYTES + 4 * 64);
    private static final Vec FIRST = zmm(24), SECOND = zmm(25), X = zmm(26), SCALE = zmm(27), TERM = zmm(28);

    private final Assembler a = new Assembler();
    private final PanelFormat format;
    private final PanelReader reader;
    private final int blocks;
    /// Bytes of one panel's part of an unpacked group, and of the whole.
    private final int half;
    private final int group;
    /// For up to [#ROWS] rows, and for more.
    private final Assembler.Label unpackForFew = new Assembler.Label(), unpackForMany = new Assembler.Label();
    private final Assembler.Label[] tiles = new Assembler.Label[ROWS + 1];

    private Gemm512(PanelFormat format) {
        this.format = format;
        reader = new PanelReader(a, format);
        blocks = reader.blocksPerGroup();
        half = BYTES + 64 * blocks * (format.hasMins() ? 2 : 1);
        group = 2 * half;
        for (int rows = 1; rows <= ROWS; rows++) {
            tiles[rows] = new Assembler.Label();
        }
    }

    static byte[] code(PanelFormat format) {
        var kernel = new Gemm512(format);
        kernel.write();
        return kernel.a.code();
    }

    private void write() {
        Frame.enter(a);
        reader.begin();
        var done = new Assembler.Label();
        Assembler.Label pair = a.here();
        a.load(RAX, at(ARGS, Arguments.PANELS));
        a.compare(RAX, 0);
        a.jump(Assembler.If.LESS_OR_EQUAL, done);
        pair();
        a.jump(pair);
        a.bind(done);
        Frame.leave(a);
        a.align(64);
        a.bind(unpackForFew);
        unpack(true);
        a.align(64);
        a.bind(unpackForMany);
        unpack(false);
        for (int rows = 1; rows <= ROWS; rows++) {
            a.align(64);
            a.bind(tiles[rows]);
            tile(rows);
        }
        reader.constants();
    }

    private void pair() {
        // The last panel may stand alone; then it is its own neighbour, and stored once.
        var alone = new Assembler.Label();
        a.load(R15, at(ARGS, Arguments.PACKED));
        a.compare(RAX, 1);
        a.jump(Assembler.If.EQUAL, alone);
        a.add(R15, PANEL_BYTES);
        a.bind(alone);
        a.store(at(ARGS, Arguments.SECOND), R15);
        a.move(RAX, 0);
        a.store(at(ARGS, Arguments.GROUP), RAX);
        Assembler.Label step = a.here();
        step();
        Frame.next(a, ARGS, Arguments.GROUPS, STEP, step);
        store();
        a.load(RAX, at(ARGS, Arguments.PACKED));
        a.address(RAX, at(RAX, PANEL_BYTES, 2, 0));
        a.store(at(ARGS, Arguments.PACKED), RAX);
        a.load(RAX, at(ARGS, Arguments.PANELS));
        a.subtract(RAX, 2);
        a.store(at(ARGS, Arguments.PANELS), RAX);
    }

    /// Up to [#STEP] groups of two panels: unpack, then all rows.
    private void step() {
        Frame.rest(a, ARGS, Arguments.GROUPS, STEP);
        var many = new Assembler.Label();
        var unpacked = new Assembler.Label();
        a.load(RAX, at(ARGS, Arguments.ROWS));
        a.compare(RAX, ROWS);
        a.jump(Assembler.If.GREATER, many);
        unpackBoth(unpackForFew);
        a.jump(unpacked);
        a.bind(many);
        unpackBoth(unpackForMany);
        a.bind(unpacked);

        // Where the next weights are: further in these panels, or the next pair.
        var further = new Assembler.Label();
        a.load(R13, at(ARGS, Arguments.PACKED));
        a.load(RAX, at(ARGS, Arguments.GROUP));
        a.add(RAX, STEP);
        a.multiply(RCX, RAX, format.quantBytes());
        a.load(RDX, at(ARGS, Arguments.GROUPS));
        a.compare(RAX, RDX);
        a.jump(Assembler.If.LESS, further);
        a.address(RCX, at(PANEL_BYTES, PANEL_BYTES, 1, 0));
        a.bind(further);
        a.add(R13, RCX);

        a.load(RAX, at(ARGS, Arguments.GROUP));
        a.shiftLeft(RAX, 6);
        a.load(RSI, at(ARGS, Arguments.X));
        a.add(RSI, RAX);
        a.load(RDX, at(ARGS, Arguments.X_ROW_BYTES));
        a.load(R8, at(ARGS, Arguments.SCRATCH));
        a.add(R8, SCRATCH_BYTES);
        a.load(R14, at(ARGS, Arguments.ROWS));
        a.load(RAX, at(ARGS, Arguments.PREFETCH_TILES));
        a.store(at(ARGS, Arguments.PREFETCH_NOW), RAX);
        var rest = new Assembler.Label();
        var done = new Assembler.Label();
        Assembler.Label next = a.here();
        a.compare(R14, ROWS);
        a.jump(Assembler.If.LESS, rest);
        prefetch();
        a.call(tiles[ROWS]);
        a.multiply(RAX, RDX, ROWS);
        a.add(RSI, RAX);
        a.add(R8, ROWS * 128);
        a.subtract(R14, ROWS);
        a.jump(next);
        a.bind(rest);
        a.compare(R14, 0);
        a.jump(Assembler.If.EQUAL, done);
        prefetch();
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

    private void unpackBoth(Assembler.Label unpack) {
        a.load(R15, at(ARGS, Arguments.PACKED));
        a.load(R14, at(ARGS, Arguments.SCRATCH));
        a.call(unpack);
        a.load(R15, at(ARGS, Arguments.SECOND));
        a.load(R14, at(ARGS, Arguments.SCRATCH));
        a.add(R14, half);
        a.call(unpack);
    }

    /// R9: lines of each panel that the next tile asks for in every group.
    private void prefetch() {
        var none = new Assembler.Label();
        a.move(R9, 0);
        a.load(RAX, at(ARGS, Arguments.PREFETCH_NOW));
        a.subtract(RAX, 1);
        a.jump(Assembler.If.LESS, none);
        a.store(at(ARGS, Arguments.PREFETCH_NOW), RAX);
        a.load(R9, at(ARGS, Arguments.PREFETCHES));
        a.bind(none);
    }

    /// The panel at R15, from group GROUP on, STEP groups → scratch at R14. Few rows leave memory no time while they are multiplied: then
    /// unpacking asks for quants too.
    private void unpack(boolean asksForQuants) {
        reader.loadConstants();
        reader.open(R15);
        a.load(R12, at(ARGS, Arguments.GROUP));
        reader.skip(R12);
        a.load(R12, at(ARGS, Arguments.STEP));
        Assembler.Label outer = a.here();
        if (reader.hasSupers()) {
            reader.supers(1);
            a.move(R13, 8);
        }
        Assembler.Label inner = a.here();
        reader.quants(0, (v, bytes) -> a.op(Op.STOREDQU, at(R14, 64 * v), bytes));
        for (int block = 0; block < blocks; block++) {
            reader.scale(0, block, FIRST);
            a.op(Op.STOREUPS, at(R14, BYTES + 64 * block), FIRST);
            if (format.hasMins()) {
                reader.min(0, block, SECOND);
                a.op(Op.STOREUPS, at(R14, BYTES + 64 * (blocks + block)), SECOND);
            }
        }
        reader.ask(2, asksForQuants);
        reader.advance();
        a.add(R14, group);
        if (reader.hasSupers()) {
            a.subtract(R13, 1);
            a.jump(Assembler.If.NOT_EQUAL, inner);
            a.subtract(R12, 8);
        } else {
            a.subtract(R12, 1);
        }
        a.jump(Assembler.If.NOT_EQUAL, outer);
        a.ret();
    }

    /// x at RSI, rows RDX apart, the sums at R8; keeps all of these. Asks for R9 lines of each panel at R13 in every group.
    private void tile(int rows) {
        a.load(RCX, at(ARGS, Arguments.SCRATCH));
        a.load(R12, at(ARGS, Arguments.STEP));
        a.move(R10, RSI);
        if (rows > 3) {
            a.address(R11, at(RSI, RDX, 2, 0));
            a.add(R11, RDX);
        }
        var fresh = new Assembler.Label();
        var begin = new Assembler.Label();
        a.load(RAX, at(ARGS, Arguments.GROUP));
        a.compare(RAX, 0);
        a.jump(Assembler.If.EQUAL, fresh);
        for (int i = 0; i < 2 * rows; i++) {
            a.op(Op.MOVUPS, sum(i), at(R8, 64 * i));
        }
        a.jump(begin);
        a.bind(fresh);
        for (int i = 0; i < 2 * rows; i++) {
            a.op(Op.PXOR, sum(i), sum(i), sum(i));
        }
        a.bind(begin);
        Assembler.Label next = a.here();
        var asked = new Assembler.Label();
        a.move(RAX, R9);
        Assembler.Label ask = a.here();
        a.subtract(RAX, 1);
        a.jump(Assembler.If.LESS, asked);
        a.prefetch(2, at(R13, 0));
        a.prefetch(2, at(R13, PANEL_BYTES, 1, 0));
        a.add(R13, 64);
        a.jump(ask);
        a.bind(asked);
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
        for (int i = 0; i < 2 * rows; i++) {
            a.op(Op.STOREUPS, at(R8, 64 * i), sum(i));
        }
        a.ret();
    }

    /// Sum `i`: row `i / 2`, panel `i % 2`.
    private static Vec sum(int i) {
        return zmm(12 + i);
    }

    private static Vec isum(int i) {
        return zmm(i);
    }

    private static Mem x(int row, int offset) {
        Reg base = row < 3 ? R10 : R11;
        return row % 3 == 0 ? at(base, offset) : at(base, RDX, row % 3, offset);
    }

    private void products(int rows, int from, int to, int sumAt) {
        for (int n = 0; n < rows; n++) {
            if (format.zero() == 0) {
                a.op(Op.PXOR, isum(2 * n), isum(2 * n), isum(2 * n));
                a.op(Op.PXOR, isum(2 * n + 1), isum(2 * n + 1), isum(2 * n + 1));
            } else {
                a.load32(RAX, x(n, sumAt));
                a.multiply(RAX, RAX, -format.zero());
                a.broadcast(isum(2 * n), RAX);
                a.op(Op.MOVDQU, isum(2 * n + 1), isum(2 * n));
            }
        }
        for (int v = from; v < to; v++) {
            a.op(Op.MOVDQU, FIRST, at(RCX, 64 * v));
            a.op(Op.MOVDQU, SECOND, at(RCX, half + 64 * v));
            for (int n = 0; n < rows; n++) {
                a.op(Op.PBROADCASTD, X, x(n, 4 * v));
                a.op(Op.PDPBUSD, isum(2 * n), FIRST, X);
                a.op(Op.PDPBUSD, isum(2 * n + 1), SECOND, X);
            }
        }
    }

    private void add(int rows, int block, int scaledSum) {
        for (int p = 0; p < 2; p++) {
            a.op(Op.MOVUPS, SCALE, at(RCX, half * p + BYTES + 64 * block));
            for (int n = 0; n < rows; n++) {
                int i = 2 * n + p;
                a.op(Op.MULPS, TERM, SCALE, x(n, ActivationBlocks.SCALE).toAllLanes());
                a.op(Op.CVTDQ2PS, isum(i), isum(i));
                a.op(Op.FMADD231PS, sum(i), isum(i), TERM);
            }
            if (format.hasMins()) {
                a.op(Op.MOVUPS, SCALE, at(RCX, half * p + BYTES + 64 * (blocks + block)));
                for (int n = 0; n < rows; n++) {
                    a.op(Op.FMADD231PS, sum(2 * n + p), SCALE, x(n, scaledSum).toAllLanes());
                }
            }
        }
    }

    /// The sums of the pair to their place in y.
    private void store() {
        var masked = new Assembler.Label();
        var copy = new Assembler.Label();
        a.load(R12, at(ARGS, Arguments.PANELS));
        a.load(RAX, at(ARGS, Arguments.LAST_MASK));
        a.mask64(1, RAX);                           // one panel left: the first of the pair is the last
        a.move(RCX, 0);
        a.mask64(2, RCX);
        a.compare(R12, 1);
        a.jump(Assembler.If.EQUAL, copy);
        a.mask64(2, RAX);
        a.move(RCX, -1);
        a.mask64(1, RCX);
        a.compare(R12, 2);
        a.jump(Assembler.If.EQUAL, masked);
        a.mask64(2, RCX);
        a.bind(masked);
        a.bind(copy);
        a.load(R8, at(ARGS, Arguments.SCRATCH));
        a.add(R8, SCRATCH_BYTES);
        a.load(RSI, at(ARGS, Arguments.Y));
        a.load(R9, at(ARGS, Arguments.Y_ROW_BYTES));
        a.load(R14, at(ARGS, Arguments.ROWS));
        Assembler.Label next = a.here();
        a.op(Op.MOVUPS, FIRST, at(R8, 0));
        a.op(Op.MOVUPS, SECOND, at(R8, 64));
        a.mask(1).op(Op.STOREUPS, at(RSI, 0), FIRST);
        a.mask(2).op(Op.STOREUPS, at(RSI, 64), SECOND);
        a.add(R8, 128);
        a.add(RSI, R9);
        a.subtract(R14, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        a.load(RSI, at(ARGS, Arguments.Y));
        a.add(RSI, 128);
        a.store(at(ARGS, Arguments.Y), RSI);
    }
}
