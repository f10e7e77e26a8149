package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getShort;
import static dev.jackdaw.tensor.Memory.putFloat;

import dev.jackdaw.tensor.DType;
import java.util.EnumMap;
import java.util.Map;

/// Numbers stored as blocks that share scales. One subclass a format: it draws its block, and turns one block into numbers and back.
/// What is the same for all is here: walking over many blocks, the dot product, and refusing numbers that a block cannot hold.
///
/// Encoding gives the bits that the reference quantizer of llama.cpp gives (`ggml-quants.c`; checked against it): the sums are taken in
/// its order, in single precision. Formats with a search among scales can weigh their errors: [#encodeRow] takes the importance of each
/// column, which is how large the activations are that it will be multiplied with.
///
/// All of this is scalar and slow, and the definition of correct.
public abstract class BlockFormat {
    /// Far above what any F16 scale reaches, and small enough that no sum of squares overflows.
    private static final float MOST = 1e12f;

    private final DType type;
    private final int[] halves;

    /// @param halves where in a block its F16 numbers are; they must stay finite
    BlockFormat(DType type, int elements, int bytes, int... halves) {
        if (type.blockElements() != elements || type.blockBytes() != bytes) {
            throw new AssertionError(type + ": DType says blocks of " + type.blockElements() + " numbers in " + type.blockBytes() + " bytes, the format "
                    + elements + " in " + bytes);
        }
        this.type = type;
        this.halves = halves;
    }

    /// Made when first asked for: the formats are subclasses of this class.
    private static final class Table {
        static final Map<DType, BlockFormat> FORMATS = new EnumMap<>(DType.class);

        static {
            for (BlockFormat format : new BlockFormat[] {new Q4_0(), new Q4_1(), new Q5_0(), new Q5_1(), new Q8_0(), new Q2_K(), new Q3_K(), new Q4_K(),
                new Q5_K(), new Q6_K(), new IQ4_NL(), new IQ4_XS(), new MXFP4(), new TQ1_0(), new TQ2_0()}) {
                FORMATS.put(format.type, format);
            }
        }
    }

    /// The format of a type that has blocks.
    public static BlockFormat of(DType type) {
        BlockFormat format = Table.FORMATS.get(type);
        if (format == null) {
            throw new IllegalArgumentException(type + " has no blocks; those that have: " + Table.FORMATS.keySet());
        }
        return format;
    }

    public final DType type() {
        return type;
    }

    /// The numbers of one block.
    abstract void unpack(long block, float[] y);

    /// Writes one block.
    ///
    /// @param importance of each number, or null if all are alike
    /// @param meanSquare of the row that the block is part of; used with an importance only
    abstract void pack(long block, float[] x, float[] importance, float meanSquare);

    // A block taken apart for panels. Its bytes were copied to `words`, four in each, and begin at byte `at`.

    /// The numbers `32 · group` to `32 · group + 31` of the block as unsigned q of [PanelFormat], four bytes in each of eight words; where the
    /// format has a table of levels, their index.
    abstract void quads(int[] words, int at, int group, int[] q);

    /// Where in the block 16 bytes hold the four-bit numbers j and j + 16 of `32 · group` on, as panels do too and can take them over; −1: nowhere.
    int nibblesAt(int group) {
        return -1;
    }

    /// The bits of the scale of group `block` of [PanelFormat#block()] numbers: an F16, or one byte.
    abstract int scaleBits(int[] words, int at, int block);

    /// The bits of its minimum; only where the format has mins.
    int minBits(int[] words, int at, int block) {
        return 0;
    }

    /// The F16 that scales of one byte are multiplied with.
    int superScaleBits(int[] words, int at) {
        return 0;
    }

    /// The F16 that mins of one byte are multiplied with, to be subtracted.
    int superMinBits(int[] words, int at) {
        return 0;
    }

    /// F32 numbers of blocks `[from,to)`.
    public final void decode(long y, long blocks, long from, long to) {
        int n = type.blockElements();
        float[] values = new float[n];
        for (long b = from; b < to; b++) {
            unpack(blocks + type.blockBytes() * b, values);
            for (int i = 0; i < n; i++) {
                putFloat(y + 4 * (n * b + i), values[i]);
            }
        }
    }

    /// Blocks `[from,to)` of the F32 numbers at x.
    public final void encode(long blocks, long x, long from, long to) {
        float[] values = new float[type.blockElements()];
        for (long b = from; b < to; b++) {
            encodeBlock(blocks, x, b, values, null, 0);
        }
    }

    /// One row of `elements` numbers, whose errors are weighed by the `elements` F32 numbers at `importance`.
    public final void encodeRow(long blocks, long x, long elements, long importance) {
        int n = type.blockElements();
        float[] values = new float[n];
        float[] weights = new float[n];
        float squares = 0;
        for (long i = 0; i < elements; i++) {
            float value = getFloat(x + 4 * i);
            squares += value * value;
        }
        for (long b = 0; b < elements / n; b++) {
            load(weights, importance + 4 * n * b);
            encodeBlock(blocks, x, b, values, weights, squares / elements);
        }
    }

    private void encodeBlock(long blocks, long x, long b, float[] values, float[] importance, float meanSquare) {
        int n = values.length;
        load(values, x + 4 * n * b);
        float worst = 0;
        for (float value : values) {
            worst = Float.isNaN(worst) || Math.abs(value) <= Math.abs(worst) ? worst : value;         // NaN is worse than anything
        }
        boolean fits = Float.isFinite(worst) && (halves.length == 0 || Math.abs(worst) < MOST);
        if (fits) {
            long block = blocks + type.blockBytes() * b;
            pack(block, values, importance, meanSquare);
            for (int at : halves) {
                fits &= Float.isFinite(half(block + at));
            }
        }
        if (!fits) {
            throw new ArithmeticException(type + ": numbers " + n * b + " to " + (n * b + n - 1) + " contain " + worst
                    + "; a block needs finite numbers, small enough that their scale fits F16");
        }
    }

    private static void load(float[] values, long x) {
        for (int i = 0; i < values.length; i++) {
            values[i] = getFloat(x + 4L * i);
        }
    }

    /// `Σ x · y` over blocks `[from,to)`, x in blocks, y in F32.
    public final float dot(long blocks, long y, long from, long to) {
        int n = type.blockElements();
        float[] values = new float[n];
        double sum = 0;
        for (long b = from; b < to; b++) {
            unpack(blocks + type.blockBytes() * b, values);
            for (int i = 0; i < n; i++) {
                sum += (double) values[i] * getFloat(y + 4 * (n * b + i));
            }
        }
        return (float) sum;
    }

    static float half(long address) {
        return Float.float16ToFloat(getShort(address));
    }

    @Override
    public final String toString() {
        return type.toString();
    }
}
