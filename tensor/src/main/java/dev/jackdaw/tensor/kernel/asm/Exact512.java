package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.PanelReader.ARGS;
import static dev.jackdaw.tensor.kernel.asm.PanelReader.PANEL_BYTES;
import static dev.jackdaw.tensor.kernel.asm.PanelReader.THREE_PANELS;
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

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.kernel.PanelMatMul;
import dev.jackdaw.tensor.quant.PanelFormat;
import java.util.function.BiConsumer;

/// Rows of F32 x by a packed weight of any format, AVX-512: the bits of [PanelMatMul] over the same weight unpacked.
///
/// Four panels at a time, 128 columns at a time, weights are unpacked to F32 in scratch that stays in the first-level cache; then all rows
/// of x pass by in tiles of up to [#ROWS]. Weights that are F32 are read where they lie. Two sums wait in memory between tiles: that of the block of 512 columns at hand, and that of the
/// blocks before it. One row of x uses the same code: unpacking into the cache and reading it back costs less than memory does.
///
/// | version | idea                                                    | GFLOP/s, one thread, F32 / Q4_0, rows 1 and 256 |
/// |---------|---------------------------------------------------------|-------------------------------------------------|
/// | 1       | everything through scratch                              | 9, 243 / 41, 250                                |
/// | 2       | F32 read where it lies; prefetching at every column     | 18, 243 / 51, 247                               |
///
/// Measured on Zen 5 over 512x2048, weights from memory: 18 is all that memory gives to F32; the FMA peak is 255.
final class Exact512 {
    static final int ROWS = 6;
    static final int PANELS = 4;
    /// Columns that are unpacked at a time.
    static final int STEP = 128;
    private static final int STRIDE = 64 * STEP;
    static final int SCRATCH_BYTES = PANELS * STRIDE;
    /// Bytes of sums for each row: of the block, and in all.
    static final int SUM_BYTES = 2 * PANELS * 64;
    private static final int ROW_BYTES = PANELS * 64;
    private static final Vec X = zmm(28), BYTE = zmm(28), ZERO = zmm(29), ONE = zmm(2), NUMBER = zmm(3);
    /// Scales of up to two blocks, and what is added.
    private static final int SCALE = 24, OFFSET = 26;

    private final Assembler a = new Assembler();
    private final PanelFormat format;
    private final boolean direct;
    private final PanelReader reader;
    private final Assembler.Label unpack = new Assembler.Label();
    private final Assembler.Label constants = new Assembler.Label();
    private final Assembler.Label[] tiles = new Assembler.Label[ROWS + 1];

    private Exact512(PanelFormat format) {
        this.format = format;
        direct = format.type() == DType.F32;
        reader = new PanelReader(a, format);
        for (int rows = 1; rows <= ROWS; rows++) {
            tiles[rows] = new Assembler.Label();
        }
    }

    static byte[] code(PanelFormat format) {
        var kernel = new Exact512(format);
        kernel.write();
        return kernel.a.code();
    }

    /// Bytes of quants in one step.
    static int stepBytes(PanelFormat format) {
        return format.isQuantized() ? STEP / 32 * format.quantBytes() : STEP * PanelFormat.LANES * format.bits() / 8;
    }

    private void write() {
        Frame.enter(a);
        a.load(PANEL_BYTES, at(ARGS, Arguments.PANEL_BYTES));
        var done = new Assembler.Label();
        Assembler.Label group = a.here();
        a.load(RAX, at(ARGS, Arguments.PANELS));
        a.compare(RAX, 0);
        a.jump(Assembler.If.LESS_OR_EQUAL, done);
        if (direct) {
            take();
        }
        a.move(RAX, 0);
        a.store(at(ARGS, Arguments.GROUP), RAX);
        Assembler.Label step = a.here();
        step();
        Frame.next(a, ARGS, Arguments.COLUMNS, STEP, step);
        store();
        a.load(RAX, at(ARGS, Arguments.PACKED));
        a.load(RCX, at(ARGS, Arguments.PANELS));
        if (direct) {
            var four = new Assembler.Label();
            var taken = new Assembler.Label();
            a.load(RDX, at(ARGS, Arguments.STRIDE));
            a.compare(RDX, 0);
            a.jump(Assembler.If.NOT_EQUAL, four);
            a.add(RAX, PANEL_BYTES);
            a.subtract(RCX, 1);
            a.jump(taken);
            a.bind(four);
            a.address(RAX, at(RAX, PANEL_BYTES, PANELS, 0));
            a.subtract(RCX, PANELS);
            a.bind(taken);
        } else {
            a.address(RAX, at(RAX, PANEL_BYTES, PANELS, 0));
            a.subtract(RCX, PANELS);
        }
        a.store(at(ARGS, Arguments.PACKED), RAX);
        a.store(at(ARGS, Arguments.PANELS), RCX);
        a.jump(group);
        a.bind(done);
        Frame.leave(a);
        if (!direct) {
            a.align(64);
            a.bind(unpack);
            if (format.isQuantized()) {
                unpackQuants();
            } else {
                unpackNumbers();
            }
        }
        for (int rows = 1; rows <= ROWS; rows++) {
            a.align(64);
            a.bind(tiles[rows]);
            tile(rows);
        }
        if (format.isQuantized()) {
            reader.constants();
            a.bind(constants);
            a.data(new byte[] {(byte) 255, 0, 0, 0, (byte) format.zero(), 0, 0, 0});
        }
    }

