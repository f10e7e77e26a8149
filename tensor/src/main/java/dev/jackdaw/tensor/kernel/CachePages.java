package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getByte;
import static dev.jackdaw.tensor.Memory.getShort;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.CachedAttention.PAGE;
import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.I;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Turns the keys or values of a page (see [CacheType]) into F32, by the Vector API.
final class CachePages {
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(Lanes.SHAPE.vectorBitSize() / 2));
    /// As many bytes as there are floats in a vector; of 64 bits at least, which is too many for the narrowest vector.
    private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, Lanes.SHAPE.vectorBitSize() / 4)));
    private static final boolean BYTES_FIT = LANES >= 8;

    /// The sign and the magnitude of an F16 in the places where an F32 has them, of 16 bits with their sign spread to the left.
    private static final int F16_BITS = 0x8fff_e000;
    /// The exponent of an F16 is biased by 15, that of an F32 by 127.
    private static final float REBIAS = 0x1p112f;

    private CachePages() {
    }

    /// `to` `[D][PAGE]` in the first `filled` columns, rounded up to whole vectors.
    static void keys(CacheType type, long to, long page, int D, int filled) {
        int columns = (filled + LANES - 1) / LANES * LANES;
        if (type == CacheType.F16) {
            if (columns == PAGE) {
                halves(to, page, D * PAGE);
            } else {
                for (int d = 0; d < D; d++) {
                    halves(to + 4L * d * PAGE, page + 2L * d * PAGE, columns);
                }
            }
            return;
        }
        long scales = page + type.keyScales(D), factors = to + 4L * (D - 1) * PAGE;        // the last row is overwritten last
        for (int d = 0; d < D; d++) {
            if (d % CacheType.BLOCK == 0) {
                halves(factors, scales + 2L * (d / CacheType.BLOCK) * PAGE, columns);
            }
            bytes(to + 4L * d * PAGE, page + (long) d * PAGE, factors, columns);
        }
    }

    /// `to` `[PAGE][W]` in the first `filled` rows.
    static void values(CacheType type, long to, long page, int D, int filled) {
        int W = CacheType.width(D), blocks = CacheType.blocks(D);
        long from = page + type.values(D);
        if (type == CacheType.F16) {
            halves(to, from, filled * W);
            return;
        }
        long scales = page + type.valueScales(D);
        for (int slot = 0; slot < filled; slot++) {
            for (int block = 0; block < blocks; block++) {
                int d = block * CacheType.BLOCK;
                long at = (long) slot * W + d;
                bytes(to + 4 * at, from + at, Float.float16ToFloat(getShort(scales + 2L * (slot * blocks + block))), Math.min(CacheType.BLOCK, W - d));
            }
        }
    }

    /// `n` numbers of F16, a multiple of [Lanes#LANES].
    private static void halves(long to, long from, int n) {
        for (int i = 0; i < n; i += LANES) {
            ShortVector.fromMemorySegment(S, ALL, from + 2L * i, LE).convertShape(VectorOperators.S2I, I, 0).reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, 13).and(F16_BITS).reinterpretAsFloats().mul(REBIAS).intoMemorySegment(ALL, to + 4L * i, LE);
        }
    }

    /// `n` bytes times the numbers at `factors`.
    private static void bytes(long to, long from, long factors, int n) {
        if (!BYTES_FIT) {
            for (int i = 0; i < n; i++) {
                putFloat(to + 4L * i, getByte(from + i) * dev.jackdaw.tensor.Memory.getFloat(factors + 4L * i));
            }
            return;
        }
        for (int i = 0; i < n; i += LANES) {
            FloatVector x = (FloatVector) ByteVector.fromMemorySegment(B, ALL, from + i, LE).convertShape(VectorOperators.B2F, F, 0);
            x.mul(FloatVector.fromMemorySegment(F, ALL, factors + 4L * i, LE)).intoMemorySegment(ALL, to + 4L * i, LE);
        }
    }

    /// `n` bytes times `factor`.
    private static void bytes(long to, long from, float factor, int n) {
        if (!BYTES_FIT) {
            for (int i = 0; i < n; i++) {
                putFloat(to + 4L * i, getByte(from + i) * factor);
            }
            return;
        }
        for (int i = 0; i < n; i += LANES) {
            FloatVector x = (FloatVector) ByteVector.fromMemorySegment(B, ALL, from + i, LE).convertShape(VectorOperators.B2F, F, 0);
            x.mul(factor).intoMemorySegment(ALL, to + 4L * i, LE);
        }
    }
}
