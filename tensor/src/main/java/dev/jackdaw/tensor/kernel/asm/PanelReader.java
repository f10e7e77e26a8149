package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Reg.R10;
import static dev.jackdaw.tensor.kernel.asm.Reg.R8;
import static dev.jackdaw.tensor.kernel.asm.Reg.R9;
import static dev.jackdaw.tensor.kernel.asm.Reg.RAX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RBX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RCX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RDI;
import static dev.jackdaw.tensor.kernel.asm.Reg.RDX;
import static dev.jackdaw.tensor.kernel.asm.Reg.RSI;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

import dev.jackdaw.tensor.quant.PanelFormat;
import java.util.Arrays;
import java.util.function.BiConsumer;

/// Writes the AVX-512 code that reads a packed panel of one format, 32 columns at a time: quants as unsigned bytes, scales and mins as F32.
/// Several panels can be read side by side; panel `p` of them lies `p · PANEL_BYTES` behind the first.
final class PanelReader {
    /// What this code keeps in general registers; RAX is free for short use.
    static final Reg ARGS = RDI, QUANTS = RSI, HIGH = RDX, SCALES = RCX, MINS = R8, SUPERS = R9, SUPER_MINS = R10, PANEL_BYTES = RBX, THREE_PANELS = Reg.RBP;
    /// Bytes ahead of the quants at hand that the next are asked for, where each is read once.
    static final int AHEAD = 2048;
    /// Vector registers: super scales and super mins of up to four panels, temporaries, constants.
    private static final int SUPER = 4, SUPER_MIN = 8;
    private static final Vec HIGH_LOW = zmm(14), HIGH_HIGH = zmm(15), RAW = zmm(16), LOW = zmm(17), UP = zmm(18), SHIFTED = zmm(19);
    /// 15 in every byte; and what the format needs: its table, 16, or 48 in every byte.
    private static final Vec NIBBLE = zmm(23), SECOND = zmm(20);

    private final Assembler a;
    private final PanelFormat format;
    private final Assembler.Label constants = new Assembler.Label();

    PanelReader(Assembler a, PanelFormat format) {
        this.a = a;
        this.format = format;
    }

    int blocksPerGroup() {
        return 32 / format.block();
    }

    void begin() {
        a.load(PANEL_BYTES, at(ARGS, Arguments.PANEL_BYTES));
        a.address(THREE_PANELS, at(PANEL_BYTES, PANEL_BYTES, 2, 0));
        loadConstants();
    }

    /// They lie behind the code, see [#constants].
    void loadConstants() {
        a.address(RAX, constants);
        a.op(Op.MOVDQU, NIBBLE, at(RAX, 0));
        a.op(Op.MOVDQU, SECOND, at(RAX, 64));
        if (format.scale() == PanelFormat.Scale.POWER) {
            for (int i = 0; i < 3; i++) {
                a.op(Op.MOVDQU, zmm(SUPER_MIN + i), at(RAX, 128 + 64 * i));
            }
        }
    }

    void constants() {
        a.align(64);
        a.bind(constants);
        byte[] bytes = new byte[5 * 64];
        Arrays.fill(bytes, 0, 64, (byte) 15);
        for (int i = 0; i < 64; i++) {
            bytes[64 + i] = format.lut() != null ? format.lut()[i % 16] : (byte) (format.bits() == 6 ? 48 : 16);
        }
        for (int i = 0; i < 16; i++) {
            bytes[128 + 4 * i] = 1;
            bytes[192 + 4 * i] = 2;
            bytes[256 + 4 * i + 2] = 0x20;
        }
        a.data(bytes);
    }

    /// Points at the regions of the panel at `panel`, at its first column.
    void open(Reg panel) {
        a.move(QUANTS, panel);
        region(HIGH, panel, Arguments.HIGH_AT, format.highBytes() > 0);
        region(SCALES, panel, Arguments.SCALES_AT, true);
        region(MINS, panel, Arguments.MINS_AT, format.hasMins());
        region(SUPERS, panel, Arguments.SUPER_SCALES_AT, format.scale().isSuper());
        region(SUPER_MINS, panel, Arguments.SUPER_MINS_AT, format.mins().isSuper());
    }

    private void region(Reg region, Reg panel, int offset, boolean exists) {
        if (exists) {
            a.load(region, at(ARGS, offset));
            a.add(region, panel);
        }
    }

    /// Moves on by the number of groups in `groups`, and destroys that.
    void skip(Reg groups) {
        skip(QUANTS, groups, format.quantBytes(), true);
        skip(HIGH, groups, format.highBytes(), format.highBytes() > 0);
        skip(SCALES, groups, scaleBytes(), true);
        skip(MINS, groups, minBytes(), format.hasMins());
        if (hasSupers()) {
            a.shiftRight(groups, 3);
            skip(SUPERS, groups, 32, format.scale().isSuper());
            skip(SUPER_MINS, groups, 32, format.mins().isSuper());
        }
    }

    private void skip(Reg region, Reg groups, int bytes, boolean exists) {
        if (exists) {
            a.multiply(RAX, groups, bytes);
            a.add(region, RAX);
        }
    }

    private int scaleBytes() {
        return 16 * format.scale().bytes * blocksPerGroup();
    }

    private int minBytes() {
        return 16 * format.mins().bytes * blocksPerGroup();
    }

    /// Moves on by one group.
    void advance() {
        a.add(QUANTS, format.quantBytes());
        if (format.highBytes() > 0) {
            a.add(HIGH, format.highBytes());
        }
        a.add(SCALES, scaleBytes());
        if (format.hasMins()) {
            a.add(MINS, minBytes());
        }
    }

