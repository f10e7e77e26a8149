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
    // Blocks of numbers that share scales; each is drawn in the file of its name in `quant`.
    Q8_0(32, 34),
    Q4_0(32, 18),
    Q4_1(32, 20),
    Q5_0(32, 22),
    Q5_1(32, 24),
    Q2_K(256, 84),
    Q3_K(256, 110),
    Q4_K(256, 144),
    Q5_K(256, 176),
    Q6_K(256, 210),
    IQ4_NL(32, 18),
    IQ4_XS(256, 136),
    MXFP4(32, 17),
    TQ1_0(256, 54),
    TQ2_0(256, 66);

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

    /// Whether numbers share scales, so that they are read and written by whole blocks.
    public boolean isBlocks() {
        return blockElements > 1;
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
