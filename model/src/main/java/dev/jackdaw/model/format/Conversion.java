package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.Convert;
import dev.jackdaw.tensor.quant.Q8_0;
import java.io.IOException;
import java.lang.foreign.Arena;

/// Tensors in another number format, a chunk at a time through F32, so that a large weight needs no second copy in memory.
/// Formats: F32, F16, BF16, Q8_0 both ways, F64 as a source. This is for files, which wait for the disk; kernels convert in their own loops.
public final class Conversion {
    /// Whole blocks of every format; both chunks stay in the second-level cache.
    private static final int CHUNK = 16_384;

    @FunctionalInterface
    private interface Chunk {
        void take(long address, long from, long count) throws IOException;
    }

    private Conversion() {
    }

    /// A copy of `source` as `type`, owned by `arena`.
    public static Tensor to(Arena arena, Tensor source, DType type) {
        Tensor result = Tensor.zeros(arena, type, source.shape().toArray());
        try {
            each(source, type, (address, from, count) -> Memory.copy(address, result.address() + type.bytes(from), type.bytes(count)));
        } catch (IOException e) {
            throw new AssertionError("copying memory does no input or output", e);
        }
        return result;
    }

    /// Writes the numbers of `source` as `type`.
    static void write(FileOutput out, Tensor source, DType type) throws IOException {
        if (source.type() == type) {
            out.put(source.segment());
        } else {
            each(source, type, (address, _, count) -> out.put(Memory.ALL.asSlice(address, type.bytes(count))));
        }
    }

    private static void each(Tensor source, DType type, Chunk chunk) throws IOException {
        long n = source.elements();
        if (source.shape().width() % type.blockElements() != 0) {
            throw new IllegalArgumentException("convert " + source + " to " + type + ": rows must fill blocks of " + type.blockElements());
        }
        try (Arena arena = Arena.ofConfined()) {
            long wide = arena.allocate(4L * CHUNK, Memory.ALIGNMENT).address();
            long narrow = arena.allocate(4L * CHUNK, Memory.ALIGNMENT).address();
            for (long from = 0; from < n; from += CHUNK) {
                long count = Math.min(CHUNK, n - from);
                long x = source.address() + source.type().bytes(from);
                if (source.type() == type) {
                    chunk.take(x, from, count);
                    continue;
                }
                widen(wide, x, count, source.type());
                narrow(narrow, wide, count, type);
                chunk.take(narrow, from, count);
            }
        }
    }

    /// Sets `count` numbers at `y` as F32 from those of another type at `x`; whole blocks only.
    public static void widen(long y, long x, long count, DType type) {
        switch (type) {
            case F32 -> Memory.copy(x, y, 4 * count);
            case F16 -> Convert.SCALAR.f16ToF32(y, x, 0, count);
            case BF16 -> Convert.SCALAR.bf16ToF32(y, x, 0, count);
            case F64 -> Convert.SCALAR.f64ToF32(y, x, 0, count);
            case Q8_0 -> Q8_0.decode(y, x, 0, count / Q8_0.ELEMENTS);
            case I8, I32, I64 -> throw new IllegalArgumentException("convert: " + type + " holds whole numbers, not weights; from: F32, F16, BF16, Q8_0, F64");
        }
    }

    private static void narrow(long y, long x, long count, DType type) {
        switch (type) {
            case F32 -> Memory.copy(x, y, 4 * count);
            case F16 -> Convert.SCALAR.f32ToF16(y, x, 0, count);
            case BF16 -> Convert.SCALAR.f32ToBf16(y, x, 0, count);
            case Q8_0 -> Q8_0.encode(y, x, 0, count / Q8_0.ELEMENTS);
            case F64, I8, I32, I64 -> throw new IllegalArgumentException("convert: weights are not written as " + type + "; to: F32, F16, BF16, Q8_0");
        }
    }
}
