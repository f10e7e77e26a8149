package dev.jackdaw.tensor.kernel.asm;

/// A vector register seen at one width.
///
/// @param number 0 to 31; above 15 only with AVX-512
/// @param bytes  16, 32 or 64
public record Vec(int number, int bytes) implements Operand {
    public static Vec zmm(int number) {
        return new Vec(number, 64);
    }

    public static Vec ymm(int number) {
        return new Vec(number, 32);
    }

    public static Vec xmm(int number) {
        return new Vec(number, 16);
    }

    /// The lower half of this register.
    public Vec half() {
        return new Vec(number, bytes / 2);
    }
}
