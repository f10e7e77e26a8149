package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Vec.xmm;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

/// Writes the kernels of attention over a cache, AVX-512, for one kind of page and one width of a head.
///
/// | version | idea                                                                                                    | figures in docs/BENCHMARKS.md |
/// |---------|---------------------------------------------------------------------------------------------------------|-------------------------------|
/// | 1       | four queries by 64 positions (or 64 components) in registers; a page is turned to F32 once for all its  |                               |
/// |         | queries; alone, four queries read it as it is, and ask for the next page meanwhile                        |                               |
///
/// `start` copies queries together and empties their states, `page` lets them look at one page, `merge` and `write` are those of
/// [dev.jackdaw.tensor.kernel.CachedAttention]. A page is three things for each query: scores, an online softmax without a branch (the
/// base is the largest score so far, what was summed before shrinks when it is loaded), and the sums of weighted values.
///
/// Numbers that come in threes to sixteens: rows of scores are 64 floats; a state is `[W]` sums, `[16]` partial sums of the weights, the
/// base (4 equal floats), and the factor by which the sums shrink at the next page (4 equal floats), 32 floats after the sums in all.
final class Attention512 {
    /// How numbers lie in memory.
    enum Kept { PLAIN, HALF, BYTES }

    /// Where the blocks of [AttentionCode] lie.
    private static final Reg ARGS = Reg.RDI, QUERIES = Reg.RSI, FROM = Reg.RDX, SCORES = Reg.RCX, STATE = Reg.R8, MASKS = Reg.R9, COUNTS = Reg.R10, QUADS = Reg.R11,
            AHEAD = Reg.R12, SCALES = Reg.R13, STEPS = Reg.R14, CONSTANTS = Reg.R15, PLACE = Reg.RBX, X = Reg.RBP, COUNT = Reg.RAX;
    private static final Vec C = zmm(24), ROUND = zmm(25), TINY = zmm(26), HIDDEN = zmm(27), E6 = zmm(28);
    private static final int[] FACTORS = {22, 23, 29, 30};           // scales of keys, for 16 positions each

    /// Constants behind the code. 2^x = 2^n · 2^f and its polynomial as in `AttentionSoftmax`.
    private static final float[] NUMBERS = {12582912f, -127f, Float.NEGATIVE_INFINITY, 0.000154697322f, 0.00134100008f, 0.00961803086f, 0.0555029735f, 0.240226507f,
        0.693147242f, 1f, -1e30f, 126f, 30f, -30f, 2f, Float.intBitsToFloat(127 << 23)};
    private static final int N_ROUND = 0, N_TINY = 4, N_HIDDEN = 8, N_E6 = 12, N_E5 = 16, N_E1 = 32, N_ONE = 36, N_NONE = 40, N_MOST = 44, N_CAPPED = 48, N_MINUS_CAPPED = 52,
            N_TWO = 56, N_BIAS = 60;
    private static final int ROW = 4 * 64;                           // bytes of a row of scores

    private final Assembler a = new Assembler();
    private final Assembler.Label constants = new Assembler.Label();
    private final Kept kept;
    private final int D;
    private final int W;
    private final boolean capped;
    private final int stateBytes;

    private Attention512(Kept kept, int D, boolean capped) {
        this.kept = kept;
        this.D = D;
        this.capped = capped;
        W = (D + 15) / 16 * 16;
        stateBytes = 4 * (W + 32);
    }

    static byte[] page(Kept kept, int D, boolean capped) {
        return new Attention512(kept, D, capped).page();
    }

    static byte[] start(int D) {
        return new Attention512(Kept.PLAIN, D, false).start();
    }

    static byte[] merge(int D) {
        return new Attention512(Kept.PLAIN, D, false).merge();
    }

    static byte[] write(int D) {
        return new Attention512(Kept.PLAIN, D, false).write();
    }

    // ---- one page ----

