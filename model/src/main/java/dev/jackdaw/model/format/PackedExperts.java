package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;

/// The experts of gpt-oss as its safetensors files hold them: four-bit numbers and their scales in two tensors.
///
/// ```
/// NAME_blocks  U8 [E,R,G,16]   16 bytes hold 32 numbers of a row, byte j those at 2j (low half) and 2j + 1 (high half)
/// NAME_scales  U8 [E,R,G]      one power of two for these 32
/// ```
///
/// E experts of R rows and 32·G columns, rows being outputs. Here they become one tensor of type MXFP4 `[E,R,32·G]` with the blocks of GGUF
/// (drawn at `tensor/quant/MXFP4`), which puts the scale first and pairs number j with j + 16. No number changes.
public final class PackedExperts {
    private static final int GROUP = 32;

    private PackedExperts() {
    }

    /// Whether the experts `name`, for instance `model.layers.0.mlp.experts.down_proj`, are stored this way.
    public static boolean has(Safetensors file, String name) {
        return file.has(name + "_blocks") && file.has(name + "_scales");
    }

    /// A copy, owned by `arena`.
    public static Tensor read(Safetensors file, String name, Arena arena) {
        Safetensors.Entry blocks = file.entry(name + "_blocks");
        Safetensors.Entry scales = file.entry(name + "_scales");
        Shape shape = blocks.shape();
        boolean fits = shape.rank() == 4 && shape.size(3) == GROUP / 2 && scales.shape().equals(Shape.of(shape.size(0), shape.size(1), shape.size(2)))
            && blocks.dtype().equals("U8") && scales.dtype().equals("U8");
        if (!fits) {
            throw new FormatException(blocks.file(), blocks.position(), "packed experts " + name + ": found blocks " + blocks.dtype() + shape + " and scales "
                + scales.dtype() + scales.shape() + "; expected U8[E,R,G,16] and U8[E,R,G]");
        }
        Tensor result = Tensor.zeros(arena, DType.MXFP4, shape.size(0), shape.size(1), GROUP * shape.size(2));
        long packed = file.tensor(blocks.name()).address();
        long exponents = file.tensor(scales.name()).address();
        for (long b = 0; b < scales.shape().elements(); b++) {
            long to = result.address() + b * DType.MXFP4.blockBytes();
            long from = packed + b * GROUP / 2;
            Memory.putByte(to, Memory.getByte(exponents + b));
            for (int j = 0; j < GROUP / 2; j++) {
                Memory.putByte(to + 1 + j, (byte) (number(from, j) | number(from, j + GROUP / 2) << 4));
            }
        }
        return result;
    }

    private static int number(long bytes, int i) {
        return Memory.getByte(bytes + i / 2) >> 4 * (i % 2) & 15;
    }
}
