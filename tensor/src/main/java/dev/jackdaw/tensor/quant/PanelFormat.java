package dev.jackdaw.tensor.quant;

import static dev.jackdaw.tensor.Memory.getByte;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getLong;
import static dev.jackdaw.tensor.Memory.getShort;
import static dev.jackdaw.tensor.Memory.putFloat;

import dev.jackdaw.tensor.DType;
import java.util.EnumMap;
import java.util.Map;

/// How a weight `[F,C]` lies in memory once it is packed: in panels of [#LANES] output rows, so that one number of x meets 16 rows ("lanes")
/// at once and nothing is ever summed across lanes. This is data: packing, unpacking and every kernel read it, and are written once for
/// all number formats.
///
/// A panel is a sequence of regions, each filled up to 64 bytes; panels follow each other, the last one is filled up with rows of zeros.
///
/// ```
/// quants         for every 32 columns
///     8 bits:    8 vectors of 64 bytes; vector v, byte 4·lane + j:  column 4v + j
///     4, 5, 6:   4 vectors of 64 bytes; vector v, byte 4·lane + j:  the low four bits of columns 4v + j (low half) and 16 + 4v + j (high half)
/// high bits      for every 32 columns
///     5 bits:    8 masks of 64 bits; mask v, bit 4·lane + j:        the fifth bit of column 4v + j
///     6 bits:    2 vectors of 64 bytes; vector h, byte 4·lane + j:  bits 2t and 2t + 1 are the upper two bits of column 16h + 4t + j, t = 0 … 3
/// scales         for every block: 16 × F16 (HALF), or 16 × one byte (SUPER, POWER)
/// mins           for every block: 16 × F16 (HALF), or 16 × one unsigned byte (SUPER)
/// super scales   for every 256 columns: 16 × F16
/// super mins     for every 256 columns: 16 × F16, with their sign turned, so that a minimum is only ever added
/// ```
///
/// `q` is stored unsigned: the bits themselves, or `lut[bits]`. Then, in F32 and with these roundings,
///
/// ```
/// scale = F16 scale                            HALF
///       = F16 super scale · scale byte         SUPER, the byte signed or not
///       = 2^(byte − 128)                       POWER
/// min   = F16 min, or F16 super min · min byte
/// w     = scale · (q − zero)                   without mins
/// w     = scale · q + min                      with mins; the product is exact, so a fused multiply-add gives the same bits
/// ```
///
/// which is bit for bit what [BlockFormat] decodes. Types without blocks (F32, F16, BF16) have one region, the numbers themselves as `[C][16]`.
///
/// @param bits  4, 5, 6 or 8; 16 or 32 for types without blocks
/// @param zero  what is subtracted from q
/// @param block columns that share a scale: 16 or 32; 1 for types without blocks
/// @param mins  [Scale#NONE], [Scale#HALF] or [Scale#SUPER]
/// @param lut   16 unsigned bytes, or null; not to be written
public record PanelFormat(DType type, int bits, int zero, int block, Scale scale, Scale mins, byte[] lut) {
    /// Output rows in a panel.
    public static final int LANES = 16;
    /// Every region begins on a cache line.
    private static final int ALIGNMENT = 64;
    private static final int GROUP = 32;
    private static final int SUPER_GROUP = 256;

    /// How the scales, or the mins, of blocks are kept.
    public enum Scale {
        NONE(0), HALF(2), SUPER(1), SUPER_SIGNED(1), POWER(1);

        /// Bytes for one lane and block.
        public final int bytes;

        Scale(int bytes) {
            this.bytes = bytes;
        }

        public boolean isSuper() {
            return this == SUPER || this == SUPER_SIGNED;
        }
    }

    private static final Map<DType, PanelFormat> TABLE = new EnumMap<>(DType.class);

