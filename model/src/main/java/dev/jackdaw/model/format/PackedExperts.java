package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;

/// The experts of gpt-oss as its safetensors files hold them: four-bit numbers and their scales in two tensors.
///
/// ```
/// NAME_blocks  U8 [E,R,G,16]   16 bytes hold 32 numbers of a row, byte j those at 2j (low half) and 2j + 1 (high half)
/// NAME_scales  U8 [E,R,G]      one power of two for these 32
/// ```
///
/// E experts of R rows and 32·G columns, rows being outputs. A block of GGUF (drawn at `tensor/quant/MXFP4`) holds the same: the scale
/// first, and number j beside j + 16. Here one becomes the other, so no number changes.
public final class PackedExperts {
    private static final int HALF = DType.MXFP4.blockElements() / 2;

    private PackedExperts() {
    }

    /// 16 bytes at `numbers` and one at `exponent` → a block of GGUF.
    public static void unpack(long numbers, long exponent, long block) {
        Memory.putByte(block, Memory.getByte(exponent));
        for (int j = 0; j < HALF; j++) {
            Memory.putByte(block + 1 + j, (byte) (number(numbers, j) | number(numbers, j + HALF) << 4));
        }
    }

    /// A block of GGUF → 16 bytes at `numbers` and one at `exponent`.
    public static void pack(long block, long numbers, long exponent) {
        Memory.putByte(exponent, Memory.getByte(block));
        for (int i = 0; i < HALF; i++) {
            Memory.putByte(numbers + i, (byte) (nibble(block, 2 * i) | nibble(block, 2 * i + 1) << 4));
        }
    }

    /// Number i of the file's 16 bytes.
    private static int number(long bytes, int i) {
        return Memory.getByte(bytes + i / 2) >> 4 * (i % 2) & 15;
    }

    /// Number i of a block of GGUF.
    private static int nibble(long block, int i) {
        return Memory.getByte(block + 1 + i % HALF) >> (i < HALF ? 0 : 4) & 15;
    }
}
