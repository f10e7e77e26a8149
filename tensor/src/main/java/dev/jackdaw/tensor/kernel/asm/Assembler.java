package dev.jackdaw.tensor.kernel.asm;

import java.util.Arrays;

/// Writes x86-64 machine code into a growing array: the few dozen instructions our kernels use, and labels.
///
/// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, chapters 2 and 3 (REX, VEX and EVEX prefixes, ModRM,
/// SIB, offsets that EVEX counts in units of the operand). Every instruction is tested against the bytes of the GNU assembler.
/// A vector instruction takes the shorter VEX form where registers, width and operands allow it, else EVEX.
public final class Assembler {
    /// Conditions of a jump, by their number in machine code.
    public enum If {
        BELOW(2), ABOVE_OR_EQUAL(3), EQUAL(4), NOT_EQUAL(5), LESS(12), GREATER_OR_EQUAL(13), LESS_OR_EQUAL(14), GREATER(15);

        private final int code;

        If(int code) {
            this.code = code;
        }
    }

    /// A place in the code, known once [#bind] has been called; jumps may come before that.
    public static final class Label {
        private int place = -1;
        private int[] waiting = new int[4];
        private int count;

        /// Where it is, in bytes from the start of the code.
        public int place() {
            if (place < 0) {
                throw new IllegalStateException("a jump goes to a label that was never bound");
            }
            return place;
        }
    }

    private final boolean vexOnly;
    private byte[] code = new byte[4096];
    private int length;
    private int mask;
    private int unbound;

    public Assembler() {
        this(Isa.AVX512);
    }

    /// @param isa what the code will run on: anything that it lacks is refused
    public Assembler(Isa isa) {
        vexOnly = isa != Isa.AVX512;
    }

    public byte[] code() {
        if (unbound > 0) {
            throw new IllegalStateException(unbound + " jumps go to labels that were never bound");
        }
        return Arrays.copyOf(code, length);
    }

    public int length() {
        return length;
    }

    // ---- labels and jumps ----

    public void bind(Label label) {
        if (label.place >= 0) {
            throw new IllegalStateException("a label is bound twice");
        }
        label.place = length;
        for (int i = 0; i < label.count; i++) {
            int at = label.waiting[i];
            patch(at, length - (at + 4));
        }
        unbound -= label.count;
    }

    public Label here() {
        Label label = new Label();
        bind(label);
        return label;
    }

    public void jump(Label to) {
        emit(0xE9);
        reference(to);
    }

    public void jump(If condition, Label to) {
        emit(0x0F);
        emit(0x80 | condition.code);
        reference(to);
    }

    public void call(Label to) {
        emit(0xE8);
        reference(to);
    }

    public void ret() {
        emit(0xC3);
    }

    private void reference(Label label) {
        if (label.place >= 0) {
            emit32(label.place - (length + 4));
            return;
        }
        if (label.count == label.waiting.length) {
            label.waiting = Arrays.copyOf(label.waiting, 2 * label.count);
        }
        label.waiting[label.count++] = length;
        unbound++;
        emit32(0);
    }

    /// Fills up with one-byte no-operations to a multiple of `bytes`.
    public void align(int bytes) {
        while (length % bytes != 0) {
            emit(0x90);
        }
    }

    public void data(byte[] bytes) {
        for (byte b : bytes) {
            emit(b);
        }
    }

