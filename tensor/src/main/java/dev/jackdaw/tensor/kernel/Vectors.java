package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Switches;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// The vector width all kernels share: `jackdaw.vectorBits` if given, else the machine's.
final class Vectors {
    static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class,
            Switches.VECTOR_BITS == 0 ? FloatVector.SPECIES_PREFERRED.vectorShape() : VectorShape.forBitSize(Switches.VECTOR_BITS));

    private Vectors() {
    }
}
