package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.quant.PanelFormat;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;

/// Rows as they are stored to panels of 16, see [PanelFormat], for the usual number formats. Same bits as `PanelPacking`; it is here because
/// it needs no warm-up: a cold process spent longer on rearranging its weights than on the first answer.
///
/// Plain registers do it. A column of a panel belongs to 16 rows, so four bytes at a time go to places 64 bytes apart; a gather of 16 would
/// be cut into as many loads by the processor. Row by row, a strip of columns is read in order, and the strip of the panel stays in the
/// first-level cache.
public final class PackCode {
    // The block of memory that tells the code what to do; it changes the first three and the addresses.
    public static final int PANEL = 0;
    public static final int PANELS = 8;
    /// 16 addresses for each panel, where its rows begin; 0: there is no such row, and its lane is left alone.
    public static final int ROWS = 16;
    public static final int PANEL_BYTES = 24;
    /// Blocks of a row.
    public static final int BLOCKS = 32;
    public static final int HIGH_AT = 40;
    public static final int SCALES_AT = 48;
    public static final int MINS_AT = 56;
    public static final int SUPER_SCALES_AT = 64;
    public static final int SUPER_MINS_AT = 72;
    // Places for the code itself.
    private static final int LEFT = 80;
    private static final int STRIP = 88;
    /// Where the strip's part of each region begins: quants, high bits, scales, mins, super scales, super mins.
    private static final int BASES = 96;
    public static final int BYTES = 192;

    private static final Set<DType> TYPES = EnumSet.of(DType.Q8_0, DType.Q4_0, DType.Q5_0, DType.Q4_K, DType.Q6_K);
    private static final int STRIP_COLUMNS = 512;
    private static final int LANES = PanelFormat.LANES;
    private static final int REGIONS = 6;
    private static final int[] REGION_AT = {0, HIGH_AT, SCALES_AT, MINS_AT, SUPER_SCALES_AT, SUPER_MINS_AT};

    private static final Reg ARGS = Reg.RDI, FROM = Reg.RSI, QUANTS = Reg.RDX, HIGH = Reg.RCX, SCALES = Reg.R8, MINS = Reg.R9, SUPER_SCALES = Reg.R10,
            SUPER_MINS = Reg.R11, A = Reg.RAX, B = Reg.RBX, C = Reg.RBP, D = Reg.R12, LANE = Reg.R13, COUNT = Reg.R14, TABLE = Reg.R15;
    private static final Reg[] POINTERS = {QUANTS, HIGH, SCALES, MINS, SUPER_SCALES, SUPER_MINS};
    private static final int NIBBLES = 0x0f0f_0f0f;

    private final Assembler a = new Assembler(Isa.AVX2);
    private final PanelFormat format;
    private final int blockBytes;
    private final int blockColumns;

    private PackCode(PanelFormat format) {
        this.format = format;
        blockBytes = format.type().blockBytes();
        blockColumns = format.type().blockElements();
    }

    /// Code for rows of a type; null where there is none, and `PanelPacking` must do it.
    public static MemorySegment of(Isa isa, PanelFormat format) {
        if (isa == Isa.NONE || !TYPES.contains(format.type())) {
            return null;
        }
        try {
            return ExecutableMemory.place(new PackCode(format).code());
        } catch (ExecutableMemory.Refused e) {
            return null;
        }
    }