    private byte[] page() {
        enter();
        Assembler.Label many = new Assembler.Label(), done = new Assembler.Label();
        a.load(QUADS, at(ARGS, AttentionCode.QUADS));
        a.compare(QUADS, 1);
        a.jump(Assembler.If.GREATER, many);
        if (kept == Kept.BYTES) {
            valueScales();
        }
        a.load(FROM, at(ARGS, AttentionCode.KEYS));
        a.load(AHEAD, at(ARGS, AttentionCode.VALUES));
        scores(kept, true);
        a.load(FROM, at(ARGS, AttentionCode.VALUES));
        a.load(AHEAD, at(ARGS, AttentionCode.NEXT));
        values(kept, true);
        a.jump(done);
        a.bind(many);
        if (kept != Kept.PLAIN) {
            plainKeys();
        }
        a.load(FROM, at(ARGS, kept == Kept.PLAIN ? AttentionCode.KEYS : AttentionCode.PLAIN));
        scores(Kept.PLAIN, false);
        if (kept == Kept.BYTES) {
            valueScales();
        }
        if (kept != Kept.PLAIN) {
            plainValues();
        }
        a.load(FROM, at(ARGS, kept == Kept.PLAIN ? AttentionCode.VALUES : AttentionCode.PLAIN));
        values(Kept.PLAIN, false);
        a.bind(done);
        return leave();
    }

    /// Scores and weights of all quads.
    private void scores(Kept kept, boolean alone) {
        a.load(QUADS, at(ARGS, AttentionCode.QUADS));
        a.load(QUERIES, at(ARGS, AttentionCode.QUERIES));
        a.load(SCORES, at(ARGS, AttentionCode.SCORES));
        a.load(STATE, at(ARGS, AttentionCode.STATES));
        a.load(MASKS, at(ARGS, AttentionCode.MASKS));
        a.load(COUNTS, at(ARGS, AttentionCode.COUNTS));
        Assembler.Label quad = a.here(), skip = new Assembler.Label(), weigh = new Assembler.Label();
        a.load(COUNT, at(COUNTS, 0));
        a.compare(COUNT, 0);
        a.jump(Assembler.If.EQUAL, skip);
        Assembler.Label[] narrower = {null, new Assembler.Label(), new Assembler.Label(), new Assembler.Label()};
        for (int vectors = 4; vectors > 0; vectors--) {
            if (vectors < 4) {
                a.bind(narrower[vectors]);
            }
            if (vectors > 1) {
                a.compare(COUNT, 16 * (vectors - 1));
                a.jump(Assembler.If.LESS_OR_EQUAL, narrower[vectors - 1]);
            }
            scoreTile(kept, vectors, alone);
            if (vectors > 1) {
                a.jump(weigh);
            }
        }
        a.bind(weigh);
        for (int row = 0; row < 4; row++) {
            weights(row);
        }
        a.bind(skip);
        a.add(QUERIES, 16 * D);
        a.add(SCORES, 4 * ROW);
        a.add(STATE, 4 * stateBytes);
        a.add(MASKS, 32);
        a.add(COUNTS, 8);
        a.subtract(QUADS, 1);
        a.jump(Assembler.If.NOT_EQUAL, quad);
    }

    private void scoreTile(Kept kept, int vectors, boolean alone) {
        clear(vectors);
        a.move(PLACE, FROM);
        a.move(X, QUERIES);
        if (kept == Kept.BYTES) {
            a.load(SCALES, at(ARGS, AttentionCode.KEY_SCALES));
        }
        for (int from = 0; from < D; from += kept == Kept.BYTES ? 32 : D) {
            if (kept == Kept.BYTES) {
                for (int j = 0; j < vectors; j++) {
                    a.op(Op.CVTPH2PS, zmm(FACTORS[j]), at(SCALES, 32 * j));
                }
                a.add(SCALES, 128);
            }
            a.move(STEPS, kept == Kept.BYTES ? Math.min(32, D - from) : D);
            Assembler.Label next = a.here();
            for (int j = 0; j < vectors; j++) {
                load(kept, zmm(16 + j), at(PLACE, bytes(kept) * 16 * j));
                if (kept == Kept.BYTES) {
                    a.op(Op.MULPS, zmm(16 + j), zmm(16 + j), zmm(FACTORS[j]));
                }
            }
            multiply(vectors, 4 * D);
            if (alone) {
                ask(64 * bytes(kept));
            }
            a.add(PLACE, 64 * bytes(kept));
            a.add(X, 4);
            a.subtract(STEPS, 1);
            a.jump(Assembler.If.NOT_EQUAL, next);
        }
        for (int row = 0; row < 4; row++) {
            for (int j = 0; j < vectors; j++) {
                a.op(Op.STOREUPS, at(SCORES, row * ROW + 64 * j), zmm(4 * row + j));
            }
        }
    }

