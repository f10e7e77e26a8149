package dev.jackdaw.tensor.kernel;

import com.sun.management.ThreadMXBean;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.Workers;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Random;

/// Prints the speed of attention at the shapes of small training runs. Run it on an idle machine, with `--add-modules
/// jdk.incubator.vector`; arguments: threads (default 1), seconds for each measurement (default 2).
///
/// GFLOP/s count only the half of the scores that is not masked, and five products for backward to the two of forward.
public final class AttentionTiming {
    private AttentionTiming() {
    }

    public static void main(String[] arguments) {
        int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1;
        double seconds = arguments.length > 1 ? Double.parseDouble(arguments[1]) : 2;
        int[][] shapes = {{16, 256, 6, 6, 64}, {16, 512, 4, 2, 64}, {16, 1024, 4, 2, 64}};
        try (Workers workers = Workers.of(threads)) {
            for (int[] x : shapes) {
                measure(workers, x[0], Attention.Dims.of(x[1], x[2], x[3], x[4]), seconds);
            }
        }
    }

    private static void measure(Workers workers, int B, Attention.Dims dims, double seconds) {
        Attention attention = new AttentionSimd();
        long width = (long) dims.H() * dims.D(), kvWidth = (long) dims.K() * dims.D(), N = (long) B * dims.T();
        try (Arena arena = Arena.ofShared()) {
            long q = noise(arena, N * width), k = noise(arena, N * kvWidth), v = noise(arena, N * kvWidth), dOut = noise(arena, N * width);
            long out = noise(arena, N * width), dq = noise(arena, N * width), dk = noise(arena, N * kvWidth), dv = noise(arena, N * kvWidth);
            long lse = noise(arena, (long) B * dims.H() * dims.T());
            long[] scratch = new long[workers.threads()];
            for (int i = 0; i < scratch.length; i++) {
                scratch[i] = noise(arena, attention.scratchBytes(dims) / 4);
            }
            Workers.WorkerPart forward = (unit, worker) -> attention.forward(dims, out, width, lse, q, width, k, kvWidth, v, kvWidth,
                    scratch[worker], unit);
            Workers.WorkerPart backward = (unit, worker) -> attention.backward(dims, dq, width, dk, kvWidth, dv, kvWidth, dOut, width,
                    out, width, lse, q, width, k, kvWidth, v, kvWidth, scratch[worker], unit);
            report(B, dims, "forward", workers, forward, dims.forwardFlops(B), seconds);
            report(B, dims, "backward", workers, backward, 2.5 * dims.forwardFlops(B), seconds);
        }
    }

    private static void report(int B, Attention.Dims dims, String what, Workers workers, Workers.WorkerPart part, double flops, double seconds) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long best = Long.MAX_VALUE, fewest = Long.MAX_VALUE, start = System.nanoTime();
        while (System.nanoTime() - start < seconds * 1e9) {
            long bytes = threads.getCurrentThreadAllocatedBytes(), nanos = System.nanoTime();
            workers.run(dims.units(B), part);
            best = Math.min(best, System.nanoTime() - nanos);
            fewest = Math.min(fewest, threads.getCurrentThreadAllocatedBytes() - bytes);
        }
        System.out.printf("B=%d %s %-8s %7.2f ms %6.1f GFLOP/s with %d threads, %d bytes allocated%n", B, dims, what, best / 1e6, flops / best,
                workers.threads(), fewest);
    }

    private static long noise(Arena arena, long n) {
        Tensor tensor = Tensor.zeros(arena, n);
        Random random = new Random(n);
        for (long i = 0; i < n; i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor.address();
    }
}
