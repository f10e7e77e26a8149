package dev.jackdaw.tensor.kernel.asm;

import dev.jackdaw.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/// The instruction sets our kernels are written for, the best last.
public enum Isa {
    /// No machine code: the Vector API, or plain loops.
    NONE,
    /// 256-bit vectors with FMA and F16C.
    AVX2,
    /// 512-bit vectors with byte operations, and the int8 dot product VNNI.
    AVX512;

    /// What the switch `jackdaw.isa` allows.
    ///
    /// @param text `avx512`, `avx2`, `none`, or null: everything
    public static Isa allowed(String text) {
        if (text == null || text.isBlank()) {
            return AVX512;
        }
        for (Isa isa : values()) {
            if (isa.name().toLowerCase(Locale.ROOT).equals(text)) {
                return isa;
            }
        }
        throw new IllegalArgumentException("-Djackdaw.isa=" + text + " is not known; give avx512, avx2 or none");
    }

    /// The best set that this processor and the operating system offer, asked of the processor itself.
    static Isa ofThisMachine(ExecutableMemory.Pages pages) throws ExecutableMemory.Refused {
        try (Arena arena = Arena.ofConfined()) {
            long answer = arena.allocate(64, Memory.ALIGNMENT).address();
            byte[] code = question();
            MemorySegment question = pages == null ? ExecutableMemory.place(code) : ExecutableMemory.place(code, pages);
            int[] one = ask(question, answer, 1), seven = ask(question, answer, 0) [0] >= 7 ? ask(question, answer, 7) : new int[5];
            // Leaf 1, ECX: FMA 12, SSE4.1 19, OSXSAVE 27, AVX 28, F16C 29. Leaf 7, EBX: AVX2 5, BMI2 8, AVX512 F 16, DQ 17, BW 30, VL 31; ECX: VNNI 11.
            // XCR0: the system keeps XMM 1 and YMM 2, masks 5 and the ZMM halves 6 and 7.
            int system = one[4];
            boolean avx2 = has(one[2], 12, 19, 27, 28, 29) && has(seven[1], 5) && has(system, 1, 2);
            boolean avx512 = avx2 && has(seven[1], 16, 17, 30, 31) && has(seven[2], 11) && has(system, 5, 6, 7);
            return avx512 ? AVX512 : avx2 ? AVX2 : NONE;
        }
    }

    private static boolean has(int word, int... bits) {
        for (int bit : bits) {
            if ((word >>> bit & 1) == 0) {
                return false;
            }
        }
        return true;
    }

    /// EAX, EBX, ECX, EDX of a leaf of `cpuid`, and the lower half of XCR0.
    private static int[] ask(MemorySegment question, long answer, int leaf) {
        Memory.putInt(answer, leaf);
        ExecutableMemory.call(question, answer);
        return new int[] {Memory.getInt(answer), Memory.getInt(answer + 4), Memory.getInt(answer + 8), Memory.getInt(answer + 12), Memory.getInt(answer + 16)};
    }

    private static byte[] question() {
        var a = new Assembler();
        a.push(Reg.RBX);
        a.load32(Reg.RAX, Mem.at(Reg.RDI, 0));
        a.move(Reg.RCX, 0);
        a.cpuid();
        a.store32(Mem.at(Reg.RDI, 0), Reg.RAX);
        a.store32(Mem.at(Reg.RDI, 4), Reg.RBX);
        a.store32(Mem.at(Reg.RDI, 8), Reg.RCX);
        a.store32(Mem.at(Reg.RDI, 12), Reg.RDX);
        // xgetbv exists only where cpuid leaf 1 says OSXSAVE.
        a.move(Reg.RAX, 1);
        a.move(Reg.RCX, 0);
        a.cpuid();
        a.move(Reg.RAX, 0);
        a.shiftRight(Reg.RCX, 28);              // the carry is bit 27
        Assembler.Label without = new Assembler.Label();
        a.jump(Assembler.If.ABOVE_OR_EQUAL, without);
        a.move(Reg.RCX, 0);
        a.xgetbv();
        a.bind(without);
        a.store32(Mem.at(Reg.RDI, 16), Reg.RAX);
        a.pop(Reg.RBX);
        a.ret();
        return a.code();
    }
}
