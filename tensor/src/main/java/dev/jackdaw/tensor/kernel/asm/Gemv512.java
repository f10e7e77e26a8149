package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.PanelReader.ARGS;
import static dev.jackdaw.tensor.kernel.asm.PanelReader.PANEL_BYTES;
import static dev.jackdaw.tensor.kernel.asm.PanelReader.QUANTS;
import static dev.jackdaw.tensor.kernel.asm.PanelReader.SCALES;
import static dev.jackdaw.tensor.kernel.asm.Reg.R11;
import static dev.jackdaw.tensor.kernel.asm.Reg.R12;
import static dev.jackdaw.tensor.kernel.asm.Reg.R13;
import static dev.jackdaw.tensor.kernel.asm.Reg.R15;
import static dev.jackdaw.tensor.kernel.asm.Reg.RAX;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

import dev.jackdaw.tensor.kernel.ActivationBlocks;
import dev.jackdaw.tensor.quant.PanelFormat;

/// One quantised row of x by a packed weight, AVX-512 with VNNI: the product of decoding, where all that counts is to keep memory busy.
///
/// Packed bits are taken apart in registers and go straight into `vpdpbusd`: four columns of 16 output rows in one instruction, x broadcast.
///
/// | version | idea                                                                       | GB/s, one thread, Q8_0 / Q4_0 |
/// |---------|----------------------------------------------------------------------------|-------------------------------|
/// | 1       | two panels side by side, each asked for 2 KB ahead; a plain read gives 36.6 | 35 / 31 to 34                 |
///
/// Measured on Zen 5 over 576x1536, weights from memory; see `bench kernel`.
final class Gemv512 {
    /// Panels read side by side: streams of memory.
    static final int STREAMS = 2;
    private static final Reg X = R11, GROUPS = R12, INNER = R13, PANEL = R15;
    /// Registers 0 to 3: sums of the panels.
    private static final Vec ISUM = zmm(12), ISUM_HIGH = zmm(13), SCALE = zmm(16), FLOAT = zmm(17), START = zmm(21), START_HIGH = zmm(22);
    private static final int X_COLUMNS = 24;

    private final Assembler a = new Assembler();
    private final PanelFormat format;
    private final PanelReader reader;

    private Gemv512(PanelFormat format) {
        this.format = format;
        reader = new PanelReader(a, format);
    }

    static byte[] code(PanelFormat format) {
        var kernel = new Gemv512(format);
        kernel.write();
        return kernel.a.code();
    }

    private void write() {
        Frame.enter(a);
        reader.begin();
        a.load(PANEL, at(ARGS, Arguments.PACKED));
        var done = new Assembler.Label();
        var single = new Assembler.Label();
        panels(STREAMS, single);
        a.bind(single);
        panels(1, done);
        a.bind(done);
        Frame.leave(a);
        reader.constants();
    }

    /// As long as there are `count` panels: their sums; then goes on at `rest`.
    private void panels(int count, Assembler.Label rest) {
        Assembler.Label next = a.here();
        a.load(RAX, at(ARGS, Arguments.PANELS));
        a.compare(RAX, count);
        a.jump(Assembler.If.LESS, rest);
        sums(count);
        store(count);
        a.address(PANEL, at(PANEL, PANEL_BYTES, count, 0));
        a.jump(next);
    }

    private void sums(int count) {
        reader.open(PANEL);
        a.load(X, at(ARGS, Arguments.X));
        a.load(GROUPS, at(ARGS, Arguments.GROUPS));
        for (int p = 0; p < count; p++) {
            a.op(Op.PXOR, zmm(p), zmm(p), zmm(p));
        }
        Assembler.Label outer = a.here();
        if (reader.hasSupers()) {
            reader.supers(count);
            a.move(INNER, 8);
        }
        Assembler.Label inner = a.here();
        group(count);
        reader.advance();
        a.add(X, ActivationBlocks.BYTES);
        if (reader.hasSupers()) {
            a.subtract(INNER, 1);
            a.jump(Assembler.If.NOT_EQUAL, inner);
            a.subtract(GROUPS, 8);
        } else {
            a.subtract(GROUPS, 1);
        }
        a.jump(Assembler.If.NOT_EQUAL, outer);
    }

    private void group(int count) {
        boolean halves = format.block() == 16;
        start(START, halves ? ActivationBlocks.SUM_LOW : ActivationBlocks.SUM);
        if (halves) {
            start(START_HIGH, ActivationBlocks.SUM_HIGH);
        }
        for (int v = 0; v < 8; v++) {
            a.op(Op.PBROADCASTD, zmm(X_COLUMNS + v), at(X, 4 * v));
        }
        for (int p = 0; p < count; p++) {
            for (int line = 0; line < format.quantBytes(); line += 64) {
                a.prefetch(1, reader.of(QUANTS, p, PanelReader.AHEAD + line));
            }
            a.prefetch(1, reader.of(SCALES, p, 256));
            a.op(Op.MOVDQU, ISUM, START);
            if (halves) {
                a.op(Op.MOVDQU, ISUM_HIGH, START_HIGH);
            }
            reader.quants(p, (v, bytes) -> a.op(Op.PDPBUSD, halves && v >= 4 ? ISUM_HIGH : ISUM, bytes, zmm(X_COLUMNS + v)));
            add(p, 0, ISUM, halves ? ActivationBlocks.SCALED_SUM_LOW : ActivationBlocks.SCALED_SUM);
            if (halves) {
                add(p, 1, ISUM_HIGH, ActivationBlocks.SCALED_SUM_HIGH);
            }
        }
    }

    /// `−zero · Σ q` of x in all lanes.
    private void start(Vec to, int sum) {
        if (format.zero() == 0) {
            a.op(Op.PXOR, to, to, to);
        } else {
            a.load32(RAX, at(X, sum));
            a.multiply(RAX, RAX, -format.zero());
            a.broadcast(to, RAX);
        }
    }

    private void add(int panel, int block, Vec isum, int scaledSum) {
        reader.scale(panel, block, SCALE);
        a.op(Op.CVTDQ2PS, FLOAT, isum);
        a.op(Op.MULPS, SCALE, SCALE, at(X, ActivationBlocks.SCALE).toAllLanes());
        a.op(Op.FMADD231PS, zmm(panel), FLOAT, SCALE);
        if (format.hasMins()) {
            reader.min(panel, block, SCALE);
            a.op(Op.FMADD231PS, zmm(panel), SCALE, at(X, scaledSum).toAllLanes());
        }
    }

    private void store(int count) {
        a.load(R13, at(ARGS, Arguments.Y));
        for (int p = 0; p < count - 1; p++) {
            a.op(Op.STOREUPS, at(R13, 64 * p), zmm(p));
        }
        var whole = new Assembler.Label();
        a.load(R12, at(ARGS, Arguments.PANELS));
        a.move(RAX, -1);
        a.compare(R12, count);
        a.jump(Assembler.If.NOT_EQUAL, whole);
        a.load(RAX, at(ARGS, Arguments.LAST_MASK));
        a.bind(whole);
        a.mask64(1, RAX);
        a.mask(1).op(Op.STOREUPS, at(R13, 64 * (count - 1)), zmm(count - 1));
        a.add(R13, 64 * count);
        a.store(at(ARGS, Arguments.Y), R13);
        a.subtract(R12, count);
        a.store(at(ARGS, Arguments.PANELS), R12);
    }
}
