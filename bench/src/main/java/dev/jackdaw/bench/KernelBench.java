package dev.jackdaw.bench;

import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Limits;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.kernel.ActivationBlocks;
import dev.jackdaw.tensor.kernel.Convert;
import dev.jackdaw.tensor.kernel.QuantMatMul;
import dev.jackdaw.tensor.quant.BlockFormat;
import dev.jackdaw.tensor.quant.PanelFormat;
import dev.jackdaw.tensor.quant.PanelPacking;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;

/// How fast the linear layer of inference is for a number format and a number of rows of x, beside what the processor and the memory can do.
///
/// Several copies of the weight are multiplied in turn, more than caches hold, as a model's layers are.
public final class KernelBench {
    private static final long COPIES_BYTES = 256L << 20;
    private static final long MEASURED_NANOS = 700_000_000;
    private static final int LEAST_RUNS = 5;

    private KernelBench() {
    }

    /// What was measured.
    ///
    /// @param shape     `FxC` of the weight
    /// @param micros    of one product, the median run
    /// @param gops      billions of operations a second; a multiply-add counts as two
    /// @param gigabytesPerSecond packed weights read
    /// @param ofLimit   the larger of `gops` and `gigabytesPerSecond` as fractions of the limits
    public record Result(DType type, Activations activations, String shape, int rows, int threads, double micros, double gops, double gigabytesPerSecond, double ofLimit) {
    }

    /// @param limits         of as many threads
    /// @param int8OverFloat how many times faster than float32 the processor multiplies bytes
    public static Result run(DType type, Activations activations, int F, int C, int rows, int threads, Limits limits, double int8OverFloat) {
        PanelFormat format = PanelFormat.of(type);
        boolean q8 = activations == Activations.Q8 && format.isQuantized();
        long bytes = format.bytes(F, C);
        int copies = (int) Math.clamp(COPIES_BYTES / bytes, 1, 64);
        try (Arena arena = Arena.ofShared(); Workers workers = Workers.of(threads); QuantMatMul matMul = QuantMatMul.fastest()) {
            long[] packed = new long[copies];
            long row = row(arena, format, C);
            for (int i = 0; i < copies; i++) {
                packed[i] = arena.allocate(bytes, Memory.ALIGNMENT).address();
                if (i == 0) {
                    PanelPacking.pack(workers, packed[i], format, F, C, _ -> row);
                } else {
                    Memory.copy(packed[0], packed[i], bytes);
                }
            }
            long x = numbers(arena, (long) rows * C), y = arena.allocate(4L * rows * F, Memory.ALIGNMENT).address();
            long blocks = q8 ? arena.allocate(rows * ActivationBlocks.rowBytes(C), Memory.ALIGNMENT).address() : 0;
            Runnable all = () -> {
                for (long weight : packed) {
                    if (q8) {
                        matMul.quantize(workers, blocks, x, C, rows, C);
                        matMul.multiply(workers, y, F, blocks, rows, weight, format, F, C);
                    } else {
                        matMul.multiplyExact(workers, y, F, x, C, rows, weight, format, F, C);
                    }
                }
            };
            all.run();
            long[] nanos = new long[10_000];
            int runs = 0;
            for (long start = System.nanoTime(); runs < LEAST_RUNS || runs < nanos.length && System.nanoTime() - start < MEASURED_NANOS; runs++) {
                long before = System.nanoTime();
                all.run();
                nanos[runs] = System.nanoTime() - before;
            }
            Arrays.sort(nanos, 0, runs);
            double median = (double) nanos[runs / 2] / copies, gops = 2.0 * rows * F * C / median, gigabytes = bytes / median;
            double limit = limits.gflops() * (q8 ? int8OverFloat : 1);
            return new Result(type, q8 ? Activations.Q8 : Activations.F32, F + "x" + C, rows, threads, median / 1000, gops, gigabytes,
                    Math.max(gops / limit, gigabytes / limits.gigabytesPerSecond()));
        }
    }

    /// One row of C random numbers in the format's type; every row of the weight is alike.
    private static long row(Arena arena, PanelFormat format, int C) {
        long numbers = numbers(arena, C), row = arena.allocate(format.type().bytes(C), Memory.ALIGNMENT).address();
        switch (format.type()) {
            case F32 -> Memory.copy(numbers, row, 4L * C);
            case F16 -> Convert.SCALAR.f32ToF16(row, numbers, 0, C);
            case BF16 -> Convert.SCALAR.f32ToBf16(row, numbers, 0, C);
            default -> BlockFormat.of(format.type()).encode(row, numbers, 0, C / format.columns());
        }
        return row;
    }

    private static long numbers(Arena arena, long count) {
        var random = new SplittableRandom(count);
        long address = arena.allocate(4 * count, Memory.ALIGNMENT).address();
        for (long i = 0; i < count; i++) {
            Memory.putFloat(address + 4 * i, (float) random.nextDouble(-1, 1));
        }
        return address;
    }
}
