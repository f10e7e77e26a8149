package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.I;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// [Convert] by the Vector API, which has no 16-bit floats: they are taken apart as whole numbers. The scalar reference does the tails;
/// results are the same, but for the payload of a NaN.
public final class ConvertSimd implements Convert {
    /// As many shorts as there are floats in a vector, in half the bytes.
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(Lanes.SHAPE.vectorBitSize() / 2));
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, Lanes.SHAPE);
    /// As many floats as there are doubles in a vector.
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(Lanes.SHAPE.vectorBitSize() / 2));

    private static final int INFINITY = 0x7f80_0000;
    /// The exponent of an F16 is biased by 15, that of an F32 by 127.
    private static final float REBIAS = 0x1p112f;
    private static final int F16_INFINITY = 0x7c00 << 13;
    private static final int F16_OVERFLOW = 0x4780_0000;        // 65536, above every F16
    private static final int F16_NORMAL = 0x3880_0000;          // 2⁻¹⁴, the smallest normal F16
    /// Adding 0.5 to less than 2⁻¹⁴ makes the adder round to multiples of 2⁻²⁴, the step of subnormal F16 numbers, in the lowest bits.
    private static final int HALF_BITS = 0x3f00_0000;

    @Override
    public void f16ToF32(long y, long x, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            IntVector h = widen(x + 2 * i);
            IntVector magnitude = h.and(0x7fff).lanewise(VectorOperators.LSHL, 13);
            // Exact, for subnormal numbers too; only ∞ and NaN must get their exponent back.
            IntVector value = magnitude.reinterpretAsFloats().mul(REBIAS).reinterpretAsInts();
            VectorMask<Integer> special = magnitude.compare(VectorOperators.GE, F16_INFINITY);
            value.lanewise(VectorOperators.OR, INFINITY, special).or(h.and(0x8000).lanewise(VectorOperators.LSHL, 16))
                    .intoMemorySegment(ALL, y + 4 * i, LE);
        }
        SCALAR.f16ToF32(y, x, i, to);
    }

    @Override
    public void f32ToF16(long y, long x, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            IntVector bits = IntVector.fromMemorySegment(I, ALL, x + 4 * i, LE);
            IntVector magnitude = bits.and(Integer.MAX_VALUE);
            // Half a step, less one, plus the last bit kept: ties go to even. Carries run into the exponent, up to ∞.
            IntVector odd = magnitude.lanewise(VectorOperators.LSHR, 13).and(1);
            IntVector normal = magnitude.add(odd).add(0xfff - (112 << 23)).lanewise(VectorOperators.LSHR, 13);
            IntVector subnormal = magnitude.reinterpretAsFloats().add(0.5f).reinterpretAsInts().sub(HALF_BITS);
            normal.blend(subnormal, magnitude.compare(VectorOperators.LT, F16_NORMAL))
                    .blend(0x7c00, magnitude.compare(VectorOperators.GE, F16_OVERFLOW))
                    .blend(0x7e00, magnitude.compare(VectorOperators.GT, INFINITY))
                    .or(bits.lanewise(VectorOperators.LSHR, 16).and(0x8000))
                    .convertShape(VectorOperators.I2S, S, 0).reinterpretAsShorts().intoMemorySegment(ALL, y + 2 * i, LE);
        }
        SCALAR.f32ToF16(y, x, i, to);
    }

    @Override
    public void bf16ToF32(long y, long x, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            widen(x + 2 * i).lanewise(VectorOperators.LSHL, 16).intoMemorySegment(ALL, y + 4 * i, LE);
        }
        SCALAR.bf16ToF32(y, x, i, to);
    }

    @Override
    public void f32ToBf16(long y, long x, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            IntVector bits = IntVector.fromMemorySegment(I, ALL, x + 4 * i, LE);
            IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
            bits.add(0x7fff).add(upper.and(1)).lanewise(VectorOperators.LSHR, 16)
                    .blend(upper.or(0x40), bits.and(Integer.MAX_VALUE).compare(VectorOperators.GT, INFINITY))
                    .convertShape(VectorOperators.I2S, S, 0).reinterpretAsShorts().intoMemorySegment(ALL, y + 2 * i, LE);
        }
        SCALAR.f32ToBf16(y, x, i, to);
    }

    @Override
    public void f64ToF32(long y, long x, long from, long to) {
        int step = D.length();
        long i = from;
        for (; i <= to - step; i += step) {
            DoubleVector.fromMemorySegment(D, ALL, x + 8 * i, LE).convertShape(VectorOperators.D2F, HALF, 0)
                    .reinterpretAsFloats().intoMemorySegment(ALL, y + 4 * i, LE);
        }
        SCALAR.f64ToF32(y, x, i, to);
    }

    /// A vector of ints from as many unsigned shorts.
    private static IntVector widen(long address) {
        return (IntVector) ShortVector.fromMemorySegment(S, ALL, address, LE).convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
    }
}
