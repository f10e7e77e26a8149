package dev.jackdaw.bench;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.kernel.MatMul;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;

/// How fast [MatMul] is on this machine: plain row-major matrices in and out, packing timed, the result checked.
public final class MatMulBench {
    private static final int CHECKED_ELEMENTS = 200;
    private static final long WARM_UP_NANOS = 700_000_000;
    private static final long MEASURED_NANOS = 1_500_000_000;

    private MatMulBench() {
    }

    /// Which operand lies transposed in memory, named as in BLAS. Of a linear layer `NT` is the forward product, `NN` the gradient of
    /// the input, `TN` that of the weight.
    public enum Layout { NN, NT, TN }

    /// What was measured.
    ///
    /// @param shape    `MxKxN`
    /// @param gflops   billions of operations a second (a multiply-add counts as two) of the median run
    /// @param best     of the fastest run
    /// @param runs     runs measured
    /// @param maxError largest difference from a sum in double precision, over a sample of elements
    public record Result(String shape, Layout layout, int threads, double gflops, double best, int runs, double maxError) {
    }

    /// C `[M,N]` = A `[M,K]` · B `[K,N]`.
    public static Result run(int m, int k, int n, int threads) {
        return run(m, k, n, threads, Layout.NN);
    }

    public static Result run(int m, int k, int n, int threads, Layout layout) {
        if (m < 1 || k < 1 || n < 1) {
            throw new IllegalArgumentException("bench matmul: shape " + m + "x" + k + "x" + n + "; every size must be at least 1");
        }
        try (Arena arena = Arena.ofShared(); Workers workers = Workers.of(threads); MatMul matMul = MatMul.open()) {
            Tensor a = random(arena, (long) m * k, 1);
            Tensor b = random(arena, (long) k * n, 2);
            Tensor c = Tensor.zeros(arena, m, n);
            long aRow = layout == Layout.TN ? 1 : k;
            long aColumn = layout == Layout.TN ? m : 1;
            long bRow = layout == Layout.NT ? 1 : n;
            long bColumn = layout == Layout.NT ? k : 1;
            Runnable product = () -> matMul.multiply(workers, c.address(), n, 0, m, n, k, a.address(), aRow, aColumn, b.address(), bRow, bColumn);
            for (long start = System.nanoTime(); System.nanoTime() - start < WARM_UP_NANOS; ) {
                product.run();
            }
            long[] nanos = new long[10_000];
            int runs = 0;
            for (long start = System.nanoTime(); runs < 5 || runs < nanos.length && System.nanoTime() - start < MEASURED_NANOS; runs++) {
                long before = System.nanoTime();
                product.run();
                nanos[runs] = System.nanoTime() - before;
            }
            Arrays.sort(nanos, 0, runs);
            double operations = 2.0 * m * n * k;
            double error = maxError(c.address(), m, n, k, a.address(), aRow, aColumn, b.address(), bRow, bColumn);
            return new Result(m + "x" + k + "x" + n, layout, threads, operations / nanos[runs / 2], operations / nanos[0], runs, error);
        }
    }

    private static Tensor random(Arena arena, long elements, long seed) {
        var random = new SplittableRandom(seed);
        Tensor tensor = Tensor.zeros(arena, elements);
        for (long i = 0; i < elements; i++) {
            tensor.set(i, (float) random.nextDouble(-1, 1));
        }
        return tensor;
    }

    private static double maxError(long c, int m, int n, int k, long a, long aRow, long aColumn, long b, long bRow, long bColumn) {
        var random = new SplittableRandom(3);
        double worst = 0;
        for (int s = 0; s < CHECKED_ELEMENTS; s++) {
            int i = s == 0 ? m - 1 : random.nextInt(m);
            int j = s == 0 ? n - 1 : random.nextInt(n);
            double sum = 0;
            for (int p = 0; p < k; p++) {
                sum += (double) Memory.getFloat(a + 4 * (i * aRow + p * aColumn)) * Memory.getFloat(b + 4 * (p * bRow + j * bColumn));
            }
            worst = Math.max(worst, Math.abs(sum - Memory.getFloat(c + 4 * ((long) i * n + j))));
        }
        if (!(worst <= 1e-5 * (8 + k))) {
            throw new IllegalStateException("bench matmul: a result is wrong by " + worst + " at shape " + m + "x" + k + "x" + n);
        }
        return worst;
    }

    /// `MxKxN[:LAYOUT][:THREADS]`…, for work on the kernels; users have `jackdaw bench matmul`.
    public static void main(String[] args) {
        for (String arg : args) {
            String[] fields = arg.split(":");
            String[] sizes = fields[0].split("x");
            Layout layout = fields.length > 1 ? Layout.valueOf(fields[1]) : Layout.NN;
            int threads = fields.length > 2 ? Integer.parseInt(fields[2]) : 1;
            Result result = run(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]), Integer.parseInt(sizes[2]), threads, layout);
            System.out.printf("%-16s %s %d threads: %6.1f GFLOP/s, best %6.1f, %d runs, error %.1e%n", result.shape(), result.layout(), result.threads(),
                    result.gflops(), result.best(), result.runs(), result.maxError());
        }
    }
}