    private byte[] code() {
        Frame.enter(a);
        a.load(TABLE, at(ARGS, ROWS));
        Assembler.Label panel = a.here(), strip = new Assembler.Label(), full = new Assembler.Label(), done = new Assembler.Label();
        a.load(B, at(ARGS, PANEL));
        for (int region = 0; region < REGIONS; region++) {
            a.move(A, B);
            if (region > 0) {
                a.add(A, at(ARGS, REGION_AT[region]));
            }
            a.store(at(ARGS, BASES + 8 * region), A);
        }
        a.load(A, at(ARGS, BLOCKS));
        a.store(at(ARGS, LEFT), A);
        a.bind(strip);
        a.load(A, at(ARGS, LEFT));
        a.compare(A, STRIP_COLUMNS / blockColumns);
        a.jump(Assembler.If.LESS_OR_EQUAL, full);
        a.move(A, STRIP_COLUMNS / blockColumns);
        a.bind(full);
        a.store(at(ARGS, STRIP), A);
        a.move(LANE, 0);
        Assembler.Label pair = a.here();
        lane(false);
        lane(true);
        a.compare(LANE, LANES);
        a.jump(Assembler.If.LESS, pair);
        a.load(A, at(ARGS, LEFT));
        a.load(B, at(ARGS, STRIP));
        a.subtract(A, B);
        a.store(at(ARGS, LEFT), A);
        a.compare(A, 0);
        a.jump(Assembler.If.EQUAL, done);
        for (int region = 0; region < REGIONS; region++) {          // all strips but the last are whole
            a.load(A, at(ARGS, BASES + 8 * region));
            a.add(A, STRIP_COLUMNS / blockColumns * perBlock(region));
            a.store(at(ARGS, BASES + 8 * region), A);
        }
        a.jump(strip);
        a.bind(done);
        a.add(TABLE, 8 * LANES);
        a.load(A, at(ARGS, PANEL));
        a.add(A, at(ARGS, PANEL_BYTES));
        a.store(at(ARGS, PANEL), A);
        a.load(A, at(ARGS, PANELS));
        a.subtract(A, 1);
        a.store(at(ARGS, PANELS), A);
        a.jump(Assembler.If.NOT_EQUAL, panel);
        Frame.leave(a);
        return a.code();
    }

    /// Bytes that one block of the file takes in a region, for all lanes.
    private int perBlock(int region) {
        int scales = blockColumns / format.block() * LANES;
        return switch (region) {
            case 0 -> blockColumns / 32 * format.quantBytes();
            case 1 -> blockColumns / 32 * format.highBytes();
            case 2 -> scales * format.scale().bytes;
            case 3 -> scales * format.mins().bytes;
            default -> 2 * LANES;
        };
    }

    /// A lane's part of the strip. Two lanes share a byte where a fifth bit stands alone.
    private void lane(boolean odd) {
        Assembler.Label absent = new Assembler.Label();
        a.load(FROM, at(TABLE, LANE, 8, 0));
        a.compare(FROM, 0);
        a.jump(Assembler.If.EQUAL, absent);
        for (int region = 0; region < REGIONS; region++) {
            a.load(POINTERS[region], at(ARGS, BASES + 8 * region));
        }
        a.address(QUANTS, at(QUANTS, LANE, 4, 0));
        if (format.bits() == 5) {
            a.move(A, LANE);
            a.shiftRight(A, 1);
            a.add(HIGH, A);
        } else {
            a.address(HIGH, at(HIGH, LANE, 4, 0));
        }
        a.address(SCALES, at(SCALES, LANE, Math.max(1, format.scale().bytes), 0));
        a.address(MINS, at(MINS, LANE, Math.max(1, format.mins().bytes), 0));
        a.address(SUPER_SCALES, at(SUPER_SCALES, LANE, 2, 0));
        a.address(SUPER_MINS, at(SUPER_MINS, LANE, 2, 0));
        a.load(COUNT, at(ARGS, STRIP));
        Assembler.Label next = a.here();
        switch (format.type()) {
            case Q8_0 -> q8();
            case Q4_0 -> nibbles(2);
            case Q5_0 -> q5(odd);
            case Q4_K -> q4k();
            default -> q6k();
        }
        if (format.scale() == PanelFormat.Scale.HALF) {             // in all of these types it comes first
            a.load16(A, at(FROM, 0));
            a.store16(at(SCALES, 0), A);
        }
        a.add(FROM, blockBytes);
        for (int region = 0; region < REGIONS; region++) {
            if (perBlock(region) != 0) {
                a.add(POINTERS[region], perBlock(region));
            }
        }
        a.subtract(COUNT, 1);
        a.jump(Assembler.If.NOT_EQUAL, next);
        a.store(at(TABLE, LANE, 8, 0), FROM);
        a.bind(absent);
        a.add(LANE, 1);
    }

    private void q8() {
        for (int v = 0; v < 8; v++) {
            a.load32(A, at(FROM, 2 + 4 * v));
            a.xor(A, 0x8080_8080);
            a.store32(at(QUANTS, 64 * v), A);
        }
    }

