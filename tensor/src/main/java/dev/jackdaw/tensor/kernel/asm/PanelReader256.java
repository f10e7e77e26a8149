package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Reg.RAX;
import static dev.jackdaw.tensor.kernel.asm.Vec.ymm;

import dev.jackdaw.tensor.quant.PanelFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.BiConsumer;

/// Writes the AVX2 code that reads a packed panel of one format, 32 columns and half of the lanes at a time: quants as unsigned bytes, scales
/// and mins as F32. The same as [PanelReader], with half the width, no masks, and constants in memory.
final class PanelReader256 {
    /// Where constants lie behind [#CONSTANTS], 32 bytes each.
    static final int SIGN = 0, ONES = 32, LANE_BITS = 64;
    private static final int NIBBLE = 128, TABLE = 160, SPREAD = 192, BYTE_BITS = 224, FIFTH = 256, HIGH_BITS = 288, ONE = 320, TWO = 352, LEAST = 384;
    private static final Reg ARGS = PanelReader.ARGS, QUANTS = PanelReader.QUANTS, HIGH = PanelReader.HIGH, SCALES = PanelReader.SCALES, MINS = PanelReader.MINS;
    private static final Reg SUPERS = PanelReader.SUPERS, SUPER_MINS = PanelReader.SUPER_MINS, GROUP = Reg.R11, CONSTANTS = Reg.RBP, PANEL_BYTES = PanelReader.PANEL_BYTES;
    private static final Vec RAW = ymm(0), LOW = ymm(1), SPARE = ymm(2), HIGH_LOW = ymm(3), HIGH_HIGH = ymm(5), SUPER = ymm(6);

    private final Assembler a;
    private final PanelFormat format;
    private final Assembler.Label constants = new Assembler.Label();

    PanelReader256(Assembler a, PanelFormat format) {
        this.a = a;
        this.format = format;
    }

    void begin() {
        a.address(CONSTANTS, constants);
        a.load(PANEL_BYTES, at(ARGS, Arguments.PANEL_BYTES));
    }

