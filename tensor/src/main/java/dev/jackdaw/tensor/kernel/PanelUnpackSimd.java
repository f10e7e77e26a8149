package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.I;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.quant.PanelFormat;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Some columns of a packed panel as F32 `[columns][16]`, for all formats: first the bits become bytes in the order of eight-bit panels
/// (4 columns of a lane in an int), then each byte of those ints in turn becomes 16 numbers.
final class PanelUnpackSimd {
    private static final int PANEL = PanelFormat.LANES;
    private static final int ROW = 4 * PANEL;
    private static final int NIBBLES = 0x0f0f_0f0f;
    private static final int ONES = 0x0101_0101;
    private static final int PAIRS = 0x0303_0303;
    private static final Convert CONVERT = new ConvertSimd();

    private PanelUnpackSimd() {
    }

    /// Bytes of scratch for so many columns.
    static long scratchBytes(int columns) {
        return (long) PANEL * columns + 2L * ROW * (columns / 16 + 1);
    }

    /// The weights. `c0` and `columns` are multiples of the format's blocks.
    static void weights(long to, long scratch, long panel, PanelFormat format, int C, int c0, int columns) {
        switch (format.type()) {
            case F32 -> Memory.copy(panel + (long) ROW * c0, to, (long) ROW * columns);
            case F16 -> CONVERT.f16ToF32(to, panel + 2L * PANEL * c0, 0, (long) PANEL * columns);
            case BF16 -> CONVERT.bf16ToF32(to, panel + 2L * PANEL * c0, 0, (long) PANEL * columns);
            default -> {
                long scales = scratch + (long) PANEL * columns, mins = scales + (long) ROW * (columns / 16 + 1);
                bytes(scratch, panel, format, C, c0, columns);
                scales(scales, panel, format, C, c0, columns);
                if (format.hasMins()) {
                    mins(mins, panel, format, C, c0, columns);
                    scaledWithMins(to, scratch, scales, mins, format.block(), columns);
                } else {
                    scaled(to, scratch, scales, format.zero(), format.block(), columns);
                }
            }
        }
    }

    /// `q − zero`, whole numbers.
    static void levels(long to, long scratch, long panel, PanelFormat format, int C, int c0, int columns) {
        bytes(scratch, panel, format, C, c0, columns);
        int zero = format.zero();
        for (int v = 0; v < columns / 4; v++) {
            for (int part = 0; part < ROW; part += BYTES) {
                IntVector x = IntVector.fromMemorySegment(I, ALL, scratch + (long) ROW * v + part, LE);
                long at = to + 4L * ROW * v + part;
                x.and(255).sub(zero).convert(VectorOperators.I2F, 0).reinterpretAsFloats().intoMemorySegment(ALL, at, LE);
                x.lanewise(VectorOperators.LSHR, 8).and(255).sub(zero).convert(VectorOperators.I2F, 0).reinterpretAsFloats().intoMemorySegment(ALL, at + ROW, LE);
                x.lanewise(VectorOperators.LSHR, 16).and(255).sub(zero).convert(VectorOperators.I2F, 0).reinterpretAsFloats().intoMemorySegment(ALL, at + 2 * ROW, LE);
                x.lanewise(VectorOperators.LSHR, 24).sub(zero).convert(VectorOperators.I2F, 0).reinterpretAsFloats().intoMemorySegment(ALL, at + 3 * ROW, LE);
            }
        }
    }

    /// F32 scales `[blocks][16]`.
    static void scales(long to, long panel, PanelFormat format, int C, int c0, int columns) {
        int block = format.block();
        for (int c = c0; c < c0 + columns; c += block, to += ROW) {
            for (int lane = 0; lane < PANEL; lane++) {
                Memory.putFloat(to + 4L * lane, format.scale(panel, C, lane, c));
            }
        }
    }

    static void mins(long to, long panel, PanelFormat format, int C, int c0, int columns) {
        int block = format.block();
        for (int c = c0; c < c0 + columns; c += block, to += ROW) {
            for (int lane = 0; lane < PANEL; lane++) {
                Memory.putFloat(to + 4L * lane, format.min(panel, C, lane, c));
            }
        }
    }