    static {
        put(DType.F32, 32, 0, 1, Scale.NONE, Scale.NONE, null);
        put(DType.F16, 16, 0, 1, Scale.NONE, Scale.NONE, null);
        put(DType.BF16, 16, 0, 1, Scale.NONE, Scale.NONE, null);
        put(DType.Q8_0, 8, 128, 32, Scale.HALF, Scale.NONE, null);
        put(DType.Q4_0, 4, 8, 32, Scale.HALF, Scale.NONE, null);
        put(DType.Q4_1, 4, 0, 32, Scale.HALF, Scale.HALF, null);
        put(DType.Q5_0, 5, 16, 32, Scale.HALF, Scale.NONE, null);
        put(DType.Q5_1, 5, 0, 32, Scale.HALF, Scale.HALF, null);
        put(DType.Q4_K, 4, 0, 32, Scale.SUPER, Scale.SUPER, null);
        put(DType.Q5_K, 5, 0, 32, Scale.SUPER, Scale.SUPER, null);
        put(DType.Q6_K, 6, 32, 16, Scale.SUPER_SIGNED, Scale.NONE, null);
        put(DType.Q2_K, 4, 0, 16, Scale.SUPER, Scale.SUPER, null);
        put(DType.Q3_K, 4, 4, 16, Scale.SUPER_SIGNED, Scale.NONE, null);
        put(DType.IQ4_NL, 4, 128, 32, Scale.HALF, Scale.NONE, lut(IQ4_NL.LEVELS, 128));
        put(DType.IQ4_XS, 4, 128, 32, Scale.SUPER_SIGNED, Scale.NONE, lut(IQ4_NL.LEVELS, 128));
        put(DType.MXFP4, 4, 12, 32, Scale.POWER, Scale.NONE, lut(MXFP4.LEVELS, 12));
        put(DType.TQ1_0, 4, 1, 32, Scale.HALF, Scale.NONE, null);
        put(DType.TQ2_0, 4, 1, 32, Scale.HALF, Scale.NONE, null);
    }

    private static void put(DType type, int bits, int zero, int block, Scale scale, Scale mins, byte[] lut) {
        TABLE.put(type, new PanelFormat(type, bits, zero, block, scale, mins, lut));
    }

    private static byte[] lut(int[] levels, int zero) {
        byte[] lut = new byte[16];
        for (int i = 0; i < 16; i++) {
            lut[i] = (byte) (levels[i] + zero);
        }
        return lut;
    }

    /// The format in which weights of a type are packed.
    public static PanelFormat of(DType type) {
        PanelFormat format = TABLE.get(type);
        if (format == null) {
            throw new IllegalArgumentException("pack: " + type + " is no number format of weights; those that are: " + TABLE.keySet());
        }
        return format;
    }

    /// Whether numbers have 8 bits or fewer, and x may be quantised too.
    public boolean isQuantized() {
        return bits <= 8;
    }

    public boolean hasMins() {
        return mins != Scale.NONE;
    }

    /// Rows are a multiple of so many columns long.
    public int columns() {
        return type.blockElements();
    }

    public static int panels(int F) {
        return (F + LANES - 1) / LANES;
    }

    /// Bytes of a packed weight `[F,C]`.
    public long bytes(int F, int C) {
        if (F < 1 || C < 1 || C % columns() != 0) {
            throw new IllegalArgumentException("pack: weight " + type + "[" + F + "," + C + "]; both sizes must be at least 1, and rows must fill blocks of "
                    + columns());
        }
        return panels(F) * panelBytes(C);
    }

    public long panelBytes(int C) {
        return superMinsAt(C) + (mins.isSuper() ? aligned(superBytes(C)) : 0);
    }

    /// Bytes of the quants of 32 columns.
    public int quantBytes() {
        return bits == 8 ? 8 * 64 : 4 * 64;
    }

    /// Bytes of the high bits of 32 columns.
    public int highBytes() {
        return bits == 5 ? 64 : bits == 6 ? 2 * 64 : 0;
    }

    /// Where regions begin in a panel.
    public long highAt(int C) {
        return aligned(isQuantized() ? (long) C / GROUP * quantBytes() : (long) C * LANES * bits / 8);
    }

    public long scalesAt(int C) {
        return highAt(C) + aligned((long) C / GROUP * highBytes());
    }