    /// Words of four bytes, the lowest first.
    public void data(int... words) {
        for (int word : words) {
            for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
                emit(word >> shift);
            }
        }
    }

    // ---- general registers, 64 bits unless named otherwise ----

    public void move(Reg to, Reg from) {
        general(0x89, from.ordinal(), to);
    }

    public void move(Reg to, long value) {
        if (value == (int) value) {
            general(0xC7, 0, to);
            emit32((int) value);
        } else {
            emit(0x48 | to.ordinal() >> 3);
            emit(0xB8 | to.ordinal() & 7);
            emit32((int) value);
            emit32((int) (value >>> 32));
        }
    }

    public void load(Reg to, Mem from) {
        general(true, 0x8B, to.ordinal(), from);
    }

    /// Four bytes; the upper half of the register becomes zero.
    public void load32(Reg to, Mem from) {
        general(false, 0x8B, to.ordinal(), from);
    }

    public void store(Mem to, Reg from) {
        general(true, 0x89, from.ordinal(), to);
    }

    public void store32(Mem to, Reg from) {
        general(false, 0x89, from.ordinal(), to);
    }

    /// Two bytes, widened with zeros.
    public void load16(Reg to, Mem from) {
        small(0, 0x0F, 0xB7, to, from, false);
    }

    /// One byte, widened with zeros.
    public void load8(Reg to, Mem from) {
        small(0, 0x0F, 0xB6, to, from, false);
    }

    public void store16(Mem to, Reg from) {
        small(0x66, -1, 0x89, from, to, false);
    }

    public void store8(Mem to, Reg from) {
        small(0, -1, 0x88, from, to, true);
    }

    /// The byte in memory becomes its bits and those of the register.
    public void or8(Mem to, Reg from) {
        small(0, -1, 0x08, from, to, true);
    }

    private void small(int prefix, int escape, int opcode, Reg reg, Mem rm, boolean isByte) {
        int rex = 0x40 | reg.ordinal() >> 3 << 2 | rm.base().ordinal() >> 3 | (rm.index() == null ? 0 : rm.index().ordinal() >> 3 << 1);
        if (prefix != 0) {
            emit(prefix);
        }
        if (rex != 0x40 || isByte && reg.ordinal() >= 4) {          // without REX the numbers 4 to 7 name second bytes of registers
            emit(rex);
        }
        if (escape >= 0) {
            emit(escape);
        }
        emit(opcode);
        memory(reg.ordinal(), rm, 1);
    }

    public void address(Reg to, Mem of) {
        general(true, 0x8D, to.ordinal(), of);
    }

    /// The address of a label.
    public void address(Reg to, Label of) {
        emit(0x48 | to.ordinal() >> 3 << 2);
        emit(0x8D);
        emit(0x05 | (to.ordinal() & 7) << 3);
        reference(of);
    }

    public void add(Reg to, Reg value) {
        general(0x01, value.ordinal(), to);
    }

    public void add(Reg to, Mem value) {
        general(true, 0x03, to.ordinal(), value);
    }

    public void add32(Reg to, Mem value) {
        general(false, 0x03, to.ordinal(), value);
    }

    public void add(Reg to, int value) {
        arithmetic(0, to, value);
    }

    public void subtract(Reg to, Reg value) {
        general(0x29, value.ordinal(), to);
    }

    public void subtract(Reg to, int value) {
        arithmetic(5, to, value);
    }

    public void and(Reg to, int value) {
        arithmetic(4, to, value);
    }

    public void or(Reg to, Reg value) {
        general(0x09, value.ordinal(), to);
    }

    public void xor(Reg to, int value) {
        arithmetic(6, to, value);
    }

    public void compare(Reg a, Reg b) {
        general(0x39, b.ordinal(), a);
    }

    public void compare(Reg a, int value) {
        arithmetic(7, a, value);
    }

    public void multiply(Reg to, Reg from, int value) {
        boolean small = value == (byte) value;
        general(small ? 0x6B : 0x69, to.ordinal(), from);
        if (small) {
            emit(value);
        } else {
            emit32(value);
        }
    }

    public void multiply(Reg to, Reg by) {
        emit(0x48 | to.ordinal() >> 3 << 2 | by.ordinal() >> 3);
        emit(0x0F);
        emit(0xAF);
        emit(0xC0 | (to.ordinal() & 7) << 3 | by.ordinal() & 7);
    }

    public void shiftLeft(Reg to, int bits) {
        general(0xC1, 4, to);
        emit(bits);
    }

    public void shiftRight(Reg to, int bits) {
        general(0xC1, 5, to);
        emit(bits);
    }

    public void push(Reg reg) {
        if (reg.ordinal() > 7) {
            emit(0x41);
        }
        emit(0x50 | reg.ordinal() & 7);
    }

    public void pop(Reg reg) {
        if (reg.ordinal() > 7) {
            emit(0x41);
        }
        emit(0x58 | reg.ordinal() & 7);
    }

    /// Asks for the line at an address to be brought into the cache of `level` 1, 2 or 3; never faults.
    public void prefetch(int level, Mem at) {
        if (at.base().ordinal() > 7 || at.index() != null && at.index().ordinal() > 7) {
            emit(0x40 | (at.base().ordinal() >> 3) | (at.index() == null ? 0 : at.index().ordinal() >> 3 << 1));
        }
        emit(0x0F);
        emit(0x18);
        memory(level, at, 1);
    }

    public void cpuid() {
        emit(0x0F);
        emit(0xA2);
    }

    public void xgetbv() {
        emit(0x0F);
        emit(0x01);
        emit(0xD0);
    }

    private void arithmetic(int digit, Reg to, int value) {
        boolean small = value == (byte) value;
        if (!small && to == Reg.RAX) {           // the form without ModRM
            emit(0x48);
            emit(digit << 3 | 5);
            emit32(value);
            return;
        }
        general(small ? 0x83 : 0x81, digit, to);
        if (small) {
            emit(value);
        } else {
            emit32(value);
        }
    }

    private void general(int opcode, int reg, Reg rm) {
        emit(0x48 | reg >> 3 << 2 | rm.ordinal() >> 3);
        emit(opcode);
        emit(0xC0 | (reg & 7) << 3 | rm.ordinal() & 7);
    }

    private void general(boolean wide, int opcode, int reg, Mem rm) {
        int rex = (wide ? 0x48 : 0x40) | reg >> 3 << 2 | rm.base().ordinal() >> 3 | (rm.index() == null ? 0 : rm.index().ordinal() >> 3 << 1);
        if (rex != 0x40) {
            emit(rex);
        }
        emit(opcode);
        memory(reg, rm, 1);
    }

    // ---- vectors ----

    /// The next vector instruction touches only the lanes whose bit is set in mask register `k`.
    public Assembler mask(int k) {
        mask = k;
        return this;
    }

    /// `to = op(a, b)`
    public void op(Op op, Vec to, Vec a, Operand b) {
        vector(op, to.number(), a.number(), b, to.bytes(), false);
    }

    public void op(Op op, Vec to, Vec a, Operand b, int immediate) {
        vector(op, to.number(), a.number(), b, to.bytes(), false);
        emit(immediate);
    }

    /// `to = op(from)`
    public void op(Op op, Vec to, Operand from) {
        vector(op, to.number(), 0, from, to.bytes(), false);
    }

    public void op(Op op, Vec to, Operand from, int immediate) {
        vector(op, to.number(), 0, from, to.bytes(), false);
        emit(immediate);
    }

    /// A shift by a constant number of bits.
    public void shift(Op op, Vec to, Vec from, int bits) {
        vector(op, op.digit, to.number(), from, to.bytes(), false);
        emit(bits);
    }

    /// A store: the operation's name begins with STORE.
    public void op(Op op, Mem to, Vec from) {
        vector(op, from.number(), 0, to, from.bytes(), false);
    }

    public void op(Op op, Mem to, Vec from, int immediate) {
        op(op, to, from);
        emit(immediate);
    }

    /// Stores lanes whose sign bit is set in `lanes`; AVX2.
    public void store(Mem to, Vec lanes, Vec from) {
        vector(Op.STOREMASKMOVPS, from.number(), lanes.number(), to, from.bytes(), false);
    }

    /// The four low bytes of a general register in all lanes; AVX-512.
    public void broadcast(Vec to, Reg from) {
        evex(2, 1, 0x7C, to.number(), 0, from.ordinal(), -1, null, to.bytes(), false);
        emit(0xC0 | (to.number() & 7) << 3 | from.ordinal() & 7);
    }

    /// The four low bytes of a general register in the lowest lane.
    public void moveLow(Vec to, Reg from) {
        vex(1, 1, 0x6E, to.number(), 0, from.ordinal(), -1, 16, false);
        emit(0xC0 | (to.number() & 7) << 3 | from.ordinal() & 7);
    }

    /// Mask `k` = lanes where unsigned a < b.
    public void below(int k, Vec a, Operand b) {
        vector(Op.PCMPUD, k, a.number(), b, a.bytes(), true);
        emit(1);
    }

    /// 64 bits of memory into mask register `k`.
    public void mask64(int k, Mem from) {
        vex(1, 0, 0x90, k, 0, from.base().ordinal(), from.index() == null ? -1 : from.index().ordinal(), 16, true);
        memory(k, from, 1);
    }

    public void mask64(int k, Reg from) {
        vex(1, 3, 0x92, k, 0, from.ordinal(), -1, 16, true);
        emit(0xC0 | k << 3 | from.ordinal() & 7);
    }

    /// Clears the upper halves of the vector registers: before any return to code that uses SSE.
    public void zeroUpper() {
        emit(0xC5);
        emit(0xF8);
        emit(0x77);
    }

    private void vector(Op op, int reg, int second, Operand rm, int bytes, boolean onlyEvex) {
        Mem mem = rm instanceof Mem m ? m : null;
        int low = mem == null ? ((Vec) rm).number() : mem.base().ordinal();
        int index = mem == null || mem.index() == null ? -1 : mem.index().ordinal();
        boolean evex = onlyEvex || bytes == 64 || reg > 15 || second > 15 || low > 15 || mask != 0 || mem != null && mem.broadcast() || op == Op.PTERNLOG
                || op == Op.PDPBUSD;
        if (evex) {
            evex(op.map, op.prefix, op.opcode, reg, second, low, index, mem, bytes, mem != null && mem.broadcast());
        } else {
            vex(op.map, op.prefix, op.opcode, reg, second, low, index, bytes, false);
        }
        mask = 0;
        if (mem == null) {
            emit(0xC0 | (reg & 7) << 3 | low & 7);
        } else {
            memory(reg, mem, evex ? op.unit(bytes, mem.broadcast()) : 1);
        }
    }

    private void vex(int map, int prefix, int opcode, int reg, int second, int low, int index, int bytes, boolean wide) {
        int r = reg > 7 ? 0 : 0x80, x = index > 7 ? 0 : 0x40, b = low > 7 ? 0 : 0x20;
        int rest = (~second & 15) << 3 | (bytes == 32 ? 4 : 0) | prefix;
        if (map == 1 && x != 0 && b != 0 && !wide) {
            emit(0xC5);
            emit(r | rest);
        } else {
            emit(0xC4);
            emit(r | x | b | map);
            emit((wide ? 0x80 : 0) | rest);
        }
        emit(opcode);
    }

    private void evex(int map, int prefix, int opcode, int reg, int second, int low, int index, Mem mem, int bytes, boolean broadcast) {
        if (vexOnly) {
            throw new IllegalArgumentException("opcode " + Integer.toHexString(opcode) + " of map " + map + " with these operands needs AVX-512");
        }
        int x = mem == null ? low >> 4 & 1 : index < 0 ? 0 : index >> 3 & 1;
        emit(0x62);
        emit((~reg & 8) << 4 | (x ^ 1) << 6 | (~low & 8) << 2 | (~reg & 16) | map);
        emit((~second & 15) << 3 | 4 | prefix);
        emit((bytes == 64 ? 0x40 : bytes == 32 ? 0x20 : 0) | (broadcast ? 0x10 : 0) | (~second & 16) >> 1 | mask);
        emit(opcode);
    }

    /// ModRM, SIB and offset. A one-byte offset counts units of `unit` bytes.
    private void memory(int reg, Mem mem, int unit) {
        int base = mem.base().ordinal() & 7, offset = mem.offset();
        boolean sib = mem.index() != null || base == 4;
        int small = offset % unit == 0 && offset / unit == (byte) (offset / unit) ? offset / unit : Integer.MAX_VALUE;
        int mode = offset == 0 && base != 5 ? 0 : small != Integer.MAX_VALUE ? 1 : 2;
        emit(mode << 6 | (reg & 7) << 3 | (sib ? 4 : base));
        if (sib) {
            emit(Integer.numberOfTrailingZeros(mem.scale()) << 6 | (mem.index() == null ? 4 : mem.index().ordinal() & 7) << 3 | base);
        }
        if (mode == 1) {
            emit(small);
        } else if (mode == 2) {
            emit32(offset);
        }
    }

    private void emit(int value) {
        if (length == code.length) {
            code = Arrays.copyOf(code, 2 * length);
        }
        code[length++] = (byte) value;
    }

    private void emit32(int value) {
        emit(value);
        emit(value >> 8);
        emit(value >> 16);
        emit(value >> 24);
    }

    private void patch(int at, int value) {
        for (int i = 0; i < 4; i++) {
            code[at + i] = (byte) (value >> 8 * i);
        }
    }
}
