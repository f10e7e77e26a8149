package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getByte;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getShort;
import static dev.jackdaw.tensor.Memory.putByte;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.Memory.putShort;
import static dev.jackdaw.tensor.kernel.CachedAttention.PAGE;

import java.util.Locale;

/// How a cache keeps the numbers of keys and values, and where they lie in a page.
///
/// ```
/// page: 64 positions of one layer and one key/value head; every region is a multiple of 64 bytes
///   keys          [D][64]              positions side by side, so that one vector holds one component of many keys and no score needs
///                                      a horizontal sum
///   key scales    [⌈D/32⌉][64]  f16    Q8_0 only: one for 32 components of a position
///   values        [64][W]              components side by side, W is D rounded up to 16; what lies behind the D-th means nothing
///   value scales  [64][⌈D/32⌉]  f16    Q8_0 only
/// ```
///
/// F16 keeps about three digits, and no number beyond ±65504. Q8_0 is the block of that name cut apart: whole numbers from -127 to 127
/// times a scale, which is max|x| / 127 rounded to F16.
public enum CacheType {
    F32(4), F16(2), Q8_0(1);

    /// Components that share a scale.
    static final int BLOCK = 32;
    private static final float LARGEST_F16 = 65504f;

    private final int bytes;

    CacheType(int bytes) {
        this.bytes = bytes;
    }

    /// By the name that options use: `f32`, `f16` or `q8_0`.
    public static CacheType of(String name) {
        for (CacheType type : values()) {
            if (type.toString().equals(name)) {
                return type;
            }
        }
        throw new IllegalArgumentException("cache type: " + name + " is not known; give f32, f16 or q8_0");
    }

    /// Bytes of a page for heads of width `D`; allocate it aligned to [dev.jackdaw.tensor.Memory#ALIGNMENT].
    public long pageBytes(int D) {
        return valueScales(D) + scaleBytes(D);
    }

    /// Components from one value to the next.
    static int width(int D) {
        return (D + 15) / 16 * 16;
    }

    static int blocks(int D) {
        return (D + BLOCK - 1) / BLOCK;
    }

    long keyScales(int D) {
        return (long) bytes * PAGE * D;
    }

    long values(int D) {
        return keyScales(D) + scaleBytes(D);
    }

    long valueScales(int D) {
        return values(D) + (long) bytes * PAGE * width(D);
    }

    private long scaleBytes(int D) {
        return this == Q8_0 ? 2L * PAGE * blocks(D) : 0;
    }

    /// Component `d` of the key in `slot`.
    float key(long page, int D, int slot, int d) {
        int at = d * PAGE + slot;
        return switch (this) {
            case F32 -> getFloat(page + 4L * at);
            case F16 -> Float.float16ToFloat(getShort(page + 2L * at));
            case Q8_0 -> getByte(page + at) * Float.float16ToFloat(getShort(page + keyScales(D) + 2L * (d / BLOCK * PAGE + slot)));
        };
    }

    /// Component `d` of the value in `slot`.
    float value(long page, int D, int slot, int d) {
        long from = page + values(D);
        int at = slot * width(D) + d;
        return switch (this) {
            case F32 -> getFloat(from + 4L * at);
            case F16 -> Float.float16ToFloat(getShort(from + 2L * at));
            case Q8_0 -> getByte(from + at) * Float.float16ToFloat(getShort(page + valueScales(D) + 2L * (slot * blocks(D) + d / BLOCK)));
        };
    }

    /// Stores the key and the value `[D]` of one position.
    void put(long page, int D, int slot, long k, long v) {
        switch (this) {
            case F32 -> {
                for (int d = 0; d < D; d++) {
                    putFloat(page + 4L * (d * PAGE + slot), getFloat(k + 4L * d));
                }
                dev.jackdaw.tensor.Memory.copy(v, page + values(D) + 4L * slot * width(D), 4L * D);
            }
            case F16 -> {
                long values = page + values(D) + 2L * slot * width(D);
                for (int d = 0; d < D; d++) {
                    putShort(page + 2L * (d * PAGE + slot), f16(getFloat(k + 4L * d)));
                    putShort(values + 2L * d, f16(getFloat(v + 4L * d)));
                }
            }
            case Q8_0 -> {
                for (int block = 0; block < blocks(D); block++) {
                    int from = block * BLOCK, to = Math.min(D, from + BLOCK);
                    quantise(k, from, to, page + slot, PAGE, page + keyScales(D) + 2L * (block * PAGE + slot));
                    quantise(v, from, to, page + values(D) + (long) slot * width(D), 1, page + valueScales(D) + 2L * (slot * blocks(D) + block));
                }
            }
        }
    }

    private static short f16(float x) {
        return Float.floatToFloat16(Math.clamp(x, -LARGEST_F16, LARGEST_F16));
    }

    private static void quantise(long x, int from, int to, long y, int step, long scaleAt) {
        float most = 0;
        for (int d = from; d < to; d++) {
            most = Math.max(most, Math.abs(getFloat(x + 4L * d)));
        }
        short scale = f16(most / 127);
        putShort(scaleAt, scale);
        float factor = Float.float16ToFloat(scale);
        factor = factor == 0 ? 0 : 1 / factor;
        for (int d = from; d < to; d++) {
            putByte(y + (long) d * step, (byte) Math.clamp(Math.round(getFloat(x + 4L * d) * factor), -127, 127));
        }
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