    void constants() {
        a.align(64);
        a.bind(constants);
        ByteBuffer bytes = ByteBuffer.allocate(416).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 32; i++) {
            bytes.put(SIGN + i, (byte) 0x80);
            bytes.put(ONES + i, (byte) (1 - i % 2));
            bytes.put(NIBBLE + i, (byte) 15);
            bytes.put(TABLE + i, format.lut() == null ? 0 : format.lut()[i % 16]);
            bytes.put(SPREAD + i, (byte) (i / 8));
            bytes.put(BYTE_BITS + i, (byte) (1 << i % 8));
            bytes.put(FIFTH + i, (byte) 16);
            bytes.put(HIGH_BITS + i, (byte) 48);
        }
        for (int i = 0; i < 16; i++) {
            bytes.putInt(LANE_BITS + 4 * i, 1 << i);
        }
        for (int i = 0; i < 8; i++) {
            bytes.putInt(ONE + 4 * i, 1).putInt(TWO + 4 * i, 2).putInt(LEAST + 4 * i, 0x20_0000);
        }
        a.data(bytes.array());
    }

    /// Points at the regions of the panel at `panel`, at its first column.
    void open(Reg panel) {
        a.move(QUANTS, panel);
        region(HIGH, panel, Arguments.HIGH_AT);
        region(SCALES, panel, Arguments.SCALES_AT);
        region(MINS, panel, Arguments.MINS_AT);
        region(SUPERS, panel, Arguments.SUPER_SCALES_AT);
        region(SUPER_MINS, panel, Arguments.SUPER_MINS_AT);
    }

    private void region(Reg region, Reg panel, int offset) {
        a.load(region, at(ARGS, offset));
        a.add(region, panel);
    }

    /// Moves on by the number of groups in `groups`, and destroys that. A multiple of 8.
    void skip(Reg groups) {
        skip(QUANTS, groups, format.quantBytes());
        skip(HIGH, groups, format.highBytes());
        skip(SCALES, groups, bytes(format.scale()));
        skip(MINS, groups, bytes(format.mins()));
        skip(SUPERS, groups, 4);
        skip(SUPER_MINS, groups, 4);
        a.move(GROUP, 0);
    }

    private void skip(Reg region, Reg groups, int bytes) {
        a.multiply(RAX, groups, bytes);
        a.add(region, RAX);
    }

    private int bytes(PanelFormat.Scale scale) {
        return PanelFormat.LANES * scale.bytes * (32 / format.block());
    }

    /// Moves on by one group.
    void advance() {
        for (int line = 0; line < format.quantBytes(); line += 64) {
            a.prefetch(1, at(QUANTS, PanelReader.AHEAD + line));
        }
        a.add(QUANTS, format.quantBytes());
        a.add(HIGH, format.highBytes());
        a.add(SCALES, bytes(format.scale()));
        a.add(MINS, bytes(format.mins()));
        if (format.scale().isSuper() || format.mins().isSuper()) {
            var same = new Assembler.Label();
            a.add(GROUP, 1);
            a.move(RAX, GROUP);
            a.and(RAX, 7);
            a.jump(Assembler.If.NOT_EQUAL, same);
            a.add(SUPERS, 32);
            a.add(SUPER_MINS, 32);
            a.bind(same);
        }
    }

    /// The quants of half the lanes, four columns at a time: `use` gets v and a register with columns 4v … 4v + 3, which it may change.
    void quants(int half, BiConsumer<Integer, Vec> use) {
        if (format.bits() == 8) {
            for (int v = 0; v < 8; v++) {
                a.op(Op.MOVDQU, LOW, at(QUANTS, 64 * v + 32 * half));
                use.accept(v, LOW);
            }
            return;
        }
        if (format.bits() == 6) {
            a.op(Op.MOVDQU, HIGH_LOW, at(HIGH, 32 * half));
            a.op(Op.MOVDQU, HIGH_HIGH, at(HIGH, 64 + 32 * half));
        }
        for (int v = 0; v < 4; v++) {
            a.op(Op.MOVDQU, RAW, at(QUANTS, 64 * v + 32 * half));
            a.op(Op.PAND, LOW, RAW, at(CONSTANTS, NIBBLE));
            finish(half, v, v, HIGH_LOW);
            use.accept(v, LOW);
            a.shift(Op.PSRLD, RAW, RAW, 4);
            a.op(Op.PAND, LOW, RAW, at(CONSTANTS, NIBBLE));
            finish(half, v + 4, v, HIGH_HIGH);
            use.accept(v + 4, LOW);
        }
    }

    /// Turns the low bits of columns 4v … into q.
    private void finish(int half, int v, int t, Vec high) {
        if (format.lut() != null) {
            a.op(Op.MOVDQU, SPARE, at(CONSTANTS, TABLE));
            a.op(Op.PSHUFB, LOW, SPARE, LOW);
        } else if (format.bits() == 5) {                         // each byte looks at its own bit of the mask
            a.op(Op.PBROADCASTD, SPARE, at(HIGH, 8 * v + 4 * half));
            a.op(Op.PSHUFB, SPARE, SPARE, at(CONSTANTS, SPREAD));
            a.op(Op.PAND, SPARE, SPARE, at(CONSTANTS, BYTE_BITS));
            a.op(Op.PCMPEQB, SPARE, SPARE, at(CONSTANTS, BYTE_BITS));
            a.op(Op.PAND, SPARE, SPARE, at(CONSTANTS, FIFTH));
            a.op(Op.POR, LOW, LOW, SPARE);
        } else if (format.bits() == 6) {                         // bits 2t and 2t + 1 to bits 4 and 5
            Vec shifted = high;
            if (t != 2) {
                a.shift(t < 2 ? Op.PSLLD : Op.PSRLD, SPARE, high, t == 0 ? 4 : 2);
                shifted = SPARE;
            }
            a.op(Op.PAND, SPARE, shifted, at(CONSTANTS, HIGH_BITS));
            a.op(Op.POR, LOW, LOW, SPARE);
        }
    }

    /// The scales of half the lanes in block `block` of the group.
    void scale(int half, int block, Vec to) {
        int lanes = PanelFormat.LANES * block + 8 * half;
        switch (format.scale()) {
            case HALF -> a.op(Op.CVTPH2PS, to, at(SCALES, 2 * lanes));
            case SUPER, SUPER_SIGNED -> {
                a.op(format.scale() == PanelFormat.Scale.SUPER ? Op.PMOVZXBD : Op.PMOVSXBD, to, at(SCALES, lanes));
                a.op(Op.CVTDQ2PS, to, to);
                a.op(Op.CVTPH2PS, SUPER, at(SUPERS, 16 * half));
                a.op(Op.MULPS, to, to, SUPER);
            }
            case POWER -> {                                      // (e − 1) << 23, and 0x200000 << e for e below 2
                a.op(Op.PMOVZXBD, SPARE, at(SCALES, lanes));
                a.op(Op.MOVDQU, LOW, at(CONSTANTS, LEAST));
                a.op(Op.PSLLVD, LOW, LOW, SPARE);
                a.op(Op.PSUBD, RAW, SPARE, at(CONSTANTS, ONE));
                a.shift(Op.PSLLD, RAW, RAW, 23);
                a.op(Op.MOVDQU, to, at(CONSTANTS, TWO));
                a.op(Op.PCMPGTD, to, to, SPARE);                 // where 2 > e
                a.op(Op.PAND, LOW, LOW, to);
                a.op(Op.PANDN, to, to, RAW);
                a.op(Op.POR, to, to, LOW);
            }
            case NONE -> throw new IllegalStateException(format + " has no scales");
        }
    }

    /// The mins of half the lanes in block `block` of the group.
    void min(int half, int block, Vec to) {
        int lanes = PanelFormat.LANES * block + 8 * half;
        if (format.mins() == PanelFormat.Scale.HALF) {
            a.op(Op.CVTPH2PS, to, at(MINS, 2 * lanes));
        } else {
            a.op(Op.PMOVZXBD, to, at(MINS, lanes));
            a.op(Op.CVTDQ2PS, to, to);
            a.op(Op.CVTPH2PS, SUPER, at(SUPER_MINS, 16 * half));
            a.op(Op.MULPS, to, to, SUPER);
        }
    }
}
