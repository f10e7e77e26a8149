package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.Convert;
import dev.jackdaw.tensor.quant.BlockFormat;
import java.io.IOException;
import java.lang.foreign.Arena;

/// Tensors in another number format, a chunk at a time through F32, so that a large weight needs no second copy in memory.
/// Formats: F32, F16, BF16 and all block formats both ways, F64 as a source. This is for files, which wait for the disk; kernels convert in
/// their own loops.
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

    /// The `count` numbers of type `type` at x, as F32 at y. Numbers of a block format must fill whole blocks.
    public static void widen(long y, long x, long count, DType type) {
        switch (type) {
            case F32 -> Memory.copy(x, y, 4 * count);
            case F16 -> Convert.SCALAR.f16ToF32(y, x, 0, count);
            case BF16 -> Convert.SCALAR.bf16ToF32(y, x, 0, count);
            case F64 -> Convert.SCALAR.f64ToF32(y, x, 0, count);
            case I8, I32, I64 -> throw new IllegalArgumentException("convert: " + type + " holds whole numbers, not weights; from: F32, F16, BF16, F64 and block formats");
            default -> BlockFormat.of(type).decode(y, x, 0, blocks(count, type));
        }
    }

    /// The `count` F32 numbers at x, as `type` at y.
    public static void narrow(long y, long x, long count, DType type) {
        switch (type) {
            case F32 -> Memory.copy(x, y, 4 * count);
            case F16 -> Convert.SCALAR.f32ToF16(y, x, 0, count);
            case BF16 -> Convert.SCALAR.f32ToBf16(y, x, 0, count);
            case F64, I8, I32, I64 -> throw new IllegalArgumentException("convert: weights are not written as " + type + "; to: F32, F16, BF16 and block formats");
            default -> BlockFormat.of(type).encode(y, x, 0, blocks(count, type));
        }
    }

    private static long blocks(long count, DType type) {
        if (count % type.blockElements() != 0) {
            throw new IllegalArgumentException("convert: " + count + " numbers do not fill " + type + " blocks of " + type.blockElements());
        }
        return count / type.blockElements();
    }
}
