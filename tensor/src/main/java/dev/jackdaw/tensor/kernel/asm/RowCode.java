package dev.jackdaw.tensor.kernel.asm;

import java.lang.foreign.MemorySegment;

/// Kernels that go along rows of plain numbers, and the block of memory through which Java tells them what to do: 64-bit numbers unless said
/// otherwise. A kernel may change all of them. They exist because machine code needs no warm-up: what one pass over a short prompt does is
/// over before a compiler has looked at it.
public final class RowCode {
    public static final int Y = 0;
    public static final int X = 8;
    public static final int ROWS = 16;
    public static final int WIDTH = 24;
    /// One bit for each number behind the last whole vector.
    public static final int TAIL = 32;
    /// As many numbers as a row has; or, with a step of 0, one vector of ones.
    public static final int WEIGHT = 40;
    public static final int WEIGHT_STEP = 48;
    /// F64: what the sum of squares is divided by, and what is added then.
    public static final int DIVISOR = 56;
    public static final int EPSILON = 64;
    /// Where the factor of each row goes; 0: nowhere.
    public static final int FACTORS = 72;
    /// F32.
    public static final int A = 80;
    public static final int B = 84;
    public static final int Y_ROW_BYTES = 88;
    public static final int X_ROW_BYTES = 96;
    public static final int HEADS = 104;
    /// The cosines of position 0, or one vector of ones with steps of 0.
    public static final int TABLE = 112;
    public static final int TABLE_ROW_BYTES = 120;
    public static final int TABLE_STEP = 128;
    /// From a cosine to its sine, in bytes.
    public static final int SINES = 136;
    public static final int POSITIONS = 144;
    /// One bit for each number of half a head, and one for each pair of a head, behind the last whole vector.
    public static final int HALF_TAIL = 152;
    public static final int PAIRS = 160;
    /// From one stored number to the next.
    public static final int Y_STEP = 168;
    /// Places for the kernel itself, up to a vector.
    static final int OWN = 192;
    public static final int BYTES = 256;

    private static final ThreadLocal<Long> ARGUMENTS = ThreadLocal.withInitial(() -> ExecutableMemory.constants(BYTES));

    private RowCode() {
    }

    /// This thread's block of memory.
    public static long arguments() {
        return ARGUMENTS.get();
    }

    /// The bits of [#TAIL].
    public static long tail(long width) {
        return (1L << width % 16) - 1;
    }

    /// h `[N,F]` from gateUp `[N,2F]`; null where there is no machine code, as for those below.
    public static MemorySegment swiglu(Isa isa) {
        return isa == Isa.AVX512 ? place(Swiglu512.code()) : null;
    }

    /// y = x · r · w, r = 1 / √(mean x² + ε).
    public static MemorySegment rms(Isa isa) {
        return isa == Isa.AVX512 ? place(Rms512.code()) : null;
    }

    /// y = y + x.
    public static MemorySegment add(Isa isa) {
        return isa == Isa.AVX512 ? place(Axpby512.add()) : null;
    }

    /// y = a · x + b · y; y is not read if b is 0.
    public static MemorySegment axpby(Isa isa) {
        return isa == Isa.AVX512 ? place(Axpby512.axpby()) : null;
    }

    /// Turns heads by their position, after a norm if there is one.
    public static MemorySegment rope(Isa isa, boolean normed, boolean interleaved) {
        return isa == Isa.AVX512 ? place(Rope512.code(normed, interleaved)) : null;
    }

    /// Stores rows as F32 or F16 at any distance.
    public static MemorySegment store(Isa isa, boolean halves) {
        return isa == Isa.AVX512 ? place(Store512.code(halves)) : null;
    }

    private static MemorySegment place(byte[] code) {
        try {
            return ExecutableMemory.place(code);
        } catch (ExecutableMemory.Refused e) {
            return null;
        }
    }
}
