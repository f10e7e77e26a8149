package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The shared vector width in the forms that row and element kernels need, and the constants they share.
final class Lanes {
    static final VectorSpecies<Float> F = Vectors.FLOATS;
    static final VectorShape SHAPE = F.vectorShape();
    static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, SHAPE);
    /// Floats in a vector: 4, 8 or 16.
    static final int LANES = F.length();
    /// Bytes of a vector of floats.
    static final int BYTES = 4 * LANES;
    static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

    /// One vector of ones, and one of zeros. A kernel whose weight is absent reads these again and again (with a step of 0 bytes) instead
    /// of branching: a vector that comes from one of two places costs C2 its registers and lands on the heap.
    static final long ONES;
    static final long ZEROS;

    static {
        MemorySegment constants = Arena.global().allocate(2 * Memory.ALIGNMENT, Memory.ALIGNMENT);
        ONES = constants.address();
        ZEROS = ONES + Memory.ALIGNMENT;
        for (int i = 0; i < Memory.ALIGNMENT; i += 4) {
            Memory.putFloat(ONES + i, 1);
        }
    }

    private Lanes() {
    }
}