    private static void scaled(long to, long bytes, long scales, int zero, int block, int columns) {
        int steps = block / 4;
        for (int v = 0; v < columns / 4; v++) {
            for (int part = 0; part < ROW; part += BYTES) {
                FloatVector scale = FloatVector.fromMemorySegment(F, ALL, scales + (long) ROW * (v / steps) + part, LE);
                IntVector x = IntVector.fromMemorySegment(I, ALL, bytes + (long) ROW * v + part, LE);
                long at = to + 4L * ROW * v + part;
                x.and(255).sub(zero).convert(VectorOperators.I2F, 0).reinterpretAsFloats().mul(scale).intoMemorySegment(ALL, at, LE);
                x.lanewise(VectorOperators.LSHR, 8).and(255).sub(zero).convert(VectorOperators.I2F, 0).reinterpretAsFloats().mul(scale).intoMemorySegment(ALL, at + ROW, LE);
                x.lanewise(VectorOperators.LSHR, 16).and(255).sub(zero).convert(VectorOperators.I2F, 0).reinterpretAsFloats().mul(scale).intoMemorySegment(ALL, at + 2 * ROW, LE);
                x.lanewise(VectorOperators.LSHR, 24).sub(zero).convert(VectorOperators.I2F, 0).reinterpretAsFloats().mul(scale).intoMemorySegment(ALL, at + 3 * ROW, LE);
            }
        }
    }

    private static void scaledWithMins(long to, long bytes, long scales, long mins, int block, int columns) {
        int steps = block / 4;
        for (int v = 0; v < columns / 4; v++) {
            for (int part = 0; part < ROW; part += BYTES) {
                FloatVector scale = FloatVector.fromMemorySegment(F, ALL, scales + (long) ROW * (v / steps) + part, LE);
                FloatVector min = FloatVector.fromMemorySegment(F, ALL, mins + (long) ROW * (v / steps) + part, LE);
                IntVector x = IntVector.fromMemorySegment(I, ALL, bytes + (long) ROW * v + part, LE);
                long at = to + 4L * ROW * v + part;
                x.and(255).convert(VectorOperators.I2F, 0).reinterpretAsFloats().mul(scale).add(min).intoMemorySegment(ALL, at, LE);
                x.lanewise(VectorOperators.LSHR, 8).and(255).convert(VectorOperators.I2F, 0).reinterpretAsFloats().mul(scale).add(min).intoMemorySegment(ALL, at + ROW, LE);
                x.lanewise(VectorOperators.LSHR, 16).and(255).convert(VectorOperators.I2F, 0).reinterpretAsFloats().mul(scale).add(min).intoMemorySegment(ALL, at + 2 * ROW, LE);
                x.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0).reinterpretAsFloats().mul(scale).add(min).intoMemorySegment(ALL, at + 3 * ROW, LE);
            }
        }
    }

    private static void bytes(long to, long panel, PanelFormat format, int C, int c0, int columns) {
        int groups = columns / 32;
        long quants = panel + (long) c0 / 32 * format.quantBytes(), high = panel + format.highAt(C) + (long) c0 / 32 * format.highBytes();
        if (format.bits() == 8) {
            Memory.copy(quants, to, (long) PANEL * columns);
            return;
        }
        nibbles(to, quants, groups);
        if (format.bits() == 5) {
            fifths(to, high, groups);
        } else if (format.bits() == 6) {
            pairs(to, high, groups);
        } else if (format.lut() != null) {
            lookUp(to, format.lut(), columns);
        }
    }

    private static void nibbles(long to, long quants, int groups) {
        for (int g = 0; g < groups; g++) {
            for (int i = 0; i < 256; i += BYTES) {
                IntVector x = IntVector.fromMemorySegment(I, ALL, quants + 256L * g + i, LE);
                x.and(NIBBLES).intoMemorySegment(ALL, to + 512L * g + i, LE);
                x.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).intoMemorySegment(ALL, to + 512L * g + 256 + i, LE);
            }
        }
    }

    private static void fifths(long to, long high, int groups) {
        for (int v = 0; v < 8 * groups; v++) {
            long mask = Memory.getLong(high + 8L * v);
            for (int lane = 0; lane < PANEL; lane++) {
                long at = to + (long) ROW * v + 4L * lane;
                int bits = (int) (mask >>> 4 * lane) & 15;
                Memory.putInt(at, Memory.getInt(at) | (bits * 0x0020_4081 & ONES) << 4);        // four bits to the lowest bits of four bytes
            }
        }
    }

    private static void pairs(long to, long high, int groups) {
        for (int h = 0; h < 2 * groups; h++) {
            for (int t = 0; t < 4; t++) {
                for (int part = 0; part < ROW; part += BYTES) {
                    long at = to + (long) ROW * (4 * h + t) + part;
                    IntVector x = IntVector.fromMemorySegment(I, ALL, high + (long) ROW * h + part, LE);
                    x.lanewise(VectorOperators.LSHR, 2 * t).and(PAIRS).lanewise(VectorOperators.LSHL, 4).or(IntVector.fromMemorySegment(I, ALL, at, LE))
                            .intoMemorySegment(ALL, at, LE);
                }
            }
        }
    }

    private static void lookUp(long to, byte[] lut, int columns) {
        for (long at = to; at < to + (long) PANEL * columns; at++) {
            Memory.putByte(at, lut[Memory.getByte(at)]);
        }
    }
}
