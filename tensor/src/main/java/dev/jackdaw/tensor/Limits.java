package dev.jackdaw.tensor;

import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.DoubleAdder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// What this machine can do at best, measured: multiply-adds in registers, and reading memory in order. Kernels are judged as a
/// fraction of these two numbers.
///
/// @param gflops         float32 operations a second, in billions; a fused multiply-add counts as two
/// @param gigabytesPerSecond bytes read from memory, not from cache, in units of 10⁹
public record Limits(int threads, double gflops, double gigabytesPerSecond) {
    private static final int REPEATS = 5;
    private static final int FMA_STEPS = 1_000_000;
    /// More than the last-level cache of most machines holds, in total.
    private static final long READ_BYTES = 256L << 20;
    private static final long PIECE_BYTES = 1L << 20;

    /// Takes about a third of a second. Needs the Vector API: ask [dev.jackdaw.tensor.kernel.MatMul] kernels' module first.
    public static Limits measure(int threads) {
        try (Workers workers = Workers.of(threads)) {
            return measure(workers);
        }
    }

    public static Limits measure(Workers workers) {
        return new Limits(workers.threads(), gflops(workers), gigabytesPerSecond(workers));
    }

    private static double gflops(Workers workers) {
        var sink = new DoubleAdder();           // keeps the JIT from dropping the work
        workers.run(8 * workers.threads(), _ -> sink.add(Loops.multiplyAdd(FMA_STEPS / 20)));
        double best = 0;
        for (int i = 0; i < REPEATS; i++) {
            int parts = workers.threads();
            long start = System.nanoTime();
            workers.run(parts, _ -> sink.add(Loops.multiplyAdd(FMA_STEPS)));
            best = Math.max(best, (double) parts * FMA_STEPS * Loops.OPERATIONS / (System.nanoTime() - start));
        }
        return Double.isNaN(sink.sum()) ? 0 : best;
    }

    private static double gigabytesPerSecond(Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            long memory = arena.allocate(READ_BYTES, Memory.ALIGNMENT).address();
            int pieces = (int) (READ_BYTES / PIECE_BYTES);
            var sink = new DoubleAdder();
            double best = 0;
            for (int i = 0; i < REPEATS; i++) {
                long start = System.nanoTime();
                workers.run(pieces, piece -> sink.add(Loops.sum(memory + piece * PIECE_BYTES, PIECE_BYTES)));
                best = Math.max(best, (double) READ_BYTES / (System.nanoTime() - start));
            }
            return sink.sum() == 0 ? best : 0;
        }
    }

    /// The two loops, apart so that a JVM without the Vector API can still load this class.
    private static final class Loops {
        private static final VectorSpecies<Float> F = Switches.VECTOR_BITS == 0 ? FloatVector.SPECIES_PREFERRED
                : VectorSpecies.of(float.class, jdk.incubator.vector.VectorShape.forBitSize(Switches.VECTOR_BITS));
        private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
        /// Ten chains of dependent multiply-adds hide a latency of five cycles on two units.
        private static final int CHAINS = 10;
        private static final int OPERATIONS = 2 * CHAINS * F.length();

        static float multiplyAdd(int steps) {
            FloatVector a = FloatVector.broadcast(F, 0.999f);
            FloatVector b = FloatVector.broadcast(F, 0.001f);
            FloatVector s0 = FloatVector.broadcast(F, 0f), s1 = FloatVector.broadcast(F, 1f), s2 = FloatVector.broadcast(F, 2f);
            FloatVector s3 = FloatVector.broadcast(F, 3f), s4 = FloatVector.broadcast(F, 4f), s5 = FloatVector.broadcast(F, 5f);
            FloatVector s6 = FloatVector.broadcast(F, 6f), s7 = FloatVector.broadcast(F, 7f), s8 = FloatVector.broadcast(F, 8f);
            FloatVector s9 = FloatVector.broadcast(F, 9f);
            for (int i = 0; i < steps; i++) {
                s0 = s0.fma(a, b);
                s1 = s1.fma(a, b);
                s2 = s2.fma(a, b);
                s3 = s3.fma(a, b);
                s4 = s4.fma(a, b);
                s5 = s5.fma(a, b);
                s6 = s6.fma(a, b);
                s7 = s7.fma(a, b);
                s8 = s8.fma(a, b);
                s9 = s9.fma(a, b);
            }
            return s0.add(s1).add(s2.add(s3)).add(s4.add(s5)).add(s6.add(s7)).add(s8.add(s9)).reduceLanes(jdk.incubator.vector.VectorOperators.ADD);
        }

        static float sum(long address, long bytes) {
            FloatVector s0 = FloatVector.zero(F), s1 = FloatVector.zero(F), s2 = FloatVector.zero(F), s3 = FloatVector.zero(F);
            int vector = F.vectorByteSize();
            int steps = (int) (bytes / (4L * vector));
            for (int i = 0; i < steps; i++) {
                long at = address + 4L * vector * i;
                s0 = s0.add(FloatVector.fromMemorySegment(F, Memory.ALL, at, ORDER));
                s1 = s1.add(FloatVector.fromMemorySegment(F, Memory.ALL, at + vector, ORDER));
                s2 = s2.add(FloatVector.fromMemorySegment(F, Memory.ALL, at + 2 * vector, ORDER));
                s3 = s3.add(FloatVector.fromMemorySegment(F, Memory.ALL, at + 3 * vector, ORDER));
            }
            return s0.add(s1).add(s2.add(s3)).reduceLanes(jdk.incubator.vector.VectorOperators.ADD);
        }
    }
}
