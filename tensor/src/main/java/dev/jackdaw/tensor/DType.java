package dev.jackdaw.tensor;

/// How one number, or one block of numbers, is stored. Sizes are those of the file formats, so a mapped file can be read in place.
public enum DType {
    F32(1, 4),
    F16(1, 2),
    BF16(1, 2),
    F64(1, 8),
    I8(1, 1),
    I32(1, 4),
    I64(1, 8),
    /// 32 numbers: one F16 scale, then 32 signed bytes. See `quant/Q8_0`.
    Q8_0(32, 34);

    private final int blockElements;
    private final int blockBytes;

    DType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /// Numbers in one block; 1 for plain types.
    public int blockElements() {
        return blockElements;
    }

    public int blockBytes() {
        return blockBytes;
    }

    /// Bytes taken by `elements` numbers, which must fill whole blocks.
    public long bytes(long elements) {
        if (elements % blockElements != 0) {
            throw new IllegalArgumentException(this + ": " + elements + " elements do not fill blocks of " + blockElements);
        }
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }
}