    /// Asks for the group of the panel that lies `panels` (1, 2, 4 or 8) further on, with or without its quants.
    void ask(int panels, boolean quants) {
        for (int line = 0; quants && line < format.quantBytes(); line += 64) {
            a.prefetch(2, at(QUANTS, PANEL_BYTES, panels, line));
        }
        for (int line = 0; line < format.highBytes(); line += 64) {
            a.prefetch(2, at(HIGH, PANEL_BYTES, panels, line));
        }
        a.prefetch(2, at(SCALES, PANEL_BYTES, panels, 0));
        if (format.hasMins()) {
            a.prefetch(2, at(MINS, PANEL_BYTES, panels, 0));
        }
    }

    boolean hasSupers() {
        return format.scale().isSuper() || format.mins().isSuper();
    }

    /// The super scales of the next 256 columns of panels `0..panels-1`.
    void supers(int panels) {
        for (int p = 0; p < panels; p++) {
            if (format.scale().isSuper()) {
                a.op(Op.CVTPH2PS, zmm(SUPER + p), of(SUPERS, p, 0));
            }
            if (format.mins().isSuper()) {
                a.op(Op.CVTPH2PS, zmm(SUPER_MIN + p), of(SUPER_MINS, p, 0));
            }
        }
        if (format.scale().isSuper()) {
            a.add(SUPERS, 32);
        }
        if (format.mins().isSuper()) {
            a.add(SUPER_MINS, 32);
        }
    }

    Mem of(Reg region, int panel, int offset) {
        return switch (panel) {
            case 0 -> at(region, offset);
            case 3 -> at(region, THREE_PANELS, 1, offset);
            default -> at(region, PANEL_BYTES, panel, offset);
        };
    }

    /// The quants of the group, four columns at a time: `use` gets v and a register with columns 4v … 4v + 3, not in order of v.
    void quants(int panel, BiConsumer<Integer, Vec> use) {
        if (format.bits() == 8) {
            for (int v = 0; v < 8; v++) {
                Vec to = zmm(RAW.number() + v % 4);
                a.op(Op.MOVDQU, to, of(QUANTS, panel, 64 * v));
                use.accept(v, to);
            }
            return;
        }
        if (format.bits() == 6) {
            a.op(Op.MOVDQU, HIGH_LOW, of(HIGH, panel, 0));
            a.op(Op.MOVDQU, HIGH_HIGH, of(HIGH, panel, 64));
        }
        for (int v = 0; v < 4; v++) {
            a.op(Op.MOVDQU, RAW, of(QUANTS, panel, 64 * v));
            a.op(Op.PAND, LOW, RAW, NIBBLE);
            finish(panel, v, v, LOW, HIGH_LOW);
            use.accept(v, LOW);
            a.shift(Op.PSRLD, RAW, RAW, 4);
            a.op(Op.PAND, UP, RAW, NIBBLE);
            finish(panel, v + 4, v, UP, HIGH_HIGH);
            use.accept(v + 4, UP);
        }
    }

    /// Turns the low bits of columns 4v … into q.
    private void finish(int panel, int v, int t, Vec bits, Vec high) {
        if (format.lut() != null) {
            a.op(Op.PSHUFB, bits, SECOND, bits);
        } else if (format.bits() == 5) {
            int k = 1 + v / 4;
            a.mask64(k, of(HIGH, panel, 8 * v));
            a.mask(k).op(Op.PADDB, bits, bits, SECOND);
        } else if (format.bits() == 6) {
            Vec shifted = high;
            if (t != 2) {                                        // bits 2t and 2t + 1 to bits 4 and 5
                a.shift(t < 2 ? Op.PSLLD : Op.PSRLD, SHIFTED, high, t == 0 ? 4 : 2);
                shifted = SHIFTED;
            }
            a.op(Op.PTERNLOG, bits, shifted, SECOND, 0xF8);      // bits | shifted & 48
        }
    }

    /// The scales of block `block` of the group.
    void scale(int panel, int block, Vec to) {
        switch (format.scale()) {
            case HALF -> a.op(Op.CVTPH2PS, to, of(SCALES, panel, 32 * block));
            case SUPER, SUPER_SIGNED -> {
                a.op(format.scale() == PanelFormat.Scale.SUPER ? Op.PMOVZXBD : Op.PMOVSXBD, to, of(SCALES, panel, 16 * block));
                a.op(Op.CVTDQ2PS, to, to);
                a.op(Op.MULPS, to, to, zmm(SUPER + panel));
            }
            case POWER -> {                                      // (e − 1) << 23, and 0x200000 << e for e below 2
                a.op(Op.PMOVZXBD, to, of(SCALES, panel, 16 * block));
                a.op(Op.PSLLVD, SHIFTED, zmm(SUPER_MIN + 2), to);
                a.below(3, to, zmm(SUPER_MIN + 1));
                a.op(Op.PSUBD, to, to, zmm(SUPER_MIN));
                a.shift(Op.PSLLD, to, to, 23);
                a.mask(3).op(Op.MOVDQU, to, SHIFTED);
            }
            case NONE -> throw new IllegalStateException(format + " has no scales");
        }
    }

    /// The mins of block `block` of the group.
    void min(int panel, int block, Vec to) {
        if (format.mins() == PanelFormat.Scale.HALF) {
            a.op(Op.CVTPH2PS, to, of(MINS, panel, 32 * block));
        } else {
            a.op(Op.PMOVZXBD, to, of(MINS, panel, 16 * block));
            a.op(Op.CVTDQ2PS, to, to);
            a.op(Op.MULPS, to, to, zmm(SUPER_MIN + panel));
        }
    }
}