    /// F32 weights are read where they are: four panels, or, of the last three, one at a time, taken for four.
    private void take() {
        var four = new Assembler.Label();
        a.load(RCX, at(ARGS, Arguments.PANEL_BYTES));
        a.compare(RAX, PANELS);
        a.jump(Assembler.If.GREATER_OR_EQUAL, four);
        a.move(RCX, 0);
        a.bind(four);
        a.store(at(ARGS, Arguments.STRIDE), RCX);
    }

    /// Up to [#STEP] columns of up to four panels: unpack, then all rows.
    private void step() {
        Frame.rest(a, ARGS, Arguments.COLUMNS, STEP);
        var unpacked = new Assembler.Label();
        for (int p = 0; p < PANELS && !direct; p++) {
            if (p > 0) {
                a.load(RAX, at(ARGS, Arguments.PANELS));
                a.compare(RAX, p);
                a.jump(Assembler.If.LESS_OR_EQUAL, unpacked);
                a.add(R15, PANEL_BYTES);
            } else {
                a.load(R15, at(ARGS, Arguments.PACKED));
            }
            a.load(R14, at(ARGS, Arguments.SCRATCH));
            a.add(R14, p * STRIDE);
            a.call(unpack);
        }
        a.bind(unpacked);

        // Where the next weights are: further in these panels, or the next four.
        var further = new Assembler.Label();
        a.load(R13, at(ARGS, Arguments.PACKED));
        a.load(RAX, at(ARGS, Arguments.GROUP));
        a.add(RAX, STEP);
        a.multiply(RCX, RAX, stepBytes(format) / STEP);
        a.load(RDX, at(ARGS, Arguments.COLUMNS));
        a.compare(RAX, RDX);
        a.jump(Assembler.If.LESS, further);
        a.move(RCX, PANEL_BYTES);
        a.shiftLeft(RCX, 2);
        a.bind(further);
        a.add(R13, RCX);
        a.address(THREE_PANELS, at(PANEL_BYTES, PANEL_BYTES, 2, 0));

        a.load(RAX, at(ARGS, Arguments.GROUP));
        a.load(RSI, at(ARGS, Arguments.X));
        a.address(RSI, at(RSI, RAX, 4, 0));
        a.load(RDX, at(ARGS, Arguments.X_ROW_BYTES));
        a.load(R8, at(ARGS, Arguments.SCRATCH));
        a.add(R8, SCRATCH_BYTES);
        // Whether a block of 512, or all of c, ends here.
        a.move(R9, RAX);
        a.add(R9, STEP);
        a.load(RCX, at(ARGS, Arguments.COLUMNS));
        var known = new Assembler.Label();
        a.compare(R9, RCX);
        a.move(RCX, 1);
        a.jump(Assembler.If.GREATER_OR_EQUAL, known);
        a.and(R9, PanelMatMul.BLOCK - 1);
        a.jump(Assembler.If.EQUAL, known);
        a.move(RCX, 0);
        a.bind(known);
        a.store(at(ARGS, Arguments.ENDS), RCX);
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
        a.add(R8, ROWS * SUM_BYTES);
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

    /// R9: by how many bytes the next tile moves on what it asks for, at every column; 0: everything was asked for.
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

    /// The panel at R15, from column GROUP on, STEP columns → F32 at R14; keeps R15.
    private void unpackQuants() {
        reader.loadConstants();
        a.address(RAX, constants);
        a.op(Op.PBROADCASTD, BYTE, at(RAX, 0));
        a.op(Op.PBROADCASTD, ZERO, at(RAX, 4));
        reader.open(R15);
        a.load(R12, at(ARGS, Arguments.GROUP));
        a.shiftRight(R12, 5);
        reader.skip(R12);
        if (reader.hasSupers()) {
            reader.supers(1);
        }
        a.load(R12, at(ARGS, Arguments.STEP));
        int blocks = reader.blocksPerGroup();
        Assembler.Label next = a.here();
        for (int block = 0; block < blocks; block++) {
            reader.scale(0, block, zmm(SCALE + block));
            if (format.hasMins()) {
                reader.min(0, block, zmm(OFFSET + block));
            }
        }
        reader.quants(0, (v, bytes) -> {
            int block = blocks == 2 && v >= 4 ? 1 : 0;
            for (int j = 0; j < 4; j++) {
                Vec levels = bytes;
                if (j > 0) {
                    a.shift(Op.PSRLD, ONE, bytes, 8 * j);
                    levels = ONE;
                }
                if (j < 3) {
                    a.op(Op.PAND, ONE, levels, BYTE);
                }
                if (format.zero() != 0) {
                    a.op(Op.PSUBD, ONE, ONE, ZERO);
                }
                a.op(Op.CVTDQ2PS, NUMBER, ONE);
                if (format.hasMins()) {
                    a.op(Op.FMADD213PS, NUMBER, zmm(SCALE + block), zmm(OFFSET + block));
                } else {
                    a.op(Op.MULPS, NUMBER, NUMBER, zmm(SCALE + block));
                }
                a.op(Op.STOREUPS, at(R14, 64 * (4 * v + j)), NUMBER);
            }
        });
        reader.ask(PANELS, true);
        reader.advance();
        a.add(R14, 64 * 32);
        a.subtract(R12, 32);
        a.jump(Assembler.If.GREATER, next);
        a.ret();
    }

    private void unpackNumbers() {
        int bytes = PanelFormat.LANES * format.bits() / 8;
        a.load(R12, at(ARGS, Arguments.GROUP));
        a.multiply(RCX, R12, bytes);
        a.add(RCX, R15);
        a.load(R12, at(ARGS, Arguments.STEP));
        Assembler.Label next = a.here();
        if (format.type() == DType.F16) {
            a.op(Op.CVTPH2PS, NUMBER, at(RCX, 0));
        } else {
            a.op(Op.PMOVZXWD, NUMBER, at(RCX, 0));
            a.shift(Op.PSLLD, NUMBER, NUMBER, 16);
        }
        a.prefetch(2, at(RCX, PANEL_BYTES, PANELS, 0));
        a.op(Op.STOREUPS, at(R14, 0), NUMBER);
        a.add(RCX, bytes);
        a.add(R14, 64);
        a.subtract(R12, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        a.ret();
    }

    private static Vec sum(int row, int panel) {
        return zmm(PANELS * row + panel);
    }

    /// x at RSI, rows RDX apart, the sums at R8; keeps all of these.
    private void tile(int rows) {
        if (direct) {
            a.load(RCX, at(ARGS, Arguments.GROUP));
            a.shiftLeft(RCX, 6);
            a.add(RCX, at(ARGS, Arguments.PACKED));
            a.load(R15, at(ARGS, Arguments.STRIDE));
            a.address(RAX, at(R15, R15, 2, 0));
            a.store(at(ARGS, Arguments.STRIDES), RAX);
        } else {
            a.load(RCX, at(ARGS, Arguments.SCRATCH));
        }
        a.load(R12, at(ARGS, Arguments.STEP));
        a.move(R10, RSI);
        if (rows > 3) {
            a.address(R11, at(RSI, RDX, 2, 0));
            a.add(R11, RDX);
        }
        var fresh = new Assembler.Label();
        var begin = new Assembler.Label();
        a.load(RAX, at(ARGS, Arguments.GROUP));
        a.and(RAX, PanelMatMul.BLOCK - 1);
        a.jump(Assembler.If.EQUAL, fresh);
        forSums(rows, (sum, at) -> a.op(Op.MOVUPS, sum, at));
        a.jump(begin);
        a.bind(fresh);
        forSums(rows, (sum, _) -> a.op(Op.PXOR, sum, sum, sum));
        a.bind(begin);
        var columns = new Assembler.Label();
        var done = new Assembler.Label();
        a.compare(R9, 0);
        a.jump(Assembler.If.EQUAL, columns);
        column(rows, true);
        a.jump(done);
        a.bind(columns);
        column(rows, false);
        a.bind(done);
        var whole = new Assembler.Label();
        var first = new Assembler.Label();
        a.load(RAX, at(ARGS, Arguments.ENDS));
        a.compare(RAX, 0);
        a.jump(Assembler.If.NOT_EQUAL, whole);
        forSums(rows, (sum, at) -> a.op(Op.STOREUPS, at, sum));
        a.ret();
        a.bind(whole);
        a.load(RAX, at(ARGS, Arguments.GROUP));
        a.compare(RAX, PanelMatMul.BLOCK);
        a.jump(Assembler.If.LESS, first);
        forSums(rows, (sum, at) -> a.op(Op.ADDPS, sum, sum, at.plus(ROW_BYTES)));
        a.bind(first);
        forSums(rows, (sum, at) -> a.op(Op.STOREUPS, at.plus(ROW_BYTES), sum));
        a.ret();
    }

    /// All columns of the step.
    private void column(int rows, boolean asks) {
        if (direct) {
            a.load(RAX, at(ARGS, Arguments.STRIDES));
        }
        Assembler.Label next = a.here();
        for (int p = 0; p < PANELS; p++) {
            a.op(Op.MOVUPS, zmm(24 + p), !direct ? at(RCX, p * STRIDE) : p == 0 ? at(RCX, 0) : p == 3 ? at(RCX, RAX, 1, 0) : at(RCX, R15, p, 0));
            if (asks) {
                a.prefetch(2, reader.of(R13, p, 0));
            }
        }
        for (int n = 0; n < rows; n++) {
            Reg base = n < 3 ? R10 : R11;
            a.op(Op.BROADCASTSS, X, n % 3 == 0 ? at(base, 0) : at(base, RDX, n % 3, 0));
            for (int p = 0; p < PANELS; p++) {
                a.op(Op.FMADD231PS, sum(n, p), zmm(24 + p), X);
            }
        }
        if (asks) {
            a.add(R13, R9);
        }
        a.add(RCX, 64);
        a.add(R10, 4);
        if (rows > 3) {
            a.add(R11, 4);
        }
        a.subtract(R12, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
    }

    private void forSums(int rows, BiConsumer<Vec, Mem> use) {
        for (int n = 0; n < rows; n++) {
            for (int p = 0; p < PANELS; p++) {
                use.accept(sum(n, p), at(R8, SUM_BYTES * n + 64 * p));
            }
        }
    }

    /// The sums of up to four panels to their place in y.
    private void store() {
        a.load(R12, at(ARGS, Arguments.PANELS));
        if (direct) {                                // of one panel taken for four, only the first is stored
            a.load(RCX, at(ARGS, Arguments.STRIDE));
        }
        for (int p = 0; p < PANELS; p++) {
            var known = new Assembler.Label();
            a.move(RAX, -1);
            a.compare(R12, p + 1);
            a.jump(Assembler.If.GREATER, known);
            a.load(RAX, at(ARGS, Arguments.LAST_MASK));
            a.jump(Assembler.If.EQUAL, known);
            a.move(RAX, 0);
            a.bind(known);
            if (direct && p > 0) {
                var all = new Assembler.Label();
                a.compare(RCX, 0);
                a.jump(Assembler.If.NOT_EQUAL, all);
                a.move(RAX, 0);
                a.bind(all);
            }
            a.mask64(1 + p, RAX);
        }
        a.load(R8, at(ARGS, Arguments.SCRATCH));
        a.add(R8, SCRATCH_BYTES + ROW_BYTES);
        a.load(RSI, at(ARGS, Arguments.Y));
        a.load(R9, at(ARGS, Arguments.Y_ROW_BYTES));
        a.load(R14, at(ARGS, Arguments.ROWS));
        Assembler.Label next = a.here();
        for (int p = 0; p < PANELS; p++) {
            a.op(Op.MOVUPS, X, at(R8, 64 * p));
            a.mask(1 + p).op(Op.STOREUPS, at(RSI, 64 * p), X);
        }
        a.add(R8, SUM_BYTES);
        a.add(RSI, R9);
        a.subtract(R14, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        a.load(RSI, at(ARGS, Arguments.Y));
        a.add(RSI, 64 * PANELS);
        if (direct) {
            var four = new Assembler.Label();
            a.compare(RCX, 0);
            a.jump(Assembler.If.NOT_EQUAL, four);
            a.subtract(RSI, 64 * (PANELS - 1));
            a.bind(four);
        }
        a.store(at(ARGS, Arguments.Y), RSI);
    }
}