    public long minsAt(int C) {
        return scalesAt(C) + aligned((long) C / block * LANES * scale.bytes);
    }

    public long superScalesAt(int C) {
        return minsAt(C) + aligned((long) C / block * LANES * mins.bytes);
    }

    public long superMinsAt(int C) {
        return superScalesAt(C) + (scale.isSuper() ? aligned(superBytes(C)) : 0);
    }

    private static long superBytes(int C) {
        return (long) C / SUPER_GROUP * LANES * 2;
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    // How one number is read. Kernels do the same for many at once.

    /// q of a lane and column, unsigned.
    public int quant(long panel, int C, int lane, int c) {
        int v = c % GROUP / 4, j = 4 * lane + c % 4;
        long quants = panel + (long) c / GROUP * quantBytes(), high = panel + highAt(C) + (long) c / GROUP * highBytes();
        if (bits == 8) {
            return Bits.unsigned(quants + 64L * v + j);
        }
        int low = Bits.unsigned(quants + 64L * (v % 4) + j) >> 4 * (v / 4) & 15;
        return switch (bits) {
            case 5 -> low | (int) (getLong(high + 8L * v) >>> j & 1) << 4;
            case 6 -> low | (Bits.unsigned(high + 64L * (v / 4) + j) >> 2 * (v % 4) & 3) << 4;
            default -> lut == null ? low : lut[low] & 0xff;
        };
    }

    /// The scale of the block that a lane's column lies in.
    public float scale(long panel, int C, int lane, int c) {
        long at = panel + scalesAt(C) + (long) scale.bytes * ((long) c / block * LANES + lane);
        return switch (scale) {
            case NONE -> 1;
            case HALF -> BlockFormat.half(at);
            case SUPER -> half(panel + superScalesAt(C), lane, c) * Bits.unsigned(at);
            case SUPER_SIGNED -> half(panel + superScalesAt(C), lane, c) * getByte(at);
            case POWER -> MXFP4.scale(Bits.unsigned(at));
        };
    }

    /// What is added to the numbers of that block; 0 without mins.
    public float min(long panel, int C, int lane, int c) {
        long at = panel + minsAt(C) + (long) mins.bytes * ((long) c / block * LANES + lane);
        return switch (mins) {
            case HALF -> BlockFormat.half(at);
            case SUPER -> half(panel + superMinsAt(C), lane, c) * Bits.unsigned(at);
            case NONE, SUPER_SIGNED, POWER -> 0;
        };
    }

    private static float half(long region, int lane, int c) {
        return BlockFormat.half(region + 2L * ((long) c / SUPER_GROUP * LANES + lane));
    }

    /// The weight itself.
    public float weight(long panel, int C, int lane, int c) {
        long i = (long) c * LANES + lane;
        return switch (type) {
            case F32 -> getFloat(panel + 4 * i);
            case F16 -> BlockFormat.half(panel + 2 * i);
            case BF16 -> Float.intBitsToFloat(getShort(panel + 2 * i) << 16);
            default -> {
                float product = scale(panel, C, lane, c) * (quant(panel, C, lane, c) - zero);
                yield hasMins() ? product + min(panel, C, lane, c) : product;
            }
        };
    }

    /// Row `row` of a packed weight with rows of C numbers, as F32 at `to`.
    public void row(long to, long packed, int C, int row) {
        long panel = packed + row / LANES * panelBytes(C);
        int lane = row % LANES;
        if (!isQuantized()) {
            for (int c = 0; c < C; c++) {
                putFloat(to + 4L * c, weight(panel, C, lane, c));
            }
            return;
        }
        for (int c0 = 0; c0 < C; c0 += block) {
            float scale = scale(panel, C, lane, c0), min = min(panel, C, lane, c0);
            for (int c = c0; c < c0 + block; c++) {
                float product = scale * (quant(panel, C, lane, c) - zero);
                putFloat(to + 4L * c, hasMins() ? product + min : product);
            }
        }
    }

    @Override
    public String toString() {
        return type.toString();
    }
}
