package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Switches;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// The vector width all kernels share: `jackdaw.vectorBits` if given, else the machine's. And how they add up the lanes of a vector.
final class Vectors {
    static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class,
            Switches.VECTOR_BITS == 0 ? FloatVector.SPECIES_PREFERRED.vectorShape() : VectorShape.forBitSize(Switches.VECTOR_BITS));
    static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, FLOATS.vectorShape());
    private static final int L = FLOATS.length();

    /// ACROSS_4 brings every lane the one at distance 4 (its number with the bit 4 flipped), and so on; beyond the vector, nothing moves.
    static final VectorShuffle<Float> ACROSS_8 = across(FLOATS, 8), ACROSS_4 = across(FLOATS, 4), ACROSS_2 = across(FLOATS, 2),
            ACROSS_1 = across(FLOATS, 1);
    private static final VectorShuffle<Double> DOUBLE_4 = across(DOUBLES, 4), DOUBLE_2 = across(DOUBLES, 2), DOUBLE_1 = across(DOUBLES, 1);

    private Vectors() {
    }

    private static <E> VectorShuffle<E> across(VectorSpecies<E> species, int distance) {
        return VectorShuffle.fromOp(species, i -> distance < species.length() ? i ^ distance : i);
    }

    /// The sum of the lanes, always in the same order. That of `reduceLanes` may change, and does when the interpreter hands over to
    /// compiled code: a training run would not repeat to the last bit.
    static float sum(FloatVector x) {
        FloatVector by8 = L > 8 ? x.add(x.rearrange(ACROSS_8)) : x;
        FloatVector by4 = L > 4 ? by8.add(by8.rearrange(ACROSS_4)) : by8;
        FloatVector by2 = by4.add(by4.rearrange(ACROSS_2));
        return by2.add(by2.rearrange(ACROSS_1)).lane(0);
    }

    /// As [#sum(FloatVector)].
    static double sum(DoubleVector x) {
        DoubleVector by4 = L > 8 ? x.add(x.rearrange(DOUBLE_4)) : x;
        DoubleVector by2 = L > 4 ? by4.add(by4.rearrange(DOUBLE_2)) : by4;
        return by2.add(by2.rearrange(DOUBLE_1)).lane(0);
    }
}
