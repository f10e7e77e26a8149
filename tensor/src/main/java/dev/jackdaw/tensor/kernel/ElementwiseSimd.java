package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.kernel.Lanes.BYTES;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// [Elementwise] by the Vector API. The scalar reference does the tails: for what is written element by element that gives the same bits,
/// so a result never depends on where a range was cut.
public class ElementwiseSimd implements Elementwise {
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, Lanes.SHAPE);
    /// Two vectors of floats are four of doubles: enough sums in flight to hide the latency of an addition.
    private static final int STEP = 2 * LANES;
    private static final int INFINITY_BITS = 0x7f80_0000;

    @Override
    public void add(long y, long x, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector old = fromMemorySegment(F, ALL, y + 4 * i, LE);
            old.add(fromMemorySegment(F, ALL, x + 4 * i, LE)).intoMemorySegment(ALL, y + 4 * i, LE);
        }
        SCALAR.add(y, x, i, to);
    }

    @Override
    public void scale(long y, float s, long from, long to) {
        long i = from;
        for (; i <= to - LANES; i += LANES) {
            fromMemorySegment(F, ALL, y + 4 * i, LE).mul(s).intoMemorySegment(ALL, y + 4 * i, LE);
        }
        SCALAR.scale(y, s, i, to);
    }

    @Override
    public void axpby(long y, float a, long x, float b, long from, long to) {
        long i = from;
        if (b == 0) {
            for (; i <= to - LANES; i += LANES) {
                fromMemorySegment(F, ALL, x + 4 * i, LE).mul(a).intoMemorySegment(ALL, y + 4 * i, LE);
            }
        } else {
            for (; i <= to - LANES; i += LANES) {
                FloatVector ax = fromMemorySegment(F, ALL, x + 4 * i, LE).mul(a);
                fromMemorySegment(F, ALL, y + 4 * i, LE).fma(FloatVector.broadcast(F, b), ax).intoMemorySegment(ALL, y + 4 * i, LE);
            }
        }
        SCALAR.axpby(y, a, x, b, i, to);
    }

    @Override
    public double sum(long x, long from, long to) {
        DoubleVector s0 = DoubleVector.zero(D);
        DoubleVector s1 = DoubleVector.zero(D);
        DoubleVector s2 = DoubleVector.zero(D);
        DoubleVector s3 = DoubleVector.zero(D);
        long i = from;
        for (; i <= to - STEP; i += STEP) {
            FloatVector a = fromMemorySegment(F, ALL, x + 4 * i, LE);
            FloatVector b = fromMemorySegment(F, ALL, x + 4 * i + BYTES, LE);
            s0 = s0.add(a.convertShape(VectorOperators.F2D, D, 0));
            s1 = s1.add(a.convertShape(VectorOperators.F2D, D, 1));
            s2 = s2.add(b.convertShape(VectorOperators.F2D, D, 0));
            s3 = s3.add(b.convertShape(VectorOperators.F2D, D, 1));
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3))) + SCALAR.sum(x, i, to);
    }

    @Override
    public double sumOfSquares(long x, long from, long to) {
        DoubleVector s0 = DoubleVector.zero(D);
        DoubleVector s1 = DoubleVector.zero(D);
        DoubleVector s2 = DoubleVector.zero(D);
        DoubleVector s3 = DoubleVector.zero(D);
        long i = from;
        for (; i <= to - STEP; i += STEP) {
            FloatVector a = fromMemorySegment(F, ALL, x + 4 * i, LE);
            FloatVector b = fromMemorySegment(F, ALL, x + 4 * i + BYTES, LE);
            Vector<Double> a0 = a.convertShape(VectorOperators.F2D, D, 0);
            Vector<Double> a1 = a.convertShape(VectorOperators.F2D, D, 1);
            Vector<Double> b0 = b.convertShape(VectorOperators.F2D, D, 0);
            Vector<Double> b1 = b.convertShape(VectorOperators.F2D, D, 1);
            s0 = s0.add(a0.mul(a0));
            s1 = s1.add(a1.mul(a1));
            s2 = s2.add(b0.mul(b0));
            s3 = s3.add(b1.mul(b1));
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3))) + SCALAR.sumOfSquares(x, i, to);
    }

    @Override
    public double dot(long x, long y, long from, long to) {
        DoubleVector s0 = DoubleVector.zero(D);
        DoubleVector s1 = DoubleVector.zero(D);
        DoubleVector s2 = DoubleVector.zero(D);
        DoubleVector s3 = DoubleVector.zero(D);
        long i = from;
        for (; i <= to - STEP; i += STEP) {
            FloatVector a = fromMemorySegment(F, ALL, x + 4 * i, LE);
            FloatVector b = fromMemorySegment(F, ALL, x + 4 * i + BYTES, LE);
            FloatVector c = fromMemorySegment(F, ALL, y + 4 * i, LE);
            FloatVector d = fromMemorySegment(F, ALL, y + 4 * i + BYTES, LE);
            s0 = s0.add(a.convertShape(VectorOperators.F2D, D, 0).mul(c.convertShape(VectorOperators.F2D, D, 0)));
            s1 = s1.add(a.convertShape(VectorOperators.F2D, D, 1).mul(c.convertShape(VectorOperators.F2D, D, 1)));
            s2 = s2.add(b.convertShape(VectorOperators.F2D, D, 0).mul(d.convertShape(VectorOperators.F2D, D, 0)));
            s3 = s3.add(b.convertShape(VectorOperators.F2D, D, 1).mul(d.convertShape(VectorOperators.F2D, D, 1)));
        }
        return Vectors.sum(s0.add(s1).add(s2.add(s3))) + SCALAR.dot(x, y, i, to);
    }

    @Override
    public float max(long x, long from, long to) {
        FloatVector m0 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        FloatVector m1 = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
        long i = from;
        for (; i <= to - STEP; i += STEP) {
            m0 = m0.max(fromMemorySegment(F, ALL, x + 4 * i, LE));
            m1 = m1.max(fromMemorySegment(F, ALL, x + 4 * i + BYTES, LE));
        }
        return Math.max(m0.max(m1).reduceLanes(VectorOperators.MAX), SCALAR.max(x, i, to));
    }

    /// Without its sign, an infinity is the smallest bit pattern of all that are not finite; so one maximum over the patterns decides.
    @Override
    public boolean finite(long x, long from, long to) {
        IntVector m0 = IntVector.zero(Lanes.I);
        IntVector m1 = IntVector.zero(Lanes.I);
        long i = from;
        for (; i <= to - STEP; i += STEP) {
            m0 = m0.max(IntVector.fromMemorySegment(Lanes.I, ALL, x + 4 * i, LE).and(Integer.MAX_VALUE));
            m1 = m1.max(IntVector.fromMemorySegment(Lanes.I, ALL, x + 4 * i + BYTES, LE).and(Integer.MAX_VALUE));
        }
        return m0.max(m1).reduceLanes(VectorOperators.MAX) < INFINITY_BITS && SCALAR.finite(x, i, to);
    }
}