    /// 32 columns that already stand as a panel has them.
    private void nibbles(int from) {
        for (int v = 0; v < 4; v++) {
            a.load32(A, at(FROM, from + 4 * v));
            a.store32(at(QUANTS, 64 * v), A);
        }
    }

    private void q5(boolean odd) {
        nibbles(6);
        a.load32(B, at(FROM, 2));
        for (int v = 0; v < 8; v++) {
            a.move(A, B);
            a.and(A, 15);
            if (odd) {
                a.shiftLeft(A, 4);
                a.or8(at(HIGH, 8 * v), A);
            } else {
                a.store8(at(HIGH, 8 * v), A);
            }
            a.shiftRight(B, 4);
        }
    }

    /// 32 bytes at `from`, the low halves columns of group `low`, the high halves columns of group `high`.
    private void halves(int from, int low, int high) {
        for (int v = 0; v < 4; v++) {
            a.load32(A, at(FROM, from + 4 * v));
            a.load32(B, at(FROM, from + 16 + 4 * v));
            a.move(C, A);
            a.move(D, B);
            a.and(A, NIBBLES);
            a.and(B, NIBBLES);
            a.shiftLeft(B, 4);
            a.or(A, B);
            a.store32(at(QUANTS, format.quantBytes() * low + 64 * v), A);
            a.shiftRight(C, 4);
            a.and(C, NIBBLES);
            a.and(D, ~NIBBLES);
            a.or(C, D);
            a.store32(at(QUANTS, format.quantBytes() * high + 64 * v), C);
        }
    }

    /// Scale, scale of mins, twelve bytes of six bits each, 128 bytes of numbers.
    private void q4k() {
        for (int chunk = 0; chunk < 4; chunk++) {
            halves(16 + 32 * chunk, 2 * chunk, 2 * chunk + 1);
        }
        for (int mins = 0; mins < 2; mins++) {
            Reg to = mins == 0 ? SCALES : MINS;
            a.load32(A, at(FROM, 4 + 4 * mins));
            a.move(B, A);
            a.and(A, 0x3f3f_3f3f);
            spread(to, 0);
            a.load32(A, at(FROM, 12));
            if (mins == 1) {
                a.shiftRight(A, 4);
            }
            a.and(A, NIBBLES);
            a.shiftRight(B, 2);
            a.and(B, 0x3030_3030);
            a.or(A, B);
            spread(to, 4);
        }
        a.load16(A, at(FROM, 0));
        a.store16(at(SUPER_SCALES, 0), A);
        a.load16(A, at(FROM, 2));
        a.xor(A, 0x8000);                                           // mins are added
        a.store16(at(SUPER_MINS, 0), A);
    }

    /// Four bytes of A, of four blocks.
    private void spread(Reg to, int block) {
        for (int i = 0; i < 4; i++) {
            a.store8(at(to, LANES * (block + i)), A);
            a.shiftRight(A, 8);
        }
    }

    /// 128 bytes of low halves, 64 of upper bits, 16 scales, one F16.
    private void q6k() {
        for (int half = 0; half < 2; half++) {
            for (int part = 0; part < 2; part++) {
                halves(64 * half + 32 * part, 4 * half + part, 4 * half + part + 2);
            }
            for (int group = 0; group < 4; group++) {
                for (int h = 0; h < 2; h++) {
                    for (int t = 0; t < 4; t++) {
                        a.load32(A, at(FROM, 128 + 32 * half + 16 * h + 4 * t));
                        a.shiftRight(A, 2 * group);
                        a.and(A, 0x0303_0303);
                        if (t == 0) {
                            a.move(B, A);
                        } else {
                            a.shiftLeft(A, 2 * t);
                            a.or(B, A);
                        }
                    }
                    a.store32(at(HIGH, format.highBytes() * (4 * half + group) + 64 * h), B);
                }
            }
        }
        for (int block = 0; block < 16; block++) {
            a.load8(A, at(FROM, 192 + block));
            a.store8(at(SCALES, LANES * block), A);
        }
        a.load16(A, at(FROM, 208));
        a.store16(at(SUPER_SCALES, 0), A);
    }
}