    /// Scores of one row to weights; hidden ones to 0.
    private void weights(int row) {
        int base = row * stateBytes + 4 * (W + 16);
        for (int j = 0; j < 4; j++) {
            a.mask64(1 + j, at(MASKS, 8 * row + 2 * j));
        }
        if (capped) {
            for (int j = 0; j < 4; j++) {
                a.op(Op.MOVUPS, zmm(16 + j), at(SCORES, row * ROW + 64 * j));
            }
            cap();
        }
        for (int j = 0; j < 4; j++) {
            a.op(Op.MOVUPS, zmm(j), HIDDEN);
            a.mask(1 + j).op(Op.MOVUPS, zmm(j), capped ? zmm(16 + j) : at(SCORES, row * ROW + 64 * j));
        }
        a.op(Op.MAXPS, zmm(12), zmm(0), zmm(1));
        a.op(Op.MAXPS, zmm(13), zmm(2), zmm(3));
        a.op(Op.MAXPS, zmm(12), zmm(12), zmm(13));
        acrossLanes(Op.MAXPS, zmm(12), zmm(13));
        a.op(Op.BROADCASTSS, zmm(14), at(STATE, base));
        a.op(Op.MAXPS, zmm(15), zmm(14), zmm(12));
        a.op(Op.STOREUPS, at(STATE, base), xmm(15));
        a.op(Op.SUBPS, zmm(13), zmm(14), zmm(15));
        a.op(Op.MULPS, zmm(13), zmm(13), C);
        a.op(Op.MULPS, zmm(12), zmm(15), C);
        for (int j = 0; j < 4; j++) {
            a.op(Op.FMSUB213PS, zmm(j), C, zmm(12));
        }
        powersOfTwo(0, 1, 2, 3, 13);
        a.op(Op.STOREUPS, at(STATE, base + 16), xmm(13));
        a.op(Op.MULPS, zmm(21), zmm(13), at(STATE, base - 64));
        for (int j = 0; j < 4; j++) {
            a.op(Op.STOREUPS, at(SCORES, row * ROW + 64 * j), zmm(j));
            a.op(Op.ADDPS, zmm(21), zmm(21), zmm(j));
        }
        a.op(Op.STOREUPS, at(STATE, base - 64), zmm(21));
    }

    /// Four vectors from 16: cap · tanh(factor · s), see `AttentionSoftmax.cap`.
    private void cap() {
        for (int j = 0; j < 4; j++) {
            Vec y = zmm(16 + j), r = zmm(4 + j), p = zmm(8 + j);
            a.op(Op.MULPS, y, y, at(ARGS, AttentionCode.CAP_FACTOR).toAllLanes());
            a.op(Op.MAXPS, y, y, number(N_MINUS_CAPPED));
            a.op(Op.MINPS, y, y, number(N_CAPPED));
            a.op(Op.ADDPS, r, y, ROUND);
            a.op(Op.SUBPS, p, r, ROUND);
            a.op(Op.SUBPS, y, y, p);
            a.op(Op.MOVUPS, p, E6);
            for (int at = N_E5; at <= N_E1; at += 4) {
                a.op(Op.FMADD213PS, p, y, number(at));
            }
            a.op(Op.MULPS, p, p, y);
            a.shift(Op.PSLLD, r, r, 23);
            a.op(Op.PADDD, r, r, number(N_BIAS));                    // 2^n
            a.op(Op.SUBPS, y, r, number(N_ONE));
            a.op(Op.FMADD231PS, y, p, r);                            // e = 2^n · (2^f - 1) + (2^n - 1)
            a.op(Op.ADDPS, r, y, number(N_TWO));
            a.op(Op.DIVPS, y, y, r);
            a.op(Op.MULPS, y, y, at(ARGS, AttentionCode.CAP).toAllLanes());
        }
    }

