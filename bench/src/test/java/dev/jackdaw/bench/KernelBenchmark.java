package dev.jackdaw.bench;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.kernel.Kernels;
import dev.jackdaw.tensor.kernel.MatMul;
import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// The kernels of a training step, each alone on one thread, at the shapes of the 12M-parameter model: 64 rows of width 384, feed-forward
/// 1024, vocabulary 4096.
///
/// `mvn -q -Pjmh verify -pl bench -am -DskipTests` runs them; `-Djmh=rmsNorm` picks some.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 2, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:Tier3DelayOn=1000000"})
public class KernelBenchmark {
    private static final int ROWS = 64;
    private static final int C = 384;
    private static final int F = 1024;
    private static final int V = 4096;

    private final Kernels kernels = Kernels.choose();
    private final Arena arena = Arena.ofShared();
    private final Workers one = Workers.of(1);
    private final MatMul matMul = MatMul.open();
    private long x, y, z, w, rows, ids;

    @Setup
    public void fill() {
        x = floats(ROWS * V);
        y = floats(ROWS * V);
        z = floats(ROWS * V);
        w = floats(2 * F * C);
        rows = floats(ROWS);
        ids = arena.allocate(4L * ROWS, Memory.ALIGNMENT).address();
    }

    private long floats(int n) {
        long address = arena.allocate(4L * n, Memory.ALIGNMENT).address();
        for (int i = 0; i < n; i++) {
            Memory.putFloat(address + 4L * i, (float) Math.sin(i));
        }
        return address;
    }

    @TearDown
    public void close() {
        matMul.close();
        one.close();
        arena.close();
    }

    @Benchmark
    public void matMul() {
        matMul.multiply(one, y, 2 * F, 0, ROWS, 2 * F, C, x, C, 1, w, 1, C);
    }

    @Benchmark
    public void rmsNorm() {
        kernels.norm().rms(y, rows, x, w, 0, ROWS, C, 1e-6f);
    }

    @Benchmark
    public void rmsNormBackward() {
        kernels.norm().rmsBackward(y, z, x, w, rows, x, 0, ROWS, C);
    }

    @Benchmark
    public void swiglu() {
        kernels.activation().swiglu(y, x, 0, ROWS, F);
    }

    @Benchmark
    public void swigluBackward() {
        kernels.activation().swigluBackward(y, x, z, 0, ROWS, F);
    }

    @Benchmark
    public void crossEntropyLoss() {
        kernels.crossEntropy().loss(rows, x, ids, 0, ROWS, V);
    }

    @Benchmark
    public void adamW() {
        kernels.adamW().step(x, y, z, w, 0, ROWS * C, 1e-9f, 0.9f, 0.95f, 1e-8f, 0, 1, 1, 1);
    }

    public static void main(String[] args) throws RunnerException {
        new Runner(new OptionsBuilder().include(args.length > 0 && !args[0].isEmpty() ? args[0] : KernelBenchmark.class.getSimpleName()).build()).run();
    }
}
