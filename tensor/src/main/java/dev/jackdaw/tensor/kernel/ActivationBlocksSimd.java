package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.I;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;

import dev.jackdaw.tensor.Memory;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// [ActivationBlocks] by the Vector API, with the same bits.
final class ActivationBlocksSimd implements ActivationBlocks {
    private static final int ROUND_BITS = Float.floatToRawIntBits(ROUND);

    @Override
    public void quantize(long row, long x, long from, long to) {
        if (LANES < 8) {                                    // there are no vectors of four bytes
            SCALAR.quantize(row, x, from, to);
            return;
        }
        for (long b = from; b < to; b++) {
            long at = row + BYTES * b, numbers = x + 4L * COLUMNS * b;
            float d = ActivationBlocks.scale(max(numbers));
            float inverse = ActivationBlocks.inverse(d);
            ActivationBlocks.putSums(at, d, levels(at, numbers, inverse), levels(at + COLUMNS / 2, numbers + 2 * COLUMNS, inverse));
        }
    }

    private static float max(long numbers) {
        IntVector max = IntVector.zero(I);
        for (int i = 0; i < COLUMNS; i += LANES) {
            max = IntVector.fromMemorySegment(I, ALL, numbers + 4L * i, LE).and(Integer.MAX_VALUE).max(max);
        }
        return Float.intBitsToFloat(max.reduceLanes(VectorOperators.MAX));
    }

    /// 16 levels; returns their sum.
    private static int levels(long to, long numbers, float inverse) {
        if (inverse == 0) {                                 // where there is a NaN, multiplying would give anything
            Memory.zero(to, COLUMNS / 2);
            return 0;
        }
        IntVector sum = IntVector.zero(I);
        for (int i = 0; i < COLUMNS / 2; i += LANES) {
            IntVector q = FloatVector.fromMemorySegment(F, ALL, numbers + 4L * i, LE).mul(inverse).add(ROUND).reinterpretAsInts().sub(ROUND_BITS);
            q.convertShape(VectorOperators.I2B, Narrow.SPECIES, 0).reinterpretAsBytes().intoMemorySegment(ALL, to + i, LE);
            sum = q.add(sum);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /// As many bytes as there are floats in a vector; not there for vectors of four.
    private static final class Narrow {
        static final VectorSpecies<Byte> SPECIES = VectorSpecies.of(byte.class, VectorShape.forBitSize(8 * LANES));
    }
}