    /// The sums of weighted values of all quads.
    private void values(Kept kept, boolean alone) {
        a.load(QUADS, at(ARGS, AttentionCode.QUADS));
        a.load(SCORES, at(ARGS, AttentionCode.SCORES));
        a.load(STATE, at(ARGS, AttentionCode.STATES));
        a.load(COUNTS, at(ARGS, AttentionCode.COUNTS));
        Assembler.Label quad = a.here(), skip = new Assembler.Label();
        a.load(COUNT, at(COUNTS, 0));
        a.compare(COUNT, 0);
        a.jump(Assembler.If.EQUAL, skip);
        for (int from = 0; from < W; from += 64) {
            valueTile(kept, from, Math.min(4, (W - from) / 16), alone && from == 0);
        }
        a.bind(skip);
        a.add(SCORES, 4 * ROW);
        a.add(STATE, 4 * stateBytes);
        a.add(COUNTS, 8);
        a.subtract(QUADS, 1);
        a.jump(Assembler.If.NOT_EQUAL, quad);
    }

    private void valueTile(Kept kept, int from, int vectors, boolean alone) {
        for (int row = 0; row < 4; row++) {
            a.op(Op.BROADCASTSS, zmm(20), at(STATE, row * stateBytes + 4 * (W + 20)));
            for (int j = 0; j < vectors; j++) {
                a.op(Op.MULPS, zmm(4 * row + j), zmm(20), at(STATE, row * stateBytes + 4 * from + 64 * j));
            }
        }
        a.move(X, SCORES);
        a.address(PLACE, at(FROM, bytes(kept) * from));
        if (kept == Kept.BYTES) {
            a.load(SCALES, at(ARGS, AttentionCode.VALUE_FACTORS));
        }
        a.move(STEPS, COUNT);
        Assembler.Label next = a.here();
        for (int j = 0; j < vectors; j++) {
            load(kept, zmm(16 + j), at(PLACE, bytes(kept) * 16 * j));
            if (kept == Kept.BYTES) {
                a.op(Op.MULPS, zmm(16 + j), zmm(16 + j), at(SCALES, 4 * ((from + 16 * j) / 32)).toAllLanes());
            }
        }
        multiply(vectors, ROW);
        if (alone) {
            ask(bytes(kept) * W);
        }
        if (kept == Kept.BYTES) {
            a.add(SCALES, 4 * blocks());
        }
        a.add(PLACE, bytes(kept) * W);
        a.add(X, 4);
        a.subtract(STEPS, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        for (int row = 0; row < 4; row++) {
            for (int j = 0; j < vectors; j++) {
                a.op(Op.STOREUPS, at(STATE, row * stateBytes + 4 * from + 64 * j), zmm(4 * row + j));
            }
        }
    }

    // ---- pages as F32 ----

    private void plainKeys() {
        a.load(PLACE, at(ARGS, AttentionCode.KEYS));
        a.load(X, at(ARGS, AttentionCode.PLAIN));
        if (kept == Kept.BYTES) {
            a.load(SCALES, at(ARGS, AttentionCode.KEY_SCALES));
        }
        for (int from = 0; from < D; from += kept == Kept.BYTES ? 32 : D) {
            if (kept == Kept.BYTES) {
                for (int j = 0; j < 4; j++) {
                    a.op(Op.CVTPH2PS, zmm(FACTORS[j]), at(SCALES, 32 * j));
                }
                a.add(SCALES, 128);
            }
            a.move(STEPS, kept == Kept.BYTES ? Math.min(32, D - from) : D);
            Assembler.Label next = a.here();
            for (int j = 0; j < 4; j++) {
                load(kept, zmm(j), at(PLACE, bytes(kept) * 16 * j));
                if (kept == Kept.BYTES) {
                    a.op(Op.MULPS, zmm(j), zmm(j), zmm(FACTORS[j]));
                }
                a.op(Op.STOREUPS, at(X, 64 * j), zmm(j));
            }
            a.add(PLACE, 64 * bytes(kept));
            a.add(X, 256);
            a.subtract(STEPS, 1);
            a.jump(Assembler.If.NOT_EQUAL, next);
        }
    }

    private void plainValues() {
        a.load(PLACE, at(ARGS, AttentionCode.VALUES));
        a.load(X, at(ARGS, AttentionCode.PLAIN));
        a.load(STEPS, at(ARGS, AttentionCode.FILLED));
        if (kept == Kept.BYTES) {
            a.load(SCALES, at(ARGS, AttentionCode.VALUE_FACTORS));
        }
        Assembler.Label next = a.here();
        for (int j = 0; j < W / 16; j++) {
            load(kept, zmm(j % 8), at(PLACE, bytes(kept) * 16 * j));
            if (kept == Kept.BYTES) {
                a.op(Op.MULPS, zmm(j % 8), zmm(j % 8), at(SCALES, 4 * (16 * j / 32)).toAllLanes());
            }
            a.op(Op.STOREUPS, at(X, 64 * j), zmm(j % 8));
        }
        if (kept == Kept.BYTES) {
            a.add(SCALES, 4 * blocks());
        }
        a.add(PLACE, bytes(kept) * W);
        a.add(X, 4 * W);
        a.subtract(STEPS, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
    }

    /// The scales of the values of a page, 64 for each block, as F32.
    private void valueScales() {
        a.load(PLACE, at(ARGS, AttentionCode.VALUE_SCALES));
        a.load(X, at(ARGS, AttentionCode.VALUE_FACTORS));
        a.move(STEPS, 4 * blocks());
        Assembler.Label next = a.here();
        a.op(Op.CVTPH2PS, zmm(0), at(PLACE, 0));
        a.op(Op.STOREUPS, at(X, 0), zmm(0));
        a.add(PLACE, 32);
        a.add(X, 64);
        a.subtract(STEPS, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
    }

    // ---- before and after the pages ----

    private byte[] start() {
        enter();
        a.load(COUNT, at(ARGS, AttentionCode.COUNT));
        a.load(PLACE, at(ARGS, AttentionCode.POINTERS));
        a.load(QUERIES, at(ARGS, AttentionCode.QUERIES));
        a.load(STATE, at(ARGS, AttentionCode.STATES));
        tailMask();
        a.op(Op.PXOR, zmm(0), zmm(0), zmm(0));
        a.op(Op.BROADCASTSS, zmm(1), at(CONSTANTS, N_NONE));
        Assembler.Label next = a.here();
        a.load(X, at(PLACE, 0));
        for (int d = 0; d < D; d += 16) {
            boolean tail = D - d < 16;
            a.mask(tail ? 1 : 0).op(Op.MOVUPS, zmm(2), at(X, 4 * d));
            a.mask(tail ? 1 : 0).op(Op.STOREUPS, at(QUERIES, 4 * d), zmm(2));
        }
        for (int d = 0; d < W + 16; d += 16) {
            a.op(Op.STOREUPS, at(STATE, 4 * d), zmm(0));
        }
        a.op(Op.STOREUPS, at(STATE, 4 * (W + 16)), zmm(1));
        a.add(PLACE, 8);
        a.add(QUERIES, 4 * D);
        a.add(STATE, stateBytes);
        a.subtract(COUNT, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        return leave();
    }

    private byte[] merge() {
        enter();
        a.load(COUNT, at(ARGS, AttentionCode.COUNT));
        a.load(STATE, at(ARGS, AttentionCode.STATES));
        a.load(FROM, at(ARGS, AttentionCode.LATER));
        Assembler.Label next = a.here();
        int base = 4 * (W + 16);
        a.op(Op.BROADCASTSS, zmm(0), at(STATE, base));
        a.op(Op.BROADCASTSS, zmm(1), at(FROM, base));
        a.op(Op.MAXPS, zmm(2), zmm(0), zmm(1));
        a.op(Op.STOREUPS, at(STATE, base), xmm(2));
        for (int i = 0; i < 2; i++) {
            a.op(Op.SUBPS, zmm(i), zmm(i), zmm(2));
            a.op(Op.MULPS, zmm(i), zmm(i), C);
        }
        powersOfTwo(0, 1);
        for (int d = 0; d < W + 16; d += 16) {
            a.op(Op.MULPS, zmm(2), zmm(0), at(STATE, 4 * d));
            a.op(Op.FMADD231PS, zmm(2), zmm(1), at(FROM, 4 * d));
            a.op(Op.STOREUPS, at(STATE, 4 * d), zmm(2));
        }
        a.add(STATE, stateBytes);
        a.add(FROM, stateBytes);
        a.subtract(COUNT, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        return leave();
    }

    private byte[] write() {
        enter();
        a.load(COUNT, at(ARGS, AttentionCode.COUNT));
        a.load(PLACE, at(ARGS, AttentionCode.POINTERS));
        a.load(STATE, at(ARGS, AttentionCode.STATES));
        a.load(FROM, at(ARGS, AttentionCode.SINKS));
        tailMask();
        Assembler.Label next = a.here(), noSink = new Assembler.Label();
        a.op(Op.MOVUPS, zmm(0), at(STATE, 4 * W));
        acrossLanes(Op.ADDPS, zmm(0), zmm(1));
        a.compare(FROM, 0);
        a.jump(Assembler.If.EQUAL, noSink);
        a.op(Op.BROADCASTSS, zmm(1), at(STATE, 4 * (W + 16)));
        a.op(Op.BROADCASTSS, zmm(2), at(FROM, 0));
        a.op(Op.FMSUB213PS, zmm(1), C, zmm(2));
        a.op(Op.PXOR, zmm(2), zmm(2), zmm(2));
        a.op(Op.SUBPS, zmm(1), zmm(2), zmm(1));                      // the sink's score above the base, in powers of two
        a.op(Op.MINPS, zmm(1), zmm(1), number(N_MOST));
        powersOfTwo(1);
        a.op(Op.ADDPS, zmm(0), zmm(0), zmm(1));
        a.add(FROM, 4);
        a.bind(noSink);
        a.op(Op.BROADCASTSS, zmm(1), at(CONSTANTS, N_ONE));
        a.op(Op.DIVPS, zmm(0), zmm(1), zmm(0));
        a.load(X, at(PLACE, 0));
        for (int d = 0; d < D; d += 16) {
            a.op(Op.MULPS, zmm(2), zmm(0), at(STATE, 4 * d));
            a.mask(D - d < 16 ? 1 : 0).op(Op.STOREUPS, at(X, 4 * d), zmm(2));
        }
        a.add(PLACE, 8);
        a.add(STATE, stateBytes);
        a.subtract(COUNT, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        return leave();
    }

    // ---- pieces ----

    private void enter() {
        Frame.enter(a);
        a.address(CONSTANTS, constants);
        a.op(Op.BROADCASTSS, C, at(ARGS, AttentionCode.SCALE));
        a.op(Op.BROADCASTSS, ROUND, at(CONSTANTS, N_ROUND));
        a.op(Op.BROADCASTSS, TINY, at(CONSTANTS, N_TINY));
        a.op(Op.BROADCASTSS, HIDDEN, at(CONSTANTS, N_HIDDEN));
        a.op(Op.BROADCASTSS, E6, at(CONSTANTS, N_E6));
    }

    private byte[] leave() {
        Frame.leave(a);
        a.align(64);
        a.bind(constants);
        for (float number : NUMBERS) {
            a.data(Float.floatToRawIntBits(number));
        }
        return a.code();
    }

    private static Mem number(int offset) {
        return at(CONSTANTS, offset).toAllLanes();
    }

    private void tailMask() {
        if (D % 16 != 0) {
            a.move(X, (1L << D % 16) - 1);
            a.mask64(1, X);
        }
    }

    private void clear(int vectors) {
        for (int row = 0; row < 4; row++) {
            for (int j = 0; j < vectors; j++) {
                a.op(Op.PXOR, zmm(4 * row + j), zmm(4 * row + j), zmm(4 * row + j));
            }
        }
    }

    /// sum[row, j] += x[row] · b[j]; the rows of x are `rowBytes` apart.
    private void multiply(int vectors, int rowBytes) {
        for (int row = 0; row < 4; row++) {
            Vec x = zmm(20 + row % 2);
            a.op(Op.BROADCASTSS, x, at(X, row * rowBytes));
            for (int j = 0; j < vectors; j++) {
                a.op(Op.FMADD231PS, zmm(4 * row + j), x, zmm(16 + j));
            }
        }
    }

    /// Asks for the next `bytes` bytes of what will be read next.
    private void ask(int bytes) {
        for (int i = 0; i < bytes; i += 64) {
            a.prefetch(1, at(AHEAD, i));
        }
        a.add(AHEAD, bytes);
    }

    private static int bytes(Kept kept) {
        return kept == Kept.PLAIN ? 4 : kept == Kept.HALF ? 2 : 1;
    }

    private int blocks() {
        return (D + 31) / 32;
    }

    private void load(Kept kept, Vec to, Mem from) {
        switch (kept) {
            case PLAIN -> a.op(Op.MOVUPS, to, from);
            case HALF -> a.op(Op.CVTPH2PS, to, from);
            case BYTES -> {
                a.op(Op.PMOVSXBD, to, from);
                a.op(Op.CVTDQ2PS, to, to);
            }
        }
    }

    /// `x`, combined over its lanes, in every lane: partners at distance 8, 4, 2, 1.
    private void acrossLanes(Op op, Vec x, Vec other) {
        a.op(Op.SHUFF32X4, other, x, x, 0x4E);
        a.op(op, x, x, other);
        a.op(Op.SHUFF32X4, other, x, x, 0xB1);
        a.op(op, x, x, other);
        a.op(Op.PSHUFD, other, x, 0x4E);
        a.op(op, x, x, other);
        a.op(Op.PSHUFD, other, x, 0xB1);
        a.op(op, x, x, other);
    }

    /// These registers y become 2^y; at most five. Uses 4 to 8 and 16 to 20.
    private void powersOfTwo(int... registers) {
        int n = registers.length;
        for (int y : registers) {
            a.op(Op.MAXPS, zmm(y), TINY, zmm(y));                    // in this order NaN stays NaN
        }
        for (int i = 0; i < n; i++) {
            a.op(Op.ADDPS, zmm(4 + i), zmm(registers[i]), ROUND);
        }
        for (int i = 0; i < n; i++) {
            a.op(Op.SUBPS, zmm(16 + i), zmm(4 + i), ROUND);
        }
        for (int i = 0; i < n; i++) {
            a.op(Op.SUBPS, zmm(registers[i]), zmm(registers[i]), zmm(16 + i));
        }
        for (int i = 0; i < n; i++) {
            a.op(Op.MOVUPS, zmm(16 + i), E6);
        }
        for (int at = N_E5; at <= N_ONE; at += 4) {
            for (int i = 0; i < n; i++) {
                a.op(Op.FMADD213PS, zmm(16 + i), zmm(registers[i]), number(at));
            }
        }
        for (int i = 0; i < n; i++) {
            a.shift(Op.PSLLD, zmm(4 + i), zmm(4 + i), 23);
        }
        for (int i = 0; i < n; i++) {
            a.op(Op.PADDD, zmm(registers[i]), zmm(16 + i), zmm(4 + i));
        }
    }
}
