package dev.jackdaw.tensor.kernel.asm;

/// A place in memory: `base + index · scale + offset`.
///
/// @param index     null if there is none
/// @param broadcast one 4-byte number there stands for all lanes (AVX-512 only)
public record Mem(Reg base, Reg index, int scale, int offset, boolean broadcast) implements Operand {
    public Mem {
        if (index == Reg.RSP || Integer.bitCount(scale) != 1 || scale < 1 || scale > 8) {
            throw new IllegalArgumentException("address with index " + index + " times " + scale + "; rsp cannot be an index, and the scale is 1, 2, 4 or 8");
        }
    }

    public static Mem at(Reg base, int offset) {
        return new Mem(base, null, 1, offset, false);
    }

    public static Mem at(Reg base, Reg index, int scale, int offset) {
        return new Mem(base, index, scale, offset, false);
    }

    public Mem plus(int bytes) {
        return new Mem(base, index, scale, offset + bytes, broadcast);
    }

    public Mem toAllLanes() {
        return new Mem(base, index, scale, offset, true);
    }
}
